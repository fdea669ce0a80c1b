// Kill -9 at random moments: the last complete checkpoint stays usable, and the run ends with the weights, curve and metrics of one
// left alone.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { loadCheckpoint } from "../../../sdk/src/checkpoints/checkpoint.js";
import { temporaryFolder } from "../../data/temporary-folder.js";
import { seeded, type Random } from "../../fuzz/mutations.js";

const program = fileURLToPath(new URL("fixtures/killed-run.ts", import.meta.url));
const kills = 20;

/** Starts the run; kills it at a random moment after the second or third iteration that it reports, or lets it end. */
async function start(stage: string, folder: string, random?: Random): Promise<number | null> {
  const child = spawn(process.execPath, ["--import", "tsx", program, stage, folder], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(child, "close") as Promise<[number | null]>;
  if (random) {
    let left = 2 + Math.floor(2 * random());
    for await (const line of createInterface(child.stdout)) if (line === "iteration" && --left === 0) break;
    await new Promise((resolve) => setTimeout(resolve, 150 * random()));
    child.kill("SIGKILL");
  }
  child.stdout.resume();
  return (await ended)[0];
}

/** Number of the last iteration that is stored. */
async function finished(folder: string): Promise<number> {
  const { metadata } = await loadCheckpoint(join(folder, "checkpoint/last.safetensors"));
  return (metadata as { state: { iteration: number } }).state.iteration;
}

/** What must agree: weights, and all numbers of the curve but the times. */
function outcome(folder: string) {
  const weights = readFileSync(join(folder, "final.bin"));
  const rows = readFileSync(join(folder, "metrics.jsonl"), "utf8").trimEnd().split("\n");
  const numbers = rows.map((row) =>
    Object.entries(JSON.parse(row) as object).filter(([name]) => !/seconds|perSecond|time/i.test(name)),
  );
  // An iteration that was killed before its checkpoint was done is reported twice, with the same numbers.
  return { weights, numbers: [...new Set(numbers.map((row) => JSON.stringify(row)))] };
}

test.each(["pretraining", "PPO"])(`%s that is killed ${kills} times ends like one that is not`, async (stage) => {
  const [whole, killed] = [temporaryFolder(), temporaryFolder()];
  expect(await start(stage, whole)).toBe(0);

  const random = seeded(1);
  let done = 0;
  for (let kill = 0; kill < kills; kill++) {
    expect(await start(stage, killed, random), `it ended before kill ${kill + 1}`).toBeNull();
    const iteration = await finished(killed);
    expect(iteration).toBeGreaterThan(done);
    done = iteration;
  }
  console.info(`${stage}: ${kills} kills, the last after iteration ${done}`);
  expect(existsSync(join(killed, "final.bin"))).toBe(false);
  expect(await start(stage, killed)).toBe(0);
  expect(outcome(killed)).toEqual(outcome(whole));
});
