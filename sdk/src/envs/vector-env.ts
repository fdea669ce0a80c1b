// Many environments stepped in parallel, action chunk by action chunk: worker threads share memory with the main
// thread, which steps a share itself (26,000 Hopper steps/s on two cores, 23,000 if it only waited).
// Interface after Gymnasium's vector environments (Towers et al. 2024).
import { availableParallelism } from "node:os";
import { setImmediate as nextTurn } from "node:timers/promises";
import { fail, InputError, type Problem } from "../errors.js";
import type { Normalization } from "../normalization.js";
import { chunkBuffers, type ChunkBuffers, type ChunkShape } from "./chunk-buffers.js";
import type { EnvironmentDefinition, Inertia } from "./environment.js";
import type { MultiStep, MultiStepOptions } from "./multi-step.js";
import { findEnvironment } from "./registry.js";
import { command, createMember, execute, type Command, type MemberTask } from "./vector-env-protocol.js";
import { WorkerTeam } from "./worker-team.js";

export interface VectorEnvOptions extends MultiStepOptions {
  /** Name, e.g. "hopper-v2" or "hopper-medium-v2", or `file:` URL of a module whose default export is a definition. */
  readonly env: string;
  /** Number of environments E, at least 1. */
  readonly count: number;
  /** Environment i draws from `seed + i`, whatever the number of workers. */
  readonly seed: number;
  /** Threads besides the main one, which works too; 0: none. Default: one per further core, as far as E goes. */
  readonly workers?: number;
  /** Actions per chunk, Te. */
  readonly actionSteps: number;
  /** Observations of history, To. */
  readonly condSteps: number;
  /** How capsules are weighed; default: the environment's own, "legacy" for those of the data. */
  readonly inertia?: Inertia;
  /** A worker that stays with one environment for longer is given up; default 10. */
  readonly patienceSeconds?: number;
}

/** The event loop gets a turn at least so often, also where nothing had to be waited for. */
const turnMilliseconds = 20;

type Outputs = Omit<ChunkBuffers, "actions">;

/** E environments that reset themselves. The arrays are the same objects throughout and overwritten by each call. */
export class VectorEnv implements Outputs, ChunkShape {
  readonly count: number;
  readonly actionSteps: number;
  readonly condSteps: number;
  readonly observationDimension: number;
  readonly actionDimension: number;
  /** Threads besides the main one. */
  readonly workers: number;

  /** (E, To, Do) normalised, oldest first; of the next episode where one ended. */
  readonly observations: Float32Array;
  /** (E, To, Do) normalised, before the automatic reset; valid where an episode ended. */
  readonly finalObservations: Float32Array;
  /** (E), summed over the chunk. */
  readonly rewards: Float32Array;
  /** (E), 1 where a terminal state was reached. */
  readonly terminated: Uint8Array;
  /** (E), 1 where the time limit cut the episode off. */
  readonly truncated: Uint8Array;
  /** (E), actions executed: less than Te where an episode ended early. */
  readonly executedSteps: Int32Array;

  readonly #env: string;
  /** What the threads share; without workers the same arrays as the public ones. */
  readonly #buffers: ChunkBuffers;
  readonly #outputs: Outputs;
  readonly #members: readonly MultiStep[];
  /** Index of the first of `#members`. */
  readonly #first: number;
  readonly #team: WorkerTeam | undefined;
  #state: "new" | "ready" | "busy" | "closed" = "new";
  #pending: Promise<void> = Promise.resolve();
  #lastTurn = 0;

