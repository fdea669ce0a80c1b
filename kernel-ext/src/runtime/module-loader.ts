// Loads modules for cells from the notebook's folder and, failing that, from the kernel's, where the SDK is.
import { createRequire, isBuiltin } from "node:module";
import { join } from "node:path";
import { pathToFileURL, URL } from "node:url";
import { types } from "node:util";
import { constants, Script } from "node:vm";
import type { Suspension } from "./suspension.js";

type Namespace = Record<string, unknown>;

/** What require() says about packages that only import() can load. */
const importOnly = new Set(["ERR_PACKAGE_PATH_NOT_EXPORTED", "ERR_REQUIRE_ASYNC_MODULE", "ERR_REQUIRE_ESM"]);

interface Root {
  readonly require: NodeJS.Require;
  /** `import()` as if written in a file of the folder. */
  readonly import: (specifier: string, options?: ImportCallOptions) => Promise<Namespace>;
}

export class ModuleLoader {
  readonly #roots: readonly Root[];
  /** Modules that had to be imported, in the shape that require() would give them. */
  readonly #imported = new Map<string, unknown>();

  constructor(
    folders: readonly string[],
    private readonly suspension: Suspension,
  ) {
    this.#roots = folders.map((folder) => ({
      require: createRequire(join(folder, "cell.js")),
      import: new Script("(specifier, options) => import(specifier, options)", {
        filename: join(folder, "cell.js"),
        importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
      }).runInThisContext() as Root["import"],
    }));
  }

  /**
   * Loads a module so that `require` will find it. Returns a promise only for what must be imported; other errors are left
   * to `require`.
   */
  prepare(specifier: string): Promise<void> | undefined {
    if (this.#imported.has(specifier)) return undefined;
    try {
      this.require(specifier);
    } catch (error) {
      if (importOnly.has(codeOf(error) ?? "")) return this.#adopt(specifier);
    }
    return undefined;
  }

  /** CommonJS modules as they are, ES modules as a namespace with the mark that compiled imports look for. */
  require(specifier: string): unknown {
    const imported = this.#imported.get(specifier);
    if (imported !== undefined) return imported;
    for (const { require } of this.#roots) {
      const path = resolvedBy(require, specifier);
      if (path === undefined) continue;
      // Data beside the notebook is read anew by each cell that imports it.
      if (path.endsWith(".json") && !path.includes("/node_modules/")) delete require.cache[path];
      return interoperable(require(path));
    }
    return this.#roots[0]!.require(specifier);
  }

  /** `import()` of a cell. */
  async import(specifier: string, options?: ImportCallOptions): Promise<Namespace> {
    let missing: unknown;
    for (const root of this.#roots) {
      try {
        return await new Promise<Namespace>((resolve, reject) =>
          this.suspension.whenSettled(root.import(specifier, options), resolve, reject),
        );
      } catch (error) {
        if (codeOf(error) !== "ERR_MODULE_NOT_FOUND" || specifier.startsWith(".")) throw error;
        missing ??= error;
      }
    }
    throw missing;
  }

  /** `import.meta.resolve()` in the file at `url`. @throws where there is no such package */
  readonly resolve = (specifier: string, url: string): string => {
    if (/^\.{0,2}\//.test(specifier)) return new URL(specifier, url).href;
    if (isBuiltin(specifier)) return specifier.startsWith("node:") ? specifier : `node:${specifier}`;
    if (URL.canParse(specifier)) return new URL(specifier).href;
    const found = this.#roots.map(({ require }) => resolvedBy(require, specifier)).find((path) => path !== undefined);
    return pathToFileURL(found ?? this.#roots[0]!.require.resolve(specifier)).href;
  };

  async #adopt(specifier: string): Promise<void> {
    this.#imported.set(specifier, interoperable(await this.import(specifier)));
  }
}

function resolvedBy(require: NodeJS.Require, specifier: string): string | undefined {
  try {
    return require.resolve(specifier);
  } catch (error) {
    if (codeOf(error) === "MODULE_NOT_FOUND") return undefined;
    throw error;
  }
}

function codeOf(error: unknown): string | undefined {
  return types.isNativeError(error) && "code" in error ? String(error.code) : undefined;
}

const views = new WeakMap<object, object>();

/** A namespace with a default export gets `__esModule`, or `import x from` would yield the namespace itself. */
function interoperable(loaded: unknown): unknown {
  if (!isNamespace(loaded) || "__esModule" in loaded) return loaded;
  let view = views.get(loaded);
  if (!view) {
    view = Object.defineProperty(Object.create(null) as object, "__esModule", { value: true });
    for (const name of Object.keys(loaded))
      Object.defineProperty(view, name, { enumerable: true, get: () => (loaded as Namespace)[name] });
    views.set(loaded, view);
  }
  return view;
}

function isNamespace(value: unknown): value is object {
  return types.isModuleNamespaceObject(value);
}
