// The kernel's life: side by side with others, until shutdown or until its parent dies, without orphans.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { isAlive, KernelClient, sleep } from "./client.js";

const client = fileURLToPath(new URL("./client.ts", import.meta.url));

test("two kernels side by side do not know each other", async () => {
  const [one, other] = await Promise.all([KernelClient.start(), KernelClient.start()]);
  await one.execute("const mine = 1");
  expect((await one.execute("mine")).text).toBe("1");
  expect((await other.execute("mine")).error?.evalue).toMatch(/Cannot find name 'mine'/);
  await Promise.all([one.shutdown(), other.shutdown()]);
});

test("shutdown ends a kernel whose cell blocks, with its worker threads", async () => {
  const kernel = await KernelClient.start();
  void kernel.execute(
    "import { Worker } from 'node:worker_threads'; console.log('begun'); new Worker('setInterval(() => {}, 1000)', { eval: true }); while (true) {}",
  );
  await kernel.printed("begun", 0);
  const start = performance.now();
  await kernel.shutdown();
  expect(performance.now() - start).toBeLessThan(10_000);
});

test.skipIf(process.platform === "win32")("the kernel ends when its parent dies", async () => {
  const parent = spawn(
    process.execPath,
    [
      "--import",
      "tsx",
      "--input-type=module",
      "-e",
      `import { KernelClient } from ${JSON.stringify(client)}; console.log((await KernelClient.start()).process.pid);`,
    ],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  const [output] = (await once(parent.stdout, "data")) as [Buffer];
  const kernel = Number(String(output));
  parent.kill("SIGKILL");
  while (await isAlive(kernel)) await sleep(100);
});
