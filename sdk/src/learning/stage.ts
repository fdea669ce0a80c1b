// What a run hands its algorithm: the policy it starts from, environments, demonstrations, random numbers, evaluation. A part
// that a phase does not have (no environments offline, no demonstrations from scratch) is absent.
import type { Dataset } from "../data/dataset.js";
import type { CompileOptions } from "../engine/compile.js";
import { Random } from "../engine/random.js";
import { fail } from "../errors.js";
import type { Environments } from "../evaluation/environments.js";
import type { EpisodeRules, FinishedEpisode } from "../evaluation/episode-statistics.js";
import type { InitialNoise } from "../evaluation/evaluate.js";
import { playEpisodes } from "../evaluation/play.js";
import { policyActor, type Acting } from "../evaluation/policy-actor.js";
import type { SamplingOptions } from "../policies/definition.js";
import type { TrainedPolicy } from "../policies/trained-policy.js";
import { Arena } from "./arena.js";

export interface StageSetup {
  /** The policy to start from, trained or with fresh weights; not changed. */
  readonly base: TrainedPolicy;
  readonly environments?: Environments;
  /**
   * Others to evaluate in, so that training episodes go on; default: `environments`, whose episodes an evaluation ends.
   */
  readonly evaluationEnvironments?: Environments;
  readonly demonstrations?: Dataset;
  /** Return of a policy's episodes in environments made for the occasion; needed to test while pre-training. */
  readonly test?: (policy: TrainedPolicy, iteration: number) => Promise<TestResult>;
  /** Told how many iterations are done, fractions included, and the loss that was just measured. */
  readonly onAdvance?: (iterations: number, loss: number) => void;
  /** For everything random but the environments; default 42. */
  readonly seed?: number;
  /** Best reward per action from which an episode counts as a success; default: none does. */
  readonly successThreshold?: number;
  readonly compile?: CompileOptions;
  /** Ends collecting, evaluating and gradients at once by throwing its reason. */
  readonly signal?: AbortSignal;
}

export interface TestResult {
  readonly meanReturn: number;
  readonly stdReturn: number;
}

/** How a policy is evaluated. */
export interface EvaluationSettings {
  readonly sampling: SamplingOptions;
  readonly initialNoise: InitialNoise;
}

/** Plays so many whole episodes without exploration. */
export type Evaluation = (episodes: number) => Promise<readonly FinishedEpisode[]>;

export class Stage {
  readonly base: TrainedPolicy;
  readonly demonstrations: Dataset | undefined;
  readonly seed: number;
  readonly random: Random;
  readonly test: StageSetup["test"];
  readonly onAdvance: StageSetup["onAdvance"];
  readonly compile: CompileOptions | undefined;
  readonly signal: AbortSignal | undefined;
  /** Iterations done, those that only evaluated included. */
  iteration = 0;
  readonly #arena: Arena | undefined;
  readonly #evaluationEnvironments: Environments | undefined;
  readonly #rules: Omit<EpisodeRules, "actionSteps">;
  readonly #disposables: (() => Promise<void>)[] = [];

  constructor(setup: StageSetup) {
    const { base, environments, evaluationEnvironments = environments, seed = 42, signal } = setup;
    this.base = base;
    this.demonstrations = setup.demonstrations;
    this.seed = seed;
    this.random = new Random(seed);
    this.test = setup.test;
    this.onAdvance = setup.onAdvance;
    this.compile = setup.compile;
    this.signal = signal;
    this.#rules = { successThreshold: setup.successThreshold ?? Infinity };
    this.#evaluationEnvironments = evaluationEnvironments;
    this.#arena = environments && new Arena(environments, this.#rulesIn(environments), signal);
  }

  /** The environments to act in. @throws InputError where there are none. */
  get arena(): Arena {
    return (
      this.#arena ?? fail("DMPO_STAGE", "environments", "are missing", "environments to act in", "name one with env")
    );
  }

  /** Executed in training, in all environments together; 0 without environments. */
  get environmentSteps(): number {
    return this.#arena?.environmentSteps ?? 0;
  }

  set environmentSteps(steps: number) {
    if (this.#arena) this.#arena.environmentSteps = steps;
  }

  /** Episodes in progress are given up: training begins new ones. */
  interrupt(): void {
    this.#arena?.interrupt();
  }

  /**
   * Prepares evaluations of a policy whose weights may go on changing.
   *
   * @throws InputError when policy and environments do not fit, or there are no environments.
   */
  evaluator(policy: Acting, { sampling, initialNoise }: EvaluationSettings): Evaluation {
    const environments =
      this.#evaluationEnvironments ??
      fail("DMPO_STAGE", "environments", "are missing", "environments to evaluate in", "name one with env");
    const rules = this.#rulesIn(environments);
    const random = this.random.stream("evaluation");
    const actor = policyActor(policy, environments, { sampling, initialNoise, random, compile: this.compile });
    this.onDispose(actor.dispose);
    return async (episodes) => {
      if (environments === this.#arena?.environments) this.#arena.interrupt();
      return (await playEpisodes(environments, actor.act, episodes, rules, this.signal)).episodes;
    };
  }

  /** Releases something when the run is over. */
  onDispose(dispose: () => Promise<void>): void {
    this.#disposables.push(dispose);
  }

  async dispose(): Promise<void> {
    await Promise.all(this.#disposables.map((dispose) => dispose()));
  }

  #rulesIn({ actionSteps }: Environments): EpisodeRules {
    return { ...this.#rules, actionSteps };
  }
}
