// Demonstrations of the locomotion tasks in the manner of D4RL's medium sets (Fu et al. 2020, arXiv 2004.07219, appendix):
// soft actor-critic learns until it is a third as good as an expert, and what it then does, at random as it learned, is recorded.
import { existsSync, readdirSync, rmSync } from "node:fs";
import { readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import { demonstrationsFile, dataFolder } from "../data/data-folder.js";
import { writeHdf5 } from "../data/hdf5.js";
import { makeEnvironment } from "../envs/make-environment.js";
import { builtInEnvironment } from "../envs/registry.js";
import { fail, nearest } from "../errors.js";
import { withLock } from "../hub/lock.js";
import { warn } from "../plain-text.js";
import type { TrainedPolicy } from "../policies/trained-policy.js";
import type { MetricsRecord } from "../tracking/metrics-sink.js";
import { SAC } from "./algorithms.js";
import { Gaussian } from "./policies.js";

/** Where a robot is learned, the folder of its data, and the return at which it is recorded. */
interface Robot {
  readonly environment: string;
  readonly folder: string;
  /** Default: a third of the way from a random policy to D4RL's expert. */
  readonly level?: number;
}

const robots: Readonly<Record<string, Robot>> = {
  "gym/hopper-medium": { environment: "hopper-v2", folder: "gym/hopper-medium-v2" },
  "gym/walker2d-medium": { environment: "walker2d-v2", folder: "gym/walker2d-medium-v2" },
  "gym/halfcheetah-medium": { environment: "halfcheetah-v2", folder: "gym/halfcheetah-medium-v2" },
  "gym/ant-medium": { environment: "ant-v2", folder: "gym/ant-medium-v2" },
  // No expert of D4RL's runs here: at this return it walks, and falls.
  "gym/humanoid-medium": { environment: "humanoid-v3", folder: "gym/humanoid-medium-v3", level: 1000 },
};

/** Names of the tasks, as `dmpo data make` calls them. */
export const locomotionDemonstrations: readonly string[] = Object.keys(robots);

/** Small networks and an update every second step: a medium level asks for no more, and needs a third of the time. */
const recipe = {
  batchSize: 128,
  criticReplayRatio: 64,
  actorReplayRatio: 64,
  critic: { mlpDims: [128, 128] },
  iterations: 1000,
  valFreq: 1000,
  evaluationEpisodes: 1,
};
const policy = Gaussian.standard({ tanhOutput: true }).withNetwork({
  ...{ horizonSteps: 1, mlpDims: [128, 128], activationType: "ReLU", tanhOutput: false },
  ...{ stdMin: 6.7e-3, stdMax: 7.3891 },
});
/** Training episodes whose mean return is compared with the level. */
const judged = 10;

export interface LocomotionDemonstrationsOptions {
  /** Whole episodes that are recorded. Default 100. */
  readonly episodes?: number;
  /** Mean return of ten training episodes at which the robot has learned enough. Default: a third of the way to D4RL's expert. */
  readonly level?: number;
  /** Default 0. Equal seeds give equal recordings on the same machine. */
  readonly seed?: number;
  /** The data folder; default: the user's. */
  readonly folder?: string;
  /** Told in a line how far it is; by default on standard error. */
  readonly notify?: (line: string) => void;
  /** Stops it; what was learned stays for the next time. */
  readonly signal?: AbortSignal;
}

/**
 * Learns, then records, in D4RL's layout with the states `infos/qpos` and `infos/qvel` before each action, all as float32. Takes
 * from ten minutes to an hour, in one thread; stopped, it goes on where it was.
 *
 * @param name e.g. "gym/walker2d-medium".
 * @returns path of the recording, in the folder in which the task's data is looked for.
 * @throws InputError DMPO_DEMONSTRATION for an unknown name or a level that is not reached, DMPO_DATA_EXISTS where data lies
 *   there already, DMPO_OPTIONS.
 */
export async function makeLocomotionDemonstrations(
  name: string,
  options: LocomotionDemonstrationsOptions = {},
): Promise<string> {
  const { episodes = 100, seed = 0, folder = dataFolder(), notify = warn, signal } = options;
  if (!(Number.isSafeInteger(episodes) && episodes > 0)) {
    fail("DMPO_OPTIONS", "episodes", String(episodes), "a positive integer");
  }
  const robot = findRobot(name);
  const level = options.level ?? robot.level ?? mediumReturn(robot.environment);
  const home = join(folder, ...robot.folder.split("/"));
  return withLock(
    join(home, ".making.lock"),
    () => make(name, robot, { episodes, seed, level, home, notify, signal }),
    { signal },
  );
}

async function make(
  name: string,
  { environment }: Robot,
  { episodes, level, seed, home, notify, signal }: Making,
): Promise<string> {
  const existing = readdirSync(home).find((file) => /\.(hdf5|h5|npz)$/i.test(file));
  if (existing) {
    fail("DMPO_DATA_EXISTS", join(home, existing), "exists already", "a folder without data", "move it away");
  }
  const training = join(home, `.training-${seed}`);
  const told = (line: string) => notify(`${name}: ${line}`);
  const learned = await learn(environment, { level, seed, training, signal, notify: told });
  const recording = await record(learned, environment, { episodes, seed, signal });
  const target = join(home, demonstrationsFile);
  await writeHdf5(`${target}.incomplete`, recording.datasets);
  await rename(`${target}.incomplete`, target);
  rmSync(training, { recursive: true });
  const { mean, std, length, falls } = recording.statistics;
  notify(
    `${name}: ${episodes} episodes, return ${mean.toFixed(0)} ± ${std.toFixed(0)}, length ${length.toFixed(0)}, ` +
      `${falls} end by falling -> ${target}`,
  );
  return target;
}

interface Making {
  readonly episodes: number;
  readonly level: number;
  readonly seed: number;
  /** The folder of the task's data. */
  readonly home: string;
  readonly notify: (line: string) => void;
  readonly signal?: AbortSignal;
}

function findRobot(name: string): Robot {
  if (Object.hasOwn(robots, name)) return robots[name]!;
  const close = nearest(name, locomotionDemonstrations);
  const known = `one of ${locomotionDemonstrations.join(", ")}`;
  return fail("DMPO_DEMONSTRATION", name, "nobody learns this here", known, close && `is "${close}" meant?`);
}

function mediumReturn(environment: string): number {
  const { random, expert } = builtInEnvironment(environment).referenceReturns!;
  return random + (expert - random) / 3;
}

interface Lesson extends Pick<Making, "level" | "seed" | "notify" | "signal"> {
  /** Folder of the run. */
  readonly training: string;
}

/** Trains until the last training episodes return `level` on average, going on with what an earlier attempt left in `training`. */
async function learn(env: string, { level, seed, training, notify, signal }: Lesson): Promise<TrainedPolicy> {
  const enough = new AbortController();
  const returns: number[] = [];
  const heard = (record: MetricsRecord) => {
    for (let i = 0; i < Number(record["train/num episode"] ?? 0); i++) {
      returns.push(Number(record["train/avg episode reward"]));
    }
    returns.splice(0, returns.length - judged);
    const mean = returns.reduce((sum, value) => sum + value, 0) / returns.length;
    if (returns.length === judged && mean >= level) enough.abort();
    return mean;
  };
  const last = join(training, "checkpoint", "last.safetensors");
  const resumePath = existsSync(last) ? last : undefined;
  if (resumePath) {
    const lines = (await readFile(join(training, "metrics.jsonl"), "utf8")).split("\n").filter((line) => line !== "");
    for (const line of lines) heard(JSON.parse(line) as MetricsRecord);
    notify("goes on with what was learned before");
  } else {
    notify(`learns until its return is ${level.toFixed(0)}, for ten minutes or up to an hour`);
  }
  let said = performance.now();
  const run = await SAC.train({
    ...{ env, policy, ...recipe, seed, threads: 1, workers: 0, folder: training, resumePath, progress: false },
    signal: signal ? AbortSignal.any([signal, enough.signal]) : enough.signal,
    onProgress(record) {
      const mean = heard(record);
      if (performance.now() - said < 10_000 || Number.isNaN(mean)) return;
      said = performance.now();
      notify(`return ${mean.toFixed(0)} of ${level.toFixed(0)} after ${String(record.step)} steps`);
    },
  });
  if (!enough.signal.aborted) {
    signal?.throwIfAborted();
    fail("DMPO_DEMONSTRATION", env, `stays below a return of ${level}`, "a level that it reaches", "give a lower one");
  }
  return run.last;
}

/** Plays whole episodes with the noise that the policy learned with. */
async function record(
  learned: TrainedPolicy,
  env: string,
  { episodes, seed, signal }: Pick<Making, "episodes" | "seed" | "signal">,
) {
  // Other starts than those of training, which draws from the same seed.
  const environment = await makeEnvironment(env, { seed: seed + 1 });
  const actor = learned.actor({ seed, initialNoise: "sampled" });
  const [observations, actions, rewards]: [Float64Array[], Float64Array[], number[]] = [[], [], []];
  const [qpos, qvel]: [Float64Array[], Float64Array[]] = [[], []];
  const [terminals, timeouts, returns]: [boolean[], boolean[], number[]] = [[], [], []];
  try {
    for (let episode = 0; episode < episodes; episode++) {
      actor.reset();
      let observation = environment.reset();
      let [total, ended] = [0, false];
      while (!ended) {
        signal?.throwIfAborted();
        const state = environment.state();
        const action = Float64Array.from(await actor.act(observation));
        const result = environment.step(action);
        observations.push(observation);
        actions.push(action);
        rewards.push(result.reward);
        qpos.push(Float64Array.from(state.qpos));
        qvel.push(Float64Array.from(state.qvel));
        terminals.push(result.terminated);
        timeouts.push(result.truncated);
        total += result.reward;
        ended = result.terminated || result.truncated;
        observation = result.observation;
      }
      returns.push(total);
    }
  } finally {
    environment.close();
  }
  const steps = rewards.length;
  const mean = returns.reduce((sum, value) => sum + value, 0) / episodes;
  const std = Math.sqrt(returns.reduce((sum, value) => sum + (value - mean) ** 2, 0) / episodes);
  const falls = terminals.filter(Boolean).length;
  const table = (rows: readonly Float64Array[]) => {
    const width = rows[0]!.length;
    const data = new Float32Array(steps * width);
    rows.forEach((row, i) => data.set(row, i * width));
    return { data, shape: [steps, width] };
  };
  const flags = (values: readonly boolean[]) => ({ data: Uint8Array.from(values, Number), shape: [steps] });
  return {
    statistics: { mean, std, length: steps / episodes, falls },
    datasets: {
      observations: table(observations),
      actions: table(actions),
      rewards: { data: Float32Array.from(rewards), shape: [steps] },
      terminals: flags(terminals),
      timeouts: flags(timeouts),
      "infos/qpos": table(qpos),
      "infos/qvel": table(qvel),
    },
  };
}
