// Actions of two modes, which a policy that averages would miss: a fair choice between (0.5, -0.4) and (-0.5, 0.4) with normal
// noise of 0.2 on each entry. What training on it leaves is compared by the energy distance.
import { Random } from "../../sdk/src/engine/random.js";
import { Trainable } from "../../sdk/src/engine/optimizer.js";
import { compile } from "../../sdk/src/engine/compile.js";
import { hostTensor, type tf, type Weights } from "../../sdk/src/engine/tensor.js";
import { compileTraining } from "../../sdk/src/engine/training-step.js";
import { rawNumbers } from "../../sdk/src/normalization.js";
import type { TrainingBatch } from "../../sdk/src/policies/definition.js";
import { emptyDraws, fillDraws, PolicyModel } from "../../sdk/src/policies/policy-model.js";
import { teacherOf } from "../../sdk/src/policies/teacher.js";
import { TrainedPolicy } from "../../sdk/src/policies/trained-policy.js";

export const MODE = [0.5, -0.4] as const;
const WIDTH = 0.2;

/** (count, 2), alternately of either mode. */
export function twoModes(count: number, random: Random): Float32Array {
  const noise = random.stream("modes").normal(new Float32Array(2 * count));
  return noise.map((z, k) => (Math.floor(k / 2) % 2 === 0 ? 1 : -1) * MODE[k % 2]! + WIDTH * z);
}

/** Two numbers per action, chunks of one action, an observation that says nothing. */
export function toyModel(policy: string, options: Record<string, unknown> = {}, network: object = {}): PolicyModel {
  const sizes = { horizonSteps: 1, actionDim: 2, condDim: 1, mlpDims: [64, 64, 64] };
  return new PolicyModel({ policy, options, network: { ...sizes, ...network } });
}

/** The averaged weights after so many batches of 128. */
export async function fitTwoModes(
  model: PolicyModel,
  batches: number,
  teacher?: TrainedPolicy,
): Promise<TrainedPolicy> {
  const size = 128;
  const random = new Random(3);
  const trainable = new Trainable(model.layout, model.layout.initialise(random.stream("weights")), { ema: true });
  const advance = teacherOf(model, rawNumbers(1, 2), teacher);
  const loss = (weights: Weights, batch: TrainingBatch) => model.loss(weights, batch, advance);
  const step = compileTraining<TrainingBatch>(loss, trainable, { threads: 1 });
  const [draws, drawn] = [model.trainingDraws, emptyDraws(model.trainingDraws, size)];
  const state = hostTensor(new Float32Array(size), [size, 1, 1]);
  for (let i = 0; i < batches; i++) {
    fillDraws(draws, drawn, random.stream("noise and times"));
    const action = hostTensor(twoModes(size, random), [size, 1, 2]);
    await step({ action, state, ...drawn });
    trainable.adamw({ learningRate: 5e-3 * (1 - i / batches) + 1e-5, weightDecay: 1e-6 });
    trainable.updateEma(0.99);
  }
  await step.dispose();
  return new TrainedPolicy({
    model,
    weights: trainable.ema!.slice(),
    normalization: rawNumbers(1, 2),
    environment: "toy",
  });
}

/** (count, 2), drawn with so many network calls each. */
export async function sampleTwoModes({ model, weights }: TrainedPolicy, count: number, steps: number) {
  const drawn = emptyDraws(model.actingDraws(steps), count);
  fillDraws(model.actingDraws(steps), drawn, new Random(11).stream("acting"));
  type Input = { weights: Weights; state: tf.Tensor3D; drawn: Record<string, tf.Tensor> };
  const sample = compile(({ weights, state, drawn }: Input) => ({
    action: model.sample(weights, { state }, drawn, { steps }),
  }));
  const state = hostTensor(new Float32Array(count), [count, 1, 1]);
  const { action } = await sample({ weights: model.views(weights), state, drawn });
  await sample.dispose();
  return Float32Array.from(action.data);
}

/** Share of points nearer to the first mode. */
export function firstModeShare(points: Float32Array): number {
  let first = 0;
  for (let i = 0; i < points.length; i += 2) if (points[i]! * MODE[0] + points[i + 1]! * MODE[1] > 0) first++;
  return (2 * first) / points.length;
}

/** sqrt(2 E|x - y| - E|x - x'| - E|y - y'|) of points and as many of the distribution; 0 for equal distributions. */
export function energyDistance(points: Float32Array): number {
  const count = points.length / 2;
  const data = twoModes(count, new Random(12));
  const mean = (a: Float32Array, b: Float32Array, pairs: number) => {
    let sum = 0;
    for (let i = 0; i < count; i++) {
      for (let j = 0; j < count; j++) {
        sum += Math.hypot(a[2 * i]! - b[2 * j]!, a[2 * i + 1]! - b[2 * j + 1]!);
      }
    }
    return sum / pairs;
  };
  const [all, distinct] = [count * count, count * (count - 1)];
  const squared = 2 * mean(points, data, all) - mean(points, points, distinct) - mean(data, data, distinct);
  return Math.sqrt(Math.max(0, squared));
}
