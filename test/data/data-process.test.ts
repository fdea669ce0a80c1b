// The commands of data_process: the guide's lines, exact results, files that NumPy reads.
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { File, ready } from "h5wasm/node";
import { describe, expect, test } from "vitest";
import { bundledDatasets } from "../../sdk/src/data/data-folder.js";
import { Dataset } from "../../sdk/src/data/dataset.js";
import { convertHdf5 } from "../../sdk/src/data/hdf5-to-npz.js";
import { readNpz } from "../../sdk/src/data/npz.js";
import { dmpo } from "../cli/dmpo.js";
import { hasShared, sharedFile } from "../shared.js";
import { hasNumpy, python } from "./python.js";
import { temporaryFolder } from "./temporary-folder.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const folder = temporaryFolder();
await ready;

type Values = Float32Array | Uint8Array;

function writeHdf5(path: string, datasets: Record<string, { data: Values; shape?: number[] }>): string {
  mkdirSync(dirname(path), { recursive: true });
  const file = new File(path, "w");
  const groups = new Set<string>();
  for (const [name, { data, shape }] of Object.entries(datasets)) {
    const parts = name.split("/");
    for (let i = 1; i < parts.length; i++) {
      const group = parts.slice(0, i).join("/");
      if (!groups.has(group)) file.create_group(group);
      groups.add(group);
    }
    file.create_dataset({ name, data, shape: shape ?? [data.length] });
  }
  file.close();
  return path;
}

// Episodes: rows 0-1 (return 3), 2 (both flags, return -1: dropped), 3-4 (return 9), tail 5 (dropped, but the largest values).
const recording = {
  observations: { data: Float32Array.of(0, 1, 2, 3, 4, 10), shape: [6, 1] },
  actions: { data: Float32Array.of(0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 8, -8), shape: [6, 2] },
  rewards: { data: Float32Array.of(1, 2, -1, 4, 5, 7) },
  terminals: { data: Uint8Array.of(0, 1, 1, 0, 0, 0) },
  timeouts: { data: Uint8Array.of(0, 0, 1, 0, 1, 0) },
};

