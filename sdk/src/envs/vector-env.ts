// Many environments stepped in parallel, action chunk by action chunk: worker threads share memory with the main
// thread, which steps a share itself (26,000 Hopper steps/s on two cores, 23,000 if it only waited).
// Interface after Gymnasium's vector environments (Towers et al. 2024).
import { availableParallelism } from "node:os";
import { setImmediate as nextTurn } from "node:timers/promises";
import { fail, InputError } from "../errors.js";
import { warn } from "../plain-text.js";
import { observationShapes, sizeOf, type Observations, type Space } from "../space.js";
import { fetchFor } from "./assets/assets.js";
import { checkActions, chunkBuffers, seenOf, type ChunkBuffers, type ChunkShape } from "./chunk-buffers.js";
import { definitionText } from "./definition-text.js";
import type { EnvironmentDefinition } from "./environment.js";
import { isModule, moduleAddress } from "./environment-module.js";
import type { MultiStep } from "./multi-step.js";
import { findEnvironment } from "./registry.js";
import { memberProblem } from "./vector-env-failure.js";
import { checkVector, type VectorEnvOptions } from "./vector-env-options.js";
import { command, createMember, execute, leaveAlone, type Command, type MemberTask } from "./vector-env-protocol.js";
import { WorkerTeam } from "./worker-team.js";

export type { VectorEnvOptions } from "./vector-env-options.js";

export interface ResetOptions {
  /** Indices of those that are reset; default: all. */
  readonly environments?: readonly number[];
  /** A seed for each of them, whose first episode begins; default: each goes on to its next episode. */
  readonly seeds?: readonly number[];
}

/** The event loop gets a turn at least so often, also where nothing had to be waited for. */
const turnMilliseconds = 20;

type Outputs = Omit<ChunkBuffers, "actions">;

/** E environments that reset themselves. The arrays are the same objects throughout and overwritten by each call. */
export class VectorEnv implements Outputs, ChunkShape {
  /** What the environments are: name, dimensions, time limit. */
  readonly definition: EnvironmentDefinition;
  /** Number of environments E. */
  readonly count: number;
  /** Actions Te per chunk. */
  readonly actionSteps: number;
  /** Observations To of history. */
  readonly condSteps: number;
  /** Numbers Do per observation. */
  readonly observationDimension: number;
  /** Numbers Da per action. */
  readonly actionDimension: number;
  /** Pictures Ti of history with their channels, height and width; absent where none are taken. */
  readonly rgb?: readonly number[];
  /** Threads besides the main one. */
  readonly workers: number;

  /** What a policy sees: E rows of it are in {@link observations}. */
  readonly space: Omit<Space, "horizonSteps">;
  /**
   * `state` (E, To, Do), oldest first, normalised where statistics were given, and with `imageSteps` `rgb` (E, Ti, C, H, W); of the
   * next episode where one ended.
   */
  readonly observations: Observations;
  /** The same before the automatic reset; valid where an episode ended. */
  readonly finalObservations: Observations;
  /** (E), raw, summed over the chunk. */
  readonly rewards: Float32Array;
  /** (E), 1 where a terminal state was reached. */
  readonly terminated: Uint8Array;
  /** (E), 1 where the time limit cut the episode off. */
  readonly truncated: Uint8Array;
  /** (E), actions executed: less than Te where an episode ended early. */
  readonly executedSteps: Int32Array;
  /** (E), the number of the episode in progress, counted from 0; a reset begins the one after the number that stands here. */
  readonly episodes: Int32Array;

  /** When an episode succeeds, see the definition. */
  readonly success: EnvironmentDefinition["success"];

