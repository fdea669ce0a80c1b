import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test, vi } from "vitest";
import { bundledDatasets } from "../../sdk/src/data/data-folder.js";
import { Dataset } from "../../sdk/src/data/dataset.js";
import { readD4rlHdf5 } from "../../sdk/src/data/d4rl-hdf5.js";
import type { NpyArray } from "../../sdk/src/data/npy.js";
import { encodeNpz } from "../../sdk/src/data/npz.js";
import type { RawTrajectories } from "../../sdk/src/data/raw-arrays.js";
import { denormalize } from "../../sdk/src/normalization.js";
import { hasNumpy, python } from "./python.js";
import { temporaryFolder } from "./temporary-folder.js";

const folder = temporaryFolder();
const bundled = await Dataset.bundled("hopper-medium-mini");

const raw = {
  observations: [[0], [1], [2], [3], [4]],
  actions: { data: Float32Array.of(0, 0, 1, 1, 2, 2, 3, 3, 4, 4), shape: [5, 2] },
  rewards: [1, 2, 3, 4, 5],
  terminals: [false, true, false, false, true],
  episodeLengths: [2, 3],
} satisfies RawTrajectories;

const floats = (shape: number[], values: number[]): NpyArray => ({
  type: "f4",
  shape,
  data: Float32Array.from(values),
});

describe("the bundled set", () => {
  test("has the statistics of its description", () => {
    const { steps, episodes, returns, lengths, observationDimension, actionDimension } = bundled.summary();
    expect({ steps, episodes, observationDimension, actionDimension }).toEqual({
      steps: 30_278,
      episodes: 72,
      observationDimension: 11,
      actionDimension: 3,
    });
    const rounded = [returns!.mean, returns!.std, returns!.min, returns!.max].map((value) => value.toFixed(1));
    expect(rounded).toEqual(["1424.8", "489.2", "842.4", "3274.2"]);
    expect([lengths.mean.toFixed(1), lengths.min, lengths.max]).toEqual(["420.5", 243, 1000]);
    expect(bundled.terminals!.filter((flag) => flag === 1).length).toBe(71);
  });

  test("fits into one line", () => {
    expect(String(bundled)).toBe(
      "hopper-medium-mini: 72 episodes, 30,278 steps, 11 observations, 3 actions, return 1424.8 ± 489.2 (842.4 to 3274.2)",
    );
  });

  test("is normalised by the closed form, so that actions can be recovered", async () => {
    const { observations, actions } = await readD4rlHdf5(bundledDatasets["hopper-medium-mini"]);
    const { observationMin, observationMax, actionMin, actionMax } = bundled.normalization;
    for (let i = 0; i < bundled.observations.length; i += 97) {
      const [min, max] = [observationMin[i % 11]!, observationMax[i % 11]!];
      expect(bundled.observations[i]).toBeCloseTo((2 * (observations.data[i]! - min)) / (max - min + 1e-6) - 1, 6);
    }
    for (let i = 0; i < bundled.actions.length; i += 31) {
      const recovered = denormalize(bundled.actions[i]!, actionMin[i % 3]!, actionMax[i % 3]!);
      expect(recovered).toBeCloseTo(actions.data[i]!, 5);
    }
    expect(bundled.summary().actionRanges).toEqual([
      [-1, 1],
      [-1, 1],
      [-1, 1],
    ]);
  });

  test("an unknown name is refused with the known ones", async () => {
    // @ts-expect-error -- what JavaScript users can do
    await expect(Dataset.bundled("hopper-medium")).rejects.toThrow(
      'bundled data set: "hopper-medium" is unknown\n  expected one of hopper-medium-mini, halfcheetah-medium-mini, walker2d-medium-mini, ant-medium-mini, humanoid-medium-mini\n  is "hopper-medium-mini" meant?',
    );
  });
});

