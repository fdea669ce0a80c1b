// Answers the requests that need JavaScript or the compiler: execution, completion, inspection, completeness.
import { mimeBundle } from "./display/mime-bundle.js";
import { reportError, type ErrorReport } from "./error-report.js";
import { toCodePoints, toUtf16 } from "./language/code-points.js";
import type { Compiler } from "./language/compiler.js";
import { completenessOf } from "./language/completeness.js";
import { calledName, describeName } from "./language/inspection.js";
import type { Output } from "./output.js";
import type { Executor } from "./runtime/executor.js";
import { enterRun, KeyboardInterrupt, Run } from "./runtime/run.js";
import type { Activity } from "./wire/activity.js";
import type { KernelRequest, ToWire } from "./wire/channel.js";
import { grace } from "./wire/interrupter.js";

interface Parts {
  readonly executor: Executor;
  readonly compiler: Compiler;
  readonly activity: Activity;
  readonly output: Output;
  send(message: ToWire): void;
  /** Called after each cell. */
  onFinished(): void;
}

type Content = Readonly<Record<string, unknown>>;
type Outcome = { readonly status: "ok"; readonly user_expressions: Content } | ErrorReport;

export class Handler {
  #executionCount = 0;
  #serial = 0;
  #running: Run | undefined;
  readonly #setTimer = setTimeout;

  constructor(private readonly parts: Parts) {}

  onRequest({ id, type, content }: KernelRequest): void {
    if (type === "execute_request") return void this.#execute(id, content);
    this.#reply(id, this.#answerOrFail(type, content), false);
  }

  /** The stop button. @param at when it was pressed, in milliseconds since 1970 */
  onInterrupt(at: number): void {
    const run = this.#running;
    if (!run) return;
    run.interrupt();
    if (!run.isCooperative) return run.stop();
    this.#setTimer(() => run.stop(), Math.max(0, at + grace.cooperative - Date.now()));
  }

  async #execute(id: number, content: Content): Promise<void> {
    const { activity, output } = this.parts;
    const silent = content.silent === true;
    const counts = !silent && content.store_history !== false;
    const count = counts ? ++this.#executionCount : this.#executionCount;
    const serial = ++this.#serial;
    const name = counts ? `cell-${count}.ts` : `uncounted-${serial}.ts`;
    const run = new Run(serial, id, name, activity);
    const code = String(content.code);
    enterRun(undefined);
    output.direct(id, silent);
    output.publish("execute_input", { code, execution_count: count });
    this.#running = run;
    activity.runningCell = serial;
    const outcome = await run
      .untilStopped(async () => this.#perform(run, code, count, content))
      .catch((error: unknown) => reportError(run.isInterrupted ? new KeyboardInterrupt() : error, { name, code }));
    activity.runningCell = 0;
    this.#running = undefined;
    // Whatever the cell left behind may run next; the kernel's own messages belong to no run.
    enterRun(undefined);
    if ("ename" in outcome) {
      output.publish("error", outcome);
      const abort = run.isInterrupted || content.stop_on_error !== false;
      this.#reply(id, { status: "error", execution_count: count, ...outcome }, abort);
    } else this.#reply(id, { ...outcome, execution_count: count, payload: [] }, false);
    enterRun(run);
    this.parts.onFinished();
  }

  async #perform(run: Run, code: string, count: number, content: Content): Promise<Outcome> {
    const { executor, output } = this.parts;
    const { value } = await executor.execute(code, run, true);
    if (value !== undefined && value !== null && content.silent !== true) {
      const data = await mimeBundle(value);
      output.publish("execute_result", { execution_count: count, data, metadata: {} });
    }
    const expressions = await this.#evaluate(run, content.user_expressions);
    // A cell that ended by itself after the stop keeps its variables, but the cells behind it must not run.
    if (run.isInterrupted) throw new KeyboardInterrupt();
    return { status: "ok", user_expressions: expressions };
  }

  async #evaluate(run: Run, expressions: unknown): Promise<Content> {
    const results: Record<string, unknown> = {};
    for (const [name, expression] of Object.entries((expressions ?? {}) as Record<string, string>)) {
      const code = `(${expression})`;
      try {
        const { value } = await this.parts.executor.execute(code, run, false);
        results[name] = { status: "ok", data: await mimeBundle(value), metadata: {} };
      } catch (error) {
        results[name] = { status: "error", ...reportError(error, { name: run.name, code }) };
      }
    }
    return results;
  }

  #answerOrFail(type: string, content: Content): Content {
    try {
      return this.parts.activity.uninterrupted(() => this.#answer(type, content));
    } catch (error) {
      // The compiler's internals may fail on half a program; a front end waits for a reply in any case.
      return { status: "error", ...reportError(error, { name: "", code: "" }) };
    }
  }

  #answer(type: string, content: Content): Content {
    const code = String(content.code);
    const offset = toUtf16(code, Number(content.cursor_pos ?? 0));
    switch (type) {
      case "complete_request":
        return this.#complete(code, offset);
      case "inspect_request":
        return this.#inspect(code, offset);
      default:
        return completenessOf(code);
    }
  }

  #complete(code: string, offset: number): Content {
    const { start, end, names, kinds } = this.parts.compiler.complete(code, offset);
    const cursor = { cursor_start: toCodePoints(code, start), cursor_end: toCodePoints(code, end) };
    const types = names.map((text) => ({
      text,
      type: kinds.get(text) ?? "",
      start: cursor.cursor_start,
      end: cursor.cursor_end,
    }));
    return { status: "ok", matches: names, ...cursor, metadata: { _jupyter_types_experimental: types } };
  }

  #inspect(code: string, offset: number): Content {
    const { compiler } = this.parts;
    const called = calledName(code, offset);
    const info =
      compiler.inspect(code, offset) ??
      (offset > 0 ? compiler.inspect(code, offset - 1) : undefined) ??
      (called === undefined ? undefined : compiler.inspect(code, called));
    const data = info ? { "text/plain": describeName(info) } : {};
    return { status: "ok", found: info !== undefined, data, metadata: {} };
  }

  #reply(request: number, content: Content, abortQueue: boolean): void {
    this.parts.output.flush();
    this.parts.send({ kind: "reply", request, content: JSON.stringify(content), abortQueue });
  }
}
