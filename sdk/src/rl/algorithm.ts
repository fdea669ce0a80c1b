// What a fine-tuning algorithm is: an option schema, a learner and a loop that yields one record per iteration.
// The driver here does what all share: validation, the curve, the best policy, saving, stopping, resuming.
import type { z } from "zod";
import { hostTensor } from "../engine/tensor.js";
import { fail } from "../errors.js";
import { parseOptions } from "../options.js";
import { TrainedPolicy } from "../policies/trained-policy.js";
import type { IterationRecord } from "./iteration-record.js";
import { Learner, type ActingPlan, type LearnerSetup, type LearnerState } from "./learner.js";

export interface AlgorithmDefinition<Name extends string, Schema extends z.ZodObject, Preset extends string> {
  readonly name: Name;
  readonly options: Schema;
  /** Named settings that differ from the defaults. */
  readonly presets: Readonly<Record<Preset, z.input<Schema>>>;
  readonly plan: (options: z.output<Schema>) => ActingPlan;
  /** Trains from `learner.progress` on; yields after `learner.finish`, when the learner's state may be saved. */
  readonly run: (learner: Learner, options: z.output<Schema>) => AsyncGenerator<IterationRecord>;
}

/** A run in progress, between two iterations. */
export interface Run {
  /** A copy of the policy as it is now. */
  readonly policy: () => TrainedPolicy;
  /** Everything needed to continue later, as a checkpoint holds it. */
  readonly state: () => RunState;
  /** Whether this iteration's evaluation is the best so far. */
  readonly isBest: boolean;
}

export interface RunState {
  readonly tensors: LearnerState["tensors"];
  readonly metadata: LearnerState["metadata"] & {
    readonly algorithm: string;
    readonly curve: readonly IterationRecord[];
    /** Index of the best evaluation in the curve; its weights are the tensor `best`. */
    readonly best: number | null;
  };
}

export interface RunContext {
  /** Stops at once: the iteration in progress is dropped, and the result of those before is returned. */
  readonly signal?: AbortSignal;
  /** Called when the signal has stopped the run, e.g. to save. */
  readonly onStop?: (run: Omit<Run, "isBest">) => void | Promise<void>;
  /** Called after every iteration, e.g. to log and to save. */
  readonly onIteration?: (record: IterationRecord, run: Run) => void | Promise<void>;
  /** Continue from here. The same options and seed give the same weights as an uninterrupted run, as far as new
   * episodes begin at the interruption (`resetAtIteration`, or after an evaluation): environments cannot be stored.
   * A function makes the state for a learner that has just been made. */
  readonly resume?: RunState | ((learner: Learner) => RunState);
}

export interface FineTuningResult {
  /** With the weights of the best evaluation (highest mean return); the last ones if there was none. */
  readonly policy: TrainedPolicy;
  readonly last: TrainedPolicy;
  readonly best: IterationRecord | undefined;
  readonly curve: readonly IterationRecord[];
  /** Executed in training, in all environments together. */
  readonly environmentSteps: number;
  /** Sum over the iterations, those before a resume included. */
  readonly seconds: number;
  readonly interrupted: boolean;
}

export function defineAlgorithm<const Name extends string, Schema extends z.ZodObject, Preset extends string>(
  definition: AlgorithmDefinition<Name, Schema, Preset>,
) {
  /**
   * Fine-tunes `setup.base`.
   *
   * @throws InputError for options outside their range, parts that do not fit, or a gradient that is not finite.
   */
  async function train(
    setup: LearnerSetup,
    input: z.input<Schema>,
    context: RunContext = {},
  ): Promise<FineTuningResult> {
    const options = parseOptions(definition.options, input);
    const { signal, onIteration, onStop } = context;
    const learner = new Learner({ ...setup, signal }, definition.plan(options));
    const { base } = setup;
    const curve: IterationRecord[] = [];
    let best: { index: number; weights: Float32Array } | undefined;
    const resume = typeof context.resume === "function" ? context.resume(learner) : context.resume;
    if (resume) {
      checkAlgorithm(resume, definition.name);
      learner.restore(resume);
      curve.push(...resume.metadata.curve);
      if (resume.metadata.best !== null) {
        best = { index: resume.metadata.best, weights: resume.tensors.best!.data as Float32Array };
      }
    }
    const policy = () => new TrainedPolicy({ ...base, weights: learner.policyWeights() });
    const state = (): RunState => {
      const { tensors, metadata } = learner.state();
      return {
        tensors: { ...tensors, ...(best && { best: hostTensor(best.weights, [best.weights.length]) }) },
        metadata: { ...metadata, algorithm: definition.name, curve: [...curve], best: best?.index ?? null },
      };
    };
    const iterate = async () => {
      // Only a run that can be stopped has to know where its last iteration ended.
      let completed = signal && learner.state();
      try {
        for await (const record of definition.run(learner, options)) {
          curve.push(record);
          const isBest = record.mode === "evaluation" && isBetter(record, best && curve[best.index]!);
          if (isBest) best = { index: curve.length - 1, weights: learner.policyWeights() };
          await onIteration?.(record, { policy, state, isBest });
          if (signal?.aborted) return;
          completed = signal && learner.state();
        }
      } catch (error) {
        if (!completed || !signal?.aborted || error !== signal.reason) throw error;
        learner.restore(completed);
      }
    };
    try {
      if (!signal?.aborted) await iterate();
      if (signal?.aborted) await onStop?.({ policy, state });
      const last = policy();
      return {
        policy: best ? new TrainedPolicy({ ...base, weights: best.weights }) : last,
        last,
        best: best && curve[best.index],
        curve,
        environmentSteps: learner.progress.environmentSteps,
        seconds: curve.reduce((sum, { seconds }) => sum + seconds, 0),
        interrupted: signal?.aborted ?? false,
      };
    } finally {
      await learner.dispose();
    }
  }

  return { ...definition, train };
}

function checkAlgorithm({ metadata: { algorithm } }: RunState, expected: string): void {
  if (algorithm === expected) return;
  const found = `is a run of ${JSON.stringify(algorithm)}`;
  fail("DMPO_RESUME", "the checkpoint", found, `one of "${expected}"`, "resume with the run's own configuration");
}

function isBetter(record: IterationRecord, best: IterationRecord | undefined): boolean {
  return !best || record.episodes.return.mean > best.episodes.return.mean;
}