  private constructor(
    env: string,
    shape: ChunkShape,
    buffers: ChunkBuffers,
    members: readonly MultiStep[],
    workers: number,
    team: WorkerTeam | undefined,
  ) {
    this.#env = env;
    this.count = shape.count;
    this.actionSteps = shape.actionSteps;
    this.condSteps = shape.condSteps;
    this.observationDimension = shape.observationDimension;
    this.actionDimension = shape.actionDimension;
    this.workers = workers;
    this.#buffers = buffers;
    // Copies, because ONNX Runtime refuses views of shared memory.
    this.#outputs = team ? chunkBuffers(shape) : buffers;
    this.observations = this.#outputs.observations;
    this.finalObservations = this.#outputs.finalObservations;
    this.rewards = this.#outputs.rewards;
    this.terminated = this.#outputs.terminated;
    this.truncated = this.#outputs.truncated;
    this.executedSteps = this.#outputs.executedSteps;
    this.#members = members;
    this.#first = shape.count - members.length;
    this.#team = team;
  }

  /**
   * Loads the engine in every thread and builds the environments; {@link reset} comes next, {@link close} last.
   * @throws InputError DMPO_ENV_UNKNOWN, DMPO_ENV_OPTIONS with all that is wrong, DMPO_ENV_WORKER.
   */
  static async create(options: VectorEnvOptions): Promise<VectorEnv> {
    const definition = await findEnvironment(options.env);
    checkOptions(options, definition);
    const { env, count, seed, actionSteps, condSteps, patienceSeconds = 10 } = options;
    const { maxEpisodeSteps, normalization, legacyTimeouts } = options;
    const { inertia = definition.inertia ?? "legacy" } = options;
    const { observationDimension, actionDimension } = definition;
    const workers = Math.min(options.workers ?? availableParallelism() - 1, count - 1);
    const shape = { count, actionSteps, condSteps, observationDimension, actionDimension };
    const buffers = workers > 0 ? chunkBuffers(shape, (bytes) => new SharedArrayBuffer(bytes)) : chunkBuffers(shape);
    const task: MemberTask = { env, count, seed, inertia, buffers, maxEpisodeSteps, normalization, legacyTimeouts };

    const start = (share: number) => Math.floor((share * count) / (workers + 1));
    const shares = Array.from({ length: workers }, (_, worker) => [start(worker), start(worker + 1)] as const);
    const team = workers > 0 ? new WorkerTeam(task, shares, patienceSeconds) : undefined;
    const members: MultiStep[] = [];
    try {
      for (let index = start(workers); index < count; index++) members.push(await createMember(task, index));
      await team?.started();
    } catch (error) {
      for (const member of members) member.delete();
      await team?.close();
      throw error;
    }
    return new VectorEnv(env, shape, buffers, members, workers, team);
  }

  /** Starts an episode in every environment and writes `observations`. */
  async reset(): Promise<void> {
    this.#expect("new", "ready");
    await this.#run(command.reset);
  }

  /**
   * Executes one chunk in every environment and writes the public arrays.
   * @param actions (E, Te, Da); normalised ones lie in [-1, 1]; what lies beyond the raw limits is clipped to them.
   * @throws InputError DMPO_ENV_ACTION, DMPO_ENV_STATE before reset or after close, DMPO_ENV_WORKER.
   */
  async step(actions: Float32Array): Promise<void> {
    this.#expect("ready");
    this.#checkActions(actions);
    this.#buffers.actions.set(actions);
    await this.#run(command.step);
  }

