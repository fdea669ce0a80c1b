// One pre-training step of a policy that sees: draws, how pictures are moved among them, loss, gradients, AdamW; or one acting call.
import { Trainable } from "../../../sdk/src/engine/optimizer.js";
import { Random } from "../../../sdk/src/engine/random.js";
import { hostTensor, type Host } from "../../../sdk/src/engine/tensor.js";
import { compileTraining } from "../../../sdk/src/engine/training-step.js";
import { chunkSampler } from "../../../sdk/src/policies/chunk-sampler.js";
import type { TrainingBatch } from "../../../sdk/src/policies/definition.js";
import { emptyDraws, fillDraws, PolicyModel } from "../../../sdk/src/policies/policy-model.js";
import { parameters, report } from "./measuring.js";

const { threads, batch: size, repeats, what } = parameters({ batch: 64, what: "step" });
const model = new PolicyModel({
  options: { tangent: "predicted" },
  network: {
    ...{ type: "vit", horizonSteps: 4, actionDim: 7, condDim: 9, imgCondSteps: 1, imgChannels: 3, imgSize: 96 },
    ...{ mlpDims: [768, 768, 768], timeDim: 16, rEmbeddingDim: 16 },
  },
});
const random = new Random(0);
const trainable = new Trainable(model.layout, model.layout.initialise(random.stream("weights")));
const uniform = (...shape: number[]) =>
  hostTensor(random.stream("batch").uniform(new Float32Array(shape.reduce((a, b) => a * b)), -1, 1), shape);
const pixels = new Uint8ClampedArray(size * 3 * 96 * 96).map((_, i) => (i * 37) % 251);
const observation = { state: uniform(size, 1, 9), rgb: hostTensor(pixels, [size, 1, 3, 96, 96]) };

if (what === "act") {
  const options = { sampling: {}, actionSteps: 4, compile: { threads }, frozen: true };
  const { drawn, sample } = chunkSampler({ model, weights: trainable.weights }, options);
  const draws = emptyDraws(drawn, size);
  await report(() => sample(observation, draws), repeats);
}
const draws = emptyDraws(model.trainingDraws, size);
const batch = { action: uniform(size, 4, 7), ...observation, ...draws } as Host<TrainingBatch>;
const step = compileTraining<TrainingBatch>((weights, batch) => model.loss(weights, batch), trainable, { threads });
await report(
  async () => {
    fillDraws(model.trainingDraws, draws, random.stream("noise and times"));
    await step(batch);
    trainable.adamw({ learningRate: 1e-4, weightDecay: 1e-6 });
  },
  repeats,
  3,
);
