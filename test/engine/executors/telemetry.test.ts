// ONNX Runtime's reports stay off: programs run in a home and a temporary folder of their own, behind a proxy of this test, so
// that what they write and whom they call is seen. The library looks itself up the same way, outside Node.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const built = new URL("../../../sdk/dist/", import.meta.url).href;
const command = fileURLToPath(new URL("../../../sdk/bin/dmpo.js", import.meta.url));

/** Runs a model, so that the native library starts; then ends when its standard input does. */
const runsModel = `
const { compile } = await import(${JSON.stringify(`${built}engine/compile.js`)});
const double = compile((x) => x.add(x), { device: "cpu", threads: 1 });
const { data } = await double({ data: Float32Array.of(21), shape: [1] });
if (data[0] !== 42) throw new Error(String(data[0]));`;
const inWorker = (options: string) => `
const { Worker } = await import("node:worker_threads");
const worker = new Worker(${JSON.stringify(runsModel)}, { eval: true, ${options} });
await new Promise((resolve, reject) => worker.on("error", reject).on("exit", resolve));`;
const asProgram = (source: string) => ["--input-type=module", "-e", source];

interface Traces {
  /** Below the home and the temporary folder. */
  readonly files: string[];
  /** First lines of requests. */
  readonly calls: string[];
  readonly errors: string;
}

/** @param linger how long the program stays after its work, in milliseconds, or until the first call */
async function tracesOf(args: readonly string[], variables: Record<string, string> = {}, linger = 0): Promise<Traces> {
  const folder = mkdtempSync(join(tmpdir(), "dmpo-silent-"));
  const calls: string[] = [];
  const proxy = createServer((socket) => {
    socket
      .on("error", () => {})
      .on("data", (data) => {
        calls.push(data.toString().split("\r\n")[0]!);
        socket.destroy();
      });
  });
  await once(proxy.listen(0, "127.0.0.1"), "listening");
  const address = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  try {
    // Nothing is inherited: a CI variable turns the reports off as well.
    const env = { PATH: process.env.PATH, HOME: folder, TMPDIR: folder, https_proxy: address, ...variables };
    const child = spawn(process.execPath, [...args], { cwd: folder, env, stdio: ["pipe", "ignore", "pipe"] });
    let errors = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => (errors += text));
    const ended = once(child, "exit");
    for (const end = Date.now() + linger; Date.now() < end && calls.length === 0 && child.exitCode === null;) {
      await sleep(50);
    }
    child.stdin.end();
    await ended;
    return { files: readdirSync(folder, { recursive: true }) as string[], calls, errors };
  } finally {
    proxy.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

const stays = `${runsModel}\nprocess.stdin.resume();`;

const reports = expect.arrayContaining([expect.stringMatching(/\.onnxruntime/)]) as string[];
const isWindows = process.platform === "win32"; // where the system collects, and the variable is not known

test.skipIf(isWindows).each([
  ["the engine", asProgram(runsModel)],
  ["the engine in a worker thread", asProgram(inWorker(""))],
  ["a worker thread with an environment of its own", asProgram(inWorker("env: {}"))],
  ["the command", [command, "doctor"]],
])("%s leaves no files behind, and does where the user allows it", async (_, args) => {
  expect(await tracesOf(args)).toMatchObject({ files: [], calls: [] });
  expect(await tracesOf(args, { ORT_DISABLE_TELEMETRY: "0" })).toMatchObject({ files: reports });
});

test("importing the package is enough for programs that use the library beside it", async () => {
  const source = `await import(${JSON.stringify(`${built}index.js`)});
    if (process.env.ORT_DISABLE_TELEMETRY !== "1") throw new Error("not set");`;
  expect(await tracesOf(asProgram(source))).toEqual({ files: [], calls: [], errors: "" });
});

test.skipIf(isWindows)("it calls nobody, and does where the user allows it", async () => {
  const [silent, allowed] = await Promise.all([
    tracesOf(asProgram(stays), {}, 15_000),
    tracesOf(asProgram(stays), { ORT_DISABLE_TELEMETRY: "0" }, 40_000),
  ]);
  expect(silent).toEqual({ files: [], calls: [], errors: "" });
  expect(allowed.calls).toContainEqual(expect.stringMatching(/^CONNECT .*microsoft\.com/));
});
