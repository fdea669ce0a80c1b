import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { File, ready } from "h5wasm/node";
import { describe, expect, test, vi } from "vitest";
import { bundledDatasets } from "../../sdk/src/data/data-folder.js";
import { Dataset } from "../../sdk/src/data/dataset.js";
import { readD4rlHdf5 } from "../../sdk/src/data/d4rl-hdf5.js";
import { InputError } from "../../sdk/src/errors.js";
import { bitFlips, outcome, truncations } from "./damage.js";
import { pythonWith, runPython } from "../python.js";
import { temporaryFolder } from "./temporary-folder.js";

// The library keeps console.error as it finds it when it is loaded.
const complaints = vi.hoisted(() => vi.spyOn(console, "error").mockImplementation(() => {}));
const folder = temporaryFolder();
await ready;

type Contents = Record<
  string,
  { data: Float32Array | Float64Array | Uint8Array | Int32Array | string[]; shape?: number[] }
>;

const sound = {
  observations: { data: Float32Array.of(0, 1, 2, 3, 4, 5), shape: [3, 2] },
  actions: { data: Float32Array.of(6, 7, 8), shape: [3, 1] },
  rewards: { data: Float32Array.of(1, 1, 1), shape: [3] },
  terminals: { data: Uint8Array.of(0, 0, 1), shape: [3] },
} satisfies Contents;

/** Writes a file; `undefined` leaves a dataset out. */
function hdf5(name: string, changes: Partial<Contents> & Record<string, Contents[string] | undefined>): string {
  const path = join(folder, `${name}.hdf5`);
  const file = new File(path, "w");
  for (const [key, contents] of Object.entries({ ...sound, ...changes })) {
    if (contents) file.create_dataset({ name: key, ...contents });
  }
  file.close();
  return path;
}

test("reads float64 rewards, integer flags and a missing timeouts", async () => {
  const path = hdf5("sound", { rewards: { data: Float64Array.of(1, 2, 0.1) } });
  const { observations, rewards, terminals, timeouts } = await readD4rlHdf5(path);
  expect(observations).toEqual({ data: sound.observations.data, shape: [3, 2] });
  expect(rewards).toEqual(Float64Array.of(1, 2, 0.1));
  expect([...Array.from(terminals!)]).toEqual([0, 0, 1]);
  expect(timeouts).toBeUndefined();
});

test("reads boolean enums", async () => {
  const { terminals, timeouts } = await readD4rlHdf5(bundledDatasets["hopper-medium-mini"]);
  const ends = (flags: ArrayLike<number>) => Array.from(flags).filter((flag) => flag === 1).length;
  expect([ends(terminals!), ends(timeouts!)]).toEqual([71, 1]);
});

test("reads in blocks what is larger than one", async () => {
  const [rows, width] = [100_000, 60];
  const data = Float32Array.from({ length: rows * width }, (_, i) => i % 1013);
  const path = join(folder, "large.hdf5");
  const file = new File(path, "w");
  const common = { compression: "gzip", compression_opts: 1 } as const;
  file.create_dataset({ name: "observations", data, shape: [rows, width], chunks: [777, 7], ...common });
  file.create_dataset({ name: "actions", data: data.subarray(0, rows), shape: [rows, 1], chunks: [777, 1], ...common });
  file.close();
  const { observations, actions } = await readD4rlHdf5(path);
  expect(Buffer.from((observations.data as Float32Array).buffer).equals(Buffer.from(data.buffer))).toBe(true);
  expect(actions.data).toEqual(data.slice(0, rows));
});

test("another file is called what it is", async () => {
  const kinds = {
    "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n": "is a Git LFS pointer",
    "<!DOCTYPE html><html></html>": "is a web page",
    "\x1f\x8b\x08": "is compressed with gzip",
    "PK\x03\x04": "is a zip archive",
  };
  for (const [text, wrong] of Object.entries(kinds)) {
    const path = join(folder, "other.hdf5");
    writeFileSync(path, text, "latin1");
    await expect(Dataset.hdf5(path)).rejects.toThrow(`${path}: ${wrong}`);
  }
});

