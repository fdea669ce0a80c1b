// The user's own .ts files beside the notebook, compiled with the cells that import them.
import { createRequire } from "node:module";
import { basename, dirname, extname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { Script as CompiledText } from "node:vm";
import type { RunMessage } from "../channel.js";
import type { ModuleSupport } from "./cell-support.js";
import type { ModuleLoader } from "./module-loader.js";
import { PositionMapper } from "./position-map.js";
import type { Script } from "./script.js";
import { mapFramesOf } from "./stack-frames.js";
import type { Suspension } from "./suspension.js";

interface LoadedModule {
  exports: Record<string, unknown>;
}

type Wrapper = (
  exports: object,
  require: (specifier: string) => unknown,
  module: LoadedModule,
  filename: string,
  dirname: string,
  cell: ModuleSupport,
) => void;

export class LocalModules {
  readonly #scripts = new Map<string, Script>();
  #loaded = new Map<string, LoadedModule>();

  constructor(
    private readonly loader: ModuleLoader,
    private readonly suspension: Suspension,
  ) {}

  /** Takes in new and changed modules; all are evaluated anew, because any may import a changed one. */
  update(scripts: RunMessage["modules"]): void {
    if (scripts.length === 0) return;
    for (const [path, script] of scripts) this.#scripts.set(path, script);
    this.#loaded = new Map();
  }

  /** The module that `specifier` means in a file of `folder`: a local one, or a package. */
  require(folder: string, specifier: string): unknown {
    const local = this.#find(folder, specifier);
    if (local !== undefined) return this.#load(local);
    return specifier.startsWith(".")
      ? createRequire(join(folder, "module.js"))(specifier)
      : this.loader.require(specifier);
  }

  /** `import()` in a file of `folder`. */
  async import(folder: string, specifier: string, options?: ImportCallOptions): Promise<unknown> {
    const local = this.#find(folder, specifier);
    if (local !== undefined) return this.#load(local);
    const absolute = specifier.startsWith(".") ? pathToFileURL(join(folder, specifier)).href : specifier;
    return this.loader.import(absolute, options);
  }

  /** What the script `name` in `folder` calls `__cell__`. */
  support(folder: string, name: string): ModuleSupport {
    const { suspend, resume, suspended } = this.suspension;
    let meta: ImportMeta | undefined;
    // Only where it is read: it takes functions of Node that an earlier cell may have broken.
    const metaOf = () => (meta ??= this.#metaOf(join(folder, name)));
    return {
      suspend,
      resume,
      suspended,
      import: (specifier, options) => this.import(folder, specifier, options),
      get meta() {
        return metaOf();
      },
    };
  }

  /** `import.meta` in the file at `path`. */
  #metaOf(path: string): ImportMeta {
    const url = pathToFileURL(path).href;
    const { resolve } = this.loader;
    const meta = {
      dirname: dirname(path),
      filename: path,
      url,
      resolve: (specifier: string) => resolve(specifier, url),
    };
    return Object.setPrototypeOf(meta, null) as ImportMeta;
  }

  /** Path of the local module that `specifier` means in a file of `folder`, if there is one. */
  #find(folder: string, specifier: string): string | undefined {
    if (!specifier.startsWith(".") && !specifier.startsWith("/")) return undefined;
    const path = specifier.startsWith("/") ? specifier : join(folder, specifier);
    const stem = /\.[cm]?[jt]sx?$/.test(path) ? path.slice(0, -extname(path).length) : path;
    return [`${stem}.js`, `${path}.js`, join(path, "index.js")].find((candidate) => this.#scripts.has(candidate));
  }

  #load(path: string): Record<string, unknown> {
    const existing = this.#loaded.get(path);
    if (existing) return existing.exports;
    const script = this.#scripts.get(path)!;
    const filename = `${path.slice(0, -extname(path).length)}.ts`;
    const folder = dirname(path);
    const exports = Object.create(null) as Record<string, unknown>;
    Object.defineProperty(exports, "__esModule", { value: true });
    const module: LoadedModule = { exports };
    this.#loaded.set(path, module);
    mapFramesOf(filename, new PositionMapper(script.maps, 0));
    const compiled = new CompiledText(
      `(function (exports, require, module, __filename, __dirname, __cell__) {\n${script.text}\n})`,
      { filename, lineOffset: -1 },
    );
    try {
      (compiled.runInThisContext() as Wrapper)(
        module.exports,
        (specifier) => this.require(folder, specifier),
        module,
        filename,
        folder,
        this.support(folder, basename(filename)),
      );
    } catch (error) {
      this.#loaded.delete(path);
      throw error;
    }
    return module.exports;
  }
}
