// Training of a small policy on distributions that are known, without the loop of pre-training.
import { Random } from "../../sdk/src/engine/random.js";
import { Trainable } from "../../sdk/src/engine/optimizer.js";
import { hostTensor, tf, type Host, type HostTensor, type Weights } from "../../sdk/src/engine/tensor.js";
import { compileTraining } from "../../sdk/src/engine/training-step.js";
import type { TrainingBatch } from "../../sdk/src/policies/definition.js";
import { emptyDraws, fillDraws, type PolicyModel } from "../../sdk/src/policies/policy-model.js";

/** Fresh batches of state (B, 1, Do) and action (B, Ta, Da). */
export type Batches = (out: { readonly state: Float32Array; readonly action: Float32Array }, random: Random) => void;

interface Fit {
  readonly steps: number;
  readonly batchSize: number;
  readonly learningRate: number;
}

/** The weights after so many steps of Adam, whose rate falls to 0. */
export async function fit(model: PolicyModel, batches: Batches, { steps, batchSize, learningRate }: Fit) {
  const random = new Random(11);
  const { horizonSteps, actionDim, encoder } = model.network;
  const trainable = new Trainable(model.layout, model.layout.initialise(random.stream("weights")));
  const [state, action] = [
    new Float32Array(batchSize * encoder.stateSize),
    new Float32Array(batchSize * horizonSteps * actionDim),
  ];
  const drawn = emptyDraws(model.trainingDraws, batchSize);
  const batch = {
    state: hostTensor(state, [batchSize, 1, encoder.stateSize]),
    action: hostTensor(action, [batchSize, horizonSteps, actionDim]),
    ...drawn,
  } as Host<TrainingBatch>;
  const loss = (weights: Weights, input: TrainingBatch) => model.loss(weights, input);
  const step = compileTraining<TrainingBatch>(loss, trainable, { threads: 1 });
  for (let i = 0; i < steps; i++) {
    batches({ state, action }, random);
    fillDraws(model.trainingDraws, drawn, random.stream("draws"));
    await step(batch);
    trainable.adam({ learningRate: learningRate * (1 - i / steps) });
  }
  await step.dispose();
  return trainable.weights;
}

/** Actions (B Ta Da) of a policy for states (B, Do). */
export function sampled(model: PolicyModel, weights: Float32Array, state: readonly number[][]): Float32Array {
  const rows = state.length;
  const draws = emptyDraws(model.actingDraws(), rows);
  fillDraws(model.actingDraws(), draws, new Random(12).stream("acting"));
  const tensors = (host: Readonly<Record<string, HostTensor>>) =>
    Object.fromEntries(Object.entries(host).map(([name, { data, shape }]) => [name, tf.tensor(data, [...shape])]));
  const observation = { state: tf.tensor2d(state as number[][]).expandDims(1) };
  return model.sample(tensors(model.views(weights)), observation, tensors(draws)).dataSync() as Float32Array;
}

/** Energy distance 2 E|X - Y| - E|X - X'| - E|Y - Y'| of two samples of points (Szekely and Rizzo 2013). */
export function energyDistance(x: readonly number[][], y: readonly number[][]): number {
  const between = (a: readonly number[][], b: readonly number[][]) =>
    a.reduce((sum, p) => sum + b.reduce((s, q) => s + Math.hypot(...p.map((v, i) => v - q[i]!)), 0), 0) /
    (a.length * b.length);
  return 2 * between(x, y) - between(x, x) - between(y, y);
}
