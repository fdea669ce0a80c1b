// Ctrl-C, in a process of its own: once stops cleanly, twice at once.
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const interrupt = fileURLToPath(new URL("../../sdk/src/cli/interrupt.ts", import.meta.url));

/** A run that takes `milliseconds` to stop, interrupted `times`; its exit code and output. */
function interrupted(times: number, milliseconds: number): Promise<{ code: number | null; out: string }> {
  const script = `
    import { untilInterrupted } from ${JSON.stringify(interrupt)};
    const terminal = { out: console.log, error: console.log };
    const stopped = await untilInterrupted(terminal, (signal) => new Promise((resolve) => {
      const busy = setTimeout(() => {}, 60_000);
      signal.addEventListener("abort", () => setTimeout(() => { clearTimeout(busy); console.log("saved"); resolve(); }, ${milliseconds}));
      console.log("ready");
    }));
    process.exitCode = stopped ? 130 : 0;`;
  const child = spawn(process.execPath, ["--import", "tsx", "--input-type=module", "-e", script]);
  let out = "";
  child.stdout.on("data", (chunk: Buffer) => {
    out += chunk.toString();
    const seen = (out.match(/ready|stopping/g) ?? []).length;
    if (seen > 0 && seen <= times) child.kill("SIGINT");
  });
  return new Promise((resolve) => child.on("close", (code) => resolve({ code, out })));
}

test("the first interrupt lets the run save and ends with 130", async () => {
  const { code, out } = await interrupted(1, 50);
  expect({ code, out }).toEqual({ code: 130, out: expect.stringMatching(/ready\n.*press Ctrl-C again.*\nsaved\n/) });
});

test("the second interrupt ends the process at once", async () => {
  const { code, out } = await interrupted(2, 30_000);
  expect(code).toBe(130);
  expect(out).not.toContain("saved");
});
