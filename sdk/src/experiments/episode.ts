// One episode of a policy in one environment, step by step: for pictures of how it moves.
import { compile, constants, type CompileOptions } from "../engine/compile.js";
import { Random } from "../engine/random.js";
import { hostTensor, type tf, type Weights } from "../engine/tensor.js";
import type { InitialNoise } from "../evaluation/evaluate.js";
import { makeEnvironment, type Environment, type Transition } from "../envs/make-environment.js";
import { denormalize, normalize } from "../normalization.js";
import type { Tensors } from "../policies/definition.js";
import { emptyDraws, fillDraws } from "../policies/policy-model.js";
import type { TrainedPolicy } from "../policies/trained-policy.js";

export interface EpisodeOptions {
  readonly env: string;
  /** Seed of the episode. Default 0. */
  readonly seed?: number;
  /** Environment steps, unless the episode ends before. Default 150. */
  readonly maxSteps?: number;
  /** Default 1. */
  readonly denoisingSteps?: number;
  /** Clip after every denoising step, not only the last. Default true. */
  readonly clipIntermediate?: boolean;
  /** Initial noise of every chunk: standard normal, or zero for the policy's central chunk. Default "sampled". */
  readonly initialNoise?: InitialNoise;
  /** Actions of a chunk that are executed. Default: the whole chunk. */
  readonly actionSteps?: number;
  readonly compile?: CompileOptions;
}

/** Plays one episode and calls `visit` after every environment step, with their number so far; stops where it returns true. */
export async function playEpisode(
  policy: TrainedPolicy,
  options: EpisodeOptions,
  visit: (env: Environment, steps: number, transition: Transition) => boolean | void,
): Promise<void> {
  const { model, normalization, space } = policy;
  const { env: name, seed = 0, maxSteps = 150, denoisingSteps = 1, clipIntermediate, initialNoise } = options;
  const { horizonSteps, actionDim } = space;
  const [condSteps, dimension] = space.state;
  const condDim = condSteps * dimension;
  const { actionSteps = horizonSteps } = options;
  const env = await makeEnvironment(name, { seed });
  const frozen = model.views(policy.weights);
  const sample = compile(
    ({ state, draws }: { state: tf.Tensor3D; draws: Tensors }): tf.Tensor3D =>
      model.sample(constants<Weights>(frozen), { state }, draws, { steps: denoisingSteps, clipIntermediate }),
    { name: "sample actions", ...options.compile, threads: 1 },
  );
  const random = new Random(seed).stream("initial noise");
  const drawn = model.actingDraws(denoisingSteps);
  const draws = emptyDraws(drawn, 1);
  const state = hostTensor(new Float32Array(condDim), [1, condSteps, dimension]);
  const history = state.data as Float32Array;
  const observe = (observation: ArrayLike<number>) => {
    history.copyWithin(0, dimension);
    for (let i = 0; i < dimension; i++) {
      history[condDim - dimension + i] = normalize(
        observation[i]!,
        normalization.observationMin[i]!,
        normalization.observationMax[i]!,
      );
    }
  };
  try {
    const first = env.reset();
    for (let i = 0; i < condSteps; i++) observe(first);
    let steps = 0;
    for (let ended = false; !ended && steps < maxSteps;) {
      if (initialNoise !== "zero") fillDraws(drawn, draws, random);
      const chunk = (await sample({ state, draws })).data;
      for (let step = 0; step < actionSteps && !ended && steps < maxSteps; step++) {
        const action = Array.from({ length: actionDim }, (_, i) =>
          denormalize(chunk[step * actionDim + i]!, normalization.actionMin[i]!, normalization.actionMax[i]!),
        );
        const transition = env.step(action);
        observe(transition.observation);
        const isEnough = visit(env, ++steps, transition) === true;
        ended = transition.terminated || transition.truncated || isEnough;
      }
    }
  } finally {
    env.close();
    await sample.dispose();
  }
}
