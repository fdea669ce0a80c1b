// A sweep over processes that is stopped: by Ctrl-C its runs save and are listed; when it is killed they do not train on alone.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { temporaryFolder } from "../data/temporary-folder.js";
import { projectRoot } from "./environment.js";

/** Starts it, sends the signal when both runs report progress, and tells what it wrote and which processes are left. */
async function stoppedBy(signal: NodeJS.Signals) {
  const folder = temporaryFolder();
  const config = ["--config-dir=cfg/gym/pretrain/hopper-medium-v2", "--config-name=pre_improved_meanflow_mlp"];
  const small = ["max_n_episodes=2", "model.network.mlp_dims=[16]", "train.n_epochs=100000", "seed=1,2,3"];
  const argv = ["sdk/bin/dmpo.js", "run", ...config, ...small, "-m", "-j", "2"];
  const env = { ...process.env, DMPO_LOG_DIR: folder };
  const sweep = spawn(process.execPath, argv, { cwd: projectRoot, env, stdio: ["ignore", "pipe", "pipe"] });
  let out = "";
  let isSent = false;
  for (const stream of [sweep.stdout, sweep.stderr])
    stream.on("data", (text: Buffer) => {
      out += text.toString();
      if (isSent || !["1/3", "2/3"].every((run) => out.includes(`[${run}] epoch 3/`))) return;
      isSent = true;
      sweep.kill(signal);
    });
  const [code] = (await once(sweep, "close")) as [number | null];
  return { code, out, folder };
}

test("Ctrl-C ends both runs, which save, and lists all three", async () => {
  const { code, out } = await stoppedBy("SIGINT");
  expect(code).toBe(130);
  for (const run of [1, 2]) {
    const [, folder] = new RegExp(`^${run}/3 .*interrupted .* (/.+)$`, "m").exec(out)!;
    expect(existsSync(join(folder!.trim(), "checkpoint/last.safetensors"))).toBe(true);
  }
  expect(out).toMatch(/^3\/3 .*not started/m);
});

test("a sweep that is killed leaves no run behind", async () => {
  // The runs hold its output open: it is closed when they have ended, or never.
  const { code, out } = await stoppedBy("SIGKILL");
  expect(code).toBeNull();
  expect(out).toContain("[2/3] epoch 3/");
});
