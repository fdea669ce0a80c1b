// ES module text as the converter emits it -> the CommonJS text that runs: with stoppable awaits, real import(), and a
// list of what it imports and declares.
import ts from "typescript";
import type { Script } from "../runtime/script.js";

/** How the compiler marks an ES module: by globals that a cell may have deleted. Who loads a local module marks it instead. */
const moduleMark = 'Object.defineProperty(exports, "__esModule", { value: true });';
const inlineMap = /\n?\/\/# sourceMappingURL=data:application\/json;base64,(\S+)\s*$/;

export function toCommonJs(source: string, target: ts.ScriptTarget): Script {
  const map = inlineMap.exec(source);
  const imports: string[] = [];
  const names: string[] = [];
  const assignable: string[] = [];
  let hasTopLevelAwait = false;
  const { outputText, sourceMapText } = ts.transpileModule(source.replace(inlineMap, ""), {
    fileName: "module.js",
    compilerOptions: {
      module: ts.ModuleKind.CommonJS,
      esModuleInterop: true,
      target,
      newLine: ts.NewLineKind.LineFeed,
      sourceMap: true,
    },
    transformers: {
      before: [
        (context) => (file) => {
          for (const statement of file.statements) describe(statement, { imports, names, assignable });
          hasTopLevelAwait = awaitsAtTopLevel(file);
          return ts.visitEachChild(file, rewriter(context), context);
        },
      ],
    },
  });
  return {
    text: outputText.replace(/\n?\/\/# sourceMappingURL=\S*\s*$/, "").replace(moduleMark, ""),
    maps: { toModule: sourceMapText!, toSource: map ? Buffer.from(map[1]!, "base64").toString() : undefined },
    imports,
    names,
    assignable,
    hasTopLevelAwait,
  };
}

interface Description {
  imports: string[];
  names: string[];
  assignable: string[];
}

function describe(statement: ts.Statement, { imports, names, assignable }: Description): void {
  if (
    (ts.isImportDeclaration(statement) || ts.isExportDeclaration(statement)) &&
    statement.moduleSpecifier &&
    ts.isStringLiteral(statement.moduleSpecifier)
  )
    imports.push(statement.moduleSpecifier.text);
  if (ts.isExportDeclaration(statement) && statement.exportClause && ts.isNamedExports(statement.exportClause))
    for (const { name } of statement.exportClause.elements) names.push(name.text);
  if (!ts.isVariableStatement(statement)) return;
  const { flags, declarations } = statement.declarationList;
  const isExported = statement.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword);
  // The converter's variable for the last expression is exported in place.
  if (isExported) names.push(...declarations.flatMap(({ name }) => boundNames(name)));
  else if (isReassignable(flags)) assignable.push(...declarations.flatMap(({ name }) => boundNames(name)));
}

function isReassignable(flags: number): boolean {
  const kind = flags & ts.NodeFlags.BlockScoped;
  return kind === Number(ts.NodeFlags.Let) || kind === Number(ts.NodeFlags.None);
}

function boundNames(name: ts.BindingName): string[] {
  if (ts.isIdentifier(name)) return [name.text];
  return name.elements.flatMap((element) => (ts.isBindingElement(element) ? boundNames(element.name) : []));
}

function awaitsAtTopLevel(file: ts.SourceFile): boolean {
  function visit(node: ts.Node): boolean {
    if (ts.isFunctionLike(node) || ts.isClassStaticBlockDeclaration(node)) return false;
    if (ts.isAwaitExpression(node) || (ts.isForOfStatement(node) && node.awaitModifier)) return true;
    if (ts.isVariableDeclarationList(node) && isAwaitUsing(node.flags)) return true;
    return ts.forEachChild(node, visit) === true;
  }
  return ts.forEachChild(file, visit) === true;
}

function isAwaitUsing(flags: number): boolean {
  const kind = Number(ts.NodeFlags.AwaitUsing);
  return (flags & kind) === kind;
}

/** `await x` and `for await` go through the kernel, as does `import()`, which needs the notebook's folder. */
function rewriter(context: ts.TransformationContext): ts.Visitor {
  const { factory } = context;
  const call = (name: string, original: ts.Node, parameters: readonly ts.Expression[]) =>
    ts.setTextRange(
      factory.createCallExpression(
        factory.createPropertyAccessExpression(factory.createIdentifier("__cell__"), name),
        undefined,
        parameters,
      ),
      original,
    );
  const visit: ts.Visitor = (node) => {
    const inner = ts.visitEachChild(node, visit, context);
    if (ts.isAwaitExpression(inner)) {
      const waiting = call("suspend", inner.expression, [inner.expression]);
      return call("resume", node, [factory.updateAwaitExpression(inner, waiting)]);
    }
    if (ts.isForOfStatement(inner) && inner.awaitModifier)
      return factory.updateForOfStatement(
        inner,
        inner.awaitModifier,
        inner.initializer,
        call("suspended", inner.expression, [inner.expression]),
        inner.statement,
      );
    if (ts.isCallExpression(inner) && inner.expression.kind === ts.SyntaxKind.ImportKeyword)
      return call("import", node, inner.arguments);
    if (ts.isMetaProperty(inner) && inner.keywordToken === ts.SyntaxKind.ImportKeyword)
      return ts.setTextRange(
        factory.createPropertyAccessExpression(factory.createIdentifier("__cell__"), "meta"),
        inner,
      );
    // A function of an earlier cell is a property of `exports`, which must not become its `this`.
    if (ts.isCallExpression(inner) && isExportsProperty(inner.expression)) {
      const callee = factory.createComma(factory.createNumericLiteral(0), inner.expression);
      const unbound = ts.setTextRange(factory.createParenthesizedExpression(callee), inner.expression);
      return factory.updateCallExpression(inner, unbound, inner.typeArguments, inner.arguments);
    }
    return inner;
  };
  return visit;
}

function isExportsProperty(node: ts.Expression): boolean {
  return ts.isPropertyAccessExpression(node) && ts.isIdentifier(node.expression) && node.expression.text === "exports";
}
