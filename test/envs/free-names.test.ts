// Which names a function takes from around it.
import { runInThisContext } from "node:vm";
import { expect, test } from "vitest";
import { readFunction } from "../../sdk/src/envs/free-names.js";
import { natively } from "./natively.js";

const free = async (code: (...parameters: never[]) => unknown) => (await readFunction(code))?.freeNames;
/** A function with names around it, made at run time so that no compiler rewrites it. */
const made = (expression: string) =>
  (runInThisContext(`(gravity, exports, dmpo_1) => ${expression}`) as (...names: unknown[]) => () => unknown)(
    1,
    {},
    {},
  );

test.each([
  ["() => Math.max(...new Float32Array(2), NaN, undefined)", []],
  ["function walk(n) { return n > 0 ? walk(n - 1) : arguments.length }", []],
  ["({ create() { return { angle: 0, step() { return (this.angle += 1) } } } }).create", []],
  ["({ async *create({ a = 1, ...rest }, [b]) { for (const c of rest) yield a + b + c } }).create", []],
  ["() => { class Rod { #angle = 0; turn() { return this.#angle } } return new Rod() }", []],
  ["class { static size = 3 }", []],
  ["({ ['cre' + 'ate']() {} }).create", []],
  ["() => { try { return 1 } catch (error) { return error } }", []],
  ["() => gravity * gravity", ["gravity"]],
  ["({ create() { return () => ({ gravity }) } }).create", ["gravity"]],
  ["(by = gravity) => by", ["gravity"]],
  ["() => { gravity++ }", ["gravity"]],
  ["() => typeof missing", ["missing"]],
  ["() => exports.mass + (0, dmpo_1.makeEnvironment)()", ["mass", "makeEnvironment"]],
  [
    "async () => __cell__.resume((await __cell__.suspend(__cell__.import('dmpo')), __cell__.meta))",
    ["__cell__", "import"],
  ],
  ["() => globalThis.x ?? eval('gravity')", ["globalThis", "eval"]],
  ["() => process.pid", ["process"]],
  ["async ({ meta }) => (await import('node:fs')).existsSync(meta)", ["import"]],
  ["function make() { return new.target && { import: make } }", []],
  ["(() => () => this.mass).call({ mass: 1 })", ["this"]],
])("%s", async (expression, names) => {
  expect(await free(made(expression))).toEqual(names);
});

test("what is not written in JavaScript cannot be read", async () => {
  expect(await free(Math.max)).toBeUndefined();
  expect(await free((() => 1).bind(null))).toBeUndefined();
});

test("nor can what only a script that is not strict may say", async () => {
  expect(await free(made("() => 010"))).toBeUndefined();
});

test("import.meta is of the file", async () => {
  const { default: here } = await natively("data:text/javascript,export default () => import.meta.url");
  expect(await free(here as () => string)).toEqual(["import"]);
});

test("the expression makes the function again", async () => {
  const again = async (code: () => unknown) =>
    runInThisContext((await readFunction(code))!.expression) as (x: number) => unknown;
  expect((await again(made("(times) => ({ by: (factor) => times * factor })")))(3)).toMatchObject({
    by: expect.any(Function) as unknown,
  });
  expect((await again(made("({ twice(x) { return 2 * x } }).twice")))(4)).toBe(8);
  expect((await again(made("({ async twice(x) { return 2 * x } }).twice // a comment")))(4)).toBeInstanceOf(Promise);
});