describe("hdf5-to-npz", () => {
  test("follows the algorithm of the reference", async () => {
    const path = writeHdf5(join(folder, "small/recording.hdf5"), recording);
    const lines: string[] = [];
    await convertHdf5(path, { report: (line) => lines.push(line) });
    const train = await readNpz(join(folder, "small/train.npz"));
    expect([...train.get("traj_lengths").data]).toEqual([2, 2]);
    expect([...train.get("rewards").data]).toEqual([1, 2, 4, 5]);
    expect([...train.get("terminals").data]).toEqual([0, 1, 0, 0]);
    const scaled = (value: number, min: number, max: number) =>
      Math.fround((2 * (value - min)) / (max - min + 1e-6) - 1);
    expect([...train.get("states").data]).toEqual([0, 1, 3, 4].map((value) => scaled(value, 0, 10)));
    expect(train.get("actions").shape).toEqual([4, 2]);
    const statistics = await readNpz(join(folder, "small/normalization.npz"));
    expect([...statistics.get("action_min").data, ...statistics.get("action_max").data]).toEqual([0, -8, 8, 4]);
    expect(existsSync(join(folder, "small/val.npz"))).toBe(false);
    expect(readFileSync(join(folder, "small/description.log"), "utf8")).toBe(`${lines.join("\n")}\n`);
    // Returns 3, -1, 9 and the open tail's 7.
    expect(lines.join("\n")).toMatch(/average episode return: 4\.5000 over 4 episodes/);
  });

  test("the empty episode counts among the first ones, and the rest goes to validation", async () => {
    const path = writeHdf5(join(folder, "limited/recording.hdf5"), recording);
    await convertHdf5(path, { maxEpisodes: 3 });
    expect([...(await readNpz(join(folder, "limited/train.npz"))).get("traj_lengths").data]).toEqual([2]);
    const split = { maxEpisodes: 0, validationSplit: 0.5, seed: 3 };
    await expect(convertHdf5(path, split)).rejects.toThrow("train.npz: exists already");
    await convertHdf5(path, { ...split, overwrite: true });
    const lengths = await Promise.all(
      ["train", "val"].map(
        async (name) => (await readNpz(join(folder, `limited/${name}.npz`))).get("traj_lengths").shape[0]!,
      ),
    );
    expect(lengths[0]! + lengths[1]!).toBe(2);
    await convertHdf5(path, { overwrite: true });
    expect(existsSync(join(folder, "limited/val.npz"))).toBe(false);
  });

  /** The real hopper recording in a folder of its own, converted: what the command said, the recording and the steps. */
  async function convertedHopper(name: string) {
    const [recording, steps] = [join(folder, name, "recording.hdf5"), join(folder, name, "train.npz")];
    mkdirSync(dirname(recording));
    copyFileSync(bundledDatasets["hopper-medium-mini"], recording);
    return { ...(await dmpo("data", "hdf5-to-npz", `--data_path=${recording}`)), recording, steps };
  }

  test("the real hopper recording gives what Dataset.hdf5 makes of it", async () => {
    const { code, out, recording, steps } = await convertedHopper("hopper");
    expect(code).toBe(0);
    expect(out).toMatch(/train: 72 episodes, 30278 steps/);
    const [expected, got] = [await Dataset.hdf5(recording), await Dataset.npz(steps)];
    expect(got.observations).toEqual(expected.observations);
    expect(got.actions).toEqual(expected.actions);
    expect(got.terminals).toEqual(expected.terminals);
    expect(got.normalization).toEqual(expected.normalization);
  });

  test.skipIf(!hasNumpy)("NumPy reads the converted hopper recording", async () => {
    const { steps } = await convertedHopper("numpy");
    const { observations } = await Dataset.npz(steps);
    const program = `import numpy as np, sys, json
f = np.load(sys.argv[1], allow_pickle=False)
print(json.dumps({k: [f[k].dtype.str, list(f[k].shape), float(f[k].astype("f8").sum())] for k in f.files}))`;
    const seen = python(program, steps) as Record<string, [string, number[], number]>;
    expect(Object.keys(seen)).toEqual(["states", "actions", "rewards", "terminals", "traj_lengths"]);
    expect(seen.states!.slice(0, 2)).toEqual(["<f4", [30278, 11]]);
    expect(seen.states![2]).toBeCloseTo(
      observations.reduce((a, b) => a + b, 0),
      3,
    );
    expect(seen.terminals!.slice(0, 2)).toEqual(["|b1", [30278]]);
    expect(seen.traj_lengths).toEqual(["<i8", [72], 30278]);
  });

  test.each([
    ["no rewards", { rewards: undefined }, /rewards: is missing/],
    ["no success", { rewards: { data: new Float32Array(6) } }, /none of 4 episodes has a positive return/],
    ["NaN", { actions: { data: new Float32Array(12).fill(NaN), shape: [6, 2] } }, /actions: is NaN at row 0, column 0/],
    ["odd pictures", { images: { data: new Uint8Array(6 * 3 * 4 * 4), shape: [6, 3, 4, 4] } }, /a multiple of 8/],
  ])("%s are refused", async (name, changes, message) => {
    const all = Object.entries({ ...recording, ...changes }).filter(([, value]) => value !== undefined);
    const path = writeHdf5(join(folder, name, "r.hdf5"), Object.fromEntries(all) as typeof recording);
    await expect(convertHdf5(path)).rejects.toThrow(message);
    expect(existsSync(join(folder, name, "train.npz"))).toBe(false);
  });
});

