// Walker, cheetah, ant and humanoid against the closed forms of their tasks and the masses of their models.
import { afterEach, describe, expect, test } from "vitest";
import { Random } from "../../../sdk/src/engine/random.js";
import type { EnvironmentDefinition, PhysicsState, Simulation } from "../../../sdk/src/envs/environment.js";
import { ant, antModel, antV4 } from "../../../sdk/src/envs/locomotion/ant.js";
import { halfCheetah, halfCheetahModel } from "../../../sdk/src/envs/locomotion/half-cheetah.js";
import { humanoid, humanoidModel } from "../../../sdk/src/envs/locomotion/humanoid.js";
import { walker2d, walker2dModel } from "../../../sdk/src/envs/locomotion/walker2d.js";
import { Simulator } from "../../../sdk/src/envs/simulator.js";

const created: { delete(): void }[] = [];
afterEach(() => created.splice(0).forEach((item) => item.delete()));

async function simulation(robot: EnvironmentDefinition): Promise<Simulation> {
  const made = await robot.create({ inertia: "legacy" });
  created.push(made);
  return made;
}

/** In the initial state, up to `changes` of single coordinates. */
async function placed(robot: EnvironmentDefinition, changes: Partial<PhysicsState> = {}): Promise<Simulation> {
  const made = await simulation(robot);
  const random = new Random(0).stream("environment");
  made.reset(random);
  const { qpos, qvel } = made.state();
  made.setState({
    qpos: Object.assign([...Array.from(qpos)], changes.qpos),
    qvel: Object.assign([...Array.from(qvel)], changes.qvel),
  });
  return made;
}

function observe(robot: EnvironmentDefinition, simulation: Simulation): number[] {
  const out = new Float64Array(robot.observationDimension).fill(NaN);
  simulation.observe(out);
  return [...out];
}

describe("exact inertia weighs the caps as what they are", () => {
  const antLeg = [0.03915775, 0.03915775, 0.0675922];
  test.each([
    { model: walker2dModel, total: 23.67714, masses: [0, 3.665191, 4.057891, 2.781357, 3.166725] },
    {
      model: halfCheetahModel,
      total: 14,
      masses: [0, 6.250209, 1.543515, 1.587448, 1.095397, 1.438075, 1.200837, 0.8845188],
    },
    { model: antModel, total: 0.9108801, masses: [0, 0.3272492, ...antLeg, ...antLeg, ...antLeg, ...antLeg] },
    { model: humanoidModel, total: 42.11603, masses: [0, 8.907462, 2.261947, 6.616194, 4.751751, 2.755696, 1.767146] },
  ])("$total kg", async ({ model, total, masses }) => {
    const simulator = await Simulator.load(model("exact"));
    created.push(simulator);
    expect(simulator.bodyMass.reduce((sum, mass) => sum + mass, 0)).toBeCloseTo(total, 5);
    masses.forEach((mass, body) => expect(simulator.bodyMass[body], `body ${body}`).toBeCloseTo(mass, 6));
  });
});

describe("rewards", () => {
  test.each([
    { robot: walker2d, alive: 1, cost: 1e-3, dt: 0.008 },
    { robot: halfCheetah, alive: 0, cost: 0.1, dt: 0.05 },
  ])("$robot.name: velocity and small clipped actions", async ({ robot, alive, cost, dt }) => {
    const state = await placed(robot);
    const before = state.state().qpos[0]!;
    const reward = state.step(Float64Array.of(0.5, -3, 2, 0, 0, -0.5));
    expect(reward).toBeCloseTo((state.state().qpos[0]! - before) / dt + alive - cost * 2.5, 10);
  });

  test("humanoid: the cost is that of the action as given, the engine limits what acts", async () => {
    const [far, limit] = [await placed(humanoid), await placed(humanoid)];
    const difference = limit.step(new Float64Array(17).fill(0.4)) - far.step(new Float64Array(17).fill(3));
    expect(difference).toBeCloseTo(0.1 * 17 * (9 - 0.16), 9);
    expect(far.state()).toEqual(limit.state());
  });
});

