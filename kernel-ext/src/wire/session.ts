// A session of cells: takes each through the compiler and the process that runs it, and keeps what later cells know.
import { stoppedReport, type ErrorReport, type Outcome, type RunMessage, type StreamName } from "../channel.js";
import { compileReport } from "../language/compile-report.js";
import type { CompiledCell, Problem } from "../language/compiler.js";
import { CompilerThread } from "../language/compiler-thread.js";
import { red } from "../runtime/excerpt.js";
import type { Script } from "../runtime/script.js";
import { CellProcess, type Ending } from "./cell-process.js";

type Content = Readonly<Record<string, unknown>>;

/** What the session tells the sockets; `id` is that of the execute_request. */
export interface SessionOutput {
  publish(id: number, type: string, content: string): void;
  stream(id: number, name: StreamName, text: string): void;
  /** All variables are gone. */
  onRestart(): void;
}

export interface Reply {
  /** JSON text. */
  readonly content: string;
  /** Cells that wait are dropped. */
  readonly abortQueue: boolean;
}

/** Milliseconds that the compiler gets to finish a cell that was stopped: a new one takes seconds to load. */
const compilerPatience = 10_000;

const gone = "All variables are gone; the next cell runs in a new process.";

/** The cell that runs. */
class Cell {
  isInterrupted = false;
  /** What the cells' process calls it, while it is there. */
  running: number | undefined;
  /** Resolves when stop is pressed. */
  readonly interruption: Promise<void>;
  #interrupt!: () => void;

  constructor(
    readonly name: string,
    readonly code: string,
    readonly count: number,
    readonly isSilent: boolean,
  ) {
    this.interruption = new Promise((resolve) => (this.#interrupt = resolve));
  }

  interrupt(): void {
    this.isInterrupted = true;
    this.#interrupt();
  }
}

export class Session {
  readonly #compiler: CompilerThread;
  readonly #cells: CellProcess;
  #executionCount = 0;
  #serial = 0;
  #cell: Cell | undefined;
  /** The latest execute_request, to which late output belongs, and its number in the cells' process. */
  #latest = { id: 0, since: 0, isSilent: false };
  /** Local modules: all, and those that the cells' process has not been given. */
  readonly #modules = new Map<string, Script>();
  #newModules = new Map<string, Script>();
  #generation = 0;

  /** @param roots folders from which packages are found; the first is the notebook's */
  constructor(
    roots: readonly string[],
    private readonly output: SessionOutput,
  ) {
    this.#compiler = new CompilerThread({ roots });
    this.#cells = new CellProcess({
      publish: (request, type, content) => {
        if (request >= this.#latest.since) output.publish(this.#latest.id, type, content);
      },
      stream: (request, name, text) => {
        if (request >= this.#latest.since) output.stream(this.#latest.id, name, text);
      },
      rawStream: (name, text) => {
        if (!this.#latest.isSilent) output.stream(this.#latest.id, name, text);
      },
      onEnd: ({ evalue }) => {
        this.#forget();
        output.stream(this.#latest.id, "stderr", `${evalue}. ${gone}\n`);
      },
    });
    this.#cells.start();
  }

  /** Runs a cell and returns the content of its reply; never rejected. */
  async execute(id: number, content: Content): Promise<Reply> {
    const isSilent = content.silent === true;
    const counts = !isSilent && content.store_history !== false;
    const count = counts ? ++this.#executionCount : this.#executionCount;
    this.#latest = { id, since: this.#serial + 1, isSilent };
    const name = counts ? `cell-${count}.ts` : `uncounted-${this.#serial + 1}.ts`;
    const cell = new Cell(name, String(content.code), count, isSilent);
    this.#cell = cell;
    this.#publish("execute_input", { code: cell.code, execution_count: count });
    const outcome = await this.#perform(cell, content.user_expressions).catch((error: unknown) =>
      failed("KernelError", error instanceof Error ? error.message : String(error)),
    );
    this.#cell = undefined;
    if ("user_expressions" in outcome) {
      const reply = { status: "ok", ...outcome, execution_count: count, payload: [] };
      return { content: JSON.stringify(reply), abortQueue: false };
    }
    const report = { ...outcome, traceback: outcome.traceback.split("\n") };
    this.#publish("error", report);
    const abortQueue = cell.isInterrupted || content.stop_on_error !== false;
    return { content: JSON.stringify({ status: "error", execution_count: count, ...report }), abortQueue };
  }

  /** The stop button. Where no cell runs yet or any more, it ends what earlier ones left behind, if that blocks the process. */
  interrupt(): void {
    this.#cell?.interrupt();
    this.#cells.interrupt(this.#cell?.running ?? 0);
  }

  /** JSON text of the reply to a request for completion, inspection or completeness; never rejected. */
  async answer(type: string, content: Content): Promise<string> {
    const answer = await this.#compiler
      .answer(type, content)
      .catch((error: Error) => ({ status: "error", ename: "CompilerError", evalue: error.message, traceback: [] }));
    return JSON.stringify(answer);
  }

  /** Ends the cells' process. */
  async end(): Promise<void> {
    await this.#cells.end();
  }

  async #perform(cell: Cell, expressions: unknown): Promise<ErrorReport | { user_expressions: Content }> {
    const outcome = await this.#run(cell, cell.code, true, cell.isSilent ? "drop" : "publish");
    if ("report" in outcome) return outcome.report;
    const results = await this.#evaluate(cell, expressions);
    return cell.isInterrupted ? stoppedReport : { user_expressions: results };
  }

  async #evaluate(cell: Cell, expressions: unknown): Promise<Content> {
    const results = Object.create(null) as Record<string, unknown>;
    for (const [name, expression] of Object.entries((expressions ?? {}) as Record<string, string>)) {
      const outcome = await this.#run(cell, `(${expression})`, false, "return");
      results[name] =
        "report" in outcome
          ? { status: "error", ...outcome.report, traceback: outcome.report.traceback.split("\n") }
          : { status: "ok", data: JSON.parse(outcome.data ?? "{}") as unknown, metadata: {} };
    }
    return results;
  }

  async #run(cell: Cell, code: string, keep: boolean, value: RunMessage["value"]): Promise<Outcome> {
    const compiled = await this.#compile(cell, code);
    if ("report" in compiled) return compiled;
    this.#cells.start();
    const request = (cell.running = ++this.#serial);
    const { script, resultName } = compiled;
    const { name, count, isSilent: silent } = cell;
    const modules = [...this.#modulesToSend()];
    const outcome = await this.#cells.run({
      kind: "run",
      request,
      name,
      code,
      count,
      script,
      modules,
      resultName,
      keep,
      value,
      silent,
    });
    cell.running = undefined;
    if (outcome.status === "ended") return this.#ended(outcome);
    if (outcome.isKept) this.#compiler.declarations = compiled.declarations;
    return outcome;
  }

