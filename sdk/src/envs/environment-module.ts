// Environments from modules outside this package: where they lie, and how they find `dmpo`.
import { createRequire, register } from "node:module";
import { pathToFileURL } from "node:url";
import { fail } from "../errors.js";
import { userPath } from "../paths.js";
import type { EnvironmentDefinition } from "./environment.js";

/** Whether `env` means a module: a `file:` URL, or a path, which begins as one ("./", "/", "~") or ends as a script does. */
export function isModule(env: string): boolean {
  return /^file:|^~|^(\.{1,2}|[A-Za-z]:)?[/\\]|\.[cm]?[jt]s$/.test(env);
}

/** The module's `file:` URL; paths are relative to the current directory. */
export function moduleAddress(env: string): string {
  return env.startsWith("file:") ? env : pathToFileURL(userPath(env)).href;
}

/**
 * The default export of the module.
 * @throws InputError DMPO_ENV_MODULE if it cannot be loaded or has none.
 */
export async function importEnvironment(env: string): Promise<EnvironmentDefinition> {
  const address = moduleAddress(env);
  lendPackage(address);
  const expected = "a module whose default export is defineEnvironment({...}) or defineRobot({...})";
  let module: { readonly default?: EnvironmentDefinition };
  try {
    module = (await import(address)) as typeof module;
  } catch (cause) {
    const [wrong] = String(cause).split("\n");
    const isTypeScript = (cause as NodeJS.ErrnoException).code === "ERR_UNKNOWN_FILE_EXTENSION";
    const remedy = isTypeScript ? "Node reads TypeScript from version 22.18 on; compile it to .mjs before" : undefined;
    return fail("DMPO_ENV_MODULE", env, `cannot be loaded: ${wrong}`, expected, remedy);
  }
  return module.default ?? fail("DMPO_ENV_MODULE", env, "has no default export", expected);
}

let isLent = false;

/** Makes `import "dmpo"` mean this package in modules that lie where Node does not find it. Once per thread. */
function lendPackage(address: string): void {
  if (isLent) return;
  try {
    createRequire(address).resolve("dmpo");
  } catch {
    isLent = true;
    const own = JSON.stringify(import.meta.url);
    const hook = `export async function resolve(name, context, next) {
      if (!/^dmpo(\\/|$)/.test(name)) return next(name, context);
      try { return await next(name, context); } catch { return next(name, { ...context, parentURL: ${own} }); }
    }`;
    register(`data:text/javascript,${encodeURIComponent(hook)}`);
  }
}
