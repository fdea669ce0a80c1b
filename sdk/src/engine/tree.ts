// Nested objects and arrays of leaves: flattening to a list with dotted names, and back.

export interface Leaf<T> {
  readonly name: string;
  readonly leaf: T;
}

type Tree<T> = T | { readonly [key: string]: Tree<T> } | readonly Tree<T>[];

/** All leaves in order, named by their path (`batch.noise`, `chain.0`; a bare leaf is called `value`). */
export function leavesOf<T>(tree: Tree<T>, isLeaf: (node: unknown) => node is T, path = ""): Leaf<T>[] {
  if (isLeaf(tree)) return [{ name: path || "value", leaf: tree }];
  if (tree === null || typeof tree !== "object") {
    throw new Error(`"${path || "value"}" is ${String(tree)}; expected a tensor, or an object or array of tensors`);
  }
  return Object.entries(tree as Record<string, Tree<T>>).flatMap(([key, child]) =>
    leavesOf(child, isLeaf, path ? `${path}.${key}` : key),
  );
}

/** The same structure with each leaf replaced. */
export function mapTree<T, U>(tree: Tree<T>, isLeaf: (node: unknown) => node is T, map: (leaf: T) => U): Tree<U> {
  if (isLeaf(tree)) return map(tree);
  if (Array.isArray(tree)) return tree.map((child: Tree<T>) => mapTree(child, isLeaf, map));
  return Object.fromEntries(
    Object.entries(tree as Record<string, Tree<T>>).map(([key, child]) => [key, mapTree(child, isLeaf, map)]),
  );
}

/** Whether two trees have the same keys in the same order, and leaves that `equal` accepts. */
export function sameTree<T>(
  a: Tree<T>,
  b: Tree<T>,
  isLeaf: (node: unknown) => node is T,
  equal: (a: T, b: T) => boolean,
): boolean {
  if (isLeaf(a)) return isLeaf(b) && equal(a, b);
  if (isLeaf(b) || b === null || typeof b !== "object") return false;
  const [left, right] = [a, b] as Record<string, Tree<T>>[];
  const keys = Object.keys(left!);
  const others = Object.keys(right!);
  return (
    keys.length === others.length &&
    keys.every((key, i) => key === others[i] && sameTree(left![key]!, right![key]!, isLeaf, equal))
  );
}