  /** Stop ends the wait for the compiler at once. */
  async #compile(cell: Cell, code: string): Promise<CompiledCell | (Outcome & { status: "error" })> {
    const error = (report: ErrorReport) => ({ status: "error", isKept: false, report }) as const;
    if (cell.isInterrupted) return error(stoppedReport);
    let isDone = false;
    const compiling = this.#compiler
      .compile(code)
      .then((compiled) => {
        if (!isProblems(compiled)) this.#addModules(compiled.modules);
        return isProblems(compiled) ? error(compileReport(compiled, code)) : compiled;
      })
      .catch(({ message }: Error) => error(failed("CompilerError", message)))
      .finally(() => (isDone = true));
    const compiled = await Promise.race([compiling, cell.interruption]);
    if (compiled && !cell.isInterrupted) return compiled;
    setTimeout(() => {
      if (!isDone) this.#compiler.restart();
    }, compilerPatience).unref();
    return error(stoppedReport);
  }

  #addModules(modules: ReadonlyMap<string, Script>): void {
    for (const [path, script] of modules) {
      this.#modules.set(path, script);
      this.#newModules.set(path, script);
    }
  }

  #modulesToSend(): ReadonlyMap<string, Script> {
    const isFresh = this.#generation !== this.#cells.generation;
    this.#generation = this.#cells.generation;
    const modules = isFresh ? this.#modules : this.#newModules;
    this.#newModules = new Map();
    return modules;
  }

  #ended({ ename, evalue }: Ending): Outcome {
    this.#forget();
    return { status: "error", isKept: false, report: failed(ename, `${evalue}. ${gone}`) };
  }

  #forget(): void {
    this.#compiler.declarations = "";
    this.#executionCount = 0;
    this.output.onRestart();
  }

  #publish(type: string, content: object): void {
    if (!this.#latest.isSilent) this.output.publish(this.#latest.id, type, JSON.stringify(content));
  }
}

function isProblems(compiled: CompiledCell | readonly Problem[]): compiled is readonly Problem[] {
  return !("declarations" in compiled);
}

function failed(ename: string, evalue: string): ErrorReport {
  return { ename, evalue, traceback: red(`${ename}: ${evalue}`) };
}