describe("selection", () => {
  test("limitEpisodes keeps the first ones and the statistics of the source", () => {
    const first = bundled.limitEpisodes(2);
    const steps = bundled.episodeLengths[0]! + bundled.episodeLengths[1]!;
    expect(first.steps).toBe(steps);
    expect(first.observations).toEqual(bundled.observations.subarray(0, steps * 11));
    expect(first.normalization).toBe(bundled.normalization);
    expect(bundled.limitEpisodes(1000).steps).toBe(bundled.steps);
    expect(() => bundled.limitEpisodes(0)).toThrow("limitEpisodes: 0\n  expected a positive integer");
  });

  test("filter keeps rows of all columns together", () => {
    const kept = Dataset.from(raw).filter((episode) => episode.return > 5);
    expect([...kept.rewards!]).toEqual([3, 4, 5]);
    expect([...kept.terminals!]).toEqual([0, 0, 1]);
    expect([...kept.episodeLengths]).toEqual([3]);
    expect(kept.actions).toEqual(Dataset.from(raw).actions.subarray(4));
    expect(kept.episodes).toEqual([{ index: 0, start: 0, length: 3, return: 12, best: 5 }]);
  });

  test("filtering everything away is refused", () => {
    expect(() => bundled.filter(() => false)).toThrow(
      "hopper-medium-mini: none of 72 episodes is kept\n  expected at least one",
    );
    const unrewarded = Dataset.from({ ...raw, rewards: undefined });
    expect(() => unrewarded.filter((episode) => episode.return > 0)).toThrow(
      /there are no rewards: every return is NaN/,
    );
    expect(unrewarded.summary().returns).toBeUndefined();
    expect(String(unrewarded)).toBe("arrays: 2 episodes, 5 steps, 1 observation, 2 actions");
  });
});

describe("raw arrays", () => {
  test("nested and flat arrays give the same", () => {
    const flat = Dataset.from({ ...raw, observations: { data: [0, 1, 2, 3, 4], shape: [5, 1] } });
    expect(flat).toEqual(Dataset.from(raw));
    expect(flat.actions[2]).toBe(Math.fround(2 / (4 + 1e-6) - 1));
  });

  test.each([
    ["ragged rows", { observations: [[0], [1, 2], [2], [3], [4]] }, "row 1 has 2 values\n  expected 1, as row 0"],
    [
      "lengths that miss rows",
      { episodeLengths: [2, 2] },
      "episodeLengths: adds up to 4\n  expected 5, the rows of observations",
    ],
    [
      "fractional lengths",
      { episodeLengths: [2.5, 2.5] },
      "episodeLengths: contains 2.5\n  expected positive integers",
    ],
    ["too few actions", { actions: [[1]] }, "actions: has shape (1, 1) and 1 values\n  expected shape (5, dimensions)"],
    ["a shape that lies", { actions: { data: [1, 2], shape: [5, 2] } }, "actions: has shape (5, 2) and 2 values"],
    [
      "nothing",
      { observations: [], actions: [], episodeLengths: [], rewards: [], terminals: [] },
      "observations: has shape (0, 0)",
    ],
    ["NaN", { actions: [[0], [0], [NaN], [0], [0]] }, "Dataset.from: actions: is NaN at row 2"],
  ])("%s are refused", (_, changes, message) => {
    expect(() => Dataset.from({ ...raw, ...changes })).toThrow(message);
  });
});

