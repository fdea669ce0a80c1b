// The driver of all algorithms: checks options, keeps the curve and the best policy, stops and resumes.
import { parseOptions } from "../options.js";
import { fail } from "../errors.js";
import { TrainedPolicy } from "../policies/trained-policy.js";
import type { AnyAlgorithm, Learned, Progress } from "./algorithm.js";
import { diverged, expectSound } from "./divergence.js";
import { restoreParts, statesOf, type PartState, type Parts } from "./parts.js";
import { Stage, type StageSetup } from "./stage.js";
import type { RandomState } from "../engine/random.js";
import { runOptions, startingPolicy } from "./run-options.js";

/** Everything needed to continue a run, as a checkpoint holds it. */
export interface RunState<Row = unknown> {
  readonly algorithm: string;
  /** Valid options of the run. */
  readonly options: unknown;
  readonly iteration: number;
  readonly environmentSteps: number;
  readonly random: RandomState;
  readonly parts: Readonly<Record<string, PartState>>;
  readonly curve: readonly Row[];
  /** Seconds before. */
  readonly seconds: number;
  /** Index in the curve and weights of the best policy so far. */
  readonly best: { readonly index: number; readonly weights: Float32Array } | null;
}

/** A run in progress, between two iterations. */
export interface Run<Row> {
  /** A copy of what it has learned. */
  readonly learned: () => Learned;
  readonly policy: () => TrainedPolicy;
  readonly state: () => RunState<Row>;
  readonly curve: readonly Row[];
  /** Whether the last iteration's policy is the best so far. */
  readonly isBest: boolean;
}

export interface DriveContext<Row> {
  /** Stops at once: the iteration in progress is dropped, and the result of those before is returned. */
  readonly signal?: AbortSignal;
  /** Called when the signal has stopped the run, or nothing was left of it, e.g. to save. */
  readonly onStop?: (run: Run<Row>) => void | Promise<void>;
  /** Called after every iteration, e.g. to log and to save. */
  readonly onIteration?: (row: Row, run: Run<Row>) => void | Promise<void>;
  /**
   * Continue from here. The same options and seed give the same weights as an uninterrupted run, as far as new
   * episodes begin at the interruption. A function makes the state for parts that have just been made.
   */
  readonly resume?: RunState | ((parts: Parts, stage: Stage) => RunState);
}

export interface RunResult<Row> {
  /** With the best weights (highest score); the last ones if nothing was scored. */
  readonly policy: TrainedPolicy;
  readonly last: TrainedPolicy;
  readonly best: Row | undefined;
  readonly curve: readonly Row[];
  /** The last weights, by the name of their set. */
  readonly sets: Learned["sets"];
  /** The last states of the parts that a later run begins with; empty for most algorithms. */
  readonly handedOn: Readonly<Record<string, PartState>>;
  /** Executed in training, in all environments together. */
  readonly environmentSteps: number;
  /** Sum over the iterations, those before a resume included. */
  readonly seconds: number;
  readonly interrupted: boolean;
}

