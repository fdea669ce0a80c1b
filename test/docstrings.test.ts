// Every public export, every definition interface, and every member of theirs says in a docstring what it is.
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { expect, test } from "vitest";

const sources = fileURLToPath(new URL("../sdk/src/", import.meta.url));
const pages = [
  "index.ts",
  "engine-index.ts",
  "policies/definition.ts",
  "learning/algorithm.ts",
  "learning/parts.ts",
  "learning/stage.ts",
  "nn/network.ts",
  "space.ts",
  "envs/environment.ts",
];

/** Overrides that say what they are by their names. */
const exempt = new Set(["toString", "toJSON"]);

test("public exports and their members have docstrings", () => {
  const { checker, modules } = open(pages.map((page) => sources + page));
  const undocumented = new Set<string>();

  const check = (symbol: ts.Symbol, name: string, alias = symbol) => {
    // Of packages that are not read.
    if (!symbol.declarations) return;
    if (hasDocstring(symbol, checker) || hasDocstring(alias, checker)) return;
    undocumented.add(`${placeOf(symbol.declarations[0]!)} ${name}`);
  };

  const visitModule = (module: ts.Symbol, prefix: string) => {
    for (const exported of checker.getExportsOfModule(module)) {
      const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
      const name = prefix + exported.name;
      check(symbol, name, exported);
      if (symbol.flags & ts.SymbolFlags.ValueModule) visitModule(symbol, `${name}.`);
      else membersOf(symbol, checker).forEach((member) => check(member, `${name}.${member.name}`));
    }
  };
  modules.forEach((module) => visitModule(module, ""));

  expect([...undocumented].sort(), "undocumented").toEqual([]);
});

/** Of packages only Zod is read, from whose schemas options are inferred: the others take seconds and change nothing here. */
function open(files: readonly string[]) {
  const settings: ts.CompilerOptions = {
    target: ts.ScriptTarget.ES2023,
    module: ts.ModuleKind.NodeNext,
    strict: true,
    lib: ["lib.es2023.d.ts"],
    types: [],
  };
  const host = ts.createCompilerHost(settings);
  host.fileExists = (path) => !/node_modules\/(?!zod)/.test(path) && ts.sys.fileExists(path);
  const program = ts.createProgram(files, settings, host);
  const checker = program.getTypeChecker();
  return { checker, modules: files.map((file) => checker.getSymbolAtLocation(program.getSourceFile(file)!)!) };
}

/** Instance and static members, those of base types included. What a schema says is in its own descriptions. */
function membersOf(symbol: ts.Symbol, checker: ts.TypeChecker): ts.Symbol[] {
  const types = [
    ...(symbol.flags & ts.SymbolFlags.Type ? [checker.getDeclaredTypeOfSymbol(symbol)] : []),
    ...(symbol.flags & ts.SymbolFlags.Value ? [checker.getTypeOfSymbol(symbol)] : []),
  ];
  return types.flatMap((type) => checker.getPropertiesOfType(type)).filter(isOwnAndPublic);
}

function isOwnAndPublic({ name, declarations: [declaration] = [] }: ts.Symbol): boolean {
  return (
    declaration !== undefined &&
    declaration.getSourceFile().fileName.startsWith(sources) &&
    !ts.isPropertyAssignment(declaration) &&
    !(ts.getCombinedModifierFlags(declaration) & (ts.ModifierFlags.Private | ts.ModifierFlags.Protected)) &&
    !name.startsWith("#") &&
    !exempt.has(name)
  );
}

function hasDocstring(symbol: ts.Symbol, checker: ts.TypeChecker): boolean {
  const [declaration] = symbol.declarations!;
  // That of `export * as name` belongs to the whole statement.
  if (ts.isNamespaceExport(declaration!)) return ts.getJSDocCommentsAndTags(declaration.parent).length > 0;
  return symbol.getDocumentationComment(checker).length > 0;
}

function placeOf(node: ts.Declaration): string {
  const file = node.getSourceFile();
  return `${file.fileName.slice(sources.length)}:${file.getLineAndCharacterOfPosition(node.getStart()).line + 1}`;
}
