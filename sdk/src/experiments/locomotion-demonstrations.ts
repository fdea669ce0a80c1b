// Demonstrations of the locomotion tasks in the manner of D4RL's medium sets (Fu et al. 2020, arXiv 2004.07219, appendix): a policy
// learns until it is a third as good as an expert, and what it then does, at random as it learned, is recorded.
import { existsSync, rmSync, statSync } from "node:fs";
import { rename } from "node:fs/promises";
import { join } from "node:path";
import { collectIn } from "../data/collect.js";
import { demonstrationsFile, dataFolder } from "../data/data-folder.js";
import { intoEmptyFolder } from "../data/demonstrations/make.js";
import { Dataset } from "../data/dataset.js";
import { withHdf5, writeHdf5, type WrittenDataset } from "../data/hdf5.js";
import type { RecordedTable } from "../data/recording.js";
import { distribution } from "../data/summary.js";
import { Random } from "../engine/random.js";
import { makeEnvironment } from "../envs/make-environment.js";
import { builtInEnvironment } from "../envs/registry.js";
import { fail, nearest } from "../errors.js";
import type { Normalization } from "../normalization.js";
import { warn } from "../plain-text.js";
import type { TrainedPolicy } from "../policies/trained-policy.js";
import type { MetricsRecord } from "../tracking/metrics-sink.js";
import { readMetrics } from "../tracking/read-metrics.js";
import { normal, PPO, SAC, squashed, type TrainInput } from "./algorithms.js";
import type { FineTuningRun } from "./runs/finetuning.js";
import { scratchPolicy } from "./scratch-policy.js";

/** Where a robot is learned, the folder of its data, and the return at which it is recorded. */
interface Robot {
  readonly environment: string;
  readonly folder: string;
  /** Default: as much of the way from a random policy to D4RL's expert as `share` says. */
  readonly level?: number;
  /** Default: a third, as medium sets have. */
  readonly share?: number;
  /** How it learns; default: {@link softly}. */
  readonly learner?: Learner;
  /** Half of the episodes are recorded before, at the level of this task. */
  readonly after?: string;
}

/** Trains a policy with fresh weights. */
type Learner = (env: string, seed: number, control: Omit<TrainInput<object>, "env">) => Promise<FineTuningRun>;

/** Small networks and an update every second step: a medium level asks for no more, and needs a third of the time. */
const softly: Learner = (env, seed, control) =>
  SAC.train({
    ...{ env, seed, batchSize: 128, criticReplayRatio: 64, actorReplayRatio: 64, critic: { mlpDims: [128, 128] } },
    ...{ iterations: 1000, valFreq: 1000, evaluationEpisodes: 1 },
    policy: squashed.withNetwork({ mlpDims: [128, 128] }),
    ...control,
  });

/**
 * Of many joints: to where SAC with an update per step is after an hour, PPO gets in a tenth of the processor's time. `reach`: the
 * greatest action of the robot.
 */
const proximally =
  (reach: number): Learner =>
  async (env, seed, control) => {
    const base = await scratchPolicy(normal, env, seed, await randomStatistics(env, reach, seed));
    const long = { iterations: 2500, forceTrain: true };
    return PPO.finetune(base, { preset: "scratch", env, environments: 8, seed, ...long, ...control });
  };

const robots: Readonly<Record<string, Robot>> = {
  "gym/hopper-medium": { environment: "hopper-v2", folder: "gym/hopper-medium-v2" },
  "gym/walker2d-medium": { environment: "walker2d-v2", folder: "gym/walker2d-medium-v2" },
  "gym/halfcheetah-medium": { environment: "halfcheetah-v2", folder: "gym/halfcheetah-medium-v2" },
  "gym/ant-medium": { environment: "ant-v2", folder: "gym/ant-medium-v2", learner: proximally(1) },
  // D4RL's expert would take days here.
  "gym/ant-medium-expert": {
    ...{ environment: "ant-v2", folder: "gym/ant-medium-expert-v2", learner: proximally(1) },
    ...{ share: 2 / 3, after: "gym/ant-medium" },
  },
  // No expert of D4RL's runs here: at this return it walks, and falls.
  "gym/humanoid-medium": {
    ...{ environment: "humanoid-v3", folder: "gym/humanoid-medium-v3" },
    ...{ level: 500, learner: proximally(0.4) },
  },
};

/** Names of the tasks, as `dmpo data make` calls them. */
export const locomotionDemonstrations: readonly string[] = Object.keys(robots);

/** Training episodes whose mean return is compared with the level. */
const judged = 10;

export interface LocomotionDemonstrationsOptions {
  /** Whole episodes that are recorded. Default 100. */
  readonly episodes?: number;
  /**
   * Mean return of ten training episodes at which the robot has learned enough. Default: a third of the way to D4RL's expert; of
   * "gym/ant-medium-expert" two thirds, where the second half is recorded (the first at a third).
   */
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
  const levels = levelsOf(robot, options.level);
  if (episodes < levels.length) {
    fail("DMPO_OPTIONS", "episodes", String(episodes), `at least ${levels.length}, one for each level`);
  }
  const home = join(folder, ...robot.folder.split("/"));
  return intoEmptyFolder(home, { signal }, () => make(name, robot, { episodes, seed, levels, home, notify, signal }));
}

