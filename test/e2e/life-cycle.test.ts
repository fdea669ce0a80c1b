// The kernel ends with the Jupyter server that started it, however that ends, and leaves no process and no file.
import { execFileSync } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hasJupyter, LabServer, registerKernel, type Registered } from "./environment.js";

describe.skipIf(!hasJupyter || process.platform === "win32")("life cycle under a server", () => {
  let registered: Registered;
  let folder: string;
  beforeAll(async () => {
    registered = await registerKernel();
    folder = await mkdtemp(join(tmpdir(), "dmpo-life-"));
  });
  afterAll(async () => {
    await registered?.remove();
    await rm(folder, { recursive: true, force: true });
  });

  test.each(["SIGTERM", "SIGKILL"] as const)("two kernels end with a server that gets %s", async (signal) => {
    const server = await LabServer.start(registered, folder);
    for (let i = 0; i < 2; i++) {
      const request = { method: "POST", body: JSON.stringify({ name: "dmpo" }) };
      expect((await fetch(`${server.url}api/kernels`, request)).status).toBe(201);
    }
    await expect.poll(() => kernelsOf(server.process.pid!).length, { timeout: 60_000 }).toBe(2);
    const kernels = kernelsOf(server.process.pid!);
    server.process.kill(signal);
    await expect.poll(() => kernels.filter(isRunning), { timeout: 15_000, interval: 200 }).toEqual([]);
    expect(await readdir(folder)).toEqual([]);
  });
});

/** Process ids of the kernels that a server has started. */
function kernelsOf(server: number): number[] {
  const listing = execFileSync("ps", ["-A", "-o", "pid=,ppid=,args="], { encoding: "utf8" });
  return listing
    .split("\n")
    .map((line) => /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line))
    .filter((match) => match && Number(match[2]) === server && match[3]!.includes("launcher.js"))
    .map((match) => Number(match![1]));
}

function isRunning(pid: number): boolean {
  const state = execFileSync("sh", ["-c", `ps -o stat= -p ${pid} || true`], { encoding: "utf8" }).trim();
  return state !== "" && !state.startsWith("Z");
}
