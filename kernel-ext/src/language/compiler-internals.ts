// The internal functions of TypeScript 5.9 that tslab's converter takes from its own fork of the compiler.
import ts from "typescript";

interface Internals {
  readonly Completions: {
    getCompletionsAtPosition(...parameters: unknown[]): ts.CompletionInfo | undefined;
  };
  readonly SymbolDisplay: {
    getSymbolDisplayPartsDocumentationAndSymbolKind(
      checker: ts.TypeChecker,
      symbol: ts.Symbol,
      file: ts.SourceFile,
      enclosing: ts.Node | undefined,
      node: ts.Node,
    ): ts.QuickInfo & { symbolKind: ts.ScriptElementKind };
  };
  readonly nullTransformationContext: ts.TransformationContext;
  getTouchingPropertyName(file: ts.SourceFile, position: number): ts.Node;
  getContainerNode(node: ts.Node): ts.Node | undefined;
  getContainingObjectLiteralElement(node: ts.Node): (ts.Node & { parent: ts.ObjectLiteralExpression }) | undefined;
  getPropertySymbolsFromContextualType(
    element: ts.Node,
    checker: ts.TypeChecker,
    contextual: ts.Type,
    unionSymbolOk: boolean,
  ): ts.Symbol[];
  typeToDisplayParts(checker: ts.TypeChecker, type: ts.Type, enclosing: ts.Node | undefined): ts.SymbolDisplayPart[];
}

const internals = ts as unknown as Internals;

/** Functions by the names under which tslab's converter calls them. */
export const forkFunctions = {
  Completions: {
    ...internals.Completions,
    getCompletionsAtPositionForTslab: (_host: object, program: ts.Program, ...parameters: unknown[]) =>
      internals.Completions.getCompletionsAtPosition(
        { ...ts.sys, getNewLine: () => "\n", getCompilationSettings: () => program.getCompilerOptions() },
        program,
        ...parameters,
        undefined,
        false,
      ),
  },
  getNullTransformationContext: () => internals.nullTransformationContext,
  getQuickInfoAtPosition,
};

/** Of the name of a property in an object that is handed over: the property that is wanted there, which is the documented one. */
function optionOf(node: ts.Node, checker: ts.TypeChecker): ts.Symbol | undefined {
  const element = internals.getContainingObjectLiteralElement(node);
  const wanted = element && checker.getContextualType(element.parent);
  return wanted && internals.getPropertySymbolsFromContextualType(element, checker, wanted, false)[0];
}

/** What the language service says about the name at `position`, with types as displayed to people. */
function getQuickInfoAtPosition(
  file: ts.SourceFile,
  checker: ts.TypeChecker,
  _cancellation: unknown,
  position: number,
): ts.QuickInfo | undefined {
  const node = internals.getTouchingPropertyName(file, position);
  if (node === file) return undefined;
  const textSpan = { start: node.getStart(file), length: node.getEnd() - node.getStart(file) };
  const container = internals.getContainerNode(node);
  const symbol = optionOf(node, checker) ?? checker.getSymbolAtLocation(node);
  if (symbol && !(checker as unknown as { isUnknownSymbol(s: ts.Symbol): boolean }).isUnknownSymbol(symbol)) {
    const { symbolKind, ...info } = internals.SymbolDisplay.getSymbolDisplayPartsDocumentationAndSymbolKind(
      checker,
      symbol,
      file,
      container,
      node,
    );
    return { ...info, kind: symbolKind, kindModifiers: "", textSpan };
  }
  if (!ts.isIdentifier(node) && node.kind !== ts.SyntaxKind.ThisKeyword) return undefined;
  const displayParts = internals.typeToDisplayParts(checker, checker.getTypeAtLocation(node), container);
  return { kind: ts.ScriptElementKind.unknown, kindModifiers: "", textSpan, displayParts };
}
