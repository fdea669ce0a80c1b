// Errors in the user's own lines, whatever was thrown and wherever it happened.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { KernelClient } from "./client.js";

let kernel: KernelClient;
beforeAll(async () => {
  kernel = await KernelClient.start();
});
afterAll(async () => kernel.shutdown());

describe("before running", () => {
  test("type errors, strictly", async () => {
    const { error, reply } = await kernel.execute("\nconst a: { b?: string } = {};\na.b.length");
    expect(error).toMatchObject({ ename: "TypeScriptError" });
    expect(error!.evalue).toBe("3:1 - 'a.b' is possibly 'undefined'. (TS18048)");
    expect(reply.content).toMatchObject({ status: "error", ename: "TypeScriptError" });
  });

  test("syntax errors", async () => {
    const { error } = await kernel.execute("const ok = 1;\nfoo(;");
    expect(error!.ename).toBe("SyntaxError");
    expect(error!.evalue).toMatch(/^2:5 - /);
    expect(error!.traceback).toContain("> 2 | foo(;\n          ^");
  });
});

describe("while running", () => {
  test("line and column after imports and awaits", async () => {
    const code =
      "import { join } from 'node:path';\n\nawait Promise.resolve();\nconst path = join('a', 'b');\nthrow new RangeError(path);";
    const { error } = await kernel.execute(code);
    expect(error).toMatchObject({ ename: "RangeError", evalue: "a/b" });
    expect(error!.traceback).toMatch(/at cell-\d+\.ts:5:7/);
    expect(error!.traceback).toContain("> 5 | throw new RangeError(path);");
  });

  test("functions of earlier cells, without frames of the kernel", async () => {
    const { reply } = await kernel.execute(
      "// a comment\nfunction fail(reason: string): never {\n  throw new Error(reason);\n}",
    );
    const { error } = await kernel.execute("\n\nfail('there')");
    expect(error!.traceback).toMatch(new RegExp(`at fail \\(cell-${reply.content.execution_count}\\.ts:3:9\\)`));
    expect(error!.traceback).toMatch(/cell-\d+\.ts:3:\d/);
    expect(error!.traceback).not.toMatch(/kernel-ext|tslab|node:/);
  });

  test.each([
    ["throw 'text'", "text"],
    ["throw { code: 7 }", "{ code: 7 }"],
    ["throw undefined", "undefined"],
    ["await Promise.reject(3)", "3"],
  ])("%s", async (code, evalue) => {
    expect((await kernel.execute(code)).error).toMatchObject({ ename: "Thrown value", evalue });
  });

  test("causes are shown", async () => {
    const { error } = await kernel.execute("throw new Error('outer', { cause: new TypeError('inner') })");
    expect(error!.traceback).toMatch(/Error: outer[\s\S]*caused by TypeError: inner/);
  });

  test("the line of a cell stands first, however deep in a library it happened, whose frames are cut short", async () => {
    const { error } = await kernel.execute(
      "import { tf } from 'dmpo/engine';\nconst ones = tf.ones<tf.Rank.R2>([2, 3]);\ntf.matMul(ones, ones);",
    );
    expect(error!.evalue).toMatch(/inner shapes/);
    expect(error!.traceback).toMatch(/must match\.\n {2}2 \|.*\n> 3 \| tf\.matMul\(ones, ones\);\n +\^/);
    expect(error!.traceback).toMatch(
      /(.*tensorflow\.cjs.*\n){3} {4}\.\.\. \d+ more in libraries\n {4}at cell-\d+\.ts:3:4/,
    );
    const input = await kernel.execute(
      "import { Dataset } from 'dmpo';\nawait Dataset.npz('/nowhere/to/be/found.npz');",
    );
    expect(input.error!.traceback).toMatch(/> 2 \| await Dataset\.npz.*\n +\^\n {4}at (async )?cell-\d+\.ts:2:/);
  });

  test("the line where a cause was thrown is shown too", async () => {
    const { error } = await kernel.execute(
      "function inner(): never {\n  throw new TypeError('inner');\n}\ntry {\n  inner();\n} catch (cause) {\n  throw new Error('outer', { cause });\n}",
    );
    expect(error!.traceback).toMatch(
      /> 7 \| {3}throw new Error[\s\S]*caused by TypeError: inner\n[\s\S]*> 2 \| {3}throw new TypeError/,
    );
  });

  test("console.trace shows the user's lines", async () => {
    const { stderr } = await kernel.execute("function inner() {\n  console.trace('here', 1);\n}\ninner();");
    expect(stderr).toMatch(/^Trace: here 1\n\s+at inner \(cell-\d+\.ts:2:11\)\n\s+at cell-\d+\.ts:4:1\n$/);
  });

  test("no position of generated code is shown", async () => {
    // Compiled, this is 20 lines long.
    const code =
      "enum A { X = (() => { throw new Error('in an enum'); })() as unknown as number }\nclass B {\n  static accessor c = 1;\n}";
    const { error } = await kernel.execute(code);
    for (const [, line] of error!.traceback.matchAll(/cell-\d+\.ts:(\d+)/g)) expect(Number(line)).toBeLessThan(2);
    expect(error!.traceback).toContain("> 1 |");
  });

  test("an error's own stack names the user's lines", async () => {
    expect((await kernel.execute("\nnew Error('x').stack!.split('\\n')[1]!.trim()")).text).toMatch(
      /^at cell-\d+\.ts:2:1$/,
    );
  });
});

test("unhandled rejections and exceptions of timers are reported, and the kernel lives", async () => {
  const { stderr } = await kernel.execute(
    "setTimeout(() => { throw new Error('late'); }, 5);\nvoid Promise.reject(new TypeError('lost'));\nawait new Promise((resolve) => setTimeout(resolve, 100));",
  );
  expect(stderr).toMatch(/Uncaught TypeError: lost\n\s+at cell-\d+\.ts:2:21/);
  expect(stderr).toMatch(/Uncaught Error: late\n\s+at cell-\d+\.ts:1:26/);
  expect((await kernel.execute("'alive'")).text).toBe("alive");
});
