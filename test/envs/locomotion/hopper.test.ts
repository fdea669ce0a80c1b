// Hopper against the closed forms of its task; native-traces.test.ts compares it with native MuJoCo.
import { afterEach, describe, expect, test } from "vitest";
import { Random } from "../../../sdk/src/engine/random.js";
import type { PhysicsState, Simulation } from "../../../sdk/src/envs/environment.js";
import { hopper, hopperModel } from "../../../sdk/src/envs/locomotion/hopper.js";
import { Simulator } from "../../../sdk/src/envs/simulator.js";

const standing: PhysicsState = { qpos: [0, 1.25, 0, 0, 0, 0], qvel: [0, 0, 0, 0, 0, 0] };

const created: { delete(): void }[] = [];
afterEach(() => created.splice(0).forEach((item) => item.delete()));

async function simulation(inertia: "legacy" | "exact" = "legacy"): Promise<Simulation> {
  const made = await hopper.create({ inertia });
  created.push(made);
  return made;
}

async function compiled(inertia: "legacy" | "exact"): Promise<Simulator> {
  const made = await Simulator.load(hopperModel(inertia));
  created.push(made);
  return made;
}

function observe(simulation: Simulation): number[] {
  const out = new Float64Array(hopper.observationDimension);
  simulation.observe(out);
  return [...out];
}

const largest = (values: ArrayLike<number>, expected: readonly number[]): number =>
  Math.max(...expected.map((value, i) => Math.abs(values[i]! - value)));

describe("model", () => {
  test("exact inertia weighs the caps as what they are", async () => {
    const masses = [0, 3.665191, 4.057891, 2.781357, 5.315575];
    expect(largest((await compiled("exact")).modelArray("body_mass"), masses)).toBeLessThan(1e-6);
  });

  test("collides as long as four capsules and a floor do", async () => {
    const simulator = await compiled("legacy");
    expect([...simulator.modelArray("geom_contype")]).toEqual([1, 1, 1, 1, 1]);
    expect([...simulator.modelArray("geom_condim")]).toEqual([3, 1, 1, 1, 1]);
    const sliding = simulator.modelArray("geom_friction").filter((_, i) => i % 3 === 0);
    expect([...sliding]).toEqual([1, 0.9, 0.9, 0.9, 2]);
  });

  test("the same text is compiled once and freed with its last user", async () => {
    const first = await Simulator.load(hopperModel("legacy"));
    const second = await Simulator.load(hopperModel("legacy"));
    first.delete();
    second.step(1);
    expect(second.qpos[1]).toBeLessThan(1.25);
    second.delete();
  });

  test("deleted simulators leave nothing behind in the engine's memory", async () => {
    const sizes = [];
    for (let i = 0; i < 300; i++) {
      const simulator = await Simulator.load(hopperModel("legacy"));
      sizes.push(simulator.qpos.buffer.byteLength);
      simulator.delete();
    }
    expect(sizes.at(-1)).toBe(sizes[10]);
  });

  test("views survive growth of the engine's memory", async () => {
    const simulator = await compiled("legacy");
    const before = simulator.qpos;
    while (before.length > 0) created.push(await Simulator.load(hopperModel("legacy")));
    simulator.step(4);
    expect([...simulator.qpos]).toEqual([...simulator.dataArray("qpos")]);
    expect([...simulator.qvel]).toEqual([...simulator.dataArray("qvel")]);
    expect(simulator.ctrl).toHaveLength(3);
  });

  test("text that is no model is an error", async () => {
    const sizeless = "<mujoco><worldbody><geom/></worldbody></mujoco>";
    await expect(Simulator.load(sizeless)).rejects.toThrow(
      /^model: Error: size 0 must be positive in geom[^\n]*\n {2}expected a model that MuJoCo can compile/,
    );
  });
});

