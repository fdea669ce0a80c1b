// What a run hands its algorithm: the policy it starts from, environments, demonstrations, random numbers, evaluation. A part
// that a phase does not have (no environments offline, no demonstrations from scratch) is absent.
import type { Dataset } from "../data/dataset.js";
import type { CompileOptions } from "../engine/compile.js";
import { Random } from "../engine/random.js";
import { fail } from "../errors.js";
import type { Environments } from "../evaluation/environments.js";
import { episodeRules, type FinishedEpisode } from "../evaluation/episode-statistics.js";
import type { InitialNoise } from "../evaluation/evaluate.js";
import { playEpisodes, type Act } from "../evaluation/play.js";
import { policyActor, type Acting } from "../evaluation/policy-actor.js";
import type { SamplingOptions } from "../policies/definition.js";
import type { TrainedPolicy } from "../policies/trained-policy.js";
import { Arena, EpisodeNumbers } from "./arena.js";
import type { PartState, Parts } from "./parts.js";

/** What a stage is made from; what a phase does not have is left out. */
export interface StageSetup {
  /** The policy to start from, trained or with fresh weights; not changed. */
  readonly base: TrainedPolicy;
  /** Where training acts, under the normalisation of `base`; absent offline. */
  readonly environments?: Environments;
  /**
   * Others to evaluate in, so that training episodes go on; default: `environments`, whose episodes an evaluation ends.
   */
  readonly evaluationEnvironments?: Environments;
  /** What it imitates; absent from scratch. */
  readonly demonstrations?: Dataset;
  /** A trained policy that the learner imitates besides, for those that have a teacher. */
  readonly teacher?: TrainedPolicy;
  /** States of the parts that an earlier run of the algorithm has handed on, see `AlgorithmDefinition.handsOn`. */
  readonly handedOn?: Readonly<Record<string, PartState>>;
  /** Return of a policy's episodes in environments made for the occasion; needed to test while pre-training. */
  readonly test?: (policy: TrainedPolicy, iteration: number) => Promise<TestResult>;
  /** Told how many iterations are done, fractions included, and the loss that was just measured. */
  readonly onAdvance?: (iterations: number, loss: number) => void;
  /** Of everything random but the environments; default 42. */
  readonly seed?: number;
  /** From where an episode succeeds; default: as the task says. */
  readonly successThreshold?: number;
  /** Device and threads of compiled functions; default: the CPU, all cores. */
  readonly compile?: CompileOptions;
  /** Ends collecting, evaluating and gradients at once by throwing its reason. */
  readonly signal?: AbortSignal;
}

/** Returns of the episodes of a test. */
export interface TestResult {
  /** Mean of an episode's sum of raw rewards. */
  readonly meanReturn: number;
  /** Standard deviation over the episodes. */
  readonly stdReturn: number;
}

/** How a policy is evaluated. */
export interface EvaluationSettings {
  /** How each chunk is made. */
  readonly sampling: SamplingOptions;
  /** "sampled": standard normal; "zero": the policy's central chunk. */
  readonly initialNoise: InitialNoise;
}

/** Plays so many whole episodes without exploration. */
export type Evaluation = (episodes: number) => Promise<readonly FinishedEpisode[]>;

/** Where an algorithm works: made anew for every run, given back with {@link dispose}. */
export class Stage {
  /** The policy to start from; not changed. */
  readonly base: TrainedPolicy;
  /** What it imitates; undefined from scratch. */
  readonly demonstrations: Dataset | undefined;
  /** What it imitates besides; undefined for policies without a teacher. */
  readonly teacher: TrainedPolicy | undefined;
  /** Seed of everything random but the environments. */
  readonly seed: number;
  /** Streams of random numbers from `seed`, by name; checkpoints hold where they stand. */
  readonly random: Random;
  /** Plays a policy in environments made for the occasion; undefined where nothing is to be tested. */
  readonly test: StageSetup["test"];
  /** To be told how many iterations are done, fractions included, and the loss just measured. */
  readonly onAdvance: StageSetup["onAdvance"];
  /** Device and threads of compiled functions. */
  readonly compile: CompileOptions | undefined;
  /** Aborts when the run is to stop; a page between two yields checks it where iterations are long. */
  readonly signal: AbortSignal | undefined;
  /** Iterations done, those that only evaluated included. */
  iteration = 0;
  readonly #arena: Arena | undefined;
  readonly #evaluationEnvironments: Environments | undefined;
  readonly #successThreshold: number | undefined;
  readonly #disposables: (() => Promise<void>)[] = [];

  constructor(setup: StageSetup) {
    const { base, environments, evaluationEnvironments = environments, seed = 42, signal } = setup;
    this.base = base;
    this.demonstrations = setup.demonstrations;
    this.teacher = setup.teacher;
    this.seed = seed;
    this.random = new Random(seed);
    this.test = setup.test;
    this.onAdvance = setup.onAdvance;
    this.compile = setup.compile;
    this.signal = signal;
    this.#successThreshold = setup.successThreshold;
    this.#evaluationEnvironments = evaluationEnvironments;
    this.#arena = environments && new Arena(environments, episodeRules(environments, setup.successThreshold), signal);
  }

  /** The environments to act in. @throws InputError where there are none. */
  get arena(): Arena {
    return (
      this.#arena ?? fail("DMPO_STAGE", "environments", "are missing", "environments to act in", "name one with env")
    );
  }

  /** Environment steps executed in training, in all environments together; 0 without environments. */
  get environmentSteps(): number {
    return this.#arena?.environmentSteps ?? 0;
  }

  set environmentSteps(steps: number) {
    if (this.#arena) this.#arena.environmentSteps = steps;
  }

  /** Where the environments stand, as pieces of the run beside the algorithm's. */
  get places(): Parts {
    const evaluated = this.#evaluationEnvironments;
    const isOwn = evaluated && evaluated !== this.#arena?.environments;
    return {
      ...(this.#arena && { environments: this.#arena }),
      ...(isOwn && { evaluationEnvironments: new EpisodeNumbers(evaluated) }),
    };
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
    const random = this.random.stream("evaluation");
    const { compile, evaluationEnvironments } = this;
    const actor = policyActor(policy, evaluationEnvironments, { sampling, initialNoise, random, compile });
    this.onDispose(actor.dispose);
    return this.evaluatorOf(actor.act);
  }

  /** Prepares evaluations of what acts in {@link evaluationEnvironments} by itself. */
  evaluatorOf(act: Act): Evaluation {
    const { evaluationEnvironments: environments } = this;
    const rules = episodeRules(environments, this.#successThreshold);
    return async (episodes) => {
      if (environments === this.#arena?.environments) this.#arena.interrupt();
      return (await playEpisodes(environments, act, episodes, rules, this.signal)).episodes;
    };
  }

  /** Where policies are evaluated. @throws InputError where there are no environments. */
  get evaluationEnvironments(): Environments {
    return (
      this.#evaluationEnvironments ??
      fail("DMPO_STAGE", "environments", "are missing", "environments to evaluate in", "name one with env")
    );
  }

  /** Releases something when the run is over. */
  onDispose(dispose: () => Promise<void>): void {
    this.#disposables.push(dispose);
  }

  /** Releases all that {@link onDispose} was given; the environments stay open. */
  async dispose(): Promise<void> {
    await Promise.all(this.#disposables.map((dispose) => dispose()));
  }
}
