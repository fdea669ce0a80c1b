// Which names a function's text takes from around it: parsed by acorn, scopes resolved by eslint-scope.
import { runInNewContext } from "node:vm";

/** The text of a function as an expression, and the names that it does not declare itself. */
export interface FunctionText {
  readonly expression: string;
  /** In order, each once; none: the function can be made again anywhere. */
  readonly freeNames: readonly string[];
}

/** What every thread has, and nobody calls otherwise. `eval`, `Function` and `globalThis` reach further than can be told. */
const known = new Set([
  ...(runInNewContext("Object.getOwnPropertyNames(globalThis)") as string[]),
  ...["console", "performance", "structuredClone"],
]);
for (const name of ["eval", "Function", "globalThis"]) known.delete(name);

/** Undefined for what is not written in JavaScript, or in a way that has a meaning only where it stands. */
export async function readFunction(code: (...parameters: never[]) => unknown): Promise<FunctionText | undefined> {
  const [{ parse }, { analyze }] = await Promise.all([import("acorn"), import("eslint-scope")]);
  const text = Function.prototype.toString.call(code);
  // Methods are functions within an object only.
  for (const expression of [`(${text}\n)`, `Object.values({ ${text}\n })[0]`]) {
    let tree;
    try {
      tree = parse(expression, { ecmaVersion: "latest", sourceType: "module", ranges: true });
    } catch {
      continue;
    }
    const { globalScope } = analyze(tree as never, { ecmaVersion: 2022, sourceType: "module" });
    const free = globalScope!.through.map(({ identifier }) => nameAt(identifier as never, expression));
    const isArrow = !text.startsWith("class") && takesThis(globalScope!.childScopes);
    const outside = [...free, ...(importsSomething(tree) ? ["import"] : []), ...(isArrow ? ["this"] : [])];
    return {
      expression,
      freeNames: [...new Set(outside)].filter((name) => !known.has(name)),
    };
  }
  return undefined;
}

/** What compilers of the user's text make of an import or of a variable of another cell: a property of theirs. */
const compilers = /^(exports|__vi\w+|\w+_\d+)$/;

/** The name as the user wrote it. */
function nameAt({ name, range: [, end] }: { name: string; range: [number, number] }, text: string): string {
  const property = /^\s*\??\.\s*([\p{ID_Start}$_][\p{ID_Continue}$]*)/u.exec(text.slice(end))?.[1];
  if (name === "__cell__") return property === "import" || property === "meta" ? "import" : name;
  return (compilers.test(name) && property) || name;
}

/** Whether `import(...)` or `import.meta` is within: they belong to the file. */
function importsSomething(node: unknown): boolean {
  if (typeof node !== "object" || node === null) return false;
  const { type, meta } = node as { readonly type?: unknown; readonly meta?: { readonly name?: unknown } };
  if (type === "ImportExpression" || (type === "MetaProperty" && meta?.name === "import")) return true;
  return Object.values(node).some(importsSomething);
}

interface Scope {
  readonly type: string;
  readonly block: { readonly type: string };
  readonly childScopes: readonly Scope[];
  readonly thisFound?: boolean;
}

/** Whether an arrow function that lies in no other kind of function says `this`. */
function takesThis(scopes: readonly Scope[]): boolean {
  return scopes.some(({ type, block, childScopes, thisFound }) => {
    if (type.startsWith("class") || (type === "function" && block.type !== "ArrowFunctionExpression")) return false;
    return (type === "function" && thisFound === true) || takesThis(childScopes);
  });
}
