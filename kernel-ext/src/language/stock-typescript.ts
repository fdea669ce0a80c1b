// Puts stock TypeScript in the place of the fork that tslab's converter asks for, with this kernel's compiler options.
import { existsSync } from "node:fs";
import Module, { createRequire } from "node:module";
import { dirname, join } from "node:path";
import ts from "typescript";
import { forkFunctions } from "./compiler-internals.js";
import type { CellBuilders } from "./cell-builder.js";
import type { FileWatch } from "./file-watch.js";
import { TypeResolver } from "./type-resolver.js";

interface Hooks {
  /** Folders from which packages and their types are found, in this order. */
  readonly roots: readonly string[];
  readonly watch: FileWatch;
  readonly builders: CellBuilders;
  /** ES module text -> CommonJS text. */
  transpile(source: string): string;
}

/**
 * Complaints that make no sense in a notebook: an unused left side of a comma, an evolving array shown by its name, a local
 * module outside the notebook's folder.
 */
const ignoredDiagnostics = new Set([2695, 6059, 7005, 7034]);

/** Must run before tslab's converter is loaded. */
export function installStockTypeScript(hooks: Hooks): void {
  const own = createRequire(import.meta.url);
  const fork = createRequire(own.resolve("tslab/package.json")).resolve("@tslab/typescript-for-tslab");
  const stand = new Module(fork);
  stand.filename = fork;
  stand.loaded = true;
  stand.exports = {
    __esModule: true,
    ...ts,
    ...forkFunctions,
    sys: { ...ts.sys, watchFile: hooks.watch.add, watchDirectory: () => ({ close: () => undefined }) },
    getDefaultTypeRoots: () => typeRoots(hooks.roots),
    getPreEmitDiagnosticsOfFiles: diagnosticsOf,
    createWatchCompilerHost: (files: string[], options: ts.CompilerOptions, ...rest: unknown[]) =>
      compilerHost(hooks, files, options, rest),
    transpileModule: (source: string): ts.TranspileOutput => ({ outputText: hooks.transpile(source) }),
  };
  own.cache[fork] = stand;
}

type WatchHost = ts.WatchCompilerHostOfFilesAndCompilerOptions<ts.BuilderProgram>;

function compilerHost(
  { roots, builders }: Hooks,
  files: string[],
  { noImplicitUseStrict: _, experimentalDecorators: __, ...options }: ts.CompilerOptions,
  [system, , ...reporters]: unknown[],
): WatchHost {
  const create = ts.createWatchCompilerHost as unknown as (...parameters: unknown[]) => WatchHost;
  const settings: ts.CompilerOptions = {
    ...options,
    strict: true,
    checkJs: false,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    rewriteRelativeImportExtensions: true,
    lib: ["lib.esnext.d.ts"],
    // All of @types in reach would cost a second and define names that Node does not have.
    types: ["node"],
    inlineSourceMap: true,
  };
  const host = create(files, settings, system, builders.create, ...reporters);
  const resolver = new TypeResolver(roots, system as ts.System);
  host.resolveModuleNameLiterals = (literals, file, redirected, compilerOptions) =>
    literals.map(({ text }) => resolver.resolve(text, file, compilerOptions, redirected));
  host.getModuleResolutionCache = () => resolver.cache;
  // With an own resolver the compiler would otherwise rebuild everything for each cell.
  host.hasInvalidatedResolutions = () => false;
  return host;
}

function diagnosticsOf(program: ts.Program, files: readonly ts.SourceFile[]): ts.Diagnostic[] {
  const syntactic = files.flatMap((file) => program.getSyntacticDiagnostics(file));
  if (syntactic.length > 0) return syntactic;
  return files
    .flatMap((file) => program.getSemanticDiagnostics(file))
    .filter(({ code }) => !ignoredDiagnostics.has(code));
}

function typeRoots(roots: readonly string[]): string[] {
  const found: string[] = [];
  for (const root of roots) {
    for (let folder = root; ; folder = dirname(folder)) {
      const types = join(folder, "node_modules/@types");
      if (existsSync(types)) found.push(types);
      if (folder === dirname(folder)) break;
    }
  }
  return found;
}
