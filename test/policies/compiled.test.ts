// The same functions, compiled: equal to the reference's numbers or to their eager values.
import { beforeAll, expect, test } from "vitest";
import { valueAndGradients } from "../../sdk/src/engine/gradients.js";
import { tf, type HostTensor, type Weights } from "../../sdk/src/engine/tensor.js";
import { activations, type ActivationName } from "../../sdk/src/nn/activations.js";
import { critic } from "../../sdk/src/nn/critic.js";
import { noiseNet } from "../../sdk/src/nn/noise-net.js";
import { chainDensity, sampleChain } from "../../sdk/src/policies/chain.js";
import { dispersiveLoss, dispersiveOptions } from "../../sdk/src/policies/dispersive.js";
import { sampleFlow } from "../../sdk/src/policies/flow.js";
import { meanFlow, meanFlowLoss, meanFlowSteps, type MeanFlowBatch } from "../../sdk/src/policies/mean-flow.js";
import { expectClose, wave } from "../nn/close.js";
import { compiled, expectCompiled } from "../nn/compiled.js";
import { filledWeights, pretrainFormula } from "../nn/weights.js";
import { golden } from "../shared.js";
import { lossOf, noisy, pretrainBatch, pretrainNetwork, pretrainWeights } from "./batches.js";

beforeAll(async () => void (await tf.setBackend("cpu")));

const names = Object.keys(activations) as ActivationName[];

test("activations and their derivatives", async () => {
  const input = { x: wave<tf.Tensor1D>([40], (k) => k - 20, 1), far: tf.tensor1d([-1e4, -90, 90, 1e4, 1e30]) };
  const every = ({ x, far }: typeof input) =>
    Object.fromEntries(
      names.map((name) => [
        name,
        {
          value: activations[name](x),
          far: activations[name](far),
          slope: tf.grad((x) => activations[name](x).mul(1))(x),
        },
      ]),
    );
  await expectCompiled(every, input);
});

test.each([
  ["MeanFlow_mse", meanFlow.configure()],
  ["MeanFlow_adaptive", meanFlow.configure({ useAdaptiveLoss: true })],
  ["ImprovedMeanFlow", meanFlow.improved()],
  ["ImprovedMeanFlowDispersive_infonce_l2_w0.5_T0.5", meanFlow.improved({ dispersive: {} })],
])("the loss %s and its gradients", async (name, options) => {
  const expected = golden("pretrain").full_losses[name];
  const step = ({ weights, batch }: { weights: Weights; batch: MeanFlowBatch }) =>
    valueAndGradients((w) => lossOf(meanFlowLoss(pretrainNetwork, w, batch, options)), weights);
  const input = { weights: pretrainWeights(), batch: pretrainBatch() };
  const { value, gradients } = (await compiled(step, input)) as Record<
    "value" | "gradients",
    Record<string, HostTensor>
  >;
  expectClose(tf.scalar(value.loss!.data[0]!), expected.loss);
  const squares = Object.values(gradients).map(({ data }) => (data as Float32Array).reduce((sum, g) => sum + g * g, 0));
  expect(Math.sqrt(squares.reduce((sum, s) => sum + s))).toBeCloseTo(expected.grad_l2_norm, 4);
  expectClose(tf.tensor(gradients["mlp_mean.layers.2.bias"]!.data), expected.grad_mlp_out_bias, 1e-4);
});

test("every dispersive loss and its gradient", async () => {
  const input = { h: wave<tf.Tensor2D>([5, 4], Math.sin, 2.3, 0.3, 0.4) };
  const types = dispersiveOptions.shape.type.unwrap().options;
  const every = ({ h }: typeof input) =>
    Object.fromEntries(
      types.flatMap((type) =>
        (["reference", "paper"] as const).map((formulation) => {
          const options = dispersiveOptions.parse({ type, formulation, temperature: 0.2, margin: 2 });
          return [
            `${formulation} ${type}`,
            valueAndGradients(({ h }) => ({ loss: dispersiveLoss([h as tf.Tensor2D], options) }), { h }),
          ];
        }),
      ),
    );
  await expectCompiled(every, input, 1e-4);
});

test("sampling, a noisy chain, its density with gradients, and values", async () => {
  const net = noiseNet({
    horizonSteps: 2,
    actionDim: 3,
    conditionDimension: 4,
    noiseHiddenDims: [8],
    timeDimExplore: 4,
  });
  const value = critic({ mlpDims: [8] }, 5);
  const policy = noisy(pretrainNetwork, net);
  const parameters = [...net.parameters, ...value.parameters];
  const input = {
    weights: { ...pretrainWeights(), ...filledWeights(parameters, pretrainFormula) },
    state: pretrainBatch().state,
    noise: wave<tf.Tensor4D>([4, 4, 2, 3], Math.sin, 1.7, 0.4, 2),
    range: { min: tf.scalar(0.05), max: tf.scalar(0.3) },
  };
  const options = { steps: 3, noisySteps: 2 };
  const all = ({ weights, state, noise, range }: typeof input) => {
    const condition = pretrainNetwork.encoder.apply(weights, { state });
    const start: tf.Tensor3D = noise.slice([0, 0], [-1, 1]).reshape([4, 2, 3]);
    const sampled = sampleChain(policy, weights, condition, noise, range, options);
    const density = (w: Weights) =>
      chainDensity(policy, w, pretrainNetwork.encoder.apply(w, { state }), sampled.chain, range, options);
    return {
      action: sampleFlow(meanFlowSteps, pretrainNetwork, weights, condition, start, meanFlow.configure(), { steps: 2 }),
      sampled,
      density: valueAndGradients((w) => ({ loss: density(w).logProbability.mean() }), weights),
      value: value.value(weights, { state }),
    };
  };
  await expectCompiled(all, input, 1e-4);
});
