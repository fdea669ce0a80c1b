// Repairs what tslab's rewriting of names misses.
import ts from "typescript";

/** tslab turns a name from an earlier cell into a property of `exports`, but misses it in `{ name }`. */
export function expandShorthands(program: ts.Program): ts.TransformerFactory<ts.SourceFile> {
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
