// Loads the kernel's own code into a realm of its own: its Promise, Map, Array.prototype and so on are not those of the
// cells, which may overwrite or delete theirs.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { compileFunction, createContext } from "node:vm";

const require = createRequire(import.meta.url);

interface Module {
  exports: object;
}

/** Exports of the CommonJS module at `path`; what it requires is loaded into the same realm, except Node's modules. */
export function loadInOwnRealm(path: string): unknown {
  // Without a prototype, or a cell could define the realm's globals on Object.prototype.
  const context = createContext(Object.create(null) as object);
  const modules = new Map<string, Module>();
  const load = (file: string): object => {
    const known = modules.get(file);
    if (known) return known.exports;
    const module: Module = { exports: Object.create(null) as object };
    modules.set(file, module);
    const body = compileFunction(readFileSync(file, "utf8"), ["exports", "require"], {
      filename: file,
      parsingContext: context,
    }) as (exports: object, require: (specifier: string) => object) => void;
    body(module.exports, (specifier) =>
      specifier.startsWith("node:") ? builtin(specifier) : load(join(dirname(file), specifier)),
    );
    return module.exports;
  };
  return load(path);
}

/** One of Node's modules with the functions that it has now: cells may replace them. */
function builtin(specifier: string): object {
  const exports = require(specifier) as object;
  const functions = specifier === "node:process" ? {} : exports;
  return Object.assign(Object.create(null) as object, functions, { __esModule: true, default: exports });
}