describe("task", () => {
  test("observes qpos without x, then velocities clipped to 10", async () => {
    const hopper = await simulation();
    hopper.setState({ qpos: [9, 1.3, 0.1, -0.2, -0.3, 0.4], qvel: [-11, 1, 2, 3, 99, -4] });
    expect(observe(hopper)).toEqual([1.3, 0.1, -0.2, -0.3, 0.4, -10, 1, 2, 3, 10, -4]);
  });

  test("rewards velocity, being alive, and small clipped actions", async () => {
    const hopper = await simulation();
    hopper.setState(standing);
    const reward = hopper.step(Float64Array.of(0.5, -3, 2));
    expect(reward).toBeCloseTo(hopper.state().qpos[0]! / 0.008 + 1 - 1e-3 * (0.25 + 1 + 1), 12);
  });

  test("an action beyond the limits acts as the limit", async () => {
    const [far, limit] = [await simulation(), await simulation()];
    far.setState(standing);
    limit.setState(standing);
    expect(far.step(Float64Array.of(7, -7, 7))).toBe(limit.step(Float64Array.of(1, -1, 1)));
    expect(far.state()).toEqual(limit.state());
  });

  test.each([
    { name: "upright", qpos: [0, 1.25, 0.199, 0, 0, 0], qvel: [0, 0, 0, 0, 0, 99.9], ends: false },
    { name: "low", qpos: [0, 0.7, 0, 0, 0, 0], qvel: [0, 0, 0, 0, 0, 0], ends: true },
    { name: "tilted forward", qpos: [0, 1.25, 0.2, 0, 0, 0], qvel: [0, 0, 0, 0, 0, 0], ends: true },
    { name: "tilted back", qpos: [0, 1.25, -0.2, 0, 0, 0], qvel: [0, 0, 0, 0, 0, 0], ends: true },
    { name: "too fast", qpos: [0, 1.25, 0, 0, 0, 0], qvel: [0, -100, 0, 0, 0, 0], ends: true },
    { name: "a joint too far", qpos: [0, 1.25, 0, 100, 0, 0], qvel: [0, 0, 0, 0, 0, 0], ends: true },
    { name: "far away", qpos: [1e6, 1.25, 0, 0, 0, 0], qvel: [0, 0, 0, 0, 0, 0], ends: false },
    { name: "not a number", qpos: [NaN, 1.25, 0, 0, 0, 0], qvel: [0, 0, 0, 0, 0, 0], ends: true },
  ])("ends: $name", async ({ qpos, qvel, ends }) => {
    const hopper = await simulation();
    hopper.setState({ qpos, qvel });
    expect(hopper.terminated()).toBe(ends);
  });

  test("starts within 0.005 of standing, uniformly in every coordinate", async () => {
    const hopper = await simulation();
    const random = new Random(3).stream("environment");
    const samples = Array.from({ length: 2000 }, () => {
      hopper.reset(random);
      const { qpos, qvel } = hopper.state();
      return [...Array.from(qpos, (q, i) => q - standing.qpos[i]!), ...Array.from(qvel)];
    });
    for (let i = 0; i < 12; i++) {
      const column = samples.map((sample) => sample[i]! / 0.005);
      const mean = column.reduce((sum, x) => sum + x, 0) / column.length;
      const variance = column.reduce((sum, x) => sum + x * x, 0) / column.length;
      expect(Math.max(...column.map(Math.abs))).toBeLessThanOrEqual(1);
      // Five standard errors.
      expect(Math.abs(mean)).toBeLessThan(0.065);
      expect(Math.abs(variance - 1 / 3)).toBeLessThan(0.034);
    }
  });

  test("falls freely before it touches the ground", async () => {
    const hopper = await simulation();
    hopper.setState({ qpos: [0, 100, 0, 0, 0, 0], qvel: [2, 0, 0, 0, 0, 0] });
    for (let i = 0; i < 50; i++) hopper.step(new Float64Array(3));
    const { qpos, qvel } = hopper.state();
    expect(qpos[0]).toBeCloseTo(2 * 0.4, 9);
    expect(qpos[1]).toBeCloseTo(100 - (9.81 * 0.4 ** 2) / 2, 9);
    expect(qvel[1]).toBeCloseTo(-9.81 * 0.4, 9);
  });
});
