// One pre-training step: draw noise and times, loss (improved MeanFlow with the dispersive one, or another policy's), gradients, AdamW.
import { Trainable } from "../../../sdk/src/engine/optimizer.js";
import { compileTraining } from "../../../sdk/src/engine/training-step.js";
import type { Host, Weights } from "../../../sdk/src/engine/tensor.js";
import type { VelocityNetwork } from "../../../sdk/src/nn/velocity-network.js";
import { meanFlow, meanFlowLoss, type MeanFlowBatch } from "../../../sdk/src/policies/mean-flow.js";
import { emptyDraws, fillDraws } from "../../../sdk/src/policies/policy-model.js";
import { freshTeacher, policyNamed, random, uniform } from "./hopper.js";
import { parameters, report } from "./measuring.js";

const {
  threads,
  batch: size,
  repeats,
  tangents,
  policy,
} = parameters({ batch: 128, tangents: "needed", policy: "meanflow" });
const model = policyNamed(policy);
const teacher = model.definition.training.teacher && freshTeacher();
const { horizonSteps, actionDim, encoder } = model.network;
const trainable = new Trainable(model.layout, model.layout.initialise(random.stream("weights")));
const draws = emptyDraws(model.trainingDraws, size);
const action = uniform(size, horizonSteps, actionDim);
const batch = { action, state: uniform(size, 1, encoder.stateSize), ...draws } as Host<MeanFlowBatch>;
// Half of the rows have r = t, where the tangent has no effect; "all" computes it nevertheless.
const loss = (weights: Weights, batch: MeanFlowBatch) => {
  if (tangents !== "all") return model.loss(weights, batch, teacher);
  const options = meanFlow.options.parse(model.spec.options);
  const { rows, batchwise } = meanFlowLoss(model.network as VelocityNetwork, weights, batch, options);
  return { loss: rows.mean().add(batchwise!.dispersive) };
};
const step = compileTraining(loss, trainable, { threads });

await report(
  async () => {
    fillDraws(model.trainingDraws, draws, random.stream("noise and times"));
    await step(batch);
    trainable.adamw({ learningRate: 1e-3, weightDecay: 1e-6 });
  },
  repeats,
  10,
);