describe("the reference's npz files", () => {
  test("what save writes is read back equal", async () => {
    const home = join(folder, "saved");
    await bundled.save(home);
    const again = await Dataset.npz(join(home, "train.npz"), { name: bundled.name });
    expect(again).toEqual(bundled);
  });

  test("save never overwrites unasked", async () => {
    const home = join(folder, "twice");
    const small = Dataset.from(raw);
    await small.save(home);
    await expect(small.save(home)).rejects.toThrow(/normalization\.npz: exists already\n.*\n.*overwrite: true/);
    await small.save(home, { overwrite: true });
  });

  test.skipIf(!hasNumpy)("NumPy sees the standard layout", async () => {
    const home = join(folder, "for-numpy");
    await Dataset.from(raw).save(home);
    const program = `import numpy, sys, json
out = {}
for name in ("train", "normalization"):
    f = numpy.load(sys.argv[1] + "/" + name + ".npz")
    out[name] = {k: [str(f[k].dtype), list(f[k].shape)] for k in sorted(f.files)}
print(json.dumps(out))`;
    expect(python(program, home)).toEqual({
      train: {
        actions: ["float32", [5, 2]],
        rewards: ["float32", [5]],
        states: ["float32", [5, 1]],
        terminals: ["bool", [5]],
        traj_lengths: ["int64", [2]],
      },
      normalization: {
        action_max: ["float32", [2]],
        action_min: ["float32", [2]],
        obs_max: ["float32", [1]],
        obs_min: ["float32", [1]],
      },
    });
  });

  const train = {
    states: floats([3, 1], [-1, 0, 1]),
    actions: { type: "f8", shape: [3, 1], data: Float64Array.of(0.1, 0.2, 0.3) } as NpyArray,
    traj_lengths: { type: "i4", shape: [2], data: Int32Array.of(0, 2) } as NpyArray,
  };
  const bounds = {
    obs_min: floats([1], [0]),
    obs_max: floats([1], [2]),
    action_min: floats([1], [-3]),
    action_max: floats([1], [3]),
  };

  function files(name: string, changedTrain: object, changedBounds: object = {}) {
    const home = join(folder, name);
    mkdirSync(home);
    writeFileSync(join(home, "train.npz"), encodeNpz({ ...train, ...changedTrain }));
    writeFileSync(join(home, "normalization.npz"), encodeNpz({ ...bounds, ...changedBounds }));
    return join(home, "train.npz");
  }

  test("float64 is cast, surplus rows and empty episodes are dropped, the folder gives the name", async () => {
    const got = await Dataset.npz(files("sound", {}));
    expect([...got.observations]).toEqual([-1, 0]);
    expect(got.actions).toEqual(Float32Array.of(0.1, 0.2));
    expect([...got.episodeLengths]).toEqual([2]);
    expect([got.rewards, got.terminals]).toEqual([undefined, undefined]);
    expect(got.name).toBe("sound");
  });

  test.each([
    [
      "a wrong rank",
      { states: floats([3], [1, 2, 3]) },
      {},
      /train\.npz: states: has shape \(3\)\n {2}expected 2 axes/,
    ],
    ["unequal rows", { actions: floats([2, 1], [1, 2]) }, {}, /train\.npz: actions: has 2 rows\n {2}expected 3/],
    ["too few rewards", { rewards: floats([2], [1, 2]) }, {}, /train\.npz: rewards: has 2 rows\n {2}expected 3/],
    ["NaN", { states: floats([3, 1], [0, NaN, 0]) }, {}, /train\.npz: states: is NaN at row 1\n/],
    [
      "too long episodes",
      { traj_lengths: floats([1], [4]) },
      {},
      /traj_lengths: adds up to 4 steps\n {2}expected at most 3/,
    ],
    ["negative lengths", { traj_lengths: floats([2], [4, -1]) }, {}, /traj_lengths: contains -1\n/],
    ["no episode", { traj_lengths: floats([0], []) }, {}, /traj_lengths: contains no episode/],
    [
      "statistics of another task",
      {},
      { obs_min: floats([2], [0, 0]) },
      /normalization\.npz: obs_min: has 2 rows\n {2}expected 1/,
    ],
    [
      "statistics the wrong way round",
      {},
      { action_max: floats([1], [-4]) },
      /action_min: is larger than action_max in column 0/,
    ],
  ])("%s are refused", async (name, changedTrain, changedBounds, message) => {
    await expect(Dataset.npz(files(name, changedTrain, changedBounds))).rejects.toThrow(message);
  });

  test("missing statistics are refused", async () => {
    const path = join(folder, "train.npz");
    writeFileSync(path, encodeNpz(train));
    await expect(Dataset.npz(path)).rejects.toThrow(`${join(folder, "normalization.npz")}: does not exist`);
    const other = { normalizationPath: join(folder, "sound", "normalization.npz") };
    expect((await Dataset.npz(path, other)).steps).toBe(2);
  });
});

