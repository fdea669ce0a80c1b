// A robot in MuJoCo and what is to be done with it: the few functions in which such environments differ.
import type { RandomStream } from "../engine/random.js";
import { definedBy, type EnvironmentDefinition, type EnvironmentInput, type Inertia } from "./environment.js";
import { Simulator } from "./simulator.js";

/** An environment in MuJoCo, by the functions in which robots differ; `Simulator` is the state, in raw units. */
export interface Robot extends Omit<EnvironmentInput, "create"> {
  /** Engine steps per control step. */
  readonly frameSkip: number;
  /**
   * Whether actions are clipped to [-1, 1] before they act and before they cost, as D4RL's wrapper does; default true.
   * Otherwise only the engine limits what acts, and the cost is that of the action as given.
   */
  readonly clipsActions?: boolean;
  /** MJCF text. */
  model(inertia: Inertia): string;
  /** Perturbs `qpos` and `qvel` of a state that has just been reset. */
  perturb(state: Simulator, random: RandomStream): void;
  /** Writes all of `out` (Do). */
  observe(state: Simulator, out: Float64Array): void;
  /** Where the robot is along x (m), if the reward depends on its velocity. */
  readonly position?: (state: Simulator) => number;
  /** From the mean velocity over the control step (m/s, 0 without `position`), the action (Da) and the state reached. */
  reward(velocity: number, action: Float64Array, state: Simulator): number;
  /** Whether the state ends the episode, e.g. because the robot fell. */
  terminated(state: Simulator): boolean;
}

/** An environment from a robot's functions. */
export function defineRobot(robot: Robot): EnvironmentDefinition {
  const { frameSkip, clipsActions = true, position = () => 0 } = robot;
  return definedBy(
    { form: "robot", input: robot },
    {
      ...robot,
      async create({ inertia }) {
        const state = await Simulator.load(robot.model(inertia));
        const secondsPerStep = state.timestep * frameSkip;
        return {
          secondsPerStep,
          reset(random) {
            state.reset();
            robot.perturb(state, random);
            state.forward();
          },
          step(action) {
            if (clipsActions) clip(action);
            state.ctrl.set(action);
            const before = position(state);
            state.step(frameSkip);
            return robot.reward((position(state) - before) / secondsPerStep, action, state);
          },
          observe: (out) => robot.observe(state, out),
          terminated: () => robot.terminated(state),
          state: () => ({ qpos: state.qpos.slice(), qvel: state.qvel.slice() }),
          setState({ qpos, qvel }) {
            state.reset();
            state.qpos.set(qpos);
            state.qvel.set(qvel);
            state.forward();
          },
          physics: state,
          delete: () => state.delete(),
        };
      },
    },
  );
}

function clip(action: Float64Array): void {
  for (let i = 0; i < action.length; i++) action[i] = Math.min(1, Math.max(-1, action[i]!));
}
