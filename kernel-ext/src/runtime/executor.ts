// Runs compiled cells in the kernel's own global scope and keeps their variables.
import vm from "node:vm";
import { type Compiler, type CompiledCell, type Problem } from "../language/compiler.js";
import { PositionMapper } from "../language/position-map.js";
import { mapFramesOf } from "../language/stack-frames.js";
import type { Activity } from "../wire/activity.js";
import type { CellSupport } from "./cell-support.js";
import { LocalModules } from "./local-modules.js";
import { ModuleLoader } from "./module-loader.js";
import { enterRun, KeyboardInterrupt, type Run } from "./run.js";
import { resume, suspend, suspended } from "./suspension.js";
import { Variables } from "./variables.js";

/** The cell did not compile. */
export class CompileError extends Error {
  constructor(readonly problems: readonly Problem[]) {
    super(problems.map(({ message }) => message).join("\n"));
  }
}

/** What a cell's last expression gave. */
export interface Result {
  readonly value: unknown;
}

type Wrapper = (exports: object, require: (specifier: string) => unknown, cell: CellSupport) => unknown;

export class Executor {
  readonly #variables = new Variables();
  readonly #loader: ModuleLoader;
  readonly #local: LocalModules;

  /** @param roots folders from which packages are found; the first is the notebook's */
  constructor(
    private readonly roots: readonly string[],
    private readonly compiler: Compiler,
    private readonly activity: Activity,
  ) {
    this.#loader = new ModuleLoader(roots);
    const imported = (specifier: string, options?: ImportCallOptions) => this.#import(specifier, options);
    this.#local = new LocalModules(this.#loader, { suspend, resume, suspended, import: imported });
  }

  /**
   * The value of the cell's last expression, in a box: it may be a promise that must not be awaited.
   * @param keep whether later cells see what it declares
   * @throws CompileError, or whatever the cell throws
   */
  async execute(code: string, run: Run, keep: boolean): Promise<Result> {
    const cell = this.activity.uninterrupted(() => this.compiler.compile(code));
    if (!("declarations" in cell)) throw new CompileError(cell);
    this.#local.update(cell.modules);
    await this.#prepare(cell);
    if (run.isStopped || run.isInterrupted) throw new KeyboardInterrupt();
    const result = cell.script ? await this.#evaluate(cell, run, keep) : { value: undefined };
    if (keep) this.compiler.keep(cell);
    return result;
  }

  /** Loads what the cell imports, so that its own code can use require(). */
  async #prepare({ script, modules }: CompiledCell): Promise<void> {
    const specifiers = new Set([script, ...modules.values()].flatMap((each) => each?.imports ?? []));
    for (const specifier of specifiers) {
      if (specifier.startsWith(".")) continue;
      const importing = this.activity.uninterrupted(() => this.#loader.prepare(specifier));
      if (importing) await importing;
    }
  }

  async #evaluate({ script, resultName }: CompiledCell, run: Run, keep: boolean): Promise<Result> {
    const { text, maps, names, assignable, hasTopLevelAwait } = script!;
    const scope = this.#variables.scope(names);
    // The compiler sees one line before the user's text.
    mapFramesOf(run.name, new PositionMapper(maps, 1));
    const setters = assignable.map((name) => `${name}(value) { ${name} = value; }`).join(", ");
    const parameters = `${hasTopLevelAwait ? "async " : ""}function (exports, require, __cell__)`;
    const wrapped = `(${parameters} {\n${text}\n__cell__.bind({ ${setters} });\n})`;
    const body = new vm.Script(wrapped, { filename: run.name, lineOffset: -1 }).runInThisContext() as Wrapper;
    enterRun(run);
    const finished = body(scope.exports, (specifier) => this.#require(specifier), {
      suspend,
      resume,
      suspended,
      import: (specifier, options) => this.#import(specifier, options),
      bind: (assign) => scope.bind(assign),
    });
    if (hasTopLevelAwait) await finished;
    const value = resultName === undefined ? undefined : scope.take(resultName);
    if (keep && !run.isStopped) scope.commit();
    return { value };
  }

  #require(specifier: string): unknown {
    const local = this.#local.find(this.roots[0]!, specifier);
    return local === undefined ? this.#loader.require(specifier) : this.#local.load(local);
  }

  async #import(specifier: string, options?: ImportCallOptions): Promise<unknown> {
    const local = this.#local.find(this.roots[0]!, specifier);
    return local === undefined ? this.#loader.import(specifier, options) : this.#local.load(local);
  }
}
