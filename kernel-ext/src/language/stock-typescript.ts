// Puts stock TypeScript in the place of the fork that tslab's converter asks for, with this kernel's compiler options.
import { existsSync } from "node:fs";
import Module, { createRequire } from "node:module";
import { dirname, join } from "node:path";
import ts from "typescript";
import { forkFunctions } from "./compiler-internals.js";
import { TypeResolver } from "./type-resolver.js";
import type { FileWatch } from "./file-watch.js";

interface Hooks {
  /** Folders from which packages and their types are found, in this order. */
  readonly roots: readonly string[];
  readonly watch: FileWatch;
  /** ES module text -> CommonJS text. */
  transpile(source: string, target: ts.ScriptTarget): string;
}

/** Complaints that make no sense in a notebook: an unused left side of a comma, an evolving array shown by its name. */
const ignoredDiagnostics = new Set([2695, 7005, 7034]);

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
    transpileModule: (source: string, { compilerOptions }: ts.TranspileOptions): ts.TranspileOutput => ({
      outputText: hooks.transpile(source, compilerOptions?.target ?? ts.ScriptTarget.ES2022),
    }),
  };
  own.cache[fork] = stand;
}

type WatchHost = ts.WatchCompilerHostOfFilesAndCompilerOptions<ts.EmitAndSemanticDiagnosticsBuilderProgram>;

function compilerHost(
  { roots }: Hooks,
  files: string[],
  { noImplicitUseStrict: _, experimentalDecorators: __, ...options }: ts.CompilerOptions,
  [system, ...rest]: unknown[],
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
  const host = create(files, settings, system, ...rest);
  const resolver = new TypeResolver(roots, system as ts.System);
  host.resolveModuleNameLiterals = (literals, file, redirected, compilerOptions) =>
    literals.map(({ text }) => resolver.resolve(text, file, compilerOptions, redirected));
  // With an own resolver the compiler would otherwise rebuild everything for each cell.
  host.hasInvalidatedResolutions = () => false;
  return withForcedDeclarations(host);
}

/**
 * tslab stores its own `afterProgramCreate`, through which it gets each program. Declarations are what later cells know
 * of this one, so they are emitted even where a type cannot be named from outside its package.
 */
function withForcedDeclarations(host: WatchHost): WatchHost {
  let receive: WatchHost["afterProgramCreate"];
  return Object.defineProperty(host, "afterProgramCreate", {
    get: () => (builder: ts.EmitAndSemanticDiagnosticsBuilderProgram) => {
      const program = builder.getProgram() as ts.Program & { emit(...parameters: unknown[]): ts.EmitResult };
      builder.emit = (file, write, cancellation, onlyDeclarations, transformers) => {
        const after = [expandShorthands(program), ...(transformers?.after ?? [])];
        return program.emit(file, write, cancellation, onlyDeclarations, { ...transformers, after }, true);
      };
      receive?.(builder);
    },
    set: (value: WatchHost["afterProgramCreate"]) => (receive = value),
  });
}

/** tslab turns a name from an earlier cell into a property of `exports`, but misses it in `{ name }`. */
function expandShorthands(program: ts.Program): ts.TransformerFactory<ts.SourceFile> {
  const checker = program.getTypeChecker();
  const isEarlier = (node: ts.ShorthandPropertyAssignment) =>
    checker
      .getShorthandAssignmentValueSymbol(ts.getOriginalNode(node))
      ?.declarations?.some((declaration) => declaration.getSourceFile().fileName.endsWith("__prev__.d.ts"));
  return (context) => {
    const { factory } = context;
    const visit = (node: ts.Node): ts.Node => {
      const inner = ts.visitEachChild(node, visit, context);
      if (!ts.isShorthandPropertyAssignment(inner) || !isEarlier(inner)) return inner;
      const { name, objectAssignmentInitializer } = inner;
      const value = factory.createPropertyAccessExpression(factory.createIdentifier("exports"), name.text);
      return factory.createPropertyAssignment(
        factory.createIdentifier(name.text),
        objectAssignmentInitializer ? factory.createAssignment(value, objectAssignmentInitializer) : value,
      );
    };
    return (file) => ts.visitEachChild(file, visit, context);
  };
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
