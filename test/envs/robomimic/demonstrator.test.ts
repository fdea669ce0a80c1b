// Scripted demonstrators, and the files they make: read back by the reader of published files, played again in the environment.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { makeRobomimic } from "../../../sdk/src/data/make-robomimic.js";
import { readRobomimic } from "../../../sdk/src/data/robomimic.js";
import { withHdf5 } from "../../../sdk/src/data/hdf5.js";
import { makeEnvironment } from "../../../sdk/src/envs/make-environment.js";
import { robomimicDemonstrations } from "../../../sdk/src/envs/robomimic/demonstrator.js";
import { nearestTurn, pointingDown, turnBetween, yawOf } from "../../../sdk/src/envs/robomimic/guided-arm.js";
import { hasAssets } from "../../assets.js";

const folder = mkdtempSync(join(tmpdir(), "dmpo-robomimic-"));
afterAll(() => rmSync(folder, { recursive: true }));

const demonstrationOf = (task: string) => robomimicDemonstrations.find(({ environment }) => environment === task)!;

describe.skipIf(!hasAssets("robosuite"))("demonstrations", () => {
  test("lift's are in robomimic's layout, in the environment's order", async () => {
    const path = join(folder, "lift.hdf5");
    const tried = await makeRobomimic(demonstrationOf("lift"), path, { episodes: 2, seed: 4, validationSplit: 0.5 });
    const { recording, lengths } = await readRobomimic(path);
    // Both at once, so the first is the environment's first episode.
    expect(tried).toBe(2);
    expect(recording.observations.shape).toEqual([lengths[0]! + lengths[1]!, 19]);
    expect(Math.max(...Array.from(recording.actions.data, Math.abs))).toBeLessThanOrEqual(1);

    const environment = await makeEnvironment("lift", { seed: 4 });
    let observation = environment.reset();
    const [seen, done] = [Array.from(recording.observations.data), Array.from(recording.actions.data)];
    for (let step = 0; step < lengths[0]!; step++) {
      expect(seen.slice(19 * step, 19 * step + 19), `step ${step}`).toEqual([...observation]);
      const result = environment.step(done.slice(7 * step, 7 * step + 7));
      expect(result.reward).toBe(recording.rewards![step]);
      observation = result.observation;
    }
    environment.close();
    expect(recording.rewards![lengths[0]! - 1]).toBe(1);
    const groups = await withHdf5(path, (file) => [file.keys("data"), file.keys("mask"), file.keys("data/demo_0")]);
    expect(groups[0]).toEqual(["demo_0", "demo_1"]);
    expect(groups[1]!.sort()).toEqual(["train", "valid"]);
    expect(groups[2]!.sort()).toEqual(["actions", "dones", "next_obs", "obs", "rewards", "states"]);
  });

  test.each(["can", "square"])("%s is done", async (task) => {
    expect(await makeRobomimic(demonstrationOf(task), join(folder, `${task}.hdf5`), { episodes: 1 })).toBe(1);
  });

  test("nothing is written where it is stopped", async () => {
    const path = join(folder, "stopped.hdf5");
    const signal = AbortSignal.abort(new Error("enough"));
    await expect(makeRobomimic(demonstrationOf("lift"), path, { signal })).rejects.toThrow("enough");
    await expect(readRobomimic(path)).rejects.toThrow("stopped.hdf5");
  });
});

test("turns", () => {
  expect(nearestTurn(3, Math.PI / 2, 0)).toBeCloseTo(3 - Math.PI, 12);
  expect(yawOf(pointingDown(0.7))).toBeCloseTo(0.7, 12);
  const [x, y, z] = turnBetween(pointingDown(0.2), pointingDown(-0.3));
  expect(x).toBeCloseTo(0, 12);
  expect(y).toBeCloseTo(0, 12);
  expect(z).toBeCloseTo(-0.5, 12);
});