test("read-hdf5 and read-npz describe files as the guide's lines ask", async () => {
  const path = writeHdf5(join(folder, "read/recording.hdf5"), { ...recording, "infos/qpos": recording.observations });
  const { code, out } = await dmpo("data", "read-hdf5", `--file_path=${path}`);
  expect(code).toBe(0);
  expect(out).toMatch(/File Structure\n[^]*Dataset: actions, shape \(6, 2\), f4\nGroup: infos\nDataset: infos\/qpos/);
  expect(out).toMatch(/Keys: actions, .*\nFirst row of actions: f4, shape \(2\): \[0, 0\]/);
  await convertHdf5(path);
  const npz = await dmpo("data", "read-npz", `--data_path=${join(folder, "read/train.npz")}`, "--print_data_sample");
  expect(npz.out).toMatch(/rewards: shape \(4\), f4\n {2}min \[1\]\n {2}max \[5\]\n {2}row 0 \[1\]/);
  writeFileSync(join(folder, "read/tiny.npz"), "PK");
  expect((await dmpo("data", "read-npz", "--data-path", join(folder, "read/tiny.npz"))).error).toMatch(
    /has 2 bytes only/,
  );
  expect((await dmpo("data", "read-npz")).code).toBe(2);
});

test("the programs of data_process are the commands of the same names", async () => {
  const place = join(root, "data_process");
  const programs = readdirSync(place).filter((name) => name.endsWith(".ts"));
  const { out: help } = await dmpo("data", "--help");
  for (const program of programs) {
    const name = program.replace(".ts", "").replaceAll("_", "-");
    expect(readFileSync(join(place, program), "utf8")).toContain(`run(["data", "${name}", ...process.argv.slice(2)])`);
    expect(help).toMatch(new RegExp(`^ +(?:\\S+\\|)?${name} `, "m"));
  }
  const path = writeHdf5(join(folder, "program/recording.hdf5"), recording);
  const parameters = ["--import", "tsx", join(place, "read_hdf5.ts"), `--file_path=${path}`];
  const { stdout, status } = spawnSync(process.execPath, parameters, { cwd: root, encoding: "utf8" });
  expect(status).toBe(0);
  expect(stdout).toBe((await dmpo("data", "read-hdf5", `--file_path=${path}`)).out + "\n");
});

