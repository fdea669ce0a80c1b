// Action chunks for a batch of observations, one denoising step: noise drawn, the chunk written into the same array at every call.
import { compile, constants } from "../../../sdk/src/engine/compile.js";
import type { tf, Weights } from "../../../sdk/src/engine/tensor.js";
import { hopperModel, random, uniform } from "./hopper.js";
import { parameters, report } from "./measuring.js";

const { threads, batch: size, repeats, weights: kind } = parameters({ batch: 1, repeats: 2000, weights: "constants" });
const model = hopperModel();
const weights = model.views(model.layout.initialise(random.stream("weights")));
const [state, noise] = [uniform(size, 1, 11), uniform(size, 4, 3)];
type Batch = { state: tf.Tensor; noise: tf.Tensor3D };

const frozen = () => {
  const act = compile(
    ({ state, noise }: Batch) => model.sample(constants<Weights>(weights), { state }, { noise }, { steps: 1 }),
    { threads },
  );
  return { act, input: { state, noise } };
};
const changing = () => {
  const act = compile(
    ({ weights, state, noise }: Batch & { weights: Weights }) =>
      model.sample(weights, { state }, { noise }, { steps: 1 }),
    { threads },
  );
  return { act, input: { weights, state, noise } };
};
const { act, input } = kind === "constants" ? frozen() : changing();
const output = await act.prepare(input as never);
await report(
  async () => {
    random.stream("noise").normal(noise.data as Float32Array);
    await act(input as never, output);
  },
  repeats,
  200,
);