async function make(
  name: string,
  { environment, learner = softly }: Robot,
  { episodes, levels, seed, home, notify, signal }: Making,
): Promise<string> {
  const training = join(home, `.training-${seed}`);
  const told = (line: string) => notify(`${name}: ${line}`);
  const target = join(home, demonstrationsFile);
  const parts: string[] = [];
  for (const [i, level] of levels.entries()) {
    const count = Math.floor((episodes + i) / levels.length);
    // Not named as recordings are: it is none until all are there.
    const part = join(home, `.part-${i}-${seed}-${level.toFixed(0)}-${count}`);
    parts.push(part);
    if (existsSync(part)) continue;
    const learned = await learn(environment, { learner, level, seed, training, signal, notify: told });
    // Other starts than those of training, which draws from the same seed, and of the other levels.
    const recording = await record(learned, environment, { episodes: count, seed, starts: seed + 1 + i, signal });
    await writeHdf5(`${part}.incomplete`, recording.datasets);
    await rename(`${part}.incomplete`, part);
    const { returns, lengths, falls } = recording;
    told(
      `${count} episodes, return ${returns.mean.toFixed(0)} ± ${returns.std.toFixed(0)}, ` +
        `length ${lengths.mean.toFixed(0)}, ${falls} end by falling -> ${target}`,
    );
  }
  if (parts.length > 1) {
    await writeHdf5(`${target}.incomplete`, joined(await Promise.all(parts.map(readPart))));
    await rename(`${target}.incomplete`, target);
    for (const part of parts) rmSync(part);
  } else {
    await rename(parts[0]!, target);
  }
  rmSync(training, { recursive: true, force: true });
  return target;
}

const readPart = (path: string) =>
  withHdf5(path, (file) => {
    const whole = ["observations", "actions", "rewards", "terminals", "timeouts"];
    const keys = [...whole, "infos/qpos", "infos/qvel"];
    return Object.fromEntries(keys.map((key) => [key, file.read(key)]));
  });

/** The rows of all parts, in order. */
function joined(parts: readonly Readonly<Record<string, RecordedTable>>[]): Record<string, WrittenDataset> {
  const table = (key: string) => {
    const tables = parts.map((part) => part[key]!);
    const rows = tables.reduce((sum, { shape }) => sum + shape[0]!, 0);
    const shape = [rows, ...tables[0]!.shape.slice(1)];
    const size = tables.reduce((sum, { data }) => sum + data.length, 0);
    const data = key === "terminals" || key === "timeouts" ? new Uint8Array(size) : new Float32Array(size);
    let filled = 0;
    for (const table of tables) {
      data.set(table.data, filled);
      filled += table.data.length;
    }
    return { data, shape };
  };
  return Object.fromEntries(Object.keys(parts[0]!).map((key) => [key, table(key)]));
}

interface Making {
  readonly episodes: number;
  /** In rising order, with as many episodes each. */
  readonly levels: readonly number[];
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

/** The returns at which it is recorded, in rising order; `last` in place of its own last one. */
function levelsOf({ environment, level, share = 1 / 3, after }: Robot, last?: number): number[] {
  const usual = () => {
    const { random, expert } = builtInEnvironment(environment).referenceReturns!;
    return random + (expert - random) * share;
  };
  const own = last ?? level ?? usual();
  const earlier = after ? levelsOf(robots[after]!).map((one) => Math.min(one, own)) : [];
  return [...earlier, own];
}

interface Lesson extends Pick<Making, "seed" | "notify" | "signal"> {
  readonly level: number;
  readonly learner: Learner;
  /** Folder of the run. */
  readonly training: string;
}

/** Trains until the last training episodes return `level` on average, going on with what an earlier attempt left in `training`. */
async function learn(env: string, { learner, level, seed, training, notify, signal }: Lesson): Promise<TrainedPolicy> {
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
  const run = await learner(env, seed, {
    ...{ threads: 1, workers: 0, folder: training, resumePath, progress: false },
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

/** Ranges of observations under uniformly random actions within `reach`, and of these. */
async function randomStatistics(env: string, reach: number, seed: number): Promise<Normalization> {
  const environment = await makeEnvironment(env, { seed });
  const random = new Random(seed).stream("random actions");
  const action = new Float32Array(builtInEnvironment(env).actionDimension);
  const [observations, actions]: [Float64Array[], Float32Array[]] = [[], []];
  let observation = environment.reset();
  for (let step = 0; step < 3000; step++) {
    observations.push(Float64Array.from(observation));
    actions.push(random.uniform(action, -reach, reach).slice());
    const next = environment.step(actions.at(-1)!);
    observation = next.terminated || next.truncated ? environment.reset() : next.observation;
  }
  environment.close();
  return Dataset.from({ observations, actions, episodeLengths: [observations.length] }).normalization;
}

/** Plays whole episodes with the noise that the policy learned with. */
async function record(
  learned: TrainedPolicy,
  env: string,
  { episodes, seed, starts, signal }: Pick<Making, "episodes" | "seed" | "signal"> & { readonly starts: number },
) {
  const environment = await makeEnvironment(env, { seed: starts });
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
