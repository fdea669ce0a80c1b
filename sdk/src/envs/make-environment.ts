// One environment, one action at a time, in raw units: for trying things out and for pictures.
import { z } from "zod";
import { fail } from "../errors.js";
import { checkOptions, count, optionsSchema, wholeNumber } from "../options.js";
import { checkObservation, checkReward, checkTerminated } from "./answers.js";
import { fetchFor } from "./assets/assets.js";
import type {
  Capsule,
  EnvironmentDefinition,
  EnvironmentSource,
  Inertia,
  PhysicsState,
  Simulation,
} from "./environment.js";
import { episodeStarts, type EpisodeStarts } from "./episode-starts.js";
import { sizeOf } from "../space.js";
import { findEnvironment } from "./registry.js";
import type { Picture } from "./render/picture.js";
import { physicsScene, type SceneSource } from "./render/scene.js";
import { Renderer, type RendererOptions } from "./render/renderer.js";
import { figureView, stickFigure } from "./render/stick-figure.js";
import type { Viewpoint } from "./render/view.js";

export interface EnvironmentOptions {
  /** Default 0. Equal seeds give equal episodes, the same as environment 0 of a vector with that seed. */
  readonly seed?: number;
  /** How capsules are weighed; default: the environment's own, "legacy" for those of the data. */
  readonly inertia?: Inertia;
}

export interface Transition {
  /** (Do), raw. */
  readonly observation: Float64Array;
  /** Of this step, raw. */
  readonly reward: number;
  /** Whether a terminal state was reached. */
  readonly terminated: boolean;
  /** Whether the time limit cut the episode off. */
  readonly truncated: boolean;
}

const schema = optionsSchema<EnvironmentOptions>({ seed: wholeNumber, inertia: z.enum(["legacy", "exact"]) });

/**
 * One environment, to be reset before the first step and closed after the last.
 * @param env name, e.g. "hopper-v2" or "hopper-medium-v2", path of a module whose default export is a definition, or a definition.
 * @throws InputError DMPO_ENV_UNKNOWN with the nearest known name, DMPO_ENV_MODULE, DMPO_ENV_DEFINITION.
 */
export async function makeEnvironment(env: EnvironmentSource, options: EnvironmentOptions = {}): Promise<Environment> {
  checkOptions(schema, options);
  const definition = await findEnvironment(env);
  const { seed = 0, inertia = definition.inertia ?? "legacy" } = options;
  await fetchFor(definition);
  return new Environment(definition, await definition.create({ inertia }), episodeStarts(seed));
}

/** What a picture shows, and how large and how finely. */
export interface RenderOptions extends RendererOptions {
  /** Name of one of the model's cameras, or a viewpoint. Default: the first camera. */
  readonly camera?: string | Viewpoint;
}

/** For schemas of calls whose options stand beside these. */
export const renderShape = {
  camera: z.union([z.string(), z.looseObject({ fieldOfView: z.number() })]),
  width: count.max(8192),
  height: count.max(8192),
  samples: count.max(4),
  groups: z.array(z.int().nonnegative()),
  shadows: z.boolean(),
} satisfies Record<keyof RenderOptions, z.ZodType>;

const renderSchema = optionsSchema<RenderOptions>(renderShape);

/** A simulation of one robot, one action at a time, in raw units; {@link makeEnvironment} makes it. */
export class Environment {
  #renderer: { readonly key: string; readonly renderer: Renderer } | undefined;
  readonly #simulation: Simulation;
  readonly #starts: EpisodeStarts;
  readonly #action: Float64Array;
  #elapsed = 0;
  #episode = -1;
  #running = false;

  constructor(
    /** Its name, dimensions and time limit. */
    readonly definition: EnvironmentDefinition,
    simulation: Simulation,
    starts: EpisodeStarts,
  ) {
    this.#simulation = simulation;
    this.#starts = starts;
    this.#action = new Float64Array(definition.actionDimension);
  }

  /** Simulated time of one control step (s). */
  get secondsPerStep(): number {
    return this.#simulation.secondsPerStep;
  }

  /** Whether an episode is running: there was a {@link reset}, and no step since has ended it. */
  get isRunning(): boolean {
    return this.#running;
  }

  /** Starts an episode; returns the raw observation (Do). */
  reset(): Float64Array {
    this.#simulation.reset(this.#starts(++this.#episode));
    this.#elapsed = 0;
    this.#running = true;
    return this.#observe();
  }

