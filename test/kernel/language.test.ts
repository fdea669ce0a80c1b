// TypeScript in cells: await, redeclaration, imports of every kind, the SDK from any folder, completion and inspection.
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { KernelClient } from "./client.js";

let kernel: KernelClient;
let project: string;

/** A project with a notebook folder, a module beside it and one above, and three kinds of package. */
beforeAll(async () => {
  project = await mkdtemp(join(tmpdir(), "dmpo-kernel-project-"));
  await files({
    "above.ts": "import { ten } from './ten';\nexport const above = (n: number): number => ten * n;",
    "ten.ts": "export const ten = 10;",
    "notebook/here.ts": "export const here = (): string => 'first';",
    "notebook/data.json": '{ "answer": 42 }',
    "notebook/node_modules/only/package.json":
      '{"name":"only","type":"module","exports":{".":{"types":"./i.d.ts","import":"./i.js"}}}',
    "notebook/node_modules/only/i.js": "export default 'default'; export const named = 'named';",
    "notebook/node_modules/only/i.d.ts":
      "declare const d: string; export default d; export declare const named: string;",
    "notebook/node_modules/waits/package.json":
      '{"name":"waits","type":"module","exports":{".":{"types":"./i.d.ts","default":"./i.js"}}}',
    "notebook/node_modules/waits/i.js": "export const waited = await Promise.resolve(7);",
    "notebook/node_modules/waits/i.d.ts": "export declare const waited: number;",
    "notebook/node_modules/common/package.json": '{"name":"common","main":"i.js","types":"i.d.ts"}',
    "notebook/node_modules/common/i.js": "module.exports = { named: 9 };",
    "notebook/node_modules/common/i.d.ts": "declare const all: { named: number }; export = all;",
  });
  kernel = await KernelClient.start(join(project, "notebook"));
});
afterAll(async () => {
  await kernel.shutdown();
  await rm(project, { recursive: true });
});

async function files(contents: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, content] of Object.entries(contents)) {
    await mkdir(join(project, path, ".."), { recursive: true });
    await writeFile(join(project, path), content);
  }
}

describe("top-level await", () => {
  test.each([
    ["await 1", "1"],
    ["await (async () => 5)()", "5"],
    ["(await Promise.resolve({ a: 6 })).a", "6"],
    ["let sum = 0; for await (const n of [1, Promise.resolve(2)]) sum += n; sum", "3"],
    ["let last = 0; for (const n of [1, 2]) { last = await Promise.resolve(n); } last", "2"],
    ["const { sep } = await import('node:path'); sep.length", "1"],
    [
      "let caught = ''; try { await Promise.reject(new Error('no')); } catch (e) { caught = String(e); } caught",
      "Error: no",
    ],
  ])("%s", async (code, text) => {
    expect((await kernel.execute(code)).text).toBe(text);
  });
});

describe("variables", () => {
  test("const can be declared anew, with another type", async () => {
    await kernel.execute("const x: number = 1");
    await kernel.execute("const x = 'text'");
    expect((await kernel.execute("x.toUpperCase()")).text).toBe("TEXT");
    expect((await kernel.execute("({ x })")).text).toBe("{ x: 'text' }");
  });

  test("a later assignment reaches functions of the earlier cell, and theirs reach later cells", async () => {
    await kernel.execute("let n = 0; const increment = () => ++n;");
    expect((await kernel.execute("increment(); increment(); n")).text).toBe("2");
    expect((await kernel.execute("n = 10; increment()")).text).toBe("11");
    expect((await kernel.execute("n")).text).toBe("11");
  });

  test("a failing cell leaves the variables as they were", async () => {
    await kernel.execute("const kept = 'old'");
    await kernel.execute("const kept = 'new'; throw new Error('x')");
    expect((await kernel.execute("kept")).text).toBe("old");
  });

  test("types, interfaces, enums and classes live on", async () => {
    await kernel.execute(
      "interface Point { x: number }\ntype Pair = [Point, Point];\nenum Kind { A, B }\nclass Box { full = true }",
    );
    const { text } = await kernel.execute(
      "const pair: Pair = [{ x: 1 }, { x: 2 }]; [pair[1].x, Kind.B, new Box().full]",
    );
    expect(text).toBe("[ 2, 1, true ]");
  });
});

