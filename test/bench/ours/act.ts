// Action chunks for a batch of observations in the policy's own number of steps: noise drawn, the chunk written into the same array at
// every call.
import { compile, constants } from "../../../sdk/src/engine/compile.js";
import type { tf, Weights } from "../../../sdk/src/engine/tensor.js";
import type { Tensors } from "../../../sdk/src/policies/definition.js";
import { emptyDraws, fillDraws } from "../../../sdk/src/policies/policy-model.js";
import { policyNamed, random, uniform } from "./hopper.js";
import { parameters, report } from "./measuring.js";

const {
  threads,
  batch: size,
  repeats,
  weights: kind,
  policy,
} = parameters({ batch: 1, repeats: 2000, weights: "constants", policy: "meanflow" });
const model = policyNamed(policy);
const weights = model.views(model.layout.initialise(random.stream("weights")));
const state = uniform(size, 1, model.network.encoder.stateSize);
const draws = emptyDraws(model.actingDraws(), size);
type Batch = { state: tf.Tensor; draws: Tensors };

const frozen = () => {
  const act = compile(({ state, draws }: Batch) => model.sample(constants<Weights>(weights), { state }, draws), {
    threads,
  });
  return { act, input: { state, draws } };
};
const changing = () => {
  const act = compile(
    ({ weights, state, draws }: Batch & { weights: Weights }) => model.sample(weights, { state }, draws),
    { threads },
  );
  return { act, input: { weights, state, draws } };
};
const { act, input } = kind === "constants" ? frozen() : changing();
const output = await act.prepare(input as never);
await report(
  async () => {
    fillDraws(model.actingDraws(), draws, random.stream("noise"));
    await act(input as never, output);
  },
  repeats,
  200,
);