describe("robomimic", () => {
  const demo = (steps: number, second = false) => ({
    actions: { data: Float32Array.from({ length: steps * 2 }, (_, i) => i), shape: [steps, 2] },
    rewards: { data: Float32Array.from({ length: steps }, (_, i) => (i === steps - 1 ? 1 : 0)) },
    "obs/robot0_eef_pos": { data: new Float32Array(steps * 3).fill(1), shape: [steps, 3] },
    "obs/robot0_eef_quat": { data: new Float32Array(steps * 4).fill(2), shape: [steps, 4] },
    "obs/robot0_gripper_qpos": { data: new Float32Array(steps * 2).fill(3), shape: [steps, 2] },
    "obs/object": { data: Float32Array.from({ length: steps * 2 }, (_, i) => 10 * steps + i), shape: [steps, 2] },
    ...(second && { "obs/robot1_eef_pos": { data: new Float32Array(steps * 3), shape: [steps, 3] } }),
  });
  const grouped = (demos: Record<string, ReturnType<typeof demo>>) =>
    Object.fromEntries(
      Object.entries(demos).flatMap(([name, parts]) =>
        Object.entries(parts).map(([key, value]) => [`data/${name}/${key}`, value as { data: Values }]),
      ),
    );

  test("demonstrations come in order of their numbers, columns in order of their keys", async () => {
    const place = join(folder, "data/robomimic/can");
    writeHdf5(join(place, "low_dim_v15.hdf5"), grouped({ demo_10: demo(3), demo_2: demo(2) }));
    const data = await Dataset.robomimic("can", { folder: join(folder, "data") });
    expect([...data.episodeLengths]).toEqual([2, 3]);
    expect([data.observationDimension, data.actionDimension, data.name]).toEqual([11, 2, "can"]);
    expect([...data.normalization.observationMin]).toEqual([1, 1, 1, 2, 2, 2, 2, 3, 3, 20, 21]);
    expect(data.filter({ success: true }).episodeLengths.length).toBe(2);
    expect(() => data.filter({ success: 2 })).toThrow(/none of 2 episodes/);
    expect(data.terminals!.some((flag) => flag !== 0)).toBe(false);

    const out = join(folder, "robomimic-out");
    const path = join(place, "low_dim_v15.hdf5");
    // A configuration names the file only.
    const named = await Dataset.hdf5(path);
    expect([named.observations, named.actions, named.episodeLengths]).toEqual([
      ...[data.observations, data.actions, data.episodeLengths],
    ]);
    expect((await dmpo("data", "process-robomimic-dataset", `--load_path=${path}`, `--save_dir=${out}`)).code).toBe(0);
    const raw = await readNpz(join(out, "train.npz"));
    expect([...raw.get("states").data.slice(0, 11)]).toEqual([1, 1, 1, 2, 2, 2, 2, 3, 3, 20, 21]);
    expect((await readNpz(join(out, "val.npz"))).get("states").shape).toEqual([0, 11]);
    expect(existsSync(join(out, "normalization.npz"))).toBe(false);
    const flags = ["--normalize", "--cameras", "robot0_eye_in_hand"];
    await dmpo("data", "process-robomimic-dataset", `--load_path=${path}`, `--save_dir=${out}`, ...flags);
    expect((await Dataset.npz(join(out, "train.npz"))).observationDimension).toBe(9);
  });

  test("what cameras saw becomes channels of images; without any, that is said", async () => {
    const side = 8;
    const pictures = (steps: number, from: number) => ({
      data: Uint8Array.from({ length: steps * side * side * 3 }, (_, i) => (from + 7 * i) % 256),
      shape: [steps, side, side, 3],
    });
    const cameras = {
      demo_0: [pictures(2, 1), pictures(2, 50)],
      demo_1: [pictures(3, 100), pictures(3, 150)],
    } as const;
    const home = join(folder, "seen");
    const path = join(home, "robomimic/can-img/image.hdf5");
    const write = (changes: Record<string, { data: Values; shape?: number[] }> = {}) => {
      const seen = Object.entries(cameras).flatMap(([name, [left, right]]) => [
        [`data/${name}/obs/left_image`, left],
        [`data/${name}/obs/right_image`, right],
      ]);
      writeHdf5(path, { ...grouped({ demo_0: demo(2), demo_1: demo(3) }), ...Object.fromEntries(seen), ...changes });
    };
    write();
    await expect(Dataset.robomimic("can-img", { folder: home })).rejects.toThrow(/compressed[^]*--cameras/);
    const flags = [
      "data",
      "process-robomimic-dataset",
      `--load_path=${path}`,
      `--save_dir=${dirname(path)}`,
      "--normalize",
    ];
    expect(await dmpo(...flags, "--cameras", "left", "right")).toMatchObject({ code: 0, error: "" });
    const data = await Dataset.robomimic("can-img", { folder: home });
    expect(data.observationDimension).toBe(9);
    expect([data.images!.count, ...data.images!.shape]).toEqual([5, 6, side, side]);
    const got = new Uint8Array(6 * side * side);
    data.images!.read(3, got);
    const expected = cameras.demo_1.flatMap(({ data: values }) =>
      [0, 1, 2].flatMap((channel) =>
        Array.from({ length: side * side }, (_, pixel) => values[3 * (side * side + pixel) + channel]!),
      ),
    );
    expect([...got]).toEqual(expected);

    expect((await dmpo(...flags, "--cameras", "left", "top")).error).toMatch(/top_image: is missing/);
    expect((await dmpo(...flags, "--cameras", "top")).out).toMatch(/^no pictures of top in the file/m);
    write({ "data/demo_1/obs/right_image": { data: new Uint8Array(3 * 16 * 16 * 3), shape: [3, 16, 16, 3] } });
    expect((await dmpo(...flags, "--cameras", "left", "right")).error).toMatch(
      /demo_1\/obs\/right_image: has shape \(3, 16, 16, 3\)\n {2}expected \(3, 8, 8, 3\)/,
    );
  });

  test("files without observations say how to get them", async () => {
    const path = writeHdf5(join(folder, "raw/demo.hdf5"), { "data/demo_0/actions": demo(2).actions });
    await expect(
      Dataset.robomimic("lift", {
        folder: dirname(writeHdf5(join(folder, "r2/robomimic/lift/x.hdf5"), recording)).replace(
          /\/robomimic\/lift$/,
          "",
        ),
      }),
    ).rejects.toThrow(/data: holds no demo_0; at the root: actions/);
    const { error } = await dmpo("data", "process-robomimic-dataset", `--load_path=${path}`);
    expect(error).toMatch(/demo_0\/obs: is missing[^]*dataset_states_to_obs/);
  });
});

