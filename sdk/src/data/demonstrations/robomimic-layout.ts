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

/** @param path of the file, which is replaced. */
export async function writeRobomimic(
  path: string,
  episodes: readonly PlayedEpisode[],
  { name, observationDimension, actionDimension }: EnvironmentDefinition,
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
    attributes[group] = { num_samples: steps };
  });
  const total = episodes.reduce((sum, { rewards }) => sum + rewards.length, 0);
  attributes.data = { total, env_args: JSON.stringify(environmentArguments(name)) };
  const held = Math.floor(validationShare * episodes.length);
  datasets["mask/train"] = { data: names.slice(held) };
  if (held > 0) datasets["mask/valid"] = { data: names.slice(0, held) };
  await writeHdf5(path, datasets, attributes);
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

/** What robomimic makes the environment from. */
function environmentArguments(task: string) {
  const isPair = task === "transport";
  return {
    env_name: robosuiteNames[task],
    env_version: "1.4.1",
    type: 1,
    env_kwargs: {
      ...{ has_renderer: false, has_offscreen_renderer: false, ignore_done: true, use_object_obs: true },
      ...{ use_camera_obs: false, control_freq: 20, reward_shaping: false, camera_depths: false },
      ...{ camera_heights: 84, camera_widths: 84, robots: isPair ? ["Panda", "Panda"] : ["Panda"] },
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
