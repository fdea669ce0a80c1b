// One episode with all that there was to see of it: poses of all shapes, observations, rewards; shown by the 3-D player.
import { z } from "zod";
import type { Picture } from "../../envs/render/picture.js";
import type { Begin, Visible, Watch } from "../../envs/watched-environment.js";
import { fail, nearest } from "../../errors.js";
import { abortSignal, checkOptions, optionsSchema } from "../../options.js";
import { episodeShape, watchEpisode, type EpisodeOptions } from "../play.js";
import { policyOf, type PolicySource } from "../policy-source.js";
import { SceneRecorder, type RecordedScene } from "./scene-recorder.js";

/** Which episode is played, and how. `env` is by default the policy's own. */
export interface RolloutInput extends Partial<EpisodeOptions> {
  /** Environment steps, unless the episode ends before. Default: the environment's own limit. */
  readonly maxSteps?: number;
  /** What the player writes above it. Default: policy and environment. */
  readonly title?: string;
  /** Ends the episode early; what was played is returned. */
  readonly signal?: AbortSignal;
}

const schema = optionsSchema<RolloutInput>({ ...episodeShape, title: z.string(), signal: abortSignal });

/**
 * Plays one episode and keeps where everything was after every environment step. Equal seeds are equal starts: two policies can be
 * compared in the player.
 * @throws InputError for an unknown environment or one that does not fit the policy.
 */
export async function rollout(source: PolicySource, options: RolloutInput = {}): Promise<Rollout> {
  checkOptions(schema, options);
  const policy = await policyOf(source);
  const { title, signal, maxSteps = Infinity, ...episode } = options;
  const env = options.env ?? policy.environment;
  const recorder = new EpisodeRecorder();
  const watch: Watch = (environment, step) => {
    recorder.step(environment, step);
    return signal?.aborted;
  };
  await watchEpisode(policy, { ...episode, env, maxSteps }, watch, recorder.begin);
  return recorder.rollout((name) => title ?? `${policy.model.spec.policy} in ${name}`);
}

/** What is known of an episode. */
type Episode = Pick<
  Rollout,
  "title" | "env" | "secondsPerStep" | "rewards" | "observations" | "observationNames" | "scene" | "still"
>;

/** An episode from its start to its end; shows itself in notebooks as a scene that plays. */
export class Rollout {
  /** What the player writes above it. */
  readonly title: string;
  /** Name of the environment. */
  readonly env: string;
  /** Simulated time between two frames (s). */
  readonly secondsPerStep: number;
  /** Of every step (steps). */
  readonly rewards: Float64Array;
  /** (steps + 1) of (Do), raw; the first is that of the start. */
  readonly observations: readonly Float64Array[];
  /** By name, for {@link curve}. */
  readonly observationNames: readonly string[];
  /** All shapes with their poses in every frame; undefined where the environment has nothing to show. */
  readonly scene: RecordedScene | undefined;
  /** From about the middle of the episode, for where scripts do not run; undefined as {@link scene} is. */
  readonly still: Picture | undefined;

  constructor(episode: Episode) {
    this.title = episode.title;
    this.env = episode.env;
    this.secondsPerStep = episode.secondsPerStep;
    this.rewards = episode.rewards;
    this.observations = episode.observations;
    this.observationNames = episode.observationNames;
    this.scene = episode.scene;
    this.still = episode.still;
  }

  /** Environment steps. */
  get steps(): number {
    return this.rewards.length;
  }

  /** Sum of all rewards. */
  get return(): number {
    return this.rewards.reduce((sum, reward) => sum + reward, 0);
  }

  /** Names that {@link curve} knows. */
  get curveNames(): readonly string[] {
    return ["reward", "return", ...this.observationNames];
  }

  /**
   * Numbers over time, one for each frame (steps + 1): "reward" (NaN at the start), "return", the sum so far, or an observation.
   * @throws InputError DMPO_PLAYER_CURVE.
   */
  curve(name: string): Float64Array {
    if (name === "reward") return Float64Array.of(NaN, ...this.rewards);
    if (name === "return") {
      let sum = 0;
      return Float64Array.of(0, ...this.rewards.map((reward) => (sum += reward)));
    }
    const index = this.observationNames.indexOf(name);
    if (index >= 0) return Float64Array.from(this.observations, (observation) => observation[index]!);
    const near = nearest(name, this.curveNames);
    return fail(
      "DMPO_PLAYER_CURVE",
      "curves",
      `"${name}"`,
      `of ${this.curveNames.join(", ")}`,
      near ? `did you mean "${near}"?` : "",
    );
  }

  toString(): string {
    return `Rollout: ${this.title}, ${this.steps} steps, return ${this.return.toFixed(1)}`;
  }
}

const stillSize = { width: 640, height: 360 } as const;

/** Watches an episode from its start; of several, the first. */
export class EpisodeRecorder {
  #environment: Visible | undefined;
  #scene: SceneRecorder | undefined;
  #still: Picture | undefined;
  readonly #rewards: number[] = [];
  readonly #observations: Float64Array[] = [];

  /** Environment steps so far. */
  get steps(): number {
    return this.#rewards.length;
  }

  readonly begin: Begin = (environment, observation) => {
    if (this.#environment) return;
    this.#environment = environment;
    this.#observations.push(observation.slice());
    const source = environment.scene();
    if (!source) return;
    this.#scene = new SceneRecorder(source);
    this.#still = environment.render(stillSize);
  };

  step(
    environment: Visible,
    { observation, reward }: { readonly observation: Float64Array; readonly reward: number },
  ): void {
    this.#rewards.push(reward);
    this.#observations.push(observation.slice());
    if (!this.#scene) return;
    this.#scene.capture();
    // The last of them is in the episode's second half, however long it is.
    if (Math.log2(this.#rewards.length) % 1 === 0) this.#still = environment.render(stillSize);
  }

  /** @param titleOf the environment of that name. */
  async rollout(titleOf: (env: string) => string): Promise<Rollout> {
    const { definition, secondsPerStep } = this.#environment!;
    const { name, observationDimension, observationNames } = definition;
    return new Rollout({
      title: titleOf(name),
      env: name,
      secondsPerStep,
      rewards: Float64Array.from(this.#rewards),
      observations: this.#observations,
      observationNames:
        observationNames ?? Array.from({ length: observationDimension }, (_, index) => `observation ${index}`),
      scene: await this.#scene?.recorded(),
      still: this.#still,
    });
  }
}
