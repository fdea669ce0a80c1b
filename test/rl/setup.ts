// A small pre-trained policy and what a learner needs around it.
import { Random } from "../../sdk/src/engine/random.js";
import { FlowModel } from "../../sdk/src/policies/flow-model.js";
import type { TrainedPolicy } from "../../sdk/src/policies/trained-policy.js";
import type { LearnerSetup } from "../../sdk/src/rl/learner.js";
import { FakeEnvironments, type FakeOptions } from "./fake-environments.js";

/** Untrained weights of a policy for the fake environments; its horizon is the chunk. */
export function smallPolicy({
  observationDimension = 2,
  actionDimension = 1,
  actionSteps = 1,
}: FakeOptions = {}): TrainedPolicy {
  const model = new FlowModel({
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
  return {
    model,
    weights: model.layout.initialise(new Random(1).stream("weights")),
    environment: "fake",
    normalization: { observationMin, observationMax, actionMin, actionMax },
  };
}

export function smallSetup(options: FakeOptions = {}, seed = 7): LearnerSetup & { environments: FakeEnvironments } {
  return {
    base: smallPolicy(options),
    environments: new FakeEnvironments(options),
    noiseNet: { noiseHiddenDims: [8], timeDimExplore: 4 },
    critic: { mlpDims: [16] },
    seed,
    compile: { threads: 1 },
  };
}