describe("refuses", () => {
  test.each([
    [
      "missing keys, all at once",
      { actions: undefined, observations: undefined, observation: sound.observations },
      /: observations: is missing\n {2}expected a dataset of that name at the root; the file holds .*\n {2}is "observation" meant\?\n.*: actions: is missing/,
    ],
    [
      "a wrong rank",
      { actions: { data: Float32Array.of(1, 2, 3) } },
      /: actions: has shape \(3\)\n {2}expected 2 axes: \(steps, dimensions\)/,
    ],
    [
      "rewards with two axes",
      { rewards: { data: Float32Array.of(1, 2, 3), shape: [3, 1] } },
      /: rewards: has shape \(3, 1\)\n {2}expected 1 axis/,
    ],
    ["text", { rewards: { data: ["a", "b", "c"] } }, /: rewards: does not hold numbers\n {2}expected integers/],
    [
      "unequal lengths",
      { rewards: { data: Float32Array.of(1) } },
      /the numbers of rows differ: observations 3, actions 3, rewards 1, terminals 3/,
    ],
    [
      "no columns",
      { actions: { data: new Float32Array(0), shape: [3, 0] } },
      /: actions: has shape \(3, 0\) and 0 values\n {2}expected shape \(3, dimensions\)/,
    ],
    ["NaN", { rewards: { data: Float32Array.of(1, NaN, 1) } }, /: rewards: is NaN at row 1\n/],
    ["no end of an episode", { terminals: undefined }, /: has neither terminals nor timeouts\n/],
    [
      "episodes without reward",
      { rewards: { data: Float32Array.of(0, 0, 0) } },
      /: none of 1 episodes has a positive return\n.*\n.*keepUnrewarded/,
    ],
    [
      "no rows",
      { ...empty(), rewards: undefined, terminals: { data: new Uint8Array(0), shape: [0] } },
      /no episode ends/,
    ],
  ])("%s", async (name, changes, message) => {
    const path = hdf5(name.replaceAll(" ", "-"), changes);
    await expect(Dataset.hdf5(path)).rejects.toThrow(message);
    await expect(Dataset.hdf5(path)).rejects.toThrow(InputError);
    await expect(Dataset.hdf5(path)).rejects.toThrow(path);
  });

  test("a group in place of a dataset", async () => {
    const path = hdf5("group", { actions: undefined });
    const file = new File(path, "a");
    file.create_group("actions");
    file.close();
    await expect(Dataset.hdf5(path)).rejects.toThrow(/: actions: is not a dataset\n/);
  });

  test("other files, missing files and folders", async () => {
    const path = join(folder, "page.hdf5");
    writeFileSync(path, "<html>not found</html>");
    await expect(Dataset.hdf5(path)).rejects.toThrow(`${path}: is a web page\n`);
    await expect(Dataset.hdf5(join(folder, "none.hdf5"))).rejects.toThrow(/none\.hdf5: does not exist\n/);
    await expect(Dataset.hdf5(folder)).rejects.toThrow(/is a folder\n/);
  });
});

describe("damage", () => {
  const whole = readFileSync(bundledDatasets["hopper-medium-mini"]);
  const path = join(folder, "damaged.hdf5");
  const read = (bytes: Uint8Array) => {
    writeFileSync(path, bytes);
    return outcome(() => Dataset.hdf5(path));
  };

  test("a truncated file is refused wherever it ends", async () => {
    for (const part of truncations(whole)) expect(await read(part)).toBe("refused");
  });

  test("flipped bits crash nothing and leave no file open", async () => {
    const small = join(folder, "small.hdf5");
    const file = new File(small, "w");
    for (const [name, { data, shape }] of Object.entries({
      ...sound,
      timeouts: { data: Uint8Array.of(0, 1, 0), shape: [3] },
    })) {
      file.create_dataset({ name, data, shape, chunks: shape.map(() => 1), compression: "gzip", compression_opts: 9 });
    }
    file.close();
    const openFiles = countOpenFiles();
    complaints.mockClear();
    for (const flipped of bitFlips(readFileSync(small), 1000)) await read(flipped);
    for (const flipped of bitFlips(whole, 20)) await read(flipped);
    for (const flipped of bitFlips(whole, 60, lowEntropyBytes(whole))) await read(flipped);
    // Sizes that a flipped bit made huge; nothing else is printed.
    for (const [text] of complaints.mock.calls) expect(text).toMatch(/^Cannot enlarge memory/);
    expect(countOpenFiles()).toBe(openFiles);
    expect(await read(whole)).toBe("read");
  });

  test("overwritten values are not taken for numbers", async () => {
    const bytes = new Uint8Array(whole);
    bytes.fill(0xaa, bytes.length * 0.3, bytes.length * 0.3 + 200_000);
    expect(await read(bytes)).toBe("refused");
  });
});

const withH5py = pythonWith("numpy", "h5py");

test.skipIf(!withH5py)("reads what h5py writes: big-endian, chunked, shuffled, boolean", async () => {
  const path = join(folder, "h5py.hdf5");
  const program = `import h5py, numpy, sys
with h5py.File(sys.argv[1], "w") as f:
    f.create_dataset("observations", data=numpy.arange(12, dtype=">f8").reshape(6, 2), chunks=(2, 1), shuffle=True, compression="gzip")
    f.create_dataset("actions", data=numpy.arange(6, dtype=">i2").reshape(6, 1))
    f.create_dataset("rewards", data=numpy.arange(6, dtype=numpy.int64))
    f["timeouts"] = numpy.array([0, 0, 1, 0, 0, 1], dtype=bool)
print(0)`;
  runPython(withH5py!, program, path);
  const { observations, actions, rewards, timeouts } = await readD4rlHdf5(path);
  expect(observations.data).toEqual(Float64Array.from({ length: 12 }, (_, i) => i));
  expect(actions.data).toEqual(Float32Array.of(0, 1, 2, 3, 4, 5));
  expect(rewards).toEqual(Float32Array.of(0, 1, 2, 3, 4, 5));
  expect(timeouts).toEqual(Float32Array.of(0, 0, 1, 0, 0, 1));
});

function empty() {
  return {
    observations: { data: new Float32Array(0), shape: [0, 2] },
    actions: { data: new Float32Array(0), shape: [0, 1] },
  };
}

/** Bytes in blocks with few different values: headers and trees rather than compressed numbers. */
function lowEntropyBytes(bytes: Uint8Array): number[] {
  const positions: number[] = [];
  for (let at = 0; at + 64 <= bytes.length; at += 64) {
    if (new Set(bytes.subarray(at, at + 64)).size < 24) for (let i = 0; i < 64; i++) positions.push(at + i);
  }
  return positions;
}

function countOpenFiles(): number {
  return process.platform === "linux" ? readdirSync("/proc/self/fd").length : 0;
}
