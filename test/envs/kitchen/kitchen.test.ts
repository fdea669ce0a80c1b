// The Franka kitchen against traces of D4RL's own classes, and its model against the whole one.
import { afterAll, beforeAll, expect, test } from "vitest";
import type { RandomStream } from "../../../sdk/src/engine/random.js";
import { assetFolder } from "../../../sdk/src/envs/assets/assets.js";
import type { Simulation } from "../../../sdk/src/envs/environment.js";
import {
  isComplete,
  kitchens,
  KitchenWorld,
  kitchenTask,
  kitchenTasks,
} from "../../../sdk/src/envs/kitchen/kitchen.js";
import { kitchenModel } from "../../../sdk/src/envs/kitchen/model.js";
import { makeEnvironment } from "../../../sdk/src/envs/make-environment.js";
import { normalizedScore } from "../../../sdk/src/envs/normalized-score.js";
import { findEnvironment } from "../../../sdk/src/envs/registry.js";
import { Simulator } from "../../../sdk/src/envs/simulator.js";
import { VectorEnv } from "../../../sdk/src/envs/vector-env.js";
import { hasAssets } from "../../assets.js";
import { golden } from "../../shared.js";

interface Trace {
  readonly task: string;
  readonly robot_noise_ratio: number;
  readonly override?: Record<"qpos" | "qvel", Record<string, number>>;
  readonly resetObs: readonly number[];
  readonly actions: readonly (readonly number[])[];
  readonly obs: readonly (readonly number[])[];
  readonly reward: readonly number[];
  readonly done: readonly boolean[];
  readonly contacts: readonly number[];
  readonly goal: readonly number[];
  readonly noiseDrawsDuringReset?: number;
}
const traces = golden("kitchen").traces as Record<string, Trace>;

/** The recording's "random" numbers: the n-th of U(-1, 1) is sin(1.7 n + 0.3). */
function scriptedNoise() {
  let drawn = 0;
  const nextUniform = () => (Math.sin(1.7 * drawn++ + 0.3) + 1) / 2;
  return { stream: { nextUniform } as RandomStream, drawn: () => drawn };
}

const taskOf = (name: string) => Object.values(kitchenTasks).find((task) => task.name === name)!;

const greatest = (a: ArrayLike<number>, b: readonly number[]) =>
  Math.max(...b.map((value, i) => Math.abs(value - a[i]!)));

/** The cache is filled with noise also where the rest has none. */
const drawnWithoutNoise = 300;
/** Keeps the compiled model, which all in this thread share. */
let first: KitchenWorld | undefined;
beforeAll(async () => void (first = hasAssets("kitchen") ? await KitchenWorld.load() : undefined));
afterAll(() => first?.simulator.delete());

const kitchenTest = test.skipIf(!hasAssets("kitchen"));

kitchenTest.each(Object.keys(traces))("the trace %s of D4RL's classes is reproduced", async (name) => {
  const trace = traces[name]!;
  const simulation = await kitchenTask(taskOf(trace.task), trace.robot_noise_ratio).create({ inertia: "legacy" });
  const { stream, drawn } = scriptedNoise();
  simulation.reset(stream);
  const observation = new Float64Array(60);
  const observe = () => {
    simulation.observe(observation);
    return observation;
  };
  expect(greatest(observe(), trace.resetObs)).toBeLessThan(1e-9);
  expect(drawn()).toBe(trace.noiseDrawsDuringReset ?? drawnWithoutNoise);
  expect([...observation.subarray(30)]).toEqual(trace.goal);
  if (trace.override) override(simulation, trace.override);
  const rewards: number[] = [];
  const done: boolean[] = [];
  let touched = false;
  trace.actions.forEach((action, step) => {
    rewards.push(simulation.step(Float64Array.from(action)));
    done.push(simulation.terminated());
    // The kettle stands on the counter by four contacts.
    touched ||= trace.contacts[step]! > 4;
    expect(greatest(observe(), trace.obs[step]!)).toBeLessThan(touched ? 5e-3 : 1e-6);
  });
  expect(rewards).toEqual(trace.reward);
  expect(done).toEqual(trace.done);
  simulation.delete();
});

