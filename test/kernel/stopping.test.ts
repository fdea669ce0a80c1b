// The stop button: whatever a cell does, it ends, stays silent, and the kernel and its variables live on.
import { afterAll, beforeAll, expect, test } from "vitest";
import { KernelClient, type CellResult } from "./client.js";

let kernel: KernelClient;
beforeAll(async () => {
  kernel = await KernelClient.start();
  await kernel.execute(
    "const survivor = 'survived';\nconst notebook = (globalThis as any)[Symbol.for('dmpo.notebook')] as { signal: AbortSignal };\nconst pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));",
  );
});
afterAll(async () => kernel.shutdown());

/** Runs a cell and presses stop once it has printed `sign`. */
async function stopped(code: string, sign = "begun"): Promise<{ result: CellResult; milliseconds: number }> {
  const seen = kernel.published.length;
  const running = kernel.execute(`console.log("begun"); ${code}`);
  await kernel.printed(sign, seen);
  const start = performance.now();
  await kernel.interrupt();
  const result = await running;
  return { result, milliseconds: performance.now() - start };
}

test.each([
  ["a loop", "while (true) {}"],
  ["a loop that catches", "for (;;) { try { for (;;) {} } catch {} }"],
  ["a loop after an await", "await pause(1); while (true) {}"],
  ["a loop in a timer", "setTimeout(() => { while (true) {} }, 1); await pause(1e6);"],
  ["an awaiting loop", "while (true) await pause(5);"],
  ["a loop of promise jobs", "while (true) await null;"],
  ["a promise that never settles", "await new Promise(() => {});"],
])("stops %s", async (_, code) => {
  const { result, milliseconds } = await stopped(code);
  expect(result.error).toMatchObject({ ename: "KeyboardInterrupt" });
  expect(milliseconds).toBeLessThan(10_000);
  expect((await kernel.execute("survivor")).text).toBe("survived");
});

test("nothing of a stopped cell prints later", async () => {
  await stopped(
    "import { setTimeout as wait } from 'node:timers/promises';\nsetInterval(() => console.log('interval'), 10);\nfor (;;) { await wait(10); console.log('loop'); }",
    "loop",
  );
  const { stdout } = await kernel.execute("await pause(200); console.log('next')");
  expect(stdout).toBe("next\n");
});

test("queued cells are dropped", async () => {
  const running = stopped("await new Promise(() => {});");
  const queued = kernel.execute("'never'");
  await running;
  expect((await queued).reply.content.status).toBe("aborted");
});

test("a cell that watches the signal finishes by itself and keeps what it declared", async () => {
  const { result } = await stopped(
    "const { signal } = notebook;\nlet steps = 0;\nwhile (!signal.aborted) { steps++; await pause(10); }\nconst partial = { steps };",
  );
  expect(result.error?.ename).toBe("KeyboardInterrupt");
  expect((await kernel.execute("partial.steps > 0")).text).toBe("true");
});

test("stop without a running cell does nothing", async () => {
  await kernel.interrupt();
  expect((await kernel.execute("1")).text).toBe("1");
});
