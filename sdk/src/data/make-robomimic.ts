// Demonstrations made here, in robomimic's layout of HDF5 files (Mandlekar et al. 2021): data/demo_k with actions, rewards, dones,
// states and observations by name; data's env_args says what they were recorded in; mask/<filter key> lists demonstrations.
import { Random } from "../engine/random.js";
import type { Demonstration, Demonstrator, Quality } from "../envs/demonstrator.js";
import type { Environment } from "../envs/make-environment.js";
import { fail } from "../errors.js";
import { writeHdf5, type Hdf5Writer } from "./hdf5.js";

export interface MakeRobomimicOptions {
  /** Demonstrations that succeed; others are not kept. Default 100. */
  readonly episodes?: number;
  /** Default 0. */
  readonly seed?: number;
  /** Default "proficient". */
  readonly quality?: Quality;
  /** Share of demonstrations under the filter key "valid"; the others are "train". Default 0.1. */
  readonly validationSplit?: number;
  /** Told after each demonstration that was kept. */
  readonly onProgress?: (progress: { readonly made: number; readonly tried: number }) => void;
  /** Ends it by throwing its reason. */
  readonly signal?: AbortSignal;
}

/** One demonstration as rows of numbers, T actions long; one observation more. */
interface Episode {
  readonly observations: readonly Float64Array[];
  readonly states: readonly Float64Array[];
  readonly actions: readonly Float64Array[];
  readonly rewards: readonly number[];
}

/** Control steps for which success must last before a demonstration ends. */
const lastingSuccess = 10;
/** More tries than that per demonstration mean that the task cannot be done. */
const patience = 20;

/**
 * Lets a demonstrator act until so many demonstrations have succeeded, and writes them to `path`, whole or not at all.
 * @returns episodes tried.
 * @throws InputError DMPO_OPTIONS, DMPO_ASSETS_MISSING, DMPO_DATA_EMPTY where none succeeds.
 */
export async function makeRobomimic(
  demonstration: Demonstration,
  path: string,
  options: MakeRobomimicOptions = {},
): Promise<number> {
  const { episodes = 100, seed = 0, quality = "proficient", validationSplit = 0.1, onProgress, signal } = options;
  if (!(Number.isSafeInteger(episodes) && episodes > 0)) {
    fail("DMPO_OPTIONS", "episodes", String(episodes), "a positive integer");
  }
  // Whoever only reads data does not load the engines.
  const { makeEnvironment } = await import("../envs/make-environment.js");
  const environment = await makeEnvironment(demonstration.environment, { seed });
  const demonstrator = await demonstration.open();
  const random = new Random(seed);
  const kept: Episode[] = [];
  let tried = 0;
  try {
    while (kept.length < episodes) {
      signal?.throwIfAborted();
      if (tried >= patience * (kept.length + 1)) {
        fail("DMPO_DATA_EMPTY", demonstration.name, `${kept.length} of ${tried} tries succeeded`, "more of them");
      }
      demonstrator.begin(random.stream(`demonstrator ${tried++}`), quality);
      const episode = play(environment, demonstrator);
      if (episode.rewards.at(-1) !== 1) continue;
      kept.push(episode);
      onProgress?.({ made: kept.length, tried });
      // Others have their turn between episodes.
      await new Promise(setImmediate);
    }
  } finally {
    demonstrator.delete();
    environment.close();
  }
  const { definition } = environment;
  const held = Math.floor(validationSplit * episodes);
  await writeHdf5(path, (file) => {
    file.attribute("data", "env_args", JSON.stringify(environmentArguments(definition.name)));
    file.attribute(
      "data",
      "total",
      kept.reduce((sum, { actions }) => sum + actions.length, 0),
    );
    kept.forEach((episode, i) => writeEpisode(file, `data/demo_${i}`, episode, definition.actionDimension / 7));
    const names = kept.map((_, i) => `demo_${i}`);
    file.texts("mask/train", names.slice(held));
    if (held > 0) file.texts("mask/valid", names.slice(0, held));
  });
  return tried;
}

function play(environment: Environment, demonstrator: Demonstrator): Episode {
  const observations = [environment.reset()];
  const [states, actions]: Float64Array[][] = [[], []];
  const rewards: number[] = [];
  for (let [won, ended] = [0, false]; won < lastingSuccess && !ended;) {
    const chosen = demonstrator.act(observations.at(-1)!);
    if (!chosen) break;
    // As robosuite's own recorders keep them.
    const action = Float64Array.from(chosen, (value) => Math.max(-1, Math.min(1, value)));
    const { qpos, qvel } = environment.state();
    states!.push(Float64Array.of(rewards.length * environment.secondsPerStep, ...qpos, ...qvel));
    actions!.push(action);
    const { observation, reward, truncated } = environment.step(action);
    observations.push(observation);
    rewards.push(reward);
    ended = truncated;
    won = reward === 1 ? won + 1 : 0;
  }
  return { observations, states: states!, actions: actions!, rewards };
}

function writeEpisode(file: Hdf5Writer, group: string, episode: Episode, arms: number): void {
  const { observations, states, actions, rewards } = episode;
  const steps = actions.length;
  const rows = (path: string, values: readonly Float64Array[], from = 0, to = values[0]!.length) => {
    const data = new Float64Array(values.length * (to - from));
    values.forEach((row, i) => data.set(row.subarray(from, to), i * (to - from)));
    file.dataset(`${group}/${path}`, data, [values.length, to - from]);
  };
  rows("actions", actions);
  rows("states", states);
  file.dataset(`${group}/rewards`, Float64Array.from(rewards), [steps]);
  file.dataset(
    `${group}/dones`,
    Int32Array.from(rewards, (reward, i) => Number(reward === 1 || i === steps - 1)),
    [steps],
  );
  for (const [name, shown] of [
    ["obs", observations.slice(0, -1)],
    ["next_obs", observations.slice(1)],
  ] as const) {
    for (let arm = 0; arm < arms; arm++) {
      rows(`${name}/robot${arm}_eef_pos`, shown, 9 * arm, 9 * arm + 3);
      rows(`${name}/robot${arm}_eef_quat`, shown, 9 * arm + 3, 9 * arm + 7);
      rows(`${name}/robot${arm}_gripper_qpos`, shown, 9 * arm + 7, 9 * arm + 9);
    }
    rows(`${name}/object`, shown, 9 * arms);
  }
  file.attribute(group, "num_samples", steps);
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
