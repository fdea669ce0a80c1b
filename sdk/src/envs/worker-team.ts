// The worker threads of a vector environment, seen from the main thread: started, commanded, watched, ended.
import { setImmediate as nextTurn } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { InputError } from "../errors.js";
import { memberProblem } from "./vector-env-failure.js";
import {
  command,
  controlWords,
  currentOf,
  idle,
  sleepWhile,
  slot,
  type Command,
  type MemberTask,
  type WorkerTask,
} from "./vector-env-protocol.js";

/** How long the event loop is kept waiting in one go. */
const sliceMilliseconds = 5;

/** Loading the engine and compiling a model may take so many times as long as one chunk. */
const startPatience = 6;

export interface WorkerLimits {
  /** How long a worker may stay with one environment before it counts as hanging. */
  readonly patienceSeconds: number;
  /** JavaScript memory that a worker may use. */
  readonly workerMemoryMiB: number;
}

export class WorkerTeam {
  readonly #task: MemberTask;
  readonly #control: Int32Array;
  readonly #threads: Worker[];
  readonly #patienceSlices: number;
  #failure: InputError | undefined;
  #ended = false;

  /** @param shares first and last + 1 environment of each worker. */
  constructor(
    task: MemberTask,
    shares: readonly (readonly [number, number])[],
    { patienceSeconds, workerMemoryMiB }: WorkerLimits,
  ) {
    this.#task = task;
    this.#control = controlWords(shares.length);
    this.#patienceSlices = (1000 * patienceSeconds) / sliceMilliseconds;
    this.#threads = shares.map(([first, end], worker) =>
      this.#spawn({ ...task, worker, first, end, control: this.#control }, workerMemoryMiB),
    );
  }

  /** Resolves when all workers have loaded the engine and built their environments. */
  async started(): Promise<void> {
    await this.#done(startPatience * this.#patienceSlices);
  }

  /** Sets the workers to work. The caller waits for {@link finished} before the next command. */
  begin(what: Command): void {
    Atomics.store(this.#control, slot.command, what);
    Atomics.store(this.#control, slot.busy, this.#threads.length);
    Atomics.add(this.#control, slot.generation, 1);
    Atomics.notify(this.#control, slot.generation);
  }

  /**
   * Resolves when all workers are done. Blocks the event loop, at most a few milliseconds at a time, because that wakes
   * sooner than Atomics.waitAsync (25,700 against 23,700 Hopper steps/s on two cores).
   * @throws InputError DMPO_ENV_WORKER naming the environment whose worker failed, died or hangs.
   */
  finished(): Promise<void> {
    return this.#done(this.#patienceSlices);
  }

  /** Lets the workers free their environments, if they can, and ends the threads whatever they do. Never throws. */
  async close(): Promise<void> {
    if (!this.#failure && Atomics.load(this.#control, slot.busy) === 0) {
      this.begin(command.close);
      await this.finished().catch(() => undefined);
    }
    await this.#end();
  }

  async #end(): Promise<void> {
    this.#ended = true;
    await Promise.all(this.#threads.map((thread) => thread.terminate()));
  }

  async #done(patience: number): Promise<void> {
    const control = this.#control;
    const seen = new Int32Array(this.#threads.length).fill(idle);
    const quiet = new Int32Array(this.#threads.length);
    for (let busy; (busy = Atomics.load(control, slot.busy)) > 0;) {
      sleepWhile(control, slot.busy, busy, sliceMilliseconds);
      if (Atomics.load(control, slot.busy) === 0) return;
      // A worker that dies is heard of through the event loop.
      await nextTurn();
      if (this.#failure) throw this.#failure;
      // Counting slices instead of reading a clock, so that a suspended process is not taken for a hanging one.
      for (let worker = 0; worker < seen.length; worker++) {
        const current = Atomics.load(control, currentOf(worker));
        quiet[worker] = current === seen[worker] && current !== idle ? quiet[worker]! + 1 : 0;
        seen[worker] = current;
        if (quiet[worker]! > patience) {
          const seconds = (patience * sliceMilliseconds) / 1000;
          this.#fail(worker, `its worker thread ${worker} made no progress for ${seconds} s`);
          throw this.#failure!;
        }
      }
    }
  }

  #spawn(task: WorkerTask, memoryMiB: number): Worker {
    const thread = new Worker(workerModule, {
      workerData: task,
      name: `environments ${task.first}-${task.end - 1}`,
      resourceLimits: { maxOldGenerationSizeMb: memoryMiB },
    });
    thread.on("error", (cause) =>
      this.#fail(task.worker, `worker thread ${task.worker} failed: ${String(cause)}`, cause),
    );
    thread.on("exit", (code) => this.#fail(task.worker, `its worker thread ${task.worker} ended with code ${code}`));
    // An environment that was not closed must not keep the process alive; while waiting, #done does.
    thread.unref();
    return thread;
  }

  #fail(worker: number, wrong: string, cause?: unknown): void {
    if (this.#failure || this.#ended) return;
    const current = Atomics.load(this.#control, currentOf(worker));
    const remedy = "run with workers: 0 to see it in one thread";
    this.#failure = new InputError("DMPO_ENV_WORKER", [
      { ...memberProblem(this.#task, current === idle ? undefined : current, wrong), remedy },
    ]);
    this.#failure.cause = cause;
    void this.#end();
  }
}

/** The compiled worker, or what starts it where the sources run uncompiled. */
const workerModule = new URL(
  new URL(import.meta.url).pathname.endsWith(".ts") ? "./vector-env-worker-source.mjs" : "./vector-env-worker.js",
  import.meta.url,
);
