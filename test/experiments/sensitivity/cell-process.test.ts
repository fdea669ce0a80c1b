// What a process of cells answers to an order, called within this process; sensitivity.test.ts has whole processes.
import { afterEach, beforeAll, expect, test, vi } from "vitest";

const module = new URL("../fixtures/sensitivity-run.mjs", import.meta.url).href;
const order = { name: "a 1, seed 2", values: { a: 1 }, seed: 2, settings: { offset: 0.5 }, control: { threads: 3 } };
const [given, send] = [process.argv[2], Object.getOwnPropertyDescriptor(process, "send")];
let told: (task: typeof order) => void;

beforeAll(async () => {
  // Neither the orders of Vitest nor the ends of this process are its business.
  const on = vi.spyOn(process, "on").mockReturnThis();
  await import("../../../sdk/src/experiments/sensitivity/cell-process.js");
  told = on.mock.calls.find(([event]) => event === "message")![1] as typeof told;
  on.mockRestore();
});
afterEach(() => {
  process.argv[2] = given!;
  if (send) Object.defineProperty(process, "send", send);
  else delete process.send;
});

async function answer(path: string): Promise<unknown> {
  process.argv[2] = path;
  return new Promise((resolve) => {
    process.send = (outcome: unknown) => (resolve(outcome), true);
    told(order);
  });
}

test("the measures of a run", async () => {
  expect(await answer(module)).toEqual({ measures: { value: 12.5, process: process.pid, threads: 3 } });
});

test("what became of one that cannot be run", async () => {
  const empty = "data:text/javascript,export default 3";
  expect(await answer(empty)).toMatchObject({
    failure: {
      message: `${empty}: exports number by default\n  expected the function \`run\` as default export`,
      stack: expect.any(String) as string,
    },
  });
});
