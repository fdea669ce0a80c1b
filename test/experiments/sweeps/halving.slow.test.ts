// Successive halving of real trainings: what is left behind stays where it was, and the survivor is the run of a grid, to the last bit.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { SweepRecord } from "../../../sdk/src/experiments/sweeps/record.js";
import { SweepReport } from "../../../sdk/src/experiments/sweeps/report.js";
import { temporaryFolder } from "../../data/temporary-folder.js";
import { finished, outcome, sweep, trained } from "./trained-sweep.js";

test("of four, two go on after ten epochs, one after twenty, which ends as if it had never paused", async () => {
  const [grid, halved] = [join(temporaryFolder(), "grid"), join(temporaryFolder(), "halved")];
  const plain = finished(sweep(trained(grid, 50)));
  expect((await plain).code).toBe(0);
  const { code, out } = await finished(sweep([...trained(halved, 50), "--halving", "10", "--eta", "2"]));
  expect(code, out).toBe(0);
  const record = await SweepRecord.open(halved);
  const report = new SweepReport(record);
  expect(report.counts()).toEqual({ paused: 3, done: 1 });
  expect(report.isComplete).toBe(true);
  const iterations = [...record.results().values()].map((result) => result.iterations);
  expect(iterations.toSorted((a, b) => a! - b!)).toEqual([10, 10, 20, 50]);
  const survivor = [...record.results()].find(([, { state }]) => state === "done")![0];
  expect((await outcome(halved))[survivor]).toEqual((await outcome(grid))[survivor]);
  expect(existsSync(join(halved, "figures/parallel-coordinates.png"))).toBe(true);
});
