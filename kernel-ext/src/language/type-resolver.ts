// Finds the types of a module from the notebook's folder and, failing that, from the kernel's, where the SDK is.
import { join } from "node:path";
import ts from "typescript";

export class TypeResolver {
  /** Also what the compiler reads package.json files from; without it, it would parse them all for each cell. */
  readonly cache: ts.ModuleResolutionCache;

  constructor(
    private readonly roots: readonly string[],
    private readonly host: ts.ModuleResolutionHost,
  ) {
    this.cache = ts.createModuleResolutionCache(roots[0]!, (path) => path);
  }

  resolve(
    specifier: string,
    file: string,
    options: ts.CompilerOptions,
    redirected: ts.ResolvedProjectReference | undefined,
  ): ts.ResolvedModuleWithFailedLookupLocations {
    // What a notebook imports may be installed or written while it is open; packages do not change.
    const cache = file.endsWith(".d.ts") && !file.endsWith("__prev__.d.ts") ? this.cache : undefined;
    const found = ts.resolveModuleName(specifier, file, options, this.host, cache, redirected);
    if (found.resolvedModule || specifier.startsWith(".")) return found;
    for (const root of this.roots.slice(1)) {
      const other = ts.resolveModuleName(specifier, join(root, "cell.ts"), options, this.host, this.cache);
      if (other.resolvedModule) return other;
    }
    return found;
  }
}
