// Demonstrations of the locomotion tasks in the manner of D4RL's medium sets (Fu et al. 2020, arXiv 2004.07219, appendix):
// soft actor-critic learns until it is a third as good as an expert, and what it then does, at random as it learned, is recorded.
import { existsSync, rmSync, statSync } from "node:fs";
import { rename } from "node:fs/promises";
import { join } from "node:path";
import { collectIn } from "../data/collect.js";
import { demonstrationsFile, dataFolder } from "../data/data-folder.js";
import { intoEmptyFolder } from "../data/demonstrations/make.js";
import { writeHdf5 } from "../data/hdf5.js";
import { distribution } from "../data/summary.js";
import { makeEnvironment } from "../envs/make-environment.js";
import { builtInEnvironment } from "../envs/registry.js";
import { fail, nearest } from "../errors.js";
import { warn } from "../plain-text.js";
import type { TrainedPolicy } from "../policies/trained-policy.js";
import type { MetricsRecord } from "../tracking/metrics-sink.js";
import { readMetrics } from "../tracking/read-metrics.js";
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
  return intoEmptyFolder(home, { signal }, () => make(name, robot, { episodes, seed, level, home, notify, signal }));
}

async function make(
  name: string,
  { environment }: Robot,
  { episodes, level, seed, home, notify, signal }: Making,
): Promise<string> {
  const training = join(home, `.training-${seed}`);
  const told = (line: string) => notify(`${name}: ${line}`);
  const learned = await learn(environment, { level, seed, training, signal, notify: told });
  const recording = await record(learned, environment, { episodes, seed, signal });
  const target = join(home, demonstrationsFile);
  await writeHdf5(`${target}.incomplete`, recording.datasets);
  await rename(`${target}.incomplete`, target);
  rmSync(training, { recursive: true });
  const { returns, lengths, falls } = recording;
  notify(
    `${name}: ${episodes} episodes, return ${returns.mean.toFixed(0)} ± ${returns.std.toFixed(0)}, ` +
      `length ${lengths.mean.toFixed(0)}, ${falls} end by falling -> ${target}`,
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
    const metrics = join(training, "metrics.jsonl");
    // Nothing has been measured where it was stopped within its first iteration.
    const records = statSync(metrics).size > 0 ? await readMetrics(metrics) : [];
    for (const record of records) heard(record);
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
  const [qpos, qvel]: [Float64Array[], Float64Array[]] = [[], []];
  const watched = {
    reset: () => actor.reset(),
    act(observation: Float64Array) {
      const state = environment.state();
      qpos.push(Float64Array.from(state.qpos));
      qvel.push(Float64Array.from(state.qvel));
      return actor.act(observation);
    },
  };
  const { observations, actions, rewards, terminals, episodeLengths } = await collectIn(environment, watched, {
    episodes,
    signal,
  }).finally(() => environment.close());
  const steps = rewards.length;
  const timeouts = new Uint8Array(steps);
  const returns: number[] = [];
  let end = 0;
  for (const length of episodeLengths) {
    returns.push(rewards.slice(end, end + length).reduce((sum, reward) => sum + reward, 0));
    end += length;
    timeouts[end - 1] = 1 - terminals[end - 1]!;
  }
  const table = (rows: readonly Float64Array[]) => {
    const width = rows[0]!.length;
    const data = new Float32Array(steps * width);
    rows.forEach((row, i) => data.set(row, i * width));
    return { data, shape: [steps, width] };
  };
  return {
    ...{ returns: distribution(returns), lengths: distribution(episodeLengths) },
    falls: terminals.reduce((sum, terminal) => sum + terminal, 0),
    datasets: {
      observations: table(observations),
      actions: table(actions),
      rewards: { data: Float32Array.from(rewards), shape: [steps] },
      terminals: { data: Uint8Array.from(terminals), shape: [steps] },
      timeouts: { data: timeouts, shape: [steps] },
      "infos/qpos": table(qpos),
      "infos/qvel": table(qvel),
    },
  };
}
