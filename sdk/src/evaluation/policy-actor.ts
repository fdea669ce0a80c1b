// A trained policy acting in environments: one compiled call from observations and initial noise to the executed actions.
import { compile, constants, type CompileOptions } from "../engine/compile.js";
import type { RandomStream } from "../engine/random.js";
import { hostTensor, type HostTensor, type tf, type Weights } from "../engine/tensor.js";
import { InputError, type Problem } from "../errors.js";
import type { SamplingOptions } from "../policies/sampling.js";
import type { TrainedPolicy } from "../policies/trained-policy.js";
import type { Environments } from "./environments.js";
import type { Actor, InitialNoise } from "./evaluate.js";

export interface ActorOptions {
  readonly sampling: SamplingOptions;
  readonly initialNoise: InitialNoise;
  /** Draws the initial noise. */
  readonly random: RandomStream;
  readonly compile?: CompileOptions | undefined;
  /** Compile the present weights in: calls are faster, but do not follow later changes. Default false. */
  readonly frozen?: boolean;
}

/**
 * The actor reads `weights` at every call, so a view of weights under training follows them, unless it is `frozen`.
 *
 * @throws InputError `DMPO_POLICY_FIT` when policy and environments do not fit.
 */
export function policyActor(
  { model, weights }: Pick<TrainedPolicy, "model" | "weights">,
  environments: Environments,
  { sampling, initialNoise, random, compile: compileOptions, frozen = false }: ActorOptions,
): Required<Actor> {
  expectFit(model, environments);
  const { count, condSteps, observationDimension, actionSteps, actionDimension } = environments;
  type Input = { weights: Weights; state: tf.Tensor3D; noise: tf.Tensor3D };
  const fixed = frozen ? model.views(weights.slice()) : undefined;
  const sample = compile(
    ({ weights, state, noise }: Input) =>
      model.sample(fixed ? constants(fixed) : weights, state, noise, sampling).slice([0, 0], [-1, actionSteps]),
    { name: "sample", ...compileOptions },
  );
  const views = fixed ? {} : model.views(weights);
  const noise = zeros([count, model.spec.network.horizonSteps, actionDimension]);
  const action = zeros([count, actionSteps, actionDimension]);
  return {
    async act(observations) {
      if (initialNoise === "sampled") random.normal(noise.data as Float32Array);
      const state = hostTensor(observations, [count, condSteps, observationDimension]);
      await sample({ weights: views, state, noise }, action);
      return action.data as Float32Array;
    },
    dispose: () => sample.dispose(),
  };
}

function expectFit({ spec }: TrainedPolicy["model"], environments: Environments): void {
  const { actionDim, condDim, horizonSteps } = spec.network;
  const { actionDimension, observationDimension, condSteps, actionSteps } = environments;
  const problems: Problem[] = [];
  const expect = (fits: boolean, path: string, wrong: string, expected: string) => {
    if (!fits) problems.push({ path: `environments.${path}`, wrong, expected });
  };
  expect(actionDimension === actionDim, "actionDimension", `is ${actionDimension}`, `the policy's ${actionDim}`);
  const observed = `is ${condSteps} x ${observationDimension} numbers`;
  expect(condSteps * observationDimension === condDim, "observations", observed, `the policy's ${condDim}`);
  expect(
    actionSteps <= horizonSteps,
    "actionSteps",
    `is ${actionSteps}`,
    `at most the policy's chunk of ${horizonSteps}`,
  );
  if (problems.length > 0) throw new InputError("DMPO_POLICY_FIT", problems);
}

function zeros(shape: readonly number[]): HostTensor {
  return hostTensor(new Float32Array(shape.reduce((product, extent) => product * extent, 1)), shape);
}
