// What a way to learn is: an option schema, named parts, and a loop that yields after every iteration. A new one is a file that
// ends in defineAlgorithm() and a line in the registry; names, help, configuration, checkpoints and resuming derive from it.
import type { z } from "zod";
import type { Keys } from "../options.js";
import type { PolicyModel } from "../policies/policy-model.js";
import type { TrainedPolicy } from "../policies/trained-policy.js";
import type { FinishedEpisode } from "../evaluation/episode-statistics.js";
import { drive, type DriveContext, type RunResult } from "./drive.js";
import type { Parts } from "./parts.js";
import type { EvaluationSettings, Stage, StageSetup } from "./stage.js";

/** What one iteration measured. */
export interface Progress {
  /** An iteration either evaluates, without exploration, or trains; `offline` is training without environments. */
  readonly mode: "training" | "evaluation" | "offline";
  /** Those that ended in it. */
  readonly episodes: readonly FinishedEpisode[];
  /** Numbers by the page's own names; what was not measured is absent. */
  readonly terms?: Readonly<Record<string, number>>;
}

/** What the driver knows about an iteration besides. */
export interface IterationFacts {
  /** Counted from 0. */
  readonly iteration: number;
  /** Executed in training so far, in all environments together. */
  readonly environmentSteps: number;
  /** Wall-clock seconds of this iteration. */
  readonly seconds: number;
  /** Wall-clock seconds of the run so far, interruptions left out. */
  readonly totalSeconds: number;
}

/** A learned policy and the weights to store, by the name of their set; the first set is the one that acts. */
export interface Learned {
  /** What all sets have in common. */
  readonly policy: Pick<TrainedPolicy, "model" | "normalization" | "environment">;
  /** Flat weights in `policy.model.layout`, e.g. `ema` and `model` of pre-training. */
  readonly sets: Readonly<Record<string, Float32Array>>;
}

/** All that sets a way to learn apart. `P` is what changes while it trains, `Row` an entry of its learning curve. */
export interface AlgorithmDefinition<
  Name extends string,
  Schema extends z.ZodObject,
  P extends Parts,
  Preset extends string,
  Row,
> {
  /** As configurations and checkpoints name it. */
  readonly name: Name;
  /** As people write it. */
  readonly title: string;
  /** What checkpoints of its runs are called. */
  readonly kind: "pretraining" | "finetuning";
  /** Schema of its options: types, ranges, defaults, help. */
  readonly options: Schema;
  /** Named settings that differ from the defaults; they may set options of a path, where the policy has them. */
  readonly presets: Readonly<Record<Preset, z.input<Schema> & Readonly<Record<string, unknown>>>>;
  /** Where configurations have each option. */
  readonly keys: Keys;
  /** Keys that move a policy's controls; a policy's configuration has those of its path. */
  readonly controlKeys?: Keys;
  /** Names of its numbers in logs. */
  readonly logNames?: Readonly<Record<string, string>>;
  /** Options that are the policy's: those of its path, and of its explorer under the name `noiseNet`. */
  readonly explores?: boolean;
  /** Can learn with policies that see pictures. Default: not. */
  readonly sees?: boolean;
  /** Learns from demonstrations besides: a run must have some. */
  readonly wantsData?: boolean;
  /** Begins with fresh weights where no trained policy is given. */
  readonly mayBeginFresh?: boolean;
  /** Parts that a later run of the algorithm begins with where its base policy comes from this one. */
  readonly handsOn?: readonly string[];
  /** Where configurations state the network of the policy that it starts from; default "model.network". */
  readonly baseNetworkKey?: string;
  /** The policy that it makes, where that is not the one it starts from. */
  makes?(base: PolicyModel, options: z.output<Schema>): PolicyModel;
  /** How many iterations a run with these options has. */
  iterations(options: z.output<Schema>): number;
  /** Why it cannot train this policy, e.g. "it has no density"; undefined if it can. */
  refuses?(model: PolicyModel): string | undefined;
  /** Everything that changes while it trains. */
  parts(stage: Stage, options: z.output<Schema>): P;
  /**
   * Trains from `stage.iteration` on and yields after every iteration, when the parts may be stored. Stopped by the stage's
   * signal it throws the signal's reason, which drops the iteration in progress; or it returns where the parts are consistent.
   */
  run(stage: Stage, parts: P, options: z.output<Schema>): AsyncGenerator<Progress>;
  /** Copies of what acts and is saved: not always the policy it started from. */
  learned(parts: P, stage: Stage, options: z.output<Schema>): Learned;
  /** How the learned policy is played, without exploration; absent for policies that are played as they come. */
  playing?(model: PolicyModel, options: z.output<Schema>): EvaluationSettings;
  /** One row of the learning curve. */
  row(progress: Progress, facts: IterationFacts): Row;
  /** What the best policy is chosen by, the higher the better; undefined for rows that do not tell. */
  score(row: Row): number | undefined;
}

/** What shared code knows of an algorithm. */
export type AnyAlgorithm<Row = unknown> = AlgorithmDefinition<string, z.ZodObject, Parts, string, Row>;

/** Makes a definition something that can be run: adds `train()`, which checks the options, drives the loop, stops and resumes. */
export function defineAlgorithm<
  const Name extends string,
  Schema extends z.ZodObject,
  P extends Parts,
  Preset extends string,
  Row,
>(definition: AlgorithmDefinition<Name, Schema, P, Preset, Row>) {
  return {
    ...definition,
    /**
     * Runs it. What is not saved in `context` is lost when the program ends.
     *
     * @throws InputError for options outside their range, parts that do not fit, or a gradient that is not finite.
     */
    train: (
      setup: StageSetup,
      input: z.input<Schema> & Record<string, unknown>,
      context: DriveContext<Row> = {},
    ): Promise<RunResult<Row>> => drive<Row>(definition, setup, input, context),
  };
}
