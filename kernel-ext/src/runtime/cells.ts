// Runs cells, one after the other, and says how each ended.
import { setTimeout } from "node:timers";
import { stoppedReport, type FromCells, type Outcome, type RunMessage } from "../channel.js";
import { mimeBundle } from "../display/mime-bundle.js";
import type { Activity } from "./activity.js";
import { reportError } from "./error-report.js";
import type { Executor } from "./executor.js";
import { cooperativeGrace } from "./grace.js";
import type { Output } from "./output.js";
import { enterRun, KeyboardInterrupt, Run } from "./run.js";

interface Parts {
  readonly executor: Executor;
  readonly activity: Activity;
  readonly output: Output;
  readonly send: (message: FromCells) => void;
  /** Called after each cell. */
  readonly onFinished: () => void;
}

export class Cells {
  #running: Run | undefined;

  constructor(private readonly parts: Parts) {}

  run(cell: RunMessage): void {
    const { activity, output } = this.parts;
    const { request, name, silent } = cell;
    const run = new Run(request, name, activity, (outcome) => this.#finish(run, outcome));
    enterRun(undefined);
    output.direct(request, silent);
    this.#running = run;
    activity.begin(request);
    if (run.isInterrupted) return run.stop();
    // A promise job of its own, so that V8 can end it without ending the caller too.
    void Promise.resolve()
      .then(() => this.#outcome(run, cell))
      .then((outcome) => run.settle(outcome));
  }

  /** The stop button. @param at when it was pressed, in milliseconds since 1970 */
  interrupt(request: number, at: number): void {
    const run = this.#running;
    if (run?.request !== request) return;
    if (run.isCooperative) setTimeout(() => run.stop(), Math.max(0, at + cooperativeGrace - Date.now()));
    try {
      run.interrupt();
    } finally {
      if (!run.isCooperative) run.stop();
    }
  }

  /** Reading an error or a value runs the user's code, which stop must be able to end like the cell itself. */
  async #outcome(run: Run, cell: RunMessage): Promise<Outcome> {
    try {
      const data = await this.#perform(run, cell);
      // A cell that ended by itself after the stop keeps its variables, but the cells behind it must not run.
      if (run.isInterrupted) throw new KeyboardInterrupt();
      return { status: "ok", isKept: run.isKept, data };
    } catch (error) {
      const report = run.isInterrupted ? stoppedReport : reportError(error, cell);
      return { status: "error", isKept: run.isKept, report };
    }
  }

  async #perform(run: Run, cell: RunMessage): Promise<string | undefined> {
    const { executor, output } = this.parts;
    const { value } = await executor.execute(cell, run);
    if (cell.value === "drop" || (cell.value === "publish" && (value === undefined || value === null)))
      return undefined;
    const data = await mimeBundle(value);
    if (cell.value === "return") return JSON.stringify(data);
    output.publish("execute_result", { execution_count: cell.count, data, metadata: {} });
    return undefined;
  }

  #finish(run: Run, outcome: Outcome): void {
    const { activity, send, onFinished } = this.parts;
    activity.finish(run.request);
    this.#running = undefined;
    send({ kind: "done", request: run.request, outcome });
    // Whatever the cell left behind may run next.
    enterRun(run);
    onFinished();
  }
}