describe("observations", () => {
  test("walker: velocities are clipped to 10, the cheetah's are not", async () => {
    const fast = { qvel: Array<number>(9).fill(-12) };
    expect(observe(walker2d, await placed(walker2d, fast)).slice(8)).toEqual(Array(9).fill(-10));
    expect(observe(halfCheetah, await placed(halfCheetah, fast)).slice(8)).toEqual(Array(9).fill(-12));
  });

  test("ant and humanoid: contact forces are zero, also in contact", async () => {
    for (const [robot, first] of [
      [ant, 27],
      [humanoid, 292],
    ] as const) {
      const state = await placed(robot);
      for (let i = 0; i < 100; i++) state.step(new Float64Array(robot.actionDimension));
      const observation = observe(robot, state);
      expect(observation.slice(first)).toEqual(Array(84).fill(0));
      expect(observation.slice(0, first).filter((value) => value !== 0).length).toBeGreaterThan(20);
    }
  });

  test("ant, version 4: the same without contact forces", async () => {
    expect(observe(antV4, await placed(antV4))).toEqual(observe(ant, await placed(ant)).slice(0, 27));
  });
});

describe("an episode ends", () => {
  test.each([
    { robot: walker2d, coordinate: 1, inside: [0.801, 1.999], outside: [0.8, 2, NaN] },
    { robot: walker2d, coordinate: 2, inside: [-0.999, 0.999], outside: [-1, 1] },
    { robot: halfCheetah, coordinate: 1, inside: [-99, 99], outside: [] },
    { robot: ant, coordinate: 2, inside: [0.2, 1], outside: [0.199, 1.001] },
    { robot: ant, coordinate: 0, inside: [1e6], outside: [Infinity, NaN] },
    { robot: humanoid, coordinate: 2, inside: [1.001, 1.999], outside: [1, 2] },
  ])("$robot.name by coordinate $coordinate", async ({ robot, coordinate, inside, outside }) => {
    const state = await placed(robot);
    const { qpos, qvel } = state.state();
    const ends = (value: number) => {
      state.setState({ qpos: Object.assign([...Array.from(qpos)], { [coordinate]: value }), qvel });
      return state.terminated();
    };
    expect(inside.map(ends)).toEqual(inside.map(() => false));
    expect(outside.map(ends)).toEqual(outside.map(() => true));
  });
});

describe("an episode starts near the initial pose", () => {
  test.each([
    { robot: walker2d, start: [0, 1.25], spread: 0.005, velocity: 0.005 / Math.sqrt(3) },
    { robot: halfCheetah, start: [0, 0], spread: 0.1, velocity: 0.1 },
    { robot: ant, start: [0, 0, 0.75, 1], spread: 0.1, velocity: 0.1 },
    { robot: humanoid, start: [0, 0, 1.4, 1], spread: 0.01, velocity: 0.01 / Math.sqrt(3) },
  ])("$robot.name", async ({ robot, start, spread, velocity }) => {
    const state = await simulation(robot);
    const random = new Random(3).stream("environment");
    const samples = Array.from({ length: 400 }, () => {
      state.reset(random);
      const { qpos, qvel } = state.state();
      return { offsets: Array.from(qpos, (q, i) => q - (start[i] ?? 0)), qvel: Array.from(qvel) };
    });
    const deviation = (values: number[]) => Math.sqrt(values.reduce((sum, x) => sum + x * x, 0) / values.length);
    const offsets = samples.flatMap((sample) => sample.offsets);
    expect(Math.max(...offsets.map(Math.abs))).toBeLessThanOrEqual(spread * (1 + 1e-12));
    expect(deviation(offsets) / (spread / Math.sqrt(3))).toBeCloseTo(1, 1);
    expect(deviation(samples.flatMap((sample) => sample.qvel)) / velocity).toBeCloseTo(1, 1);
  });
});
