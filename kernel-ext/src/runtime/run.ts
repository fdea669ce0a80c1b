// One execution of a cell, and which one the JavaScript that is running right now belongs to.
import type { Activity } from "../wire/activity.js";

/** The user pressed stop. */
export class KeyboardInterrupt extends Error {
  override readonly name = "KeyboardInterrupt";
  constructor() {
    super("stopped by the user");
  }
}

export class Run {
  readonly #controller = new AbortController();
  readonly #interruption: Promise<never>;
  #reject!: (reason: KeyboardInterrupt) => void;
  /** After this, nothing that the cell started may print or go on. */
  isStopped = false;
  #isCooperative = false;

  /**
   * @param request the wire thread's id of the request
   * @param name what stack frames call the cell
   */
  constructor(
    readonly serial: number,
    readonly request: number,
    readonly name: string,
    private readonly activity: Activity,
  ) {
    this.#interruption = new Promise((_, reject) => (this.#reject = reject));
    this.#interruption.catch(() => undefined);
  }

  /** Whether stop was pressed; a cooperative cell may still be finishing. */
  get isInterrupted(): boolean {
    return this.#controller.signal.aborted;
  }

  get isCooperative(): boolean {
    return this.#isCooperative;
  }

  /** The stop signal. Reading it promises that the cell will finish soon after it aborts. */
  get signal(): AbortSignal {
    this.#isCooperative = true;
    if (this.activity.runningCell === this.serial) this.activity.markCooperative();
    return this.#controller.signal;
  }

  interrupt(): void {
    this.#controller.abort(new KeyboardInterrupt());
  }

  /** Abandons the cell: its outcome is a KeyboardInterrupt and whatever it left behind stays silent. */
  stop(): void {
    this.isStopped = true;
    this.#reject(new KeyboardInterrupt());
  }

  /**
   * The result of `work`, unless the cell is stopped before. Work begins as a promise job of its own, so that V8 can end it
   * without ending the caller too.
   */
  async untilStopped<T>(work: () => Promise<T>): Promise<T> {
    return Promise.race([Promise.resolve().then(work), this.#interruption]);
  }
}

let current: Run | undefined;

/** The run to which the code that is executing belongs, as far as it can be known. */
export function currentRun(): Run | undefined {
  return current;
}

export function enterRun(run: Run | undefined): void {
  current = run;
}
