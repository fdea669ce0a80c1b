// A small pre-trained policy and what a learner needs around it.
import { Random } from "../../sdk/src/engine/random.js";
import type { StageSetup } from "../../sdk/src/learning/stage.js";
import { PolicyModel } from "../../sdk/src/policies/policy-model.js";
import { TrainedPolicy } from "../../sdk/src/policies/trained-policy.js";
import { FakeEnvironments, type FakeOptions } from "./fake-environments.js";

/** Untrained weights of a policy for the fake environments; its horizon is the chunk. */
export function smallPolicy({
  observationDimension = 2,
  actionDimension = 1,
  actionSteps = 1,
}: FakeOptions = {}): TrainedPolicy {
  const model = new PolicyModel({
    network: {
      horizonSteps: actionSteps,
      actionDim: actionDimension,
      condDim: observationDimension,
      timeDim: 4,
      rEmbeddingDim: 4,
      mlpDims: [16, 16, 16],
      condMlpDims: [8, 4],
    },
  });
  const range = (size: number) => [new Float32Array(size).fill(-1), new Float32Array(size).fill(1)] as const;
  const [observationMin, observationMax] = range(observationDimension);
  const [actionMin, actionMax] = range(actionDimension);
  return new TrainedPolicy({
    model,
    weights: model.layout.initialise(new Random(1).stream("weights")),
    environment: "fake",
    normalization: { observationMin, observationMax, actionMin, actionMax },
  });
}

/** Networks small enough for tests: what explores, and the critic. */
export const smallNetworks = {
  noiseNet: { noiseHiddenDims: [8], timeDimExplore: 4 },
  critic: { mlpDims: [16] },
};

export function smallSetup(options: FakeOptions = {}, seed = 7): StageSetup & { environments: FakeEnvironments } {
  return {
    base: smallPolicy(options),
    environments: new FakeEnvironments(options),
    seed,
    compile: { threads: 1 },
  };
}
