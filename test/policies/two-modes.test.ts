// Ground truth for generative policies: actions in the plane of which half lie around one point and half around another. A policy
// that learns the mean answers between them, where no action lies.
import { expect, test } from "vitest";
import { compile, constants } from "../../sdk/src/engine/compile.js";
import { Trainable } from "../../sdk/src/engine/optimizer.js";
import { Random } from "../../sdk/src/engine/random.js";
import { hostTensor, type tf, type Weights } from "../../sdk/src/engine/tensor.js";
import { compileTraining } from "../../sdk/src/engine/training-step.js";
import type { TrainingBatch } from "../../sdk/src/policies/definition.js";
import { emptyDraws, fillDraws, PolicyModel } from "../../sdk/src/policies/policy-model.js";

const [CENTRE, SPREAD] = [[0.6, 0.4], 0.12] as const;
const random = new Random(5);

/** Actions (count, 2), each around plus or minus the centre. */
function actions(count: number, stream: string): Float32Array {
  const [noise, side] = [random.stream(stream), random.stream(`${stream} sides`)];
  const out = noise.normal(new Float32Array(2 * count), 0, SPREAD);
  side.uniform(new Float32Array(count)).forEach((coin, i) => {
    for (const axis of [0, 1]) out[2 * i + axis]! += (coin < 0.5 ? -1 : 1) * CENTRE[axis]!;
  });
  return out;
}

/** Székely's energy distance of two samples in the plane: 2 E|a - b| - E|a - a'| - E|b - b'|, zero for equal distributions. */
function energyDistance(a: Float32Array, b: Float32Array): number {
  const mean = (x: Float32Array, y: Float32Array) => {
    let sum = 0;
    for (let i = 0; i < x.length; i += 2)
      for (let j = 0; j < y.length; j += 2) sum += Math.hypot(x[i]! - y[j]!, x[i + 1]! - y[j + 1]!);
    return (4 * sum) / (x.length * y.length);
  };
  return 2 * mean(a, b) - mean(a, a) - mean(b, b);
}

const count = 1000;

/** Actions (count, 2) of a policy that was trained on so many batches of 256, sampled under each of the options. */
async function learned(policy: string, batches: number, settings: readonly Record<string, unknown>[]) {
  const network = { horizonSteps: 1, actionDim: 2, condDim: 1, mlpDims: [64, 64, 64], residualStyle: false };
  const model = new PolicyModel({ policy, network });
  const size = 256;
  const initial = model.layout.initialise(random.stream("weights"));
  const trainable = new Trainable(model.layout, initial, { ema: true });
  const draws = emptyDraws(model.trainingDraws, size);
  const state = hostTensor(new Float32Array(size), [size, 1, 1]);
  const step = compileTraining<TrainingBatch>((w, b) => model.loss(w, b), trainable, { threads: 1 });
  for (let i = 0; i < batches; i++) {
    fillDraws(model.trainingDraws, draws, random.stream("draws"));
    await step({ action: hostTensor(actions(size, "data"), [size, 1, 2]), state, ...draws });
    trainable.adamw({ learningRate: 5e-3 * Math.cos((Math.PI / 2) * (i / batches)) });
    trainable.updateEma(0.98);
  }
  await step.dispose();

  const frozen = model.views(trainable.ema!);
  return Promise.all(
    settings.map(async (options) => {
      const acting = new PolicyModel({ policy, options, network });
      const sample = compile(
        ({ state, draws }: { state: tf.Tensor; draws: Record<string, tf.Tensor> }) =>
          acting.sample(constants<Weights>(frozen), { state }, draws),
        { threads: 1 },
      );
      const drawn = emptyDraws(acting.actingDraws(), count);
      fillDraws(acting.actingDraws(), drawn, random.stream("acting"));
      const { data } = await sample({ state: hostTensor(new Float32Array(count), [count, 1, 1]), draws: drawn });
      await sample.dispose();
      return data as Float32Array;
    }),
  );
}

/** What tells a fit from one normal distribution of the same mean and covariance. */
const BOUND = 0.02;

test("the bound is above two samples of the truth, and far below one normal distribution", () => {
  expect(energyDistance(actions(count, "truth"), actions(count, "truth"))).toBeLessThan(BOUND / 2);
  const along = random.stream("along").normal(new Float32Array(count));
  const around = random.stream("around").normal(new Float32Array(2 * count), 0, SPREAD);
  const blurred = around.map((x, i) => x + CENTRE[i % 2]! * along[Math.floor(i / 2)]!);
  expect(energyDistance(blurred, actions(count, "truth"))).toBeGreaterThan(2 * BOUND);
});

test.each([["diffusion", 700, [{}, { useDdim: true, ddimSteps: 10 }]]] as const)(
  "%s: both modes, and little between them",
  async (policy, batches, settings) => {
    for (const sample of await learned(policy, batches, settings)) {
      expect(energyDistance(sample, actions(count, "truth"))).toBeLessThan(BOUND);
      // Where along the line through both centres, which are at 1 and -1.
      const length = CENTRE[0] ** 2 + CENTRE[1] ** 2;
      const places = Array.from(
        { length: count },
        (_, i) => (CENTRE[0] * sample[2 * i]! + CENTRE[1] * sample[2 * i + 1]!) / length,
      );
      const shareOf = (wanted: (place: number) => boolean) => places.filter(wanted).length / count;
      expect(shareOf((place) => place > 0.5)).toBeGreaterThan(0.4);
      expect(shareOf((place) => place < -0.5)).toBeGreaterThan(0.4);
    }
  },
);
