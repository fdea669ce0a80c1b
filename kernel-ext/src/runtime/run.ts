// One execution of a cell, and which one the JavaScript that is running right now belongs to.
import { stoppedReport, type Outcome } from "../channel.js";
import type { Activity } from "./activity.js";
import { HostError, Stopper } from "./host.js";

/** The user pressed stop. */
export class KeyboardInterrupt extends HostError {
  override readonly name = "KeyboardInterrupt";
  constructor() {
    super(stoppedReport.evalue);
  }
}

export class Run {
  readonly #stopper = new Stopper();
  /** After this, nothing that the cell started may print or go on. */
  isStopped = false;
  /** Whether later cells see what it declared. */
  isKept = false;
  #isCooperative = false;
  #isSettled = false;

  /**
   * @param request names the cell in messages
   * @param name what stack frames call the cell
   * @param onSettled told once how the cell ended
   */
  constructor(
    readonly request: number,
    readonly name: string,
    private readonly activity: Activity,
    private readonly onSettled: (outcome: Outcome) => void,
  ) {}

  /** Whether stop was pressed; a cooperative cell may still be finishing. */
  get isInterrupted(): boolean {
    return this.#stopper.isAborted || this.activity.isInterrupted(this.request);
  }

  get isCooperative(): boolean {
    return this.#isCooperative;
  }

  /** The stop signal. Reading it promises that the cell will finish soon after it aborts. */
  get signal(): AbortSignal {
    this.#isCooperative = true;
    if (this.activity.isRunning(this.request)) this.activity.markCooperative();
    return this.#stopper.signal;
  }

  /** Aborts the signal. */
  interrupt(): void {
    if (!this.#stopper.isAborted) this.#stopper.abort(new KeyboardInterrupt());
  }

  /**
   * Abandons the cell: its outcome is a KeyboardInterrupt and whatever it left behind stays silent. No promise is involved:
   * when V8 ends an endless job, it drops all jobs that wait.
   */
  stop(): void {
    this.isStopped = true;
    this.settle({ status: "error", isKept: this.isKept, report: stoppedReport });
  }

  settle(outcome: Outcome): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    this.onSettled(outcome);
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
