// Output without loss, results by MIME type, values as text.
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { KernelClient, type CellResult } from "./client.js";

let kernel: KernelClient;
beforeAll(async () => {
  kernel = await KernelClient.start();
});
afterAll(async () => kernel.shutdown());

const displays = (result: CellResult, type: string) => result.published.filter((message) => message.type === type);

describe("streams", () => {
  test("2,000 lines in order, several times over", async () => {
    const expected = Array.from({ length: 2000 }, (_, line) => `${line}\n`).join("");
    for (let repeat = 0; repeat < 3; repeat++) {
      const { stdout } = await kernel.execute("for (let i = 0; i < 2000; i++) console.log(i)");
      expect(stdout).toBe(expected);
    }
  });

  test("10 MB of text", async () => {
    const { stdout } = await kernel.execute("for (let i = 0; i < 100; i++) process.stdout.write('x'.repeat(1e5))");
    expect(stdout).toHaveLength(1e7);
  });

  test("stdout and stderr apart, colours kept, characters split over two writes whole", async () => {
    const { stdout, stderr } = await kernel.execute(
      "console.log('\\x1b[31mred\\x1b[0m'); console.error('bad');\nconst bytes = Buffer.from('😀'); process.stdout.write(bytes.subarray(0, 2)); process.stdout.write(bytes.subarray(2));",
    );
    expect(stdout).toBe("\x1b[31mred\x1b[0m\n😀");
    expect(stderr).toBe("bad\n");
  });
});

test("the cells of docs/kernel.md", async () => {
  const text = readFileSync(new URL("../../docs/kernel.md", import.meta.url), "utf8");
  const [loop, grid, ...more] = [...text.matchAll(/```ts\n(.*?)```/gs)].map(([, code]) => code!);
  expect(more).toEqual([]);
  await kernel.execute("const step = () => new Promise((done) => setTimeout(done, 20, console.log('step')));");
  const running = kernel.execute(`${loop!}\n"stopped"`);
  await kernel.printed("step", 0);
  await kernel.interrupt();
  expect(displays(await running, "execute_result")[0]?.content.data).toMatchObject({ "text/plain": "stopped" });
  const { published } = await kernel.execute(`${grid!}\nnew Grid()`);
  expect(published.find(({ type }) => type === "execute_result")?.content.data).toMatchObject({ "text/plain": "grid" });
});

describe("display", () => {
  test("2,000 updates of one display arrive", async () => {
    const result = await kernel.execute(
      "const { display } = (globalThis as any)[Symbol.for('dmpo.notebook')];\ndisplay({ 'text/plain': 'start' }, { id: 'p' });\nfor (let i = 0; i < 2000; i++) display({ 'text/plain': String(i) }, { id: 'p', update: true });",
    );
    expect(displays(result, "display_data")).toHaveLength(1);
    const updates = displays(result, "update_display_data");
    expect(updates).toHaveLength(2000);
    expect(updates.at(-1)!.content).toMatchObject({ data: { "text/plain": "1999" }, transient: { display_id: "p" } });
  });

  test("clear_output, also with wait", async () => {
    const result = await kernel.execute("(globalThis as any)[Symbol.for('dmpo.notebook')].clear(true)");
    expect(displays(result, "clear_output")).toMatchObject([{ content: { wait: true } }]);
  });

  test("a value shows itself, in several MIME types, also asynchronously", async () => {
    const { published } = await kernel.execute(
      "({ async [Symbol.for('Jupyter.display')]() { return { 'text/plain': 'x', 'text/html': '<b>x</b>', 'image/png': 'AA==' }; } })",
    );
    expect(published.find(({ type }) => type === "execute_result")?.content.data).toEqual({
      "text/plain": "x",
      "text/html": "<b>x</b>",
      "image/png": "AA==",
    });
  });

  test("a display method that throws is reported", async () => {
    const { error } = await kernel.execute("({ [Symbol.for('Jupyter.display')]() { throw new Error('ugly'); } })");
    expect(error?.evalue).toBe("ugly");
  });

  test("a table comes as HTML and as text", async () => {
    const { published } = await kernel.execute("import { table } from 'arquero'; table({ a: [1, 2] })");
    const { data } = published.find(({ type }) => type === "execute_result")!.content;
    expect(data["text/html"]).toMatch(/<table>/);
    expect(data["text/plain"]).toMatch(/\|\s*a\s*\|/);
  });

  test.each([
    ["'text'", "text"],
    ["null", undefined],
    ["({ a: 1, b: [1, 2] })", "{ a: 1, b: [ 1, 2 ] }"],
    ["Promise.resolve(1)", "Promise { 1 }"],
  ])("%s", async (code, text) => {
    expect((await kernel.execute(code)).text).toBe(text);
  });
});

test("an environment defined in a cell is stepped by threads where it closes over nothing, else a notice names what it uses", async () => {
  const { stdout, error } = await kernel.execute(`
import { defineEnvironment, VectorEnv } from "dmpo";
const gravity = 9.81;
const fall = (name: string, create: Parameters<typeof defineEnvironment>[0]["create"]) =>
  defineEnvironment({ name, observationDimension: 1, actionDimension: 1, maxEpisodeSteps: 9, create });
const [free, bound] = [
  fall("free", async () => {
    let height = await Promise.resolve(1);
    return {
      secondsPerStep: 1,
      reset: (random) => void (height = random.nextUniform()),
      step: ([push = 0]) => (height += push - 9.81),
      observe: (out) => void (out[0] = height),
      terminated: () => false,
    };
  }),
  fall("bound", () => {
    let height = 1;
    return {
      secondsPerStep: 1,
      reset: (random) => void (height = random.nextUniform()),
      step: ([push = 0]) => (height += push - gravity),
      observe: (out) => void (out[0] = height),
      terminated: () => false,
    };
  }),
];
for (const [env, workers] of [[free, 1], [free, 0], [bound, 1]] as const) {
  const vector = await VectorEnv.create({ env, count: 2, seed: 1, workers, actionSteps: 1, condSteps: 1 });
  await vector.reset();
  await vector.step(new Float32Array(2));
  console.log(vector.workers, vector.rewards.join(" "));
  await vector.close();
}`);
  expect(error).toBeUndefined();
  const [threads, alone, notice, rest] = stdout.split("\n");
  expect(threads).toMatch(/^1 /);
  expect(alone).toBe(threads!.replace(/^1/, "0"));
  expect(notice).toMatch(
    /^bound is defined in this program and its create\(\) uses gravity from outside, so one thread/,
  );
  expect(rest).toBe(alone);
});