  /** Frees everything and ends the threads, after the call in progress if there is one. Never throws. */
  async close(): Promise<void> {
    await this.#pending;
    if (this.#state === "closed") return;
    this.#state = "closed";
    execute(this.#members, command.close);
    await this.#team?.close();
  }

  async #run(what: Command): Promise<void> {
    this.#state = "busy";
    const call = this.#complete(what);
    this.#pending = call.catch(() => undefined);
    try {
      await call;
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  async #complete(what: Command): Promise<void> {
    this.#team?.begin(what);
    this.#executeOwn(what);
    await this.#team?.finished();
    if (this.#team) copy(this.#buffers, this.#outputs);
    if (performance.now() - this.#lastTurn > turnMilliseconds) {
      await nextTurn();
      this.#lastTurn = performance.now();
    }
    this.#state = "ready";
  }

  #executeOwn(what: Command): void {
    let current = this.#first;
    try {
      execute(this.#members, what, (member) => (current = this.#first + member));
    } catch (cause) {
      const error = new InputError("DMPO_ENV_FAILED", [
        {
          path: `env ${this.#env}, number ${current} of ${this.count} (from 0)`,
          wrong: String(cause),
          expected: "every environment to finish its chunk",
        },
      ]);
      error.cause = cause;
      throw error;
    }
  }

  #expect(...allowed: readonly string[]): void {
    if (allowed.includes(this.#state)) return;
    const found = { new: "never reset", ready: "open", busy: "still at the last call", closed: "closed" }[this.#state];
    const remedy = { new: "await reset() first", ready: "", busy: "await that call", closed: "create a new one" };
    fail("DMPO_ENV_STATE", "vector environment", `it is ${found}`, "one that is ready", remedy[this.#state]);
  }

  #checkActions(actions: Float32Array): void {
    const expected = this.#buffers.actions.length;
    const shape = `(${this.count}, ${this.actionSteps}, ${this.actionDimension})`;
    if (actions.length !== expected) {
      fail("DMPO_ENV_ACTION", "actions", `${actions.length} numbers`, `${expected} of shape ${shape}`);
    }
    for (let i = 0; i < expected; i++) {
      if (!Number.isFinite(actions[i])) {
        const index = Math.floor((i * this.count) / expected);
        fail("DMPO_ENV_ACTION", `actions[${i}]`, `${actions[i]} for environment ${index}`, "finite numbers");
      }
    }
  }
}

function copy(from: Outputs, to: Outputs): void {
  to.observations.set(from.observations);
  to.finalObservations.set(from.finalObservations);
  to.rewards.set(from.rewards);
  to.terminated.set(from.terminated);
  to.truncated.set(from.truncated);
  to.executedSteps.set(from.executedSteps);
}

function checkOptions(options: VectorEnvOptions, definition: EnvironmentDefinition): void {
  const problems: Problem[] = [];
  const integer = (
    path: "count" | "seed" | "workers" | "actionSteps" | "condSteps" | "maxEpisodeSteps",
    least: number,
  ) => {
    const value = options[path];
    if (value === undefined && (path === "workers" || path === "maxEpisodeSteps")) return;
    if (Number.isSafeInteger(value) && value! >= least) return;
    problems.push({
      path,
      wrong: String(value),
      expected: least === -Infinity ? "an integer" : `an integer >= ${least}`,
    });
  };
  integer("count", 1);
  integer("seed", -Infinity);
  integer("workers", 0);
  integer("actionSteps", 1);
  integer("condSteps", 1);
  integer("maxEpisodeSteps", 1);
  const { patienceSeconds = 1 } = options;
  if (!(patienceSeconds > 0)) {
    problems.push({ path: "patienceSeconds", wrong: String(patienceSeconds), expected: "a positive number" });
  }
  if (options.normalization) problems.push(...normalizationProblems(options.normalization, definition));
  if (problems.length > 0) throw new InputError("DMPO_ENV_OPTIONS", problems);
}

function normalizationProblems(normalization: Normalization, definition: EnvironmentDefinition): Problem[] {
  const { observationDimension, actionDimension } = definition;
  const sizes = {
    observationMin: observationDimension,
    observationMax: observationDimension,
    actionMin: actionDimension,
    actionMax: actionDimension,
  };
  return (Object.keys(sizes) as (keyof Normalization)[])
    .filter((name) => normalization[name].length !== sizes[name] || !normalization[name].every(Number.isFinite))
    .map((name) => ({
      path: `normalization.${name}`,
      wrong: `[${normalization[name].join(", ")}]`,
      expected: `${sizes[name]} finite numbers, as ${definition.name} has dimensions`,
      remedy: "use the statistics of a dataset recorded in this environment",
    }));
}
