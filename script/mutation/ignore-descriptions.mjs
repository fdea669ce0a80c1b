// Texts of `.describe(...)` are documentation, which no test reads word for word: Stryker leaves them as they are.
const isDescription = ({ node }) =>
  node.type === "CallExpression" && node.callee.type === "MemberExpression" && node.callee.property.name === "describe";

export const descriptions = {
  shouldIgnore(path) {
    const { parentPath } = path;
    if (parentPath && path.listKey === "arguments" && isDescription(parentPath)) return "a description";
  },
};

export const strykerPlugins = [{ kind: "Ignore", name: "descriptions", value: descriptions }];
