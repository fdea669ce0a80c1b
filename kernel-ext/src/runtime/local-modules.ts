// The user's own .ts files beside the notebook, compiled with the cells that import them.
import { createRequire } from "node:module";
import { dirname, extname, join } from "node:path";
import vm from "node:vm";
import type { Script } from "../language/commonjs.js";
import { PositionMapper } from "../language/position-map.js";
import { mapFramesOf } from "../language/stack-frames.js";
import type { ModuleLoader } from "./module-loader.js";
import type { CellSupport } from "./cell-support.js";

interface LoadedModule {
  exports: Record<string, unknown>;
}

type Wrapper = (
  exports: object,
  require: (specifier: string) => unknown,
  module: LoadedModule,
  filename: string,
  dirname: string,
  cell: Pick<CellSupport, "suspend" | "resume" | "suspended" | "import">,
) => void;

export class LocalModules {
  readonly #scripts = new Map<string, Script>();
  #loaded = new Map<string, LoadedModule>();

  constructor(
    private readonly loader: ModuleLoader,
    private readonly support: Pick<CellSupport, "suspend" | "resume" | "suspended" | "import">,
  ) {}

  /** Takes in new and changed modules; all are evaluated anew, because any may import a changed one. */
  update(scripts: ReadonlyMap<string, Script>): void {
    if (scripts.size === 0) return;
    for (const [path, script] of scripts) this.#scripts.set(path, script);
    this.#loaded = new Map();
  }

  /** Path of the local module that `specifier` means in a file of `folder`, if there is one. */
  find(folder: string, specifier: string): string | undefined {
    if (!specifier.startsWith(".") && !specifier.startsWith("/")) return undefined;
    const path = specifier.startsWith("/") ? specifier : join(folder, specifier);
    const stem = /\.[cm]?[jt]sx?$/.test(path) ? path.slice(0, -extname(path).length) : path;
    return [`${stem}.js`, `${path}.js`, join(path, "index.js")].find((candidate) => this.#scripts.has(candidate));
  }

  /** Exports of the local module at `path`, as given by `find`. */
  load(path: string): Record<string, unknown> {
    const existing = this.#loaded.get(path);
    if (existing) return existing.exports;
    const script = this.#scripts.get(path)!;
    const filename = `${path.slice(0, -extname(path).length)}.ts`;
    const folder = dirname(path);
    const module: LoadedModule = { exports: {} };
    this.#loaded.set(path, module);
    mapFramesOf(filename, new PositionMapper(script.maps, 0));
    const compiled = new vm.Script(
      `(function (exports, require, module, __filename, __dirname, __cell__) {\n${script.text}\n})`,
      { filename, lineOffset: -1 },
    );
    try {
      (compiled.runInThisContext() as Wrapper)(
        module.exports,
        (specifier) => this.#require(folder, specifier),
        module,
        filename,
        folder,
        this.support,
      );
    } catch (error) {
      this.#loaded.delete(path);
      throw error;
    }
    return module.exports;
  }

  #require(folder: string, specifier: string): unknown {
    const local = this.find(folder, specifier);
    if (local !== undefined) return this.load(local);
    return specifier.startsWith(".")
      ? createRequire(join(folder, "module.js"))(specifier)
      : this.loader.require(specifier);
  }
}
