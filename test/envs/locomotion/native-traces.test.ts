// The five robots against traces of native MuJoCo. The tolerances leave room for an honest other encoding of the masses; every
// mistake that was tried (integrator, capsules, solver, order of forward and observation) falls outside.
import { afterEach, describe, expect, test } from "vitest";
import type { EnvironmentDefinition, Inertia, PhysicsState, Simulation } from "../../../sdk/src/envs/environment.js";
import { ant, antModel } from "../../../sdk/src/envs/locomotion/ant.js";
import { halfCheetah, halfCheetahModel } from "../../../sdk/src/envs/locomotion/half-cheetah.js";
import { hopper, hopperModel } from "../../../sdk/src/envs/locomotion/hopper.js";
import { humanoid, humanoidModel } from "../../../sdk/src/envs/locomotion/humanoid.js";
import { walker2d, walker2dModel } from "../../../sdk/src/envs/locomotion/walker2d.js";
import { Simulator } from "../../../sdk/src/envs/simulator.js";
import { golden } from "../../shared.js";

interface Outcome {
  readonly qpos: readonly number[];
  readonly qvel: readonly number[];
  readonly reward: number;
  readonly done: boolean;
  readonly obs?: readonly number[];
}

interface Rollout {
  readonly start_qpos: readonly number[];
  readonly start_qvel: readonly number[];
  readonly total_steps: number;
  readonly first_done_after_step: number | null;
  readonly steps: readonly (Outcome & { readonly n: number })[];
}

interface Trace {
  readonly model: Readonly<Record<string, number[] | number[][]>>;
  readonly one_step: readonly (PhysicsState &
    Pick<Outcome, "reward" | "done" | "obs"> & {
      readonly action: readonly number[];
      readonly next_qpos: readonly number[];
      readonly next_qvel: readonly number[];
    })[];
  readonly ground: Rollout;
  readonly flight: Rollout;
}

interface Case {
  readonly robot: EnvironmentDefinition;
  readonly name: string;
  readonly model: (inertia: Inertia) => string;
  /** Of the actions in the rollouts. */
  readonly amplitude: number;
  readonly limit: number;
  /** Ground steps that contact does not yet make chaotic. */
  readonly comparable: number;
}

const cases: readonly Case[] = [
  { robot: hopper, name: "hopper", model: hopperModel, amplitude: 0.4, limit: 1, comparable: 20 },
  { robot: walker2d, name: "walker2d", model: walker2dModel, amplitude: 0.4, limit: 1, comparable: 20 },
  { robot: halfCheetah, name: "halfcheetah", model: halfCheetahModel, amplitude: 0.6, limit: 1, comparable: 1000 },
  { robot: ant, name: "ant", model: antModel, amplitude: 0.5, limit: 1, comparable: 20 },
  { robot: humanoid, name: "humanoid", model: humanoidModel, amplitude: 0.3, limit: 0.4, comparable: 20 },
];

const created: { delete(): void }[] = [];
afterEach(() => created.splice(0).forEach((item) => item.delete()));

/** Largest error. */
function distance(actual: ArrayLike<number>, expected: readonly number[]): number {
  expect(actual.length).toBe(expected.length);
  return Math.max(...expected.map((value, i) => Math.abs(actual[i]! - value)));
}

/** The same with each error divided by max(1, |expected|). */
function relative(actual: ArrayLike<number>, expected: readonly number[]): number {
  expect(actual.length).toBe(expected.length);
  return Math.max(...expected.map((value, i) => Math.abs(actual[i]! - value) / Math.max(1, Math.abs(value))));
}

describe.each(cases)("$name", ({ robot, name, model, amplitude, limit, comparable }) => {
  const trace: Trace = golden(`physics/${name}`);

  async function simulation(state: PhysicsState): Promise<Simulation> {
    const made = await robot.create({ inertia: "legacy" });
    created.push(made);
    made.setState(state);
    return made;
  }

  function observe(simulation: Simulation): Float64Array {
    const out = new Float64Array(robot.observationDimension).fill(NaN);
    simulation.observe(out);
    return out;
  }

  test("the compiled model has the legacy masses, inertias, ranges and gears", async () => {
    const simulator = await Simulator.load(model("legacy"));
    created.push(simulator);
    const rows = (values: Float64Array, size: number) =>
      Array.from({ length: values.length / size }, (_, i) => [...values.slice(i * size, (i + 1) * size)]);
    const inertias = rows(simulator.modelArray("body_inertia"), 3).flatMap((row) => row.sort((a, b) => a - b));
    expect(distance(inertias, trace.model.body_inertia_sorted!.flat())).toBeLessThan(1e-9);
    const gears = rows(simulator.modelArray("actuator_gear"), 6).map((row) => row[0]);
    expect(gears).toEqual(trace.model.actuator_gear);
    for (const part of ["body_mass", "body_ipos", "qpos0", "jnt_range", "actuator_ctrlrange"]) {
      expect(distance(simulator.modelArray(part), trace.model[part]!.flat()), part).toBeLessThan(1e-9);
    }
    for (const part of ["dof_armature", "dof_damping", "jnt_stiffness"]) {
      expect([...simulator.modelArray(part)], part).toEqual(trace.model[part]);
    }
  });

  test("single steps from states of noisy rollouts", async () => {
    const state = await simulation(trace.one_step[0]!);
    for (const record of trace.one_step) {
      state.setState(record);
      const reward = state.step(Float64Array.from(record.action));
      const { qpos, qvel } = state.state();
      expect(distance(qpos, record.next_qpos)).toBeLessThan(1e-7);
      expect(relative(qvel, record.next_qvel)).toBeLessThan(1e-6);
      if (record.obs) expect(relative(observe(state), record.obs)).toBeLessThan(1e-6);
      expect(Math.abs(reward - record.reward)).toBeLessThan(1e-7);
      expect(state.terminated()).toBe(record.done);
    }
  });

  test.each([
    { rollout: "ground", steps: comparable, tolerance: 1e-6 },
    { rollout: "flight", steps: Infinity, tolerance: 1e-9 },
  ] as const)("an open-loop rollout ($rollout)", async ({ rollout, steps, tolerance }) => {
    const { start_qpos: qpos, start_qvel: qvel, ...expected } = trace[rollout];
    const state = await simulation({ qpos, qvel });
    let firstDone: number | null = null;
    for (let n = 1; n <= expected.total_steps; n++) {
      const action = Float64Array.from({ length: robot.actionDimension }, (_, j) =>
        Math.min(limit, Math.max(-limit, amplitude * Math.sin(0.05 * (n - 1) * (j + 1) + j))),
      );
      const reward = state.step(action);
      if (state.terminated()) firstDone ??= n;
      const record = expected.steps.find((step) => step.n === n);
      if (!record || n > steps) continue;
      expect(relative(state.state().qpos, record.qpos), `qpos ${n}`).toBeLessThan(tolerance);
      expect(relative(state.state().qvel, record.qvel), `qvel ${n}`).toBeLessThan(tolerance);
      if (record.obs) expect(relative(observe(state), record.obs), `obs ${n}`).toBeLessThan(tolerance);
      expect(Math.abs(reward - record.reward), `reward ${n}`).toBeLessThan(1e-6);
      expect(state.terminated()).toBe(record.done);
    }
    expect(firstDone).toBe(expected.first_done_after_step);
  });
});
