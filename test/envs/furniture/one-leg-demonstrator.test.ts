// The demonstrator of one_leg earns the reward, from observations alone.
import { expect, test } from "vitest";
import { Random } from "../../../sdk/src/engine/random.js";
import { oneLegDemonstrations } from "../../../sdk/src/envs/furniture/one-leg-demonstrator.js";
import { builtInEnvironment } from "../../../sdk/src/envs/registry.js";

test("a leg taken, stood up, set into its hole and screwed in", { timeout: 120_000 }, async () => {
  const demonstration = oneLegDemonstrations[0]!;
  const definition = builtInEnvironment(demonstration.environment);
  const [simulation, demonstrator] = await Promise.all([
    definition.create({ inertia: "legacy" }),
    demonstration.open(),
  ]);
  const random = new Random(0);
  simulation.reset(random.stream("starts"));
  demonstrator.begin(random.stream("habits"), "proficient");
  const observation = new Float64Array(definition.observationDimension);
  let [steps, earned] = [0, 0];
  while (earned === 0 && steps < definition.maxEpisodeSteps) {
    simulation.observe(observation);
    const action = demonstrator.act(observation);
    if (!action) break;
    expect(action.every((value) => Math.abs(value) <= 1)).toBe(true);
    earned = simulation.step(action.slice());
    steps++;
  }
  expect(earned).toBe(1);
  expect(steps).toBeGreaterThan(200);
  demonstrator.delete();
  simulation.delete();
});
