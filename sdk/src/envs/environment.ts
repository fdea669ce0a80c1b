// What an environment is to the rest of the project: a name, a few numbers, and simulations that deal in typed arrays.
import type { RandomStream } from "../engine/random.js";
import { fail, InputError, type Problem } from "../errors.js";
import type { AssetPackage, AssetSubset } from "./assets/manifest.js";
import type { PhysicsArrays, SceneSource } from "./render/scene.js";

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

/** Numbers in order, in whatever array. */
export type Numbers = ArrayLike<number> & Iterable<number>;

/** Joint positions and velocities, from which everything else follows. */
export interface PhysicsState {
  /** MuJoCo's generalised positions: m for slides, rad for hinges, a position (m) and a unit quaternion for free bodies. */
  readonly qpos: Numbers;
  /** Their velocities: m/s and rad/s; a free body has six. */
  readonly qvel: Numbers;
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
  /** Writes what policies see beside the observation, (C, H, W), 0 to 255; where the definition has {@link EnvironmentDefinition.pictures}. */
  look?(out: Uint8Array): void;
  /** Whether the current state ends the episode. */
  terminated(): boolean;
  /** Copy of the state. */
  state(): PhysicsState;
  /** Puts the robot into a state of as many numbers as {@link state} has. */
  setState(state: PhysicsState): void;
  /** What pictures are drawn from; absent where there is nothing to see. */
  readonly physics?: PhysicsArrays;
  /** What is to be seen of it, where that is more than what {@link physics} has. */
  readonly scene?: SceneSource;
  /** Frees the engine's memory; the simulation must not be used afterwards. */
  delete(): void;
}

/** Which episodes succeed. */
export interface SuccessRule {
  /** What is compared: the best reward, which is the highest mean reward of a chunk's steps, or the sum of all rewards. */
  readonly by: "best-reward" | "return";
  /** Reached by those that succeed. */
  readonly threshold: number;
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
  /** Pictures that policies may see beside the observation: channels C (3 per camera), height, width, e.g. [3, 96, 96]. */
  readonly pictures?: readonly [channels: number, height: number, width: number];
  /** Names of the cameras that take them, one for each three channels. */
  readonly cameras?: readonly string[];
  /** A name for each number of an observation (Do), e.g. "height"; by them data sets are read. */
  readonly observationNames?: readonly string[];
  /** A name for each number of an action (Da), e.g. "knee torque". */
  readonly actionNames?: readonly string[];
  /** Normalised observations that go beyond this, in either direction, are cut off there, e.g. 5; default: none are. */
  readonly observationBound?: number;
  /** Control steps after which an episode is cut off. */
  readonly maxEpisodeSteps: number;
  /** How capsules are weighed unless asked otherwise; default "legacy", as in the data. */
  readonly inertia?: Inertia;
  /** Mean returns of a random policy and of an expert, between which scores are counted. */
  readonly referenceReturns?: { readonly random: number; readonly expert: number };
  /**
   * When an episode succeeds; "none" where the task has no success, like running, and no threshold makes one. Default: the best
   * reward counts, where a run names a threshold for it.
   */
  readonly success?: SuccessRule | "none";
  /** Package whose files its model is made of; they are fetched before the first simulation. */
  readonly assets?: AssetPackage;
  /** Whether of these files all are needed, also those that are only seen. Default "physics": they are not. */
  readonly assetSubset?: AssetSubset;
  /** What has to be done once on a machine, after its files are there and before the first simulation. */
  prepare?(): Promise<void>;
  /** The robot with joint positions `qpos` as a stick figure in the plane, where there is a picture of it. */
  pose?(qpos: Numbers): Capsule[];
  /** Loads a simulation, which has to be reset before its first step. */
  create(options: { readonly inertia: Inertia }): Promise<Simulation>;
}

/** A simulation as it may be written: what has a meaning in few environments is optional. */
export type SimulationInput = Omit<Simulation, "state" | "setState" | "delete"> &
  Partial<Pick<Simulation, "state" | "setState" | "delete">>;

/** A definition as it may be written, e.g. in a cell of a notebook. */
export interface EnvironmentInput extends Omit<EnvironmentDefinition, "aliases" | "create"> {
  /** Further names. Default: none. */
  readonly aliases?: readonly string[];
  /** Makes a simulation, which is reset before its first step. */
  create(options: { readonly inertia: Inertia }): SimulationInput | Promise<SimulationInput>;
}

/** How an environment is given: by its name, as the `file:` URL or path of the module that defines it, or as its definition. */
export type EnvironmentSource = string | EnvironmentInput;

const complete = new WeakMap<EnvironmentInput, EnvironmentDefinition>();

/** What a definition was made of: an {@link EnvironmentInput}, or the functions of a robot. */
interface GivenInput {
  readonly form: "environment" | "robot";
  readonly input: object;
}

