// What algorithms that learn in environments declare alike.
import type { Trainable } from "../engine/optimizer.js";
import type { Learned } from "../learning/algorithm.js";
import type { EvaluationSettings, Stage } from "../learning/stage.js";
import type { PolicyModel } from "../policies/policy-model.js";
import { evaluatedReturn, iterationRecord } from "./iteration-record.js";

/** Of every algorithm: how long it runs, its learning curve, and what its best policy is chosen by. */
export const inEnvironments = {
  kind: "finetuning",
  iterations: (o: { readonly iterations: number }) => o.iterations,
  row: iterationRecord,
  score: evaluatedReturn,
} as const;

/** Of those without presets whose part `actor` holds the weights of the whole policy. */
export const wholePolicy = {
  ...inEnvironments,
  presets: {},
  learned: ({ actor }: { readonly actor: Trainable }, { base }: Stage): Learned => ({
    policy: base,
    sets: { policy: actor.weights.slice() },
  }),
};

/** The policy's own sampling, from the initial noise that the options ask for. */
export const ownSampling = (
  _: PolicyModel,
  o: { readonly evaluationNoise: EvaluationSettings["initialNoise"] },
): EvaluationSettings => ({ sampling: {}, initialNoise: o.evaluationNoise });

/** Why chunks of a policy have no density that depends on its weights alone. */
export function refusesDensity({ definition: { path } }: PolicyModel): string | undefined {
  if (!path) return "has no density";
  return path.explorer ? "explores with a part of its own" : undefined;
}

/** Why no gradient flows from the chunks of a policy into its weights. */
export const refusesGradient = ({ definition: { path } }: PolicyModel): string | undefined =>
  path?.isReparameterized === false ? "makes choices, through which no gradient flows" : undefined;
