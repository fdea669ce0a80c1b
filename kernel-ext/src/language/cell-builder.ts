// The compiler program of one cell, with what tslab asks of it beyond that. TypeScript's own incremental builder works out
// what each of a thousand declaration files refers to, for every cell, though only the cell's own imports matter.
import ts from "typescript";
import { expandShorthands } from "./shorthand.js";

/** What tslab puts before each cell to make it a module. */
const prefix = `export {};${ts.sys.newLine}`;

const cellFile = "/__tslab__.ts";

type Emit = (...parameters: unknown[]) => ts.EmitResult;

/** Receives the ES module text of a local module; `path` is the absolute path of what would be its .js file. */
type ReceiveModule = (path: string, text: string) => void;

export class CellBuilders {
  constructor(private readonly receive: ReceiveModule) {}

  #outline: ts.SourceFile | undefined;

  /**
   * tslab makes two programs per cell: one to see which names it declares, and one with these names exported. Announced
   * here, the first is replaced by the parsed and bound text alone.
   */
  announce(code: string): void {
    const file = ts.createSourceFile("cell.ts", `${prefix}${code}`, ts.ScriptTarget.Latest, true);
    bind(file, {});
    this.#outline = localsOf(file)?.size ? file : undefined;
  }

  /** In place of `ts.createEmitAndSemanticDiagnosticsBuilderProgram`. */
  readonly create: ts.CreateProgram<ts.BuilderProgram> = (...parameters) => {
    const [roots, , host, previous] = parameters;
    const outline = this.#outline;
    this.#outline = undefined;
    const cell = roots?.find((name) => name.endsWith(cellFile));
    if (previous && cell !== undefined && outline?.text === host?.readFile(cell))
      return { ...previous, getSourceFile: (name) => (name === cell ? outline : previous.getSourceFile(name)) };
    const builder = ts.createAbstractBuilder(...parameters);
    return fullBuilder(builder, this.receive);
  };
}

function fullBuilder(builder: ts.BuilderProgram, receive: ReceiveModule): ts.BuilderProgram {
  const program = builder.getProgram() as ts.Program & { emit: Emit };
  // tslab reads the names that a cell declares from the result of binding, which would otherwise wait for the checker.
  for (const name of program.getRootFileNames()) {
    const file = program.getSourceFile(name);
    if (file) bind(file, program.getCompilerOptions());
  }
  return {
    ...builder,
    getAllDependencies: (file) => localDependencies(program, file),
    // Declarations are what later cells know of this one, so they are emitted even where a type cannot be named from
    // outside its package (the last parameter).
    emit: (file, write, cancellation, onlyDeclarations, transformers) => {
      const after = [expandShorthands(program), ...(transformers?.after ?? [])];
      // tslab refuses local modules outside the notebook's folder, so all of them go past it.
      const isCell = file?.fileName.endsWith(cellFile) === true;
      const writeModule: ts.WriteFileCallback = (name, text) => {
        if (file && /\.[cm]?js$/.test(name)) receive(file.fileName.replace(/\.[^./]+$/, ".js"), text);
      };
      const output = isCell ? write : writeModule;
      return program.emit(file, output, cancellation, onlyDeclarations, { ...transformers, after }, true);
    },
  };
}

function bind(file: ts.SourceFile, options: ts.CompilerOptions): void {
  const compiler = ts as unknown as { bindSourceFile(file: ts.SourceFile, options: ts.CompilerOptions): void };
  compiler.bindSourceFile(file, options);
}

function localsOf(file: ts.SourceFile): ReadonlyMap<unknown, unknown> | undefined {
  return (file as unknown as { locals?: ReadonlyMap<unknown, unknown> }).locals;
}

/** The file and the local modules that it imports, directly or not; packages count only as declarations. */
function localDependencies(program: ts.Program, file: ts.SourceFile): string[] {
  const resolver = program as unknown as {
    getResolvedModuleFromModuleSpecifier(
      specifier: ts.StringLiteralLike,
      file: ts.SourceFile,
    ): ts.ResolvedModuleWithFailedLookupLocations | undefined;
  };
  const found = new Set([file.fileName]);
  for (const name of found) {
    const source = program.getSourceFile(name);
    if (!source || source.isDeclarationFile) continue;
    const { imports } = source as unknown as { imports: readonly ts.StringLiteralLike[] };
    for (const specifier of imports) {
      const module = resolver.getResolvedModuleFromModuleSpecifier(specifier, source)?.resolvedModule;
      if (module && !module.isExternalLibraryImport) found.add(module.resolvedFileName);
    }
  }
  return [...found];
}