describe("as in a module", () => {
  test("import.meta, in cells and in local modules", async () => {
    const folder = join(project, "notebook");
    const { text } = await kernel.execute(
      "const { url, dirname, filename } = import.meta; [new URL('./data.json', url).pathname, dirname, filename.replace(/cell-\\d+/, 'cell-N')].join()",
    );
    expect(text).toBe([join(folder, "data.json"), folder, join(folder, "cell-N.ts")].join());
    await files({ "notebook/where.ts": "export const where = import.meta.url;" });
    const local = await kernel.execute("import { where } from './where'; where");
    expect(local.text).toBe(pathToFileURL(join(folder, "where.ts")).href);
    const resolved = await kernel.execute("['./x.ts', 'common', 'fs'].map((name) => import.meta.resolve(name)).join()");
    const expected = [join(folder, "x.ts"), join(folder, "node_modules/common/i.js")].map((p) => pathToFileURL(p).href);
    expect(resolved.text).toBe([...expected, "node:fs"].join());
  });

  test("export", async () => {
    await kernel.execute(
      "export const five = 5; export function twice(n: number) { return 2 * n }\nexport interface Named { name: string }\nexport default class Box { full = true }\nexport { five as cinq };\nexport * from 'common';",
    );
    const { text } = await kernel.execute("const n: Named = { name: 'n' }; [twice(five), n.name, new Box().full]");
    expect(text).toBe("[ 10, 'n', true ]");
    expect((await kernel.execute("export default five + 1")).text).toBe("6");
    expect((await kernel.execute("export const wrong: string = 1")).error?.evalue).toMatch(/^1:14 - /);
  });
});

describe("imports", () => {
  test.each([
    ["import value, { named } from 'only'; value + named", "defaultnamed"],
    ["import { waited } from 'waits'; waited", "7"],
    ["import common from 'common'; import { named as nine } from 'common'; [common.named, nine]", "[ 9, 9 ]"],
    ["(await import('only')).default", "default"],
    ["import data from './data.json'; data.answer", "42"],
    ["import { above } from '../above'; above(2)", "20"],
    ["import type { Stats } from 'node:fs'; const none: Stats | undefined = undefined; typeof none", "undefined"],
  ])("%s", async (code, text) => {
    const result = await kernel.execute(code);
    expect([result.text, result.stderr]).toEqual([text, ""]);
  });

  test("a local module is read again after it changed, also one behind another", async () => {
    const code = "import { here } from './here.ts'; here()";
    expect((await kernel.execute(code)).text).toBe("first");
    await files({ "notebook/here.ts": "export const here = (): string => 'second version';" });
    expect((await kernel.execute(code)).text).toBe("second version");
    await files({ "ten.ts": "export const ten = 1000;" });
    expect((await kernel.execute("import { above } from '../above'; above(2)")).text).toBe("2000");
  });

  test("the SDK is found from any folder, with its types", async () => {
    const { text } = await kernel.execute("import { MeanFlow } from 'dmpo'; typeof MeanFlow.improved");
    expect(text).toBe("function");
    expect((await kernel.execute("MeanFlow.improoved()")).error?.evalue).toMatch(
      /1:10 - Property 'improoved' does not exist/,
    );
  });

  test("tensors have their chained methods", async () => {
    const code = `import { tf, type Weights } from "dmpo/engine";
const loss = (weights: Weights, { x }: { x: tf.Tensor2D }): tf.Scalar => x.sub(weights.bias!).square().mean();
loss({ bias: tf.tensor([1, 2]) }, { x: tf.tensor2d([[1, 4], [3, 2]]) }).arraySync()`;
    const { text, error } = await kernel.execute(code);
    expect(error).toBeUndefined();
    expect(text).toBe("2");
  });
});

describe("help", () => {
  test("members after a dot on a new line", async () => {
    const code = "import { MeanFlow } from 'dmpo';\nMeanFlow.improved()\n  .";
    const { reply } = await kernel.request("complete_request", { code, cursor_pos: code.length });
    expect(reply.content.matches).toContain("withDispersive");
  });

  test("an option where it is given: type, default and what it does", async () => {
    const explained = async (code: string, name: string) => {
      const position = { cursor_pos: code.indexOf(name) + 2, detail_level: 0 };
      const { reply } = await kernel.request("inspect_request", { code, ...position });
      return reply.content.data["text/plain"] as string;
    };
    const begin = "import { PPO } from 'dmpo';\ndeclare const base: Parameters<typeof PPO.finetune>[0];\n";
    const targetKl = await explained(`${begin}PPO.finetune(base, { iterations: 20, targetKl: 0.02 });`, "targetKl");
    expect(targetKl).toMatch(/^\(property\) PPOInput\.targetKl\?: number \| null[\s\S]*Default/);
    expect(await explained(`${begin}await PPO.finetune(base, { gamma`, "gamma")).toMatch(
      /gamma\?: number[\s\S]*0 to 1/,
    );
    expect(await explained("const own = { a: 1 }; own.a;", "a: 1")).toBe("(property) a: number");
  });

  test("types and documentation, also from inside the brackets of a call", async () => {
    const code = "import { Dataset } from 'dmpo'; Dataset.d4rl(";
    const { reply } = await kernel.request("inspect_request", { code, cursor_pos: code.length, detail_level: 0 });
    expect(reply.content.data["text/plain"]).toMatch(/d4rl\(name: string[\s\S]*A D4RL data set by name/);
  });
});
