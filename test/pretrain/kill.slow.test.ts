// Kill -9 at random moments: the last complete checkpoint stays usable, and the run ends with the weights of one left alone.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { loadCheckpoint } from "../../sdk/src/checkpoints/checkpoint.js";
import { temporaryFolder } from "../data/temporary-folder.js";
import { seeded } from "../fuzz/mutations.js";

const program = fileURLToPath(new URL("fixtures/train.ts", import.meta.url));
const epochs = 1200;
const kills = 30;

/** Starts the training; kills it `afterMilliseconds` after its first epoch, or lets it end. */
async function train(folder: string, afterMilliseconds?: number): Promise<number | null> {
  const child = spawn(process.execPath, ["--import", "tsx", program, folder, String(epochs)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(child, "close") as Promise<[number | null]>;
  if (afterMilliseconds !== undefined) {
    await Promise.race([once(child.stdout, "data"), ended]);
    child.stdout.resume();
    await new Promise((resolve) => setTimeout(resolve, afterMilliseconds));
    child.kill("SIGKILL");
  } else {
    child.stdout.resume();
  }
  return (await ended)[0];
}

test(`a training that is killed ${kills} times ends like one that is not`, async () => {
  const [whole, killed] = [temporaryFolder(), temporaryFolder()];
  expect(await train(whole)).toBe(0);

  const random = seeded(1);
  let epoch = 1;
  for (let kill = 0; kill < kills; kill++) {
    expect(await train(killed, 100 * random()), `the training ended before kill ${kill + 1}`).toBeNull();
    const { metadata } = await loadCheckpoint(join(killed, "checkpoint/last.safetensors"));
    const { iteration } = (metadata as { state: { iteration: number } }).state;
    expect(iteration).toBeGreaterThanOrEqual(epoch);
    epoch = iteration;
  }
  expect(existsSync(join(killed, "final.bin"))).toBe(false);
  expect(await train(killed)).toBe(0);
  expect(readFileSync(join(killed, "final.bin"))).toEqual(readFileSync(join(whole, "final.bin")));
  for (const folder of [whole, killed]) rmSync(folder, { recursive: true });
});
