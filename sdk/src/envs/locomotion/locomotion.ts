// What the locomotion tasks have in common: a robot is rewarded for moving along x.
// Erez, Tassa, Todorov 2011 (the robots); Brockman et al. 2016, "OpenAI Gym" (the tasks).
import type { RandomStream } from "../../engine/random.js";
import { defineEnvironment, type EnvironmentDefinition, type Inertia } from "../environment.js";
import { Simulator } from "../simulator.js";

/** A locomotion task; `Simulator` is the state, in raw units. */
export interface Locomotion extends Omit<EnvironmentDefinition, "create"> {
  /** Engine steps per control step. */
  readonly frameSkip: number;
  /** MJCF text. */
  model(inertia: Inertia): string;
  /** Perturbs `qpos` and `qvel` of a state that has just been reset. */
  perturb(state: Simulator, random: RandomStream): void;
  observe(state: Simulator, out: Float64Array): void;
  /** Where the robot is along x (m). */
  position(state: Simulator): number;
  /** From the mean velocity over the control step (m/s) and the clipped action (Da). */
  reward(velocity: number, action: Float64Array): number;
  terminated(state: Simulator): boolean;
}

/** An environment whose actions are clipped to [-1, 1] before they act and before they cost, as D4RL's wrapper does. */
export function defineLocomotion(task: Locomotion): EnvironmentDefinition {
  return defineEnvironment({
    ...task,
    async create({ inertia }) {
      const state = await Simulator.load(task.model(inertia));
      const secondsPerStep = state.timestep * task.frameSkip;
      return {
        secondsPerStep,
        reset(random) {
          state.reset();
          task.perturb(state, random);
          state.forward();
        },
        step(action) {
          const { ctrl } = state;
          for (let i = 0; i < action.length; i++) ctrl[i] = action[i] = Math.min(1, Math.max(-1, action[i]!));
          const before = task.position(state);
          state.step(task.frameSkip);
          return task.reward((task.position(state) - before) / secondsPerStep, action);
        },
        observe: (out) => task.observe(state, out),
        terminated: () => task.terminated(state),
        state: () => ({ qpos: state.qpos.slice(), qvel: state.qvel.slice() }),
        setState({ qpos, qvel }) {
          state.reset();
          state.qpos.set(qpos);
          state.qvel.set(qvel);
          state.forward();
        },
        delete: () => state.delete(),
      };
    },
  });
}

/** Adds a number from U(-range, range) to every entry. */
export function jitter(values: Float64Array, range: number, random: RandomStream): void {
  for (let i = 0; i < values.length; i++) values[i]! += range * (2 * random.nextUniform() - 1);
}

export function sumSquares(values: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]! ** 2;
  return sum;
}

/** Names of the D4RL datasets recorded in `robot`, e.g. "hopper-medium-v2". */
export function d4rlDatasets(robot: string): string[] {
  const qualities = ["random", "medium", "expert", "medium-replay", "medium-expert", "full-replay"];
  return qualities.flatMap((quality) => ["v0", "v1", "v2"].map((version) => `${robot}-${quality}-${version}`));
}
