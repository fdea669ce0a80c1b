// Type-checks and compiles cells one after the other: tslab's converter on stock TypeScript. Between cells it passes on the
// declarations of all earlier ones, as text of a .d.ts file.
import { createRequire } from "node:module";
import type { Converter } from "tslab/dist/converter.js";
import ts from "typescript";
import { CellBuilders } from "./cell-builder.js";
import type { Script } from "../runtime/script.js";
import { toCommonJs } from "./commonjs.js";
import { withoutExports } from "./exports.js";
import { FileWatch } from "./file-watch.js";
import { installStockTypeScript } from "./stock-typescript.js";

const target = ts.ScriptTarget.ES2022;

/** A message of the compiler; line and column count from 1. */
export interface Problem {
  readonly file: string | undefined;
  readonly line: number;
  readonly column: number;
  readonly code: number;
  readonly message: string;
}

/** A cell that passed the type checker. */
export interface CompiledCell {
  /** Undefined when there is nothing to run. */
  readonly script: Script | undefined;
  /** Local modules that are new or have changed, by the absolute path of what would be their .js file. */
  readonly modules: ReadonlyMap<string, Script>;
  /** Name under which the script exports the value of its last expression. */
  readonly resultName: string | undefined;
  /** What later cells know after this one. */
  readonly declarations: string;
}

export interface Completions {
  readonly start: number;
  readonly end: number;
  readonly names: readonly string[];
  readonly kinds: ReadonlyMap<string, string>;
}

export class Compiler {
  readonly #watch: FileWatch;
  readonly #builders = new CellBuilders((path, text) => this.#modules.set(path, toCommonJs(text, target)));
  readonly #converter: Converter;
  /** Results of the current conversion: the converter itself hands on text only. */
  #script: Script | undefined;
  #modules = new Map<string, Script>();

  /** @param roots folders from which packages are found; the first is the notebook's */
  constructor(roots: readonly string[]) {
    this.#watch = new FileWatch(roots[0]!);
    installStockTypeScript({
      roots,
      watch: this.#watch,
      builders: this.#builders,
      transpile: (source) => (this.#script = toCommonJs(source, target)).text,
    });
    const tslab = createRequire(import.meta.url)("tslab/dist/converter.js") as {
      createConverter(options: { isJS: boolean; isBrowser: boolean }): Converter;
    };
    this.#converter = tslab.createConverter({ isJS: false, isBrowser: false });
  }

  /**
   * The cell as it runs, or what is wrong with it.
   * @param declarations what earlier cells declared
   */
  compile(declarations: string, source: string): CompiledCell | readonly Problem[] {
    const code = withoutExports(source);
    this.#watch.refresh();
    this.#script = undefined;
    this.#builders.announce(code);
    const converted = this.#converter.convert(declarations, code);
    if (converted.diagnostics.length > 0) return converted.diagnostics.map(problem);
    const modules = this.#modules;
    this.#modules = new Map();
    return {
      script: this.#script,
      modules,
      resultName: converted.lastExpressionVar,
      declarations: converted.declOutput ?? "",
    };
  }

  /** Completions at a UTF-16 offset. */
  complete(declarations: string, code: string, offset: number): Completions {
    this.#watch.refresh();
    const { start, end, candidates, original } = this.#converter.complete(declarations, withoutExports(code), offset);
    const entries = (original as ts.CompletionInfo | undefined)?.entries ?? [];
    return { start, end, names: candidates, kinds: new Map(entries.map(({ name, kind }) => [name, kind])) };
  }

  /** What is known of the name at a UTF-16 offset. */
  inspect(declarations: string, code: string, offset: number): ts.QuickInfo | undefined {
    this.#watch.refresh();
    return this.#converter.inspect(declarations, withoutExports(code), offset);
  }
}

function problem(diagnostic: ReturnType<Converter["convert"]>["diagnostics"][number]): Problem {
  const { start, messageText, code, fileName } = diagnostic;
  return { file: fileName, line: start.line + 1, column: start.character + 1, code, message: messageText };
}
