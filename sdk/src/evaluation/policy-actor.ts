// A trained policy acting in environments: one compiled call from observations and initial noise to the executed actions.
import type { CompileOptions } from "../engine/compile.js";
import type { RandomStream } from "../engine/random.js";
import { hostTensor } from "../engine/tensor.js";
import { InputError, type Problem } from "../errors.js";
import { chunkSampler } from "../policies/chunk-sampler.js";
import type { SamplingOptions } from "../policies/definition.js";
import { emptyDraws, fillDraws } from "../policies/policy-model.js";
import type { TrainedPolicy } from "../policies/trained-policy.js";
import { sizeOf, type Space } from "../space.js";
import type { Environments } from "./environments.js";
import type { Actor, InitialNoise } from "./evaluate.js";
import { hostObservation } from "../policies/host-observation.js";

export interface ActorOptions {
  readonly sampling: SamplingOptions;
  readonly initialNoise: InitialNoise;
  /** Draws the initial noise. */
  readonly random: RandomStream;
  readonly compile?: CompileOptions | undefined;
  /** Compile the present weights in: calls are faster, but do not follow later changes. Default false. */
  readonly frozen?: boolean;
}

/** What it takes to act: a trained policy, or one whose weights are a view of those under training. */
export type Acting = Pick<TrainedPolicy, "model" | "weights" | "space">;

/**
 * The actor reads `weights` at every call, so a view of weights under training follows them, unless it is `frozen`.
 *
 * @throws InputError `DMPO_POLICY_FIT` when policy and environments do not fit.
 */
export function policyActor(
  { model, weights, space }: Acting,
  environments: Environments,
  { sampling, initialNoise, random, compile: compileOptions, frozen = false }: ActorOptions,
): Required<Actor> {
  expectFit(space, environments);
  const { count, actionSteps } = environments;
  const sampler = chunkSampler({ model, weights }, { sampling, actionSteps, compile: compileOptions, frozen });
  const { drawn } = sampler;
  const draws = emptyDraws(drawn, count);
  const shape = [count, actionSteps, space.actionDim];
  const action = hostTensor(new Float32Array(sizeOf(shape)), shape);
  return {
    async act(observations) {
      if (initialNoise === "sampled") fillDraws(drawn, draws, random);
      await sampler.sample(hostObservation(observations, space, count), draws, action);
      return action.data as Float32Array;
    },
    dispose: () => sampler.dispose(),
  };
}

function expectFit(policy: Space, { space, actionSteps }: Environments): void {
  const problems: Problem[] = [];
  const expect = (fits: boolean, path: string, wrong: string, expected: string) => {
    if (!fits) problems.push({ path: `environments.${path}`, wrong, expected });
  };
  const numbers = ([steps, width]: Space["state"]) => `${steps} x ${width} numbers`;
  const [seen, given] = [policy, space].map(({ state }) => numbers(state));
  expect(
    space.actionDim === policy.actionDim,
    "actionDimension",
    `is ${space.actionDim}`,
    `the policy's ${policy.actionDim}`,
  );
  expect(seen === given, "observations", `is ${given}`, `the policy's ${seen}`);
  const pictures = ({ rgb }: Omit<Space, "horizonSteps">) => (rgb ? `pictures of ${rgb.join(" x ")}` : "no pictures");
  expect(
    pictures(space) === pictures(policy),
    "observations",
    `has ${pictures(space)}`,
    `the policy's ${pictures(policy)}`,
  );
  const chunk = `at most the policy's chunk of ${policy.horizonSteps}`;
  expect(actionSteps <= policy.horizonSteps, "actionSteps", `is ${actionSteps}`, chunk);
  if (problems.length > 0) throw new InputError("DMPO_POLICY_FIT", problems);
}
