import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { zipSync } from "fflate";
import { describe, expect, test } from "vitest";
import { encodeNpy, type NpyArray } from "../../sdk/src/data/npy.js";
import { encodeNpz, openNpz, readNpz } from "../../sdk/src/data/npz.js";
import { InputError } from "../../sdk/src/errors.js";
import { bitFlips, outcome, truncations } from "./damage.js";
import { hasNumpy, python } from "./python.js";
import { temporaryFolder } from "./temporary-folder.js";

const folder = temporaryFolder();

const arrays = {
  states: { type: "f4", shape: [40, 3], data: Float32Array.from({ length: 120 }, (_, i) => Math.sin(i)) },
  done: { type: "b1", shape: [3], data: Uint8Array.of(0, 1, 1) },
  lengths: { type: "i8", shape: [2], data: Float64Array.of(30, 2 ** 40) },
} satisfies Record<string, NpyArray>;

test("arrays survive the round trip through a file", async () => {
  const path = join(folder, "round-trip.npz");
  writeFileSync(path, encodeNpz(arrays));
  const file = await readNpz(path);
  expect(file.keys).toEqual(["states", "done", "lengths"]);
  for (const [key, array] of Object.entries(arrays)) expect(file.get(key)).toEqual(array);
});

test("equal arrays give equal bytes", () => {
  expect(encodeNpz(arrays)).toEqual(encodeNpz(arrays));
});

test.skipIf(!hasNumpy)("NumPy reads what is written", () => {
  const path = join(folder, "for-numpy.npz");
  writeFileSync(path, encodeNpz(arrays));
  const program = `import numpy, sys, json
f = numpy.load(sys.argv[1])
print(json.dumps({k: [str(f[k].dtype), list(f[k].shape), f[k].astype(float).ravel().tolist()] for k in f.files}))`;
  expect(python(program, path)).toEqual({
    states: ["float32", [40, 3], [...arrays.states.data]],
    done: ["bool", [3], [0, 1, 1]],
    lengths: ["int64", [2], [30, 2 ** 40]],
  });
});

test.skipIf(!hasNumpy).each(["savez", "savez_compressed"])("what numpy.%s writes is read", async (save) => {
  const path = join(folder, `${save}.npz`);
  const program = `import numpy, sys; numpy.${save}(sys.argv[1], a=numpy.arange(1000.).reshape(10, 100), b=numpy.int64(7)); print(0)`;
  python(program, path);
  const file = await readNpz(path);
  expect(file.get("a").data).toEqual(Float64Array.from({ length: 1000 }, (_, i) => i));
  expect(file.get("b")).toEqual({ type: "i8", shape: [], data: Float64Array.of(7) });
});

describe("refuses", () => {
  test("a missing key, naming those present and the nearest", () => {
    const file = openNpz(encodeNpz(arrays), "train.npz");
    expect(file.has("state")).toBe(false);
    expect(() => file.get("state")).toThrow(
      'train.npz: state: is missing\n  expected an array of that name; the file holds states, done, lengths\n  is "states" meant?',
    );
  });

  test("a missing file, a folder, an empty file", async () => {
    await expect(readNpz(join(folder, "none.npz"))).rejects.toThrow(
      /none\.npz: does not exist\n {2}expected a file\n {2}looked for/,
    );
    await expect(readNpz(folder)).rejects.toThrow(/is a folder/);
    writeFileSync(join(folder, "empty.npz"), "");
    await expect(readNpz(join(folder, "empty.npz"))).rejects.toThrow(/empty\.npz: is empty/);
  });

  test("other files", () => {
    const pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n";
    expect(() => openNpz(Buffer.from("<html>not found</html>"), "a.npz")).toThrow(
      /a\.npz: is a web page\n.*\n.*a page/,
    );
    expect(() => openNpz(Buffer.from(pointer), "a.npz")).toThrow(/a\.npz: is a Git LFS pointer[^]*git lfs pull/);
    expect(() => openNpz(Buffer.from("something else"), "a.npz")).toThrow(/a\.npz: is not a zip archive/);
    expect(() => openNpz(Buffer.from("PK\x03\x04 cut off"), "a.npz")).toThrow(
      /directory is missing\n.*\n.*truncated or damaged/,
    );
  });

  test("an entry that claims to be larger than DEFLATE allows", () => {
    const bomb = patched(encodeNpz(arrays), (view, entry) => view.setUint32(entry + 24, 4e9, true));
    expect(() => openNpz(bomb, "bomb.npz").get("states")).toThrow(
      /bomb\.npz: states\.npy: claims to inflate \d+ bytes to 4000000000/,
    );
  });

  test("an entry that inflates to more than it says", () => {
    const bomb = patched(zipSync({ "a.npy": new Uint8Array(1e6) }), (view, entry) =>
      view.setUint32(entry + 24, 100, true),
    );
    expect(() => openNpz(bomb, "bomb.npz").get("a")).toThrow(/checksum does not match/);
  });

  test("unknown compression and encryption", () => {
    const odd = patched(encodeNpz(arrays), (view, entry) => view.setUint16(entry + 10, 12, true));
    expect(() => openNpz(odd, "odd.npz").get("states")).toThrow(/compressed with method 12/);
    const locked = patched(encodeNpz(arrays), (view, entry) => view.setUint16(entry + 8, 1, true));
    expect(() => openNpz(locked, "locked.npz")).toThrow(/states\.npy: is encrypted/);
  });

  test("an entry that is no array", () => {
    const file = openNpz(zipSync({ "readme.txt": Buffer.from("hello") }), "a.npz");
    expect(() => file.get("readme.txt")).toThrow(/a\.npz: readme\.txt: does not start like a \.npy array/);
  });
});

test("damage is refused, and never read as other numbers", async () => {
  const plain = zipSync({ "states.npy": [encodeNpy(arrays.states), { level: 0 }] });
  for (const whole of [encodeNpz(arrays), plain]) {
    for (const part of truncations(whole)) expect(await outcome(() => readAll(part))).toBe("refused");
    for (const flipped of bitFlips(whole, 1500)) {
      try {
        const values = readAll(flipped);
        if (values.states) expect(values.states).toEqual(arrays.states);
      } catch (error) {
        expect(error).toBeInstanceOf(InputError);
      }
    }
  }
});

function readAll(bytes: Uint8Array): Record<string, NpyArray> {
  const file = openNpz(bytes, "damaged.npz");
  return Object.fromEntries(file.keys.map((key) => [key, file.get(key)]));
}

/** A copy with the directory entry of the first file changed. */
function patched(bytes: Uint8Array, change: (view: DataView, entry: number) => void): Uint8Array {
  const copy = new Uint8Array(bytes);
  change(new DataView(copy.buffer), Buffer.from(copy.buffer).indexOf("PK\x01\x02", 0, "latin1"));
  return copy;
}