/** Runs an algorithm to its end, or until it is stopped. @throws InputError, see `defineAlgorithm`. */
export async function drive<Row>(
  algorithm: AnyAlgorithm<Row>,
  setup: StageSetup,
  input: Readonly<Record<string, unknown>>,
  { signal, onStop, onIteration, resume }: DriveContext<Row>,
): Promise<RunResult<Row>> {
  const { model } = setup.base;
  const options = parseOptions(runOptions(algorithm, model), input);
  const sees = model.network.encoder.rgb !== undefined;
  const refusal = sees && !algorithm.sees ? "sees pictures" : algorithm.refuses?.(model);
  if (refusal !== undefined) {
    const what = `policy ${model.spec.policy}`;
    fail("DMPO_ALGORITHM", what, refusal, `a policy that ${algorithm.title} can train`, "choose another of the two");
  }
  const base = startingPolicy(algorithm, setup.base, options);
  const stage = new Stage({ ...setup, base, signal: signal ?? setup.signal });
  const curve: Row[] = [];
  let best: { readonly index: number; readonly weights: Float32Array } | null = null;
  let seconds = 0;
  let iterationStart = performance.now();
  try {
    const parts = algorithm.parts(stage, options);
    const handedOn = Object.fromEntries((algorithm.handsOn ?? []).map((name) => [name, parts[name]!]));
    if (setup.handedOn) restoreParts(handedOn, setup.handedOn);
    const { places } = stage;
    const restore = (state: Pick<RunState, "parts" | "iteration" | "environmentSteps" | "random">) => {
      restoreParts(parts, state.parts);
      stage.iteration = state.iteration;
      stage.environmentSteps = state.environmentSteps;
      stage.random.restore(state.random);
      // Earlier versions did not store where the environments stood: new episodes begin.
      stage.interrupt();
      for (const [name, place] of Object.entries(places)) {
        if (Object.hasOwn(state.parts, name)) place.restore(state.parts[name]!);
      }
    };
    const snapshot = () => ({
      iteration: stage.iteration,
      environmentSteps: stage.environmentSteps,
      random: stage.random.state(),
      parts: statesOf({ ...parts, ...places }),
    });
    if (resume) {
      const state = typeof resume === "function" ? resume({ ...parts, ...places }, stage) : resume;
      checkAlgorithm(state, algorithm.name);
      restore(state);
      for (const row of state.curve as readonly Row[]) curve.push(row);
      best = state.best;
      seconds = state.seconds;
    }
    const learned = () => algorithm.learned(parts, stage, options);
    const policyOf = ({ policy, sets }: Learned, weights = Object.values(sets)[0]!) =>
      new TrainedPolicy({ ...policy, weights });
    const run = (isBest: boolean, ended: typeof snapshot): Run<Row> => ({
      learned,
      policy: () => policyOf(learned()),
      state: () => ({
        ...ended(),
        algorithm: algorithm.name,
        options,
        curve: [...curve],
        seconds: seconds + secondsSince(iterationStart),
        best,
      }),
      curve,
      isBest,
    });

    const iterate = async () => {
      // Only a run that can be stopped has to know where its last iteration ended.
      let completed = stage.signal && snapshot();
      let lastTerms: Progress["terms"];
      try {
        for await (const progress of algorithm.run(stage, parts, options)) {
          expectSound(progress.terms, stage.iteration, lastTerms);
          lastTerms = progress.terms ?? lastTerms;
          const spent = secondsSince(iterationStart);
          iterationStart = performance.now();
          seconds += spent;
          const { environmentSteps } = stage;
          const row = algorithm.row(progress, {
            iteration: stage.iteration++,
            environmentSteps,
            seconds: spent,
            totalSeconds: seconds,
          });
          curve.push(row);
          const score = algorithm.score(row);
          const isBest = score !== undefined && score > (best ? algorithm.score(curve[best.index]!)! : -Infinity);
          if (isBest) best = { index: curve.length - 1, weights: Object.values(learned().sets)[0]! };
          const ended = once(snapshot);
          await onIteration?.(row, run(isBest, ended));
          if (stage.signal?.aborted) return;
          completed = stage.signal && ended();
        }
      } catch (error) {
        if (!completed || !stage.signal?.aborted || error !== stage.signal.reason)
          throw diverged(error, stage.iteration);
        restore(completed);
      }
    };
    const resumedRows = curve.length;
    if (!stage.signal?.aborted) await iterate();
    if (stage.signal?.aborted || curve.length === resumedRows) await onStop?.(run(false, snapshot));
    const last = learned();
    return {
      policy: policyOf(last, best?.weights),
      last: policyOf(last),
      best: best ? curve[best.index] : undefined,
      curve,
      sets: last.sets,
      handedOn: statesOf(handedOn),
      environmentSteps: stage.environmentSteps,
      seconds,
      interrupted: stage.signal?.aborted ?? false,
    };
  } finally {
    await stage.dispose();
  }
}

/** Makes it at the first call. */
function once<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => (made ??= make());
}

const secondsSince = (start: number) => (performance.now() - start) / 1000;

function checkAlgorithm({ algorithm }: RunState, expected: string): void {
  if (algorithm === expected) return;
  const found = `is a run of ${JSON.stringify(algorithm)}`;
  fail("DMPO_RESUME", "the checkpoint", found, `one of "${expected}"`, "resume with the run's own configuration");
}
