// One compiled call from observations and random numbers to action chunks, normalised as the policy sees them.
import { compile, constants, type CompileOptions } from "../engine/compile.js";
import { type HostTensor, type tf, type Weights } from "../engine/tensor.js";
import type { HostObservation, Observation } from "../nn/network.js";
import type { Draws, SamplingOptions, Tensors } from "./definition.js";
import type { TrainedPolicy } from "./trained-policy.js";

export interface ChunkSamplerOptions {
  readonly sampling: SamplingOptions;
  /** Actions Te of a chunk that are wanted, from its beginning. */
  readonly actionSteps: number;
  readonly compile?: CompileOptions | undefined;
  /** Compile the present weights in: calls are faster, but do not follow later changes. Default false. */
  readonly frozen?: boolean;
}

/** Reads `weights` at every call, so a view of weights under training follows them, unless it is `frozen`. */
export function chunkSampler(
  { model, weights }: Pick<TrainedPolicy, "model" | "weights">,
  { sampling, actionSteps, compile: compileOptions, frozen = false }: ChunkSamplerOptions,
) {
  type Input = { weights: Weights; observation: Observation; draws: Tensors };
  const fixed = frozen ? model.views(weights.slice()) : undefined;
  const sample = compile<Input, tf.Tensor3D>(
    ({ weights, observation, draws }) =>
      model.sample(fixed ? constants(fixed) : weights, observation, draws, sampling).slice([0, 0], [-1, actionSteps]),
    { name: "sample", ...compileOptions },
  );
  const views = fixed ? {} : model.views(weights);
  const drawn: Draws = model.actingDraws(sampling.steps);
  return {
    /** What a call wants as its `draws`. */
    drawn,
    /** Chunks (B, Te, Da), into `output` where it is given. */
    sample: (observation: HostObservation, draws: Readonly<Record<string, HostTensor>>, output?: HostTensor) =>
      sample({ weights: views, observation, draws }, output),
    /** Releases the compiled function. */
    dispose: () => sample.dispose(),
  };
}
