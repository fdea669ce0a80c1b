// Scripted demonstrators, and the files they make: read back by the reader of published files, played again in the environment.
import { describe, expect, test } from "vitest";
import { makeDemonstrations } from "../../../sdk/src/data/demonstrations/make.js";
import { openStage, playEpisode } from "../../../sdk/src/data/demonstrations/play.js";
import { withHdf5 } from "../../../sdk/src/data/hdf5.js";
import { readRobomimic } from "../../../sdk/src/data/robomimic.js";
import { findDemonstration } from "../../../sdk/src/envs/demonstrations.js";
import { episodeStarts } from "../../../sdk/src/envs/episode-starts.js";
import { lift } from "../../../sdk/src/envs/robomimic/lift.js";
import { nearestTurn, pointingDown, turnBetween, yawOf } from "../../../sdk/src/envs/robomimic/guided-arm.js";
import { builtInEnvironment } from "../../../sdk/src/envs/registry.js";
import { hasAssets } from "../../assets.js";
import { temporaryFolder } from "../../data/temporary-folder.js";

const folder = temporaryFolder();

describe.skipIf(!hasAssets("robosuite"))("demonstrations", () => {
  test("lift's are in robomimic's layout, in the environment's order", async () => {
    const options = { folder, episodes: 2, seed: 4, workers: 1, notify: () => undefined };
    const path = await makeDemonstrations("robomimic/lift", options);
    const { recording, lengths } = await readRobomimic(path);
    expect(recording.observations.shape).toEqual([lengths[0]! + lengths[1]!, 19]);
    const [seen, done] = [Array.from(recording.observations.data), Array.from(recording.actions.data)];
    expect(Math.max(...done.map(Math.abs))).toBeLessThanOrEqual(1);

    const simulation = await lift.create({ inertia: "exact" });
    simulation.reset(episodeStarts(4, 0, "demonstrations")(0));
    const observation = new Float64Array(19);
    for (let step = 0; step < lengths[0]!; step++) {
      simulation.observe(observation);
      expect(seen.slice(19 * step, 19 * step + 19), `step ${step}`).toEqual([...Float32Array.from(observation)]);
      const action = Float64Array.from(done.slice(7 * step, 7 * step + 7));
      expect(simulation.step(action)).toBe(recording.rewards![step]);
    }
    simulation.delete();
    expect(recording.rewards![lengths[0]! - 1]).toBe(1);
    const groups = await withHdf5(path, (file) => [file.keys("data"), file.keys("data/demo_0"), file.keys("mask")]);
    expect(groups.map((names) => names.sort())).toEqual([
      ["demo_0", "demo_1"],
      ["actions", "dones", "next_obs", "obs", "rewards", "states"],
      ["train"],
    ]);
  });

  test.each(["can", "square"])("%s is done", async (task) => {
    const stage = await openStage(findDemonstration(`robomimic/${task}`), builtInEnvironment(task));
    const { rewards, observations, states } = playEpisode(stage, { seed: 3, quality: "proficient", episode: 0 });
    expect(rewards.at(-1)).toBe(1);
    expect(rewards.indexOf(1)).toBeGreaterThan(60);
    expect(observations.length).toBe(23 * rewards.length);
    const { qpos, qvel } = stage.simulation.state();
    expect(states.length).toBe((1 + qpos.length + qvel.length) * rewards.length);
    stage.demonstrator.delete();
    stage.simulation.delete();
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
