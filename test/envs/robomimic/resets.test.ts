// Where episodes begin, beside the same number of robosuite's own resets; and what is particular to restored states.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Random } from "../../../sdk/src/engine/random.js";
import { RobosuiteFiles } from "../../../sdk/src/envs/robomimic/compose.js";
import { cube } from "../../../sdk/src/envs/robomimic/lift.js";
import { Manipulation, taskModel } from "../../../sdk/src/envs/robomimic/manipulation.js";
import { Reshaping } from "../../../sdk/src/envs/robomimic/objects.js";
import { Simulator } from "../../../sdk/src/envs/simulator.js";
import { hasAssets } from "../../assets.js";
import { golden } from "../../shared.js";
import { robosuite, tasks, type TaskName } from "./recorded.js";

interface Resets {
  readonly count: number;
  readonly mean: readonly number[];
  readonly std: readonly number[];
  readonly quantiles: readonly (readonly number[])[];
}
interface Early {
  readonly state: readonly number[];
  readonly size: readonly [number, number, number];
  readonly start: readonly number[];
  readonly actions: readonly (readonly number[])[];
  readonly observations: readonly (readonly number[])[];
}
const recorded = golden("robosuite-resets") as { resets: Record<TaskName, Resets>; early: Early };

const resets = 150;

describe.skipIf(!hasAssets("robosuite"))("resets", () => {
  describe.each(Object.keys(tasks) as TaskName[])("%s", (name) => {
    let world: Manipulation;
    const observations: Float64Array[] = [];
    beforeAll(async () => {
      world = await Manipulation.load(tasks[name], robosuite());
      const random = new Random(3);
      for (let i = 0; i < resets; i++) {
        world.reset(random.stream(`episode ${i}`));
        const observation = new Float64Array(tasks[name].observationNames.length);
        world.observe(observation);
        observations.push(observation);
      }
    });
    afterAll(() => world.delete());

    test("are distributed as robosuite's", () => {
      const { mean, std, quantiles, count } = recorded.resets[name];
      // The share of numbers below robosuite's quantile is that of the quantile; both were drawn.
      const both = 1 / count + 1 / resets;
      const shares = [0.1, 0.25, 0.5, 0.75, 0.9];
      const spread = std.map((value, i) => Math.max(value, 1e-6 * Math.abs(mean[i]!)));
      mean.forEach((expected, i) => {
        const values = observations.map((observation) => observation[i]!);
        const average = values.reduce((sum, value) => sum + value, 0) / values.length;
        const title = tasks[name].observationNames[i]!;
        // robosuite drew one cube for all its resets, here there is one for each: half its height is 20 to 22 mm.
        if (name === "lift" && title === "cube z") {
          expect(Math.min(...values)).toBeGreaterThan(0.83);
          return expect(Math.max(...values)).toBeLessThan(0.832);
        }
        expect(Math.abs(average - expected), title).toBeLessThan(5 * spread[i]! * Math.sqrt(both) + 1e-6);
        if (std[i]! < 1e-6) return;
        shares.forEach((share, k) => {
          const found = values.filter((value) => value < quantiles[k + 1]![i]!).length / values.length;
          const error = Math.sqrt(share * (1 - share) * both);
          // A quaternion's sign jumps where w is nearly 0, so that halves of a distribution may lie elsewhere.
          expect(Math.abs(found - share), `${title}, ${share}`).toBeLessThan(5 * error);
        });
      });
    });

    test("begin the same way from the same numbers", () => {
      const again = new Float64Array(observations[0]!.length);
      world.reset(new Random(3).stream("episode 5"));
      world.observe(again);
      expect([...again]).toEqual([...observations[5]!]);
    });
  });

  test("a restored state is observed one engine step earlier, as robosuite does after a forced observation", async () => {
    const { state, size, start, actions, observations } = recorded.early;
    const model = taskModel(tasks.lift, robosuite());
    const simulator = await Simulator.load(model, { ownsModel: true });
    new Reshaping(simulator, "cube_main").apply(cube(size));
    const world = new Manipulation(tasks.lift, simulator, new RobosuiteFiles(robosuite()));
    const nq = simulator.qpos.length;
    const restored = { qpos: state.slice(1, 1 + nq), qvel: state.slice(1 + nq) };
    const observation = new Float64Array(19);
    const farthest = (expected: readonly number[]) => {
      world.observe(observation);
      return Math.max(...expected.map((value, i) => Math.abs(value - observation[i]!)));
    };
    for (const [observesEarly, least, most] of [
      [true, 0, 1e-7],
      [false, 1e-4, 1e-2],
    ] as const) {
      world.setState(restored, observesEarly);
      expect(farthest(start)).toBeLessThan(1e-9);
      const worst = actions.map((action, k) => {
        world.step(Float64Array.from(action));
        return farthest(observations[k]!);
      });
      expect(Math.max(...worst)).toBeGreaterThanOrEqual(least);
      expect(Math.max(...worst)).toBeLessThan(most);
    }
    world.delete();
  });
});
