// Runs compiled cells in their global scope and keeps their variables.
import { Script as CompiledText } from "node:vm";
import type { RunMessage } from "../channel.js";
import type { Activity } from "./activity.js";
import type { CellSupport } from "./cell-support.js";
import { LocalModules } from "./local-modules.js";
import { ModuleLoader } from "./module-loader.js";
import { PositionMapper } from "./position-map.js";
import { enterRun, KeyboardInterrupt, type Run } from "./run.js";
import { mapFramesOf } from "./stack-frames.js";
import type { Suspension } from "./suspension.js";
import { Variables } from "./variables.js";

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
    private readonly activity: Activity,
    private readonly suspension: Suspension,
  ) {
    this.#loader = new ModuleLoader(roots, suspension);
    this.#local = new LocalModules(this.#loader, suspension);
  }

  /**
   * The value of the cell's last expression, in a box: it may be a promise that must not be awaited.
   * @throws whatever the cell throws
   */
  async execute(cell: RunMessage, run: Run): Promise<Result> {
    this.#local.update(cell.modules);
    await this.#prepare(cell);
    if (run.isStopped || run.isInterrupted) throw new KeyboardInterrupt();
    const result = cell.script ? await this.#evaluate(cell, run) : { value: undefined };
    if (cell.keep && !run.isStopped) run.isKept = true;
    return result;
  }

  /** Loads what the cell imports, so that its own code can use require(). */
  async #prepare({ script, modules }: RunMessage): Promise<void> {
    const specifiers = new Set([script, ...modules.map(([, each]) => each)].flatMap((each) => each?.imports ?? []));
    for (const specifier of specifiers) {
      if (specifier.startsWith(".")) continue;
      const importing = this.activity.uninterrupted(() => this.#loader.prepare(specifier));
      if (importing) await importing;
    }
  }

  async #evaluate({ script, resultName, keep, name }: RunMessage, run: Run): Promise<Result> {
    const { text, maps, names, assignable, hasTopLevelAwait } = script!;
    const scope = this.#variables.scope(names);
    // The compiler sees one line before the user's text.
    mapFramesOf(name, new PositionMapper(maps, 1));
    const setters = assignable.map((each) => `${each}(value) { ${each} = value; }`).join(", ");
    const parameters = `${hasTopLevelAwait ? "async " : ""}function (exports, require, __cell__)`;
    const wrapped = `(${parameters} {\n${text}\n__cell__.bind({ __proto__: null, ${setters} });\n})`;
    const body = new CompiledText(wrapped, { filename: name, lineOffset: -1 }).runInThisContext() as Wrapper;
    const support: CellSupport = Object.assign(this.#local.support(this.roots[0]!, name), {
      bind: (assign: Parameters<CellSupport["bind"]>[0]) => scope.bind(assign),
    });
    enterRun(run);
    const finished = body(scope.exports, (specifier) => this.#require(specifier), support);
    if (hasTopLevelAwait)
      await new Promise<void>((resolve, reject) =>
        this.suspension.whenSettled(finished as Promise<unknown>, () => resolve(), reject),
      );
    const value = resultName === undefined ? undefined : scope.take(resultName);
    if (keep && !run.isStopped) scope.commit();
    return { value };
  }

  #require(specifier: string): unknown {
    return this.#local.require(this.roots[0]!, specifier);
  }
}
