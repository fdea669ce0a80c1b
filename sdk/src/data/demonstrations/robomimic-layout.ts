// Demonstrations in robomimic's layout of HDF5 files (Mandlekar et al. 2021): data/demo_k with actions, rewards, dones, states and
// observations by name; env_args says what they were recorded in; mask/train and mask/valid list demonstrations.
import type { EnvironmentDefinition } from "../../envs/environment.js";
import { writeHdf5, type WrittenDataset } from "../hdf5.js";
import type { PlayedEpisode } from "./play.js";

/** Numbers of an action, and of what is observed of an arm, by the names that robomimic has for them. */
const actionSize = 7;
const armParts = { eef_pos: 3, eef_quat: 4, gripper_qpos: 2 } as const;
/** Share of demonstrations that are for validation. */
const validationShare = 0.1;

/** What cameras saw of episodes: of each, (T, 3 cameras, side, side) when it is asked for. */
export interface RecordedPictures {
  readonly cameras: readonly string[];
  readonly side: number;
  /** @param episode index among those that are written. */
  readonly of: (episode: number) => Uint8Array;
}

/** @param path of the file, which is replaced. */
export async function writeRobomimic(
  path: string,
  episodes: readonly PlayedEpisode[],
  { name, observationDimension, actionDimension }: EnvironmentDefinition,
  pictures?: RecordedPictures,
): Promise<void> {
  const datasets: Record<string, WrittenDataset> = {};
  const attributes: Record<string, Record<string, number | string>> = {};
  const names = episodes.map((_, i) => `demo_${i}`);
  episodes.forEach((episode, i) => {
    const { observations, lastObservation, actions, rewards, states } = episode;
    const steps = rewards.length;
    const group = `data/demo_${i}`;
    const table = (data: Float32Array | Float64Array) => ({ data, shape: [steps, data.length / steps] });
    datasets[`${group}/actions`] = table(actions);
    datasets[`${group}/states`] = table(states);
    datasets[`${group}/rewards`] = { data: rewards, shape: [steps] };
    const dones = Int32Array.from(rewards, (reward, step) => Number(reward === 1 || step === steps - 1));
    datasets[`${group}/dones`] = { data: dones, shape: [steps] };
    const next = new Float32Array(observations.length);
    next.set(observations.subarray(observationDimension));
    next.set(lastObservation, observations.length - observationDimension);
    for (const [kind, rows] of [
      ["obs", observations],
      ["next_obs", next],
    ] as const) {
      let from = 0;
      for (const [part, width] of observationParts(observationDimension, actionDimension / actionSize)) {
        datasets[`${group}/${kind}/${part}`] = table(columns(rows, observationDimension, from, width));
        from += width;
      }
    }
    if (pictures) Object.assign(datasets, pictureDatasets(group, steps, pictures, i));
    attributes[group] = { num_samples: steps };
  });
  const total = episodes.reduce((sum, { rewards }) => sum + rewards.length, 0);
  attributes.data = { total, env_args: JSON.stringify(environmentArguments(name, pictures)) };
  const held = Math.floor(validationShare * episodes.length);
  datasets["mask/train"] = { data: names.slice(held) };
  if (held > 0) datasets["mask/valid"] = { data: names.slice(0, held) };
  await writeHdf5(path, datasets, attributes);
}

/** `obs/<camera>_image` of a demonstration, uint8 (T, side, side, 3), read when they are written. */
export function pictureDatasets(
  group: string,
  steps: number,
  { cameras, side, of }: RecordedPictures,
  episode: number,
): Record<string, WrittenDataset> {
  const entries = cameras.map((camera, i): [string, WrittenDataset] => [
    `${group}/obs/${camera}_image`,
    { data: () => channelsLast(of(episode), i, cameras.length, side), shape: [steps, side, side, 3] },
  ]);
  return Object.fromEntries(entries);
}

/** Of (T, 3 cameras, side, side) one camera's, (T, side, side, 3). */
function channelsLast(pictures: Uint8Array, camera: number, cameras: number, side: number): Uint8Array {
  const pixels = side * side;
  const out = new Uint8Array(pictures.length / cameras);
  const steps = out.length / (3 * pixels);
  for (let step = 0; step < steps; step++) {
    for (let c = 0; c < 3; c++) {
      const from = ((step * cameras + camera) * 3 + c) * pixels;
      const to = 3 * step * pixels + c;
      for (let pixel = 0; pixel < pixels; pixel++) out[to + 3 * pixel] = pictures[from + pixel]!;
    }
  }
  return out;
}

/** Names and widths, in the order of an observation: each arm, then the objects. */
function observationParts(size: number, arms: number): [string, number][] {
  const parts = Array.from({ length: arms }, (_, arm) =>
    Object.entries(armParts).map(([part, width]): [string, number] => [`robot${arm}_${part}`, width]),
  ).flat();
  return [...parts, ["object", size - parts.reduce((sum, [, width]) => sum + width, 0)]];
}

function columns(rows: Float32Array, size: number, from: number, width: number): Float32Array {
  const count = rows.length / size;
  const out = new Float32Array(count * width);
  for (let i = 0; i < count; i++) out.set(rows.subarray(i * size + from, i * size + from + width), i * width);
  return out;
}

const robosuiteNames: Readonly<Record<string, string>> = {
  ...{ lift: "Lift", can: "PickPlaceCan", square: "NutAssemblySquare", transport: "TwoArmTransport" },
};

/** Name of a task of robosuite as environments here are called. */
export const taskOf = (robosuiteName: string): string | undefined =>
  Object.keys(robosuiteNames).find((task) => robosuiteNames[task] === robosuiteName);

/** What robomimic makes the environment from. */
function environmentArguments(task: string, pictures?: Pick<RecordedPictures, "cameras" | "side">) {
  const isSeen = pictures !== undefined;
  const isPair = task === "transport";
  return {
    env_name: robosuiteNames[task],
    env_version: "1.4.1",
    type: 1,
    env_kwargs: {
      ...{ has_renderer: false, has_offscreen_renderer: isSeen, ignore_done: true, use_object_obs: true },
      ...{ use_camera_obs: isSeen, control_freq: 20, reward_shaping: false, camera_depths: false },
      ...{ camera_heights: pictures?.side ?? 84, camera_widths: pictures?.side ?? 84 },
      ...(isSeen && { camera_names: pictures.cameras }),
      ...{ robots: isPair ? ["Panda", "Panda"] : ["Panda"] },
      ...(isPair && { env_configuration: "single-arm-opposed" }),
      controller_configs: {
        ...{ type: "OSC_POSE", input_max: 1, input_min: -1 },
        output_max: [0.05, 0.05, 0.05, 0.5, 0.5, 0.5],
        output_min: [-0.05, -0.05, -0.05, -0.5, -0.5, -0.5],
        ...{ kp: 150, damping: 1, impedance_mode: "fixed", kp_limits: [0, 300], damping_limits: [0, 10] },
        ...{ position_limits: null, orientation_limits: null, uncouple_pos_ori: true, control_delta: true },
        ...{ interpolation: null, ramp_ratio: 0.2 },
      },
    },
  };
}
