// Pictures for recordings in robomimic's layout that have states only (Mandlekar et al. 2021, dataset_states_to_obs): the simulation
// is put into each state, and looked at.
import { existsSync, rmSync } from "node:fs";
import { copyFile, rename } from "node:fs/promises";
import { fetchFor } from "../../envs/assets/assets.js";
import type { Simulation } from "../../envs/environment.js";
import { builtInEnvironment, withCameras } from "../../envs/registry.js";
import { fail } from "../../errors.js";
import { warn } from "../../plain-text.js";
import { sizeOf } from "../../space.js";
import { withHdf5, writeHdf5, type Hdf5File, type WrittenDataset } from "../hdf5.js";
import { demonstrationsOf } from "../robomimic.js";
import type { RecordedTable } from "../recording.js";
import { pictureDatasets, taskOf } from "./robomimic-layout.js";

export interface AddPicturesOptions {
  /** Default: those of published policies. */
  readonly cameras?: readonly string[];
  /** The first so many demonstrations; default all. The others stay without pictures. */
  readonly maxEpisodes?: number;
  /** Told in a line how far it is; by default on standard error. */
  readonly notify?: (line: string) => void;
  /** Stops it; nothing is written. */
  readonly signal?: AbortSignal;
}

/**
 * Writes a copy beside the recording, "<name>-img.hdf5", with `obs/<camera>_image`, uint8 (T, 96, 96, 3), of each demonstration.
 * Sizes of objects that are drawn for each episode are not in the states: they have their means.
 * @returns its path.
 * @throws InputError DMPO_DATA_EXISTS, DMPO_DATA_KEY where there are no states or it is of no task with cameras, DMPO_DATA_SHAPE,
 * DMPO_RENDER_CAMERA, DMPO_ASSETS_*.
 */
export async function addPictures(path: string, options: AddPicturesOptions = {}): Promise<string> {
  const { maxEpisodes, notify = warn, signal } = options;
  const target = path.replace(/(\.hdf5|\.h5)?$/i, "-img.hdf5");
  if (existsSync(target)) fail("DMPO_DATA_EXISTS", target, "exists already", "a name that is free", "move it away");
  const { name, recorded } = await withHdf5(path, (file) => readStates(file, maxEpisodes));
  const environment = builtInEnvironment(withCameras(name, ...(options.cameras ?? [])));
  await fetchFor(environment, { notify, signal });
  const simulation = await environment.create({ inertia: environment.inertia ?? "legacy" });
  const [pictures, cameras] = [environment.pictures!, environment.cameras!];
  const incomplete = `${target}.incomplete`;
  try {
    const datasets: Record<string, WrittenDataset> = {};
    let last: { episode: number; seen: Uint8Array } | undefined;
    const of = (episode: number) => {
      signal?.throwIfAborted();
      if (last?.episode === episode) return last.seen;
      const { group, states } = recorded[episode]!;
      last = { episode, seen: replayed(simulation, states, sizeOf(pictures), `${path}: ${group}/states`) };
      if ((episode + 1) % 10 === 0) notify(`${episode + 1} of ${recorded.length} demonstrations`);
      return last.seen;
    };
    recorded.forEach(({ group, states }, i) => {
      Object.assign(datasets, pictureDatasets(group, states.shape[0]!, { cameras, side: pictures[2], of }, i));
    });
    await copyFile(path, incomplete);
    await writeHdf5(incomplete, datasets, {}, "append");
    await rename(incomplete, target);
  } finally {
    simulation.delete();
    rmSync(incomplete, { force: true });
  }
  return target;
}

function readStates(file: Hdf5File, maxEpisodes: number | undefined) {
  const groups = demonstrationsOf(file).slice(0, maxEpisodes);
  const written = file.text("data", "env_args") ?? "{}";
  const { env_name: robosuiteName = "" } = JSON.parse(written) as { env_name?: string };
  const name = taskOf(robosuiteName);
  if (name === undefined) {
    const wrong = robosuiteName ? `was recorded in ${robosuiteName}` : "has no env_args";
    return fail("DMPO_DATA_KEY", `${file.path}: data`, wrong, "a recording of lift, can, square or transport");
  }
  const recorded = groups.map((group) => ({ group, states: file.tables({ states: { rank: 2 } }, group).states }));
  return { name, recorded };
}

/** (T, 3 cameras, H, W) of states (T, time + positions + velocities). */
function replayed(simulation: Simulation, { data, shape }: RecordedTable, size: number, where: string): Uint8Array {
  const [steps, width] = shape as [number, number];
  const { qpos, qvel } = simulation.state();
  const expected = 1 + qpos.length + qvel.length;
  if (width !== expected) fail("DMPO_DATA_SHAPE", where, `has ${width} numbers per state`, `${expected}`);
  const out = new Uint8Array(steps * size);
  for (let step = 0; step < steps; step++) {
    const state = Array.from({ length: width }, (_, i) => data[step * width + i]!);
    simulation.setState({ qpos: state.slice(1, 1 + qpos.length), qvel: state.slice(1 + qpos.length) });
    simulation.look!(out.subarray(step * size, (step + 1) * size));
  }
  return out;
}
