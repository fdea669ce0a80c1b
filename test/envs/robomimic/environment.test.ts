// The tasks as environments: by name, many at once, in pictures.
import { describe, expect, test } from "vitest";
import { makeEnvironment } from "../../../sdk/src/envs/make-environment.js";
import { VectorEnv } from "../../../sdk/src/envs/vector-env.js";
import { hasAssets } from "../../assets.js";

describe.skipIf(!hasAssets("robosuite"))("environments", () => {
  test("many at once are the same ones by one, wherever they are stepped, each with a cube of its own", async () => {
    const options = { env: "lift", count: 2, seed: [5, 6], actionSteps: 3, condSteps: 1 } as const;
    const vectors = [
      await VectorEnv.create({ ...options, workers: 0 }),
      await VectorEnv.create({ ...options, workers: 1 }),
    ];
    const actions = Float32Array.from({ length: 2 * 3 * 7 }, (_, i) => Math.fround(0.5 * Math.sin(i)));
    const seen: number[][] = [];
    for (const vector of vectors) {
      await vector.reset();
      await vector.step(actions);
      seen.push([...vector.observations.state]);
      await vector.close();
    }
    expect(seen[1]).toEqual(seen[0]);
    const alone = await makeEnvironment("lift", { seed: 6 });
    const height = alone.reset()[11];
    let observation: Float64Array = new Float64Array(19);
    for (let step = 0; step < 3; step++) {
      observation = alone.step(actions.slice(21 + 7 * step, 28 + 7 * step)).observation;
    }
    expect(seen[0]!.slice(19)).toEqual([...Float32Array.from(observation)]);
    expect(alone.reset()[11]).not.toBeCloseTo(height!, 9);
    alone.close();
  });

  test("two arms act on fourteen numbers, and there is something to see", async () => {
    const transport = await makeEnvironment("TwoArmTransport", { seed: 1 });
    const start = transport.reset();
    expect(start.length).toBe(59);
    const { observation, reward, truncated } = transport.step([...new Array<number>(9).fill(0), 1, 0, 0, 0, 0]);
    expect([reward, truncated]).toEqual([0, false]);
    // The second arm alone goes up.
    expect(Math.abs(observation[2]! - start[2]!)).toBeLessThan(2e-3);
    expect(observation[11]! - start[11]!).toBeGreaterThan(2e-3);
    for (const camera of [undefined, "agentview", "shouldercamera0", "robot0_eye_in_hand"]) {
      const { rgb } = transport.render({ camera, width: 48, height: 48, samples: 1 });
      expect(new Set(rgb).size, camera).toBeGreaterThan(40);
    }
    transport.close();
  });

  test("a restored state continues, with the fingers where they were", async () => {
    const can = await makeEnvironment("can", { seed: 2 });
    can.reset();
    for (let step = 0; step < 8; step++) can.step([0, 0, 0, 0, 0, 0, -1]);
    const state = can.state();
    can.reset();
    can.setState(state);
    expect([...can.state().qpos]).toEqual([...state.qpos]);
    // The gripper's command begins half way, as after a reset.
    const { observation } = can.step([0, 0, 0, 0, 0, 0, 0]);
    expect(observation[7]).toBeGreaterThan(0.02);
    expect(observation[7]).toBeLessThan(state.qpos[7]!);
    can.close();
  });
});