describe.skipIf(!hasShared)("D3IL", () => {
  const demonstrations = sharedFile("data/d3il-avoiding/demos");

  test("filter-avoid-data writes the set m1, and pictures of the paths", async () => {
    const out = join(folder, "m1");
    const flags = ["--val_split=0", "--desired_modes", "5", "6", "--required_modes", "1", "2"];
    const { code } = await dmpo(
      "data",
      "filter-avoid-data",
      `--load_path=${demonstrations}`,
      `--save_dir=${out}`,
      ...flags,
    );
    expect(code).toBe(0);
    const [written, made] = [
      await Dataset.npz(join(out, "train.npz")),
      await Dataset.d3il("avoid_m1", { demonstrations }),
    ];
    expect(written.observations).toEqual(made.observations);
    expect(written.actions).toEqual(made.actions);
    expect(written.rewards).toEqual(new Float32Array(571));
    expect(written.terminals).toBeUndefined();
    expect(written.normalization).toEqual(made.normalization);
    expect(existsSync(join(out, "val.npz"))).toBe(false);
    for (const name of ["train-trajs.png", "val-trajs.png"]) {
      expect(readFileSync(join(out, name)).subarray(1, 4).toString()).toBe("PNG");
    }
  });

  test("process-d3il-dataset splits 96 demonstrations 76 to 20", async () => {
    const out = join(folder, "all");
    const flags = [`--load_path=${demonstrations}`, `--save_dir=${out}`, "--env_type=avoid", "--save_name_prefix=x_"];
    const { code, out: report } = await dmpo("data", "process-d3il-dataset", ...flags);
    expect(code).toBe(0);
    expect(report).toMatch(/all: 96 episodes, 7305 steps/);
    const lengths = await Promise.all(
      ["train", "val"].map(async (name) => (await readNpz(join(out, `x_${name}.npz`))).get("traj_lengths").shape),
    );
    expect(lengths).toEqual([[76], [20]]);
    const other = await dmpo("data", "process-d3il-dataset", "--env_type=push");
    expect(other.error).toMatch(/--env_type: push\n {2}expected avoid/);
  });

  test("ratios keep a share of each desired mode", async () => {
    const out = join(folder, "ratios");
    const modes = ["--desired_modes", "5", "6", "--required_modes", "1", "2", "--desired_mode_ratios"];
    const at = [`--load_path=${demonstrations}`, `--save_dir=${out}`, "--val_split=0"];
    await dmpo("data", "filter-avoid-data", ...at, ...modes, "1", "0");
    expect([...(await readNpz(join(out, "train.npz"))).get("traj_lengths").data]).toEqual([91, 72, 67, 69]);
    const { error } = await dmpo("data", "filter-avoid-data", ...at, ...modes, "1");
    expect(error).toMatch(/1 given\n {2}expected 2, one per desired mode/);
  });
});