  readonly #task: MemberTask;
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
    definition: EnvironmentDefinition,
    task: MemberTask,
    shape: ChunkShape,
    members: readonly MultiStep[],
    workers: number,
    team: WorkerTeam | undefined,
  ) {
    this.#task = task;
    this.definition = definition;
    this.success = definition.success;
    this.count = shape.count;
    this.actionSteps = shape.actionSteps;
    this.condSteps = shape.condSteps;
    this.observationDimension = shape.observationDimension;
    this.actionDimension = shape.actionDimension;
    if (shape.rgb) this.rgb = shape.rgb;
    this.space = { actionDim: shape.actionDimension, ...seenOf(shape) };
    this.workers = workers;
    this.#buffers = task.buffers;
    // Copies, because ONNX Runtime refuses views of shared memory.
    this.#outputs = team ? chunkBuffers(shape) : task.buffers;
    this.observations = this.#outputs.observations;
    this.finalObservations = this.#outputs.finalObservations;
    this.rewards = this.#outputs.rewards;
    this.terminated = this.#outputs.terminated;
    this.truncated = this.#outputs.truncated;
    this.executedSteps = this.#outputs.executedSteps;
    this.episodes = new Int32Array(shape.count).fill(-1);
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
    checkVector(options, definition);
    await fetchFor(definition);
    const { env, count, actionSteps, condSteps, imageSteps, patienceSeconds = 10, workerMemoryMiB = 512 } = options;
    const { maxEpisodeSteps, normalization, legacyTimeouts, inertia = definition.inertia ?? "legacy" } = options;
    const { observationDimension, actionDimension, pictures } = definition;
    const wanted = Math.min(options.workers ?? availableParallelism() - 1, count - 1);
    const text = typeof env === "string" || wanted <= 0 ? undefined : await definitionText(definition);
    if (typeof text === "string") sayThatOneThreadWorks(definition, text);
    const workers = typeof text === "string" ? 0 : wanted;
    const rgb = imageSteps === undefined ? undefined : [imageSteps, ...pictures!];
    const shape = { count, actionSteps, condSteps, observationDimension, actionDimension, ...(rgb && { rgb }) };
    const allocate = (bytes: number) => (workers > 0 ? new SharedArrayBuffer(bytes) : new ArrayBuffer(bytes));
    const task: MemberTask = {
      env: typeof env === "string" && isModule(env) ? moduleAddress(env) : env,
      title: definition.name,
      count,
      actionSteps,
      streams: options.streams ?? "environment",
      seeds: new Float64Array(allocate(8 * count)),
      places: new Int32Array(allocate(4 * count)),
      inertia,
      buffers: chunkBuffers(shape, allocate),
      resets: new Int32Array(allocate(4 * count)),
      maxEpisodeSteps,
      normalization,
      legacyTimeouts,
    };
    for (let i = 0; i < count; i++) {
      [task.seeds[i], task.places[i]] = typeof options.seed === "number" ? [options.seed, i] : [options.seed[i]!, 0];
    }

    const start = (share: number) => Math.floor((share * count) / (workers + 1));
    const shares = Array.from({ length: workers }, (_, worker) => [start(worker), start(worker + 1)] as const);
    const limits = { patienceSeconds, workerMemoryMiB };
    const sent = typeof text === "object" ? { ...task, env: { text } } : task;
    const team = workers > 0 ? new WorkerTeam(sent, shares, limits) : undefined;
    const members: MultiStep[] = [];
    try {
      for (let index = start(workers); index < count; index++) members.push(await createMember(task, index));
      await team?.started();
    } catch (error) {
      for (const member of members) member.delete();
      await team?.close();
      throw error;
    }
    return new VectorEnv(definition, task, shape, members, workers, team);
  }

  /**
   * Starts an episode in every environment, or, after the first time, in those that are named; writes `observations`.
   * @throws InputError DMPO_ENV_OPTIONS, DMPO_ENV_STATE after close, DMPO_ENV_WORKER.
   */
  async reset(options: ResetOptions = {}): Promise<void> {
    this.#expect(...(options.environments ? ["ready"] : ["new", "ready"]));
    this.#planResets(options);
    await this.#run(command.reset);
  }

  /**
   * Executes one chunk in every environment and writes the public arrays.
   * @param actions (E, Te, Da); normalised ones lie in [-1, 1]; what lies beyond the raw limits is clipped to them.
   * @throws InputError DMPO_ENV_ACTION, DMPO_ENV_STATE before reset or after close, DMPO_ENV_WORKER.
   */
  async step(actions: Float32Array): Promise<void> {
    this.#expect("ready");
    checkActions(actions, this);
    this.#buffers.actions.set(actions);
    await this.#run(command.step);
    for (let i = 0; i < this.count; i++) this.episodes[i]! += this.terminated[i]! | this.truncated[i]!;
  }

  /** Frees everything and ends the threads, after the call in progress if there is one. Never throws. */
  async close(): Promise<void> {
    await this.#pending;
    if (this.#state === "closed") return;
    this.#state = "closed";
    execute(this.#members, this.#first, command.close, this.#task.resets);
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
    if (this.#team) this.#copyOutputs();
    if (performance.now() - this.#lastTurn > turnMilliseconds) {
      await nextTurn();
      this.#lastTurn = performance.now();
    }
    this.#state = "ready";
  }

  #executeOwn(what: Command): void {
    let current = this.#first;
    try {
      execute(this.#members, this.#first, what, this.#task.resets, (index) => (current = index));
    } catch (cause) {
      const error = new InputError("DMPO_ENV_FAILED", [memberProblem(this.#task, current, String(cause))]);
      error.cause = cause;
      throw error;
    }
  }

  #planResets({ environments = Array.from({ length: this.count }, (_, i) => i), seeds }: ResetOptions): void {
    const wrong = environments.find((index) => !Number.isInteger(index) || index < 0 || index >= this.count);
    if (wrong !== undefined) {
      fail("DMPO_ENV_OPTIONS", "environments", String(wrong), `integers from 0 to ${this.count - 1}`);
    }
    if (seeds && !(seeds.length === environments.length && seeds.every(Number.isSafeInteger))) {
      fail(
        "DMPO_ENV_OPTIONS",
        "seeds",
        `[${seeds.join(", ")}]`,
        `${environments.length} integers, one per environment`,
      );
    }
    const { resets, seeds: current, places } = this.#task;
    resets.fill(leaveAlone);
    environments.forEach((index, i) => {
      if (seeds) [current[index], places[index], this.episodes[index]] = [seeds[i]!, 0, -1];
      resets[index] = ++this.episodes[index]!;
    });
  }

  #expect(...allowed: readonly string[]): void {
    if (allowed.includes(this.#state)) return;
    const found = { new: "never reset", ready: "open", busy: "still at the last call", closed: "closed" }[this.#state];
    const remedy = { new: "await reset() first", ready: "", busy: "await that call", closed: "create a new one" };
    fail("DMPO_ENV_STATE", "vector environment", `it is ${found}`, "one that is ready", remedy[this.#state]);
  }

  #copyOutputs(): void {
    const [from, to] = [this.#buffers, this.#outputs];
    for (const [name] of observationShapes(this.space)) to.observations[name]!.set(from.observations[name]!);
    to.rewards.set(from.rewards);
    to.terminated.set(from.terminated);
    to.truncated.set(from.truncated);
    to.executedSteps.set(from.executedSteps);
    const ended = Array.from({ length: this.count }, (_, i) => i).filter(
      (i) => from.terminated[i] || from.truncated[i],
    );
    for (const [name, shape] of observationShapes(this.space)) {
      const [size, source] = [sizeOf(shape), from.finalObservations[name]!];
      for (const i of ended) to.finalObservations[name]!.set(source.subarray(i * size, (i + 1) * size), i * size);
    }
  }
}

const said = new WeakSet<EnvironmentDefinition>();

/** Said once for each definition. */
function sayThatOneThreadWorks(definition: EnvironmentDefinition, why: string): void {
  if (said.has(definition)) return;
  said.add(definition);
  warn(
    `${definition.name} is defined in this program and ${why}, so one thread steps all its environments; ` +
      `written without it, or in a module of its own, given by its path, it uses all cores`,
  );
}
