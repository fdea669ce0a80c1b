// What an environment is to the rest of the project: a name, a few numbers, and simulations that deal in typed arrays.
import type { RandomStream } from "../engine/random.js";
import type { PhysicsArrays } from "./render/scene.js";

/**
 * Mass of a capsule: "legacy" weighs it as MuJoCo up to 2.1.0 did, as a cylinder with half a radius more at either end,
 * which is what D4RL's data were recorded with; "exact" as later versions do.
 */
export type Inertia = "legacy" | "exact";

/** A robot link in a picture, projected on the vertical plane: a thick line from `from` to `to`, metres, (x, z). */
export interface Capsule {
  /** Of the link, e.g. "torso". */
  readonly name: string;
  /** Centre of one round end (m); z is the height. */
  readonly from: readonly [x: number, z: number];
  /** Centre of the other (m). */
  readonly to: readonly [x: number, z: number];
  /** Of the ends, half the thickness (m). */
  readonly radius: number;
}

/** Joint positions and velocities, from which everything else follows. */
export interface PhysicsState {
  /** MuJoCo's generalised positions: m for slides, rad for hinges, a position (m) and a unit quaternion for free bodies. */
  readonly qpos: ArrayLike<number>;
  /** Their velocities: m/s and rad/s; a free body has six. */
  readonly qvel: ArrayLike<number>;
}

/** One running simulation, in raw units. The caller counts steps and decides when to reset. */
export interface Simulation {
  /** Simulated time of one control step (s). */
  readonly secondsPerStep: number;
  /** Puts the robot into a random initial state. */
  reset(random: RandomStream): void;
  /** Advances one control step with `action` (Da), which may be clipped in place; returns the reward. */
  step(action: Float64Array): number;
  /** Writes the raw observation (Do). */
  observe(out: Float64Array): void;
  /** Whether the current state ends the episode. */
  terminated(): boolean;
  /** Copy of the state. */
  state(): PhysicsState;
  /** Puts the robot into a state of as many numbers as {@link state} has. */
  setState(state: PhysicsState): void;
  /** What pictures are drawn from; absent where there is nothing to see. */
  readonly physics?: PhysicsArrays;
  /** Frees the engine's memory; the simulation must not be used afterwards. */
  delete(): void;
}

/** One environment: a file that ends in a definition, and a line in registry.ts. */
export interface EnvironmentDefinition {
  /** Canonical name, e.g. "hopper-v2". */
  readonly name: string;
  /** Further names, such as those of the datasets recorded in it. */
  readonly aliases: readonly string[];
  /** Whatever matches is a name, too. */
  readonly pattern?: RegExp;
  /** Numbers Do per observation. */
  readonly observationDimension: number;
  /** Numbers Da per action. */
  readonly actionDimension: number;
  /** Control steps after which an episode is cut off. */
  readonly maxEpisodeSteps: number;
  /** How capsules are weighed unless asked otherwise; default "legacy", as in the data. */
  readonly inertia?: Inertia;
  /** Mean returns of a random policy and of an expert, between which scores are counted. */
  readonly referenceReturns?: { readonly random: number; readonly expert: number };
  /** The robot with joint positions `qpos` as a stick figure in the plane, where there is a picture of it. */
  pose?(qpos: ArrayLike<number>): Capsule[];
  /** Loads a simulation, which has to be reset before its first step. */
  create(options: { readonly inertia: Inertia }): Promise<Simulation>;
}

/** Checks the shape of a definition at compile time and freezes it. */
export function defineEnvironment(definition: EnvironmentDefinition): EnvironmentDefinition {
  return Object.freeze(definition);
}