  /**
   * Advances one control step; a step that ends the episode needs a {@link reset} after it.
   * @param action (Da), finite, clipped to the limits.
   * @throws InputError DMPO_ENV_ACTION, or DMPO_ENV_STATE where no episode is running.
   */
  step(action: ArrayLike<number>): Transition {
    if (!this.#running) fail("DMPO_ENV_STATE", "environment", "no episode is running", "one that is", "call reset()");
    this.#setAction(action);
    const reward = this.#simulation.step(this.#action);
    checkReward(reward, ++this.#elapsed);
    const terminated = this.#simulation.terminated();
    checkTerminated(terminated, this.#elapsed);
    const truncated = this.#elapsed >= this.definition.maxEpisodeSteps && !terminated;
    this.#running = !terminated && !truncated;
    return { observation: this.#observe(), reward, terminated, truncated };
  }

  /**
   * What a policy sees beside the observation: (C, H, W) bytes of the definition's `pictures`.
   * @throws InputError DMPO_RENDER_NOTHING where it has none.
   */
  look(): Uint8Array {
    const { name, pictures } = this.definition;
    if (!pictures) fail("DMPO_RENDER_NOTHING", name, "has no pictures for policies", "a definition with pictures");
    const out = new Uint8Array(sizeOf(pictures));
    this.#simulation.look!(out);
    return out;
  }

  /** Copy of joint positions and velocities. */
  state(): PhysicsState {
    return this.#simulation.state();
  }

  /**
   * Puts the robot into a state, within the running episode or, before the first, as its start.
   * @throws InputError DMPO_ENV_STATE for positions or velocities of another number.
   */
  setState(state: PhysicsState): void {
    const current = this.#simulation.state();
    for (const part of ["qpos", "qvel"] as const) {
      const [found, expected] = [state[part].length, current[part].length];
      if (found !== expected) fail("DMPO_ENV_STATE", part, `${found} numbers`, `${expected} numbers`);
    }
    this.#simulation.setState(state);
    this.#running = true;
  }

  /** The robot as a stick figure in the plane, metres; empty where there is no picture of it. */
  pose(): Capsule[] {
    return this.definition.pose?.(this.state().qpos) ?? [];
  }

  /** What there is to draw, and where it is; undefined where the environment has nothing to show. */
  scene(): SceneSource | undefined {
    const { physics, scene } = this.#simulation;
    if (scene ?? physics) return scene ?? physicsScene(physics!);
    return this.pose().length > 0 ? stickFigure(() => this.pose()) : undefined;
  }

  /**
   * A picture of the current state, drawn without a graphics card.
   * @throws InputError DMPO_RENDER_NOTHING where the environment has nothing to show, DMPO_RENDER_CAMERA, DMPO_OPTIONS.
   */
  render(given: RenderOptions = {}): Picture {
    checkOptions(renderSchema, given);
    const { camera, ...options } = given;
    const { physics, scene = physics } = this.#simulation;
    const capsules = scene ? [] : this.pose();
    if (!scene && capsules.length === 0) {
      fail(
        "DMPO_RENDER_NOTHING",
        this.definition.name,
        "has no pictures",
        "an environment in MuJoCo, or one with pose()",
      );
    }
    const key = JSON.stringify(options);
    if (this.#renderer?.key !== key) {
      const renderer = new Renderer(scene ?? stickFigure(() => this.pose()), options);
      this.#renderer = { key, renderer };
    }
    return this.#renderer.renderer.render(camera ?? (scene ? undefined : figureView(capsules)));
  }

  /** Frees the engine's memory; the environment must not be used afterwards. */
  close(): void {
    this.#simulation.delete();
  }

  #observe(): Float64Array {
    const observation = new Float64Array(this.definition.observationDimension);
    this.#simulation.observe(observation);
    checkObservation(observation, this.#elapsed);
    return observation;
  }

  #setAction(action: ArrayLike<number>): void {
    const { actionDimension } = this.definition;
    const given = Array.from(action);
    if (given.length !== actionDimension || !given.every(Number.isFinite)) {
      fail("DMPO_ENV_ACTION", "action", `[${given.join(", ")}]`, `${actionDimension} finite numbers`);
    }
    this.#action.set(given);
  }
}
