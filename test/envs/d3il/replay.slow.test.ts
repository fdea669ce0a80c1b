// All 96 recorded demonstrations, played again (spec/environments.md 4.8).
import { expect, test } from "vitest";
import { RodArm } from "../../../sdk/src/envs/d3il/avoiding.js";
import { hasShared } from "../../shared.js";
import { demonstrations, replay } from "./demonstrations.js";

test.skipIf(!hasShared)("95 of 96 stay within 1 mm of the recording, all take the recorded way", async () => {
  const arm = await RodArm.load(0.03);
  const results = demonstrations().map((demonstration) => replay(arm, demonstration));
  expect(results).toHaveLength(96);
  expect(results.filter(({ worst }) => worst < 1).length).toBeGreaterThanOrEqual(95);
  for (const { played, recorded } of results) expect(played).toEqual(recorded);
  expect(new Set(results.map(({ recorded }) => recorded.join())).size).toBe(24);
  arm.simulator.delete();
});