const inputs = new WeakMap<EnvironmentDefinition, GivenInput>();

/** What `definition` was made of. */
export const inputOf = (definition: EnvironmentDefinition): GivenInput =>
  inputs.get(definition) ?? { form: "environment", input: definition };

/**
 * An environment, frozen. What is returned goes wherever an environment is asked for, and is what a module exports by default.
 * @throws InputError DMPO_ENV_DEFINITION with all that is wrong.
 */
export function defineEnvironment(input: EnvironmentInput): EnvironmentDefinition {
  return definedBy({ form: "environment", input }, input);
}

/** The same for what was given in another form. */
export function definedBy(given: GivenInput, input: EnvironmentInput): EnvironmentDefinition {
  const known = complete.get(input);
  if (known) return known;
  check(input);
  const definition = Object.freeze<EnvironmentDefinition>({
    ...input,
    aliases: input.aliases ?? [],
    create: async (options) => completed(await input.create(options), input),
  });
  for (const key of [input, definition]) complete.set(key, definition);
  inputs.set(definition, given);
  return definition;
}

const shown = (value: unknown) => (typeof value === "function" ? "a function" : (JSON.stringify(value) ?? "undefined"));

const needed = ["reset", "step", "observe", "terminated"] as const;

function completed(simulation: SimulationInput, { name, pictures }: EnvironmentInput): Simulation {
  if (pictures && typeof simulation === "object" && simulation && !simulation.look) {
    fail("DMPO_ENV_DEFINITION", `environment ${name}: pictures`, "cannot be taken", "a simulation with look(out)");
  }
  const lacks = needed.filter(
    (method) => typeof (simulation as Partial<SimulationInput> | null)?.[method] !== "function",
  );
  if (lacks.length > 0) {
    const wrong =
      typeof simulation === "object" && simulation ? `a simulation without ${lacks.join(", ")}` : shown(simulation);
    fail(
      "DMPO_ENV_DEFINITION",
      `environment ${name}: create()`,
      `returned ${wrong}`,
      `an object with ${needed.join(", ")}`,
    );
  }
  if (simulation.state && simulation.setState && simulation.delete) return simulation as Simulation;
  const { physics, scene } = simulation;
  return {
    secondsPerStep: simulation.secondsPerStep,
    reset: (random) => simulation.reset(random),
    step: (action) => simulation.step(action),
    observe: (out) => simulation.observe(out),
    ...(simulation.look && { look: (out) => simulation.look!(out) }),
    terminated: () => simulation.terminated(),
    state: () => simulation.state?.() ?? { qpos: [], qvel: [] },
    setState: (state) =>
      simulation.setState
        ? simulation.setState(state)
        : fail("DMPO_ENV_STATE", name, "its state cannot be set", "a simulation with setState()"),
    ...(physics && { physics }),
    ...(scene && { scene }),
    delete: () => simulation.delete?.(),
  };
}

function check(input: EnvironmentInput): void {
  const problems: Problem[] = [];
  const where = `environment ${typeof input?.name === "string" ? input.name : ""}`.trim();
  if (typeof input !== "object" || input === null) fail("DMPO_ENV_DEFINITION", where, String(input), "a definition");
  const expect = (holds: boolean, key: keyof EnvironmentInput, expected: string) => {
    if (!holds) problems.push({ path: `${where}: ${key}`, wrong: shown(Reflect.get(input, key)), expected });
  };
  expect(
    /^[^/\\]+$/.test(typeof input.name === "string" ? input.name : ""),
    "name",
    'a text without slashes, e.g. "pendulum"',
  );
  for (const key of ["observationDimension", "actionDimension", "maxEpisodeSteps"] as const) {
    expect(Number.isSafeInteger(input[key]) && input[key] > 0, key, "a positive integer");
  }
  for (const key of ["observationNames", "actionNames"] as const) {
    const { [key]: names } = input;
    const count = key === "actionNames" ? input.actionDimension : input.observationDimension;
    expect(names === undefined || new Set(names).size === count, key, `${count} different names`);
  }
  const { success, pictures, observationBound } = input;
  expect(observationBound === undefined || observationBound >= 1, "observationBound", "a number from 1");
  const isPicture = pictures?.length === 3 && pictures.every((extent) => Number.isSafeInteger(extent) && extent > 0);
  expect(pictures === undefined || isPicture, "pictures", "[channels, height, width], positive integers");
  expect(
    success === undefined ||
      success === "none" ||
      (["best-reward", "return"].includes(success?.by) && Number.isFinite(success.threshold)),
    "success",
    '"none", or { by: "best-reward" or "return", threshold }',
  );
  expect(typeof Reflect.get(input, "create") === "function", "create", "a function that returns a simulation");
  if (problems.length > 0) throw new InputError("DMPO_ENV_DEFINITION", problems);
}