describe("D4RL by name", () => {
  const home = join(folder, "data");
  const place = (name: string) => join(home, "gym", name);
  afterEach(() => vi.unstubAllEnvs());

  test("hopper-medium-v2 is replaced by the bundled set with one notice", async () => {
    const notices: string[] = [];
    const got = await Dataset.d4rl("hopper-medium-v2", { folder: home, notify: (message) => notices.push(message) });
    expect(got.name).toBe("hopper-medium-mini");
    expect(notices).toEqual([
      "hopper-medium-v2 is not in the data folder: using the bundled hopper-medium-mini instead. For the original, put " +
        `hopper_medium-v2.hdf5 (D4RL) or train.npz with normalization.npz in ${place("hopper-medium-v2")}, or run \`dmpo data fetch gym/hopper-medium-v2\`.`,
    ]);
  });

  test("ant's medium and expert set is what is nearest: the other version's, the medium one of the folder, the bundled one", async () => {
    const there = join(folder, "ants");
    const asked = async (name: string) => {
      const notices: string[] = [];
      const data = await Dataset.d4rl(name, { folder: there, notify: (line) => notices.push(line) });
      return { name: data.name, notices };
    };
    const instead = (used: string) => `ant-medium-expert-v0 is not in the data folder: using ${used} instead.`;
    const v0 = "ant-medium-expert-v0";
    expect(await asked(v0)).toEqual({
      name: "ant-medium-mini",
      notices: [expect.stringContaining(instead("the bundled ant-medium-mini"))],
    });
    for (const name of ["ant-medium-v2", "ant-medium-expert-v2"]) {
      await Dataset.from(raw).save(join(there, "gym", name));
      expect(await asked(v0)).toEqual({
        name,
        notices: [expect.stringContaining(instead(`${name}, which is there,`))],
      });
    }
    await Dataset.from(raw).save(join(there, "gym", v0));
    expect(await asked(v0)).toEqual({ name: v0, notices: [] });
  });

  test("humanoid's two spellings are one set; a remedy is named only where there is an address", async () => {
    const there = join(folder, "humanoids");
    const notices: string[] = [];
    const asked = (name: string) =>
      Dataset.d4rl(name, { folder: there, notify: (line) => notices.push(line) }).then((data) => data.name);
    expect(await asked("humanoid-medium-v3")).toBe("humanoid-medium-mini");
    expect(await asked("Humanoid-medium-v3")).toBe("humanoid-medium-mini");
    expect(notices.map((line) => line.includes("dmpo data fetch"))).toEqual([false, true]);
    await Dataset.from(raw).save(join(there, "gym", "Humanoid-medium-v3"));
    expect(await asked("humanoid-medium-v3")).toMatch(/^humanoid-medium-v3$/i);
  });

  test("other names are refused with the file to put and the place", async () => {
    await expect(Dataset.d4rl("ant-full-replay-v2", { folder: home, download: false })).rejects.toThrow(
      `data set "ant-full-replay-v2": not found in ${place("ant-full-replay-v2")}\n` +
        `  expected ant_full_replay-v2.hdf5 (D4RL) or train.npz with normalization.npz in ${place("ant-full-replay-v2")}\n` +
        "  DMPO_DATA_DIR names another data folder",
    );
    await expect(Dataset.d4rl("hopper-medum-v2", { folder: home })).rejects.toThrow('is "hopper-medium-v2" meant?');
  });

  test("files are found in the folder that the environment names: .hdf5, and train.npz before it", async () => {
    const task = place("hopper-medium-v2");
    mkdirSync(task, { recursive: true });
    vi.stubEnv("DMPO_DATA_DIR", undefined);
    vi.stubEnv("DPPO_DATA_DIR", home);
    copyFileSync(bundledDatasets["hopper-medium-mini"], join(task, "hopper_medium-v2.hdf5"));
    const fromHdf5 = await Dataset.d4rl("hopper-medium-v2");
    expect([fromHdf5.name, fromHdf5.steps]).toEqual(["hopper-medium-v2", 30_278]);
    copyFileSync(bundledDatasets["hopper-medium-mini"], join(task, "other.hdf5"));
    await expect(Dataset.d4rl("hopper-medium-v2")).rejects.toThrow(
      /holds hopper_medium-v2\.hdf5, other\.hdf5\n.*one \.hdf5 file/,
    );
    await Dataset.from(raw).save(task);
    expect((await Dataset.d4rl("hopper-medium-v2")).steps).toBe(5);
    vi.stubEnv("DMPO_DATA_DIR", join(home, "elsewhere"));
    await expect(Dataset.d4rl("kitchen-complete-v0", { download: false, make: false })).rejects.toThrow(
      join(home, "elsewhere", "gym", "kitchen-complete-v0"),
    );
  });
});
