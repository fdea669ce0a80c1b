// The robomimic layout of HDF5 files (Mandlekar et al. 2021): groups data/demo_k with actions, rewards and observations by name.
import { fail } from "../errors.js";
import { withHdf5, type Hdf5File } from "./hdf5.js";
import type { Recording, RecordedTable } from "./recording.js";

const robotKeys = (robot: number) => ["eef_pos", "eef_quat", "gripper_qpos"].map((key) => `robot${robot}_${key}`);

export interface RobomimicOptions {
  /** Leave the object's state out, as policies that look through cameras must not know it. Default true. */
  readonly withObject?: boolean;
  /** The first so many demonstrations; default all. */
  readonly maxEpisodes?: number;
}

/**
 * Reads all demonstrations in order of their numbers. An observation is position, orientation and gripper of each robot, and the
 * object's state. No step is terminal: rewards accumulate after success.
 * @throws InputError `DMPO_DATA_*` naming file, group and key.
 */
export function readRobomimic(path: string, options: RobomimicOptions = {}): Promise<RobomimicRecording> {
  return withHdf5(path, (file) => robomimicRecording(file, options));
}

export interface RobomimicRecording {
  readonly recording: Recording;
  /** Of the demonstrations (E). */
  readonly lengths: Int32Array;
}

/** As {@link readRobomimic}, of an open file. */
export function robomimicRecording(file: Hdf5File, options: RobomimicOptions = {}): RobomimicRecording {
  const demonstrations = demonstrationsOf(file).slice(0, options.maxEpisodes);
  const keys = observationKeys(file, demonstrations[0]!, options.withObject ?? true);
  const parts = demonstrations.map((group) => readDemonstration(file, group, keys));
  const recording: Recording = {
    source: file.path,
    observations: stack(
      parts.map(({ observations }) => observations),
      file.path,
    ),
    actions: stack(
      parts.map(({ actions }) => actions),
      file.path,
    ),
    rewards: stack(
      parts.map(({ rewards }) => ({ ...rewards, shape: [rewards.shape[0]!, 1] })),
      file.path,
    ).data,
    terminals: new Uint8Array(parts.reduce((total, { actions }) => total + actions.shape[0]!, 0)),
  };
  return { recording, lengths: Int32Array.from(parts, ({ actions }) => actions.shape[0]!) };
}

const namesOf = (file: Hdf5File) =>
  file.keys().includes("data") ? file.keys("data").filter((name) => /^demo_\d+$/.test(name)) : [];

/** Whether a file has this layout. */
export const isRobomimic = (file: Hdf5File) => namesOf(file).length > 0;

/** Groups "data/demo_0", "data/demo_1", ... in order of their numbers. */
export function demonstrationsOf(file: Hdf5File): string[] {
  const groups = namesOf(file);
  if (groups.length === 0) {
    const found = file.keys().join(", ") || "nothing";
    fail("DMPO_DATA_KEY", `${file.path}: data`, `holds no demo_0; at the root: ${found}`, "groups data/demo_0, ...");
  }
  const number = (name: string) => Number(name.slice("demo_".length));
  return groups.sort((a, b) => number(a) - number(b)).map((name) => `data/${name}`);
}

function observationKeys(file: Hdf5File, group: string, withObject: boolean): string[] {
  const hasObservations = file.keys(group).includes("obs");
  if (!hasObservations) {
    const remedy = "raw demo files hold simulator states only: robomimic's dataset_states_to_obs adds observations";
    fail("DMPO_DATA_KEY", `${file.path}: ${group}/obs`, "is missing", "a group of observations", remedy);
  }
  const hasSecondArm = file.keys(`${group}/obs`).includes("robot1_eef_pos");
  return [...robotKeys(0), ...(hasSecondArm ? robotKeys(1) : []), ...(withObject ? ["object"] : [])];
}

function readDemonstration(file: Hdf5File, group: string, keys: readonly string[]) {
  const { actions, rewards } = file.tables({ actions: { rank: 2 }, rewards: { rank: 1 } }, group);
  const wanted = Object.fromEntries(keys.map((key) => [key, { rank: 2 }]));
  const parts = Object.values(file.tables(wanted, `${group}/obs`));
  const steps = actions.shape[0]!;
  if (parts[0]!.shape[0] !== steps) {
    fail("DMPO_DATA_SHAPE", `${file.path}: ${group}/obs`, `has ${parts[0]!.shape[0]} rows`, `${steps}, as actions`);
  }
  return { actions, rewards, observations: beside(parts, steps) };
}

/** Columns of all tables, one table after the other. */
function beside(tables: readonly RecordedTable[], rows: number): RecordedTable {
  const width = tables.reduce((total, { shape }) => total + shape[1]!, 0);
  const data = new Float64Array(rows * width);
  let offset = 0;
  for (const { data: values, shape } of tables) {
    const own = shape[1]!;
    for (let i = 0; i < rows * own; i++) data[Math.floor(i / own) * width + offset + (i % own)] = values[i]!;
    offset += own;
  }
  return { data, shape: [rows, width] };
}

/** Rows of all tables, which must be equally wide. */
function stack(tables: readonly RecordedTable[], path: string): RecordedTable {
  const width = tables[0]!.shape[1]!;
  const rows = tables.reduce((total, { shape }) => total + shape[0]!, 0);
  const data = new Float64Array(rows * width);
  let at = 0;
  tables.forEach((table, i) => {
    if (table.shape[1] !== width)
      fail("DMPO_DATA_SHAPE", `${path}: demonstration ${i}`, `has ${table.shape[1]} columns`, `${width}`);
    data.set(table.data, at);
    at += table.data.length;
  });
  return { data, shape: [rows, width] };
}