function override(simulation: Simulation, entries: NonNullable<Trace["override"]>): void {
  const state = simulation.state();
  const changed = (values: ArrayLike<number>, by: Record<string, number>) =>
    Array.from(values, (value, i) => by[i] ?? value);
  simulation.setState({ qpos: changed(state.qpos, entries.qpos), qvel: changed(state.qvel, entries.qvel) });
}

test.skipIf(!hasAssets("kitchen", "all"))(
  "without what is only seen the physics is the same, bit for bit",
  async () => {
    const models = [kitchenModel(assetFolder("kitchen")), kitchenModel(assetFolder("kitchen", "all"), true)];
    expect(models.map(({ files }) => files.size)).toEqual([9, 38]);
    const simulators = await Promise.all(models.map((model) => Simulator.load(model)));
    const [bare, whole] = simulators.map((simulator) => run(simulator));
    expect(bare).toEqual(whole);
    for (const array of ["body_mass", "body_inertia", "dof_damping", "actuator_gainprm"]) {
      expect(simulators[0]!.modelArray(array)).toEqual(simulators[1]!.modelArray(array));
    }
    simulators.forEach((simulator) => simulator.delete());

    function run(simulator: Simulator): number[] {
      simulator.reset();
      simulator.qpos.set(traces.noiseFree!.resetObs.slice(0, 30));
      simulator.forward();
      for (let step = 0; step < 25; step++) {
        for (let i = 0; i < 9; i++) simulator.ctrl[i] = simulator.qpos[i]! + 0.1 * Math.sin(step + i);
        simulator.step(40);
      }
      return [...simulator.qpos, ...simulator.qvel];
    }
  },
);

test("an element is complete within 0.3 of its goal, over all of its positions", () => {
  const positions = new Float64Array(30);
  positions.set([-0.69 + 0.2, -0.05 + 0.2], 17);
  expect(isComplete("light switch", positions)).toBe(true);
  positions[18] = -0.05 + 0.25;
  expect(isComplete("light switch", positions)).toBe(false);
});

test("names, scores and success", async () => {
  expect((await findEnvironment("kitchen_microwave_kettle_bottomburner_light-v0")).name).toBe("kitchen-mixed-v0");
  expect(normalizedScore("kitchen-partial-v0", 3)).toBe(75);
  for (const { success, observationNames, actionNames } of kitchens) {
    expect(success).toEqual({ by: "return", threshold: 4 });
    expect([observationNames![22], observationNames![52], actionNames![8]]).toEqual([
      ...["microwave door", "microwave door goal", "right finger velocity"],
    ]);
  }
});

kitchenTest("noise is the episode's own: equal seeds give equal episodes, in any thread", async () => {
  const options = { env: "kitchen-mixed-v0", count: 2, actionSteps: 1, condSteps: 1 };
  const vectors = [
    await VectorEnv.create({ ...options, seed: 3, workers: 1 }),
    await VectorEnv.create({ ...options, seed: 3, workers: 0 }),
  ];
  const actions = Float32Array.from({ length: 18 }, (_, i) => Math.sin(i));
  for (const vector of vectors) {
    await vector.reset();
    for (let i = 0; i < 3; i++) await vector.step(actions);
  }
  const [first, second] = vectors.map(({ observations }) => [...observations.state]);
  expect(first).toEqual(second);
  expect(first!.slice(0, 9)).not.toEqual(first!.slice(60, 69));
  for (const vector of vectors) await vector.close();
});

kitchenTest("there is something to see", async () => {
  const environment = await makeEnvironment("kitchen-complete-v0");
  environment.reset();
  const { rgb } = environment.render({ width: 64, height: 48, camera: "left_cap" });
  const shades = new Set(Array.from({ length: 64 * 48 }, (_, i) => rgb.slice(3 * i, 3 * i + 3).join()));
  expect(shades.size).toBeGreaterThan(50);
  environment.close();
});

kitchenTest(
  "forty training and forty evaluation environments fit into one thread, whose engine has two gibibytes",
  () => {
    const asked = Number(first!.simulator.dataView("narena"));
    expect(80 * asked).toBeLessThan(2 ** 30);
  },
);
