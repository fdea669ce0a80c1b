// Kill -9 of trials and of the coordinator, at random: the sweep goes on, and ends with the weights, metrics and table of one left alone.
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { SweepRecord } from "../../../sdk/src/experiments/sweeps/record.js";
import { SweepReport } from "../../../sdk/src/experiments/sweeps/report.js";
import { temporaryFolder } from "../../data/temporary-folder.js";
import { seeded } from "../../fuzz/mutations.js";
import { finished, outcome, sweep, trained, wait, workers } from "./trained-sweep.js";

const kills = { trials: 6, coordinators: 4 };
const start = (folder: string) => sweep([...trained(folder), "--jobs", "2"]);

test("trials and coordinators killed at random lose nothing, and every trial is in the table once", async () => {
  const [whole, killed] = [join(temporaryFolder(), "whole"), join(temporaryFolder(), "killed")];
  expect((await finished(start(whole))).code).toBe(0);

  const random = seeded(1);
  let [trials, coordinators] = [0, 0];
  let child = start(killed);
  for (let code: number | null = null; code === null;) {
    const ended = once(child, "close") as Promise<[number | null]>;
    child.stdout.resume();
    const isOver = await Promise.race([ended.then(() => true), wait(3000 + 3000 * random()).then(() => false)]);
    if (isOver) {
      [code] = await ended;
      // Killed: the next one goes on.
      if (code === null) child = sweep(["resume", killed]);
      else expect(code).toBe(0);
      continue;
    }
    const running = await workers(killed);
    if (coordinators < kills.coordinators && random() < 0.4) {
      child.kill("SIGKILL");
      coordinators++;
    } else if (trials < kills.trials && running.length > 0) {
      process.kill(running[Math.floor(running.length * random())]!, "SIGKILL");
      trials++;
    }
  }
  console.info(`${trials} trials and ${coordinators} coordinators killed`);
  expect(trials + coordinators).toBeGreaterThanOrEqual(5);
  const report = new SweepReport(await SweepRecord.open(killed));
  expect(report.counts()).toEqual({ done: 4 });
  expect(report.rows()).toHaveLength(4);
  expect(await workers(killed)).toEqual([]);
  expect(readdirSync(join(killed, "leases"))).toEqual([]);
  expect(readdirSync(join(killed, "trials"))).toEqual(["0000", "0001", "0002", "0003"]);
  expect(await outcome(killed)).toEqual(await outcome(whole));
});
