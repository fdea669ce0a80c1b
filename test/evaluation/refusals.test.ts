// What evaluation refuses: each error's code, place and expectation, and where the limits lie.
import { expect, test } from "vitest";
import { Random } from "../../sdk/src/engine/random.js";
import { InputError } from "../../sdk/src/errors.js";
import { confidenceInterval } from "../../sdk/src/evaluation/confidence.js";
import { finishedEpisodes, type RecordedRollout } from "../../sdk/src/evaluation/episode-statistics.js";
import { evaluateSettings } from "../../sdk/src/evaluation/evaluate.js";
import { policyActor } from "../../sdk/src/evaluation/policy-actor.js";
import type { Space } from "../../sdk/src/space.js";
import { FakeEnvironments } from "../rl/fake-environments.js";
import { smallPolicy } from "../rl/setup.js";

/** Code and problems of what `run` throws. */
async function refusal(run: () => unknown) {
  try {
    await run();
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return { code: error.code, problems: error.problems };
  }
  return undefined;
}

test.each([0, 1, -0.1, Number.NaN])("a confidence of %d", async (confidence) => {
  expect(await refusal(() => confidenceInterval([1, 2], confidence))).toEqual({
    code: "DMPO_CONFIDENCE",
    problems: [{ path: "confidence", wrong: String(confidence), expected: "a share between 0 and 1, such as 0.95" }],
  });
});

test("an interval of no values", async () => {
  expect(await refusal(() => confidenceInterval([]))).toEqual({
    code: "DMPO_CONFIDENCE",
    problems: [{ path: "values", wrong: "empty", expected: "at least one number" }],
  });
});

test.each([
  [{ denoisingSteps: [] }, "denoisingSteps", "is empty", "at least one number of steps"],
  [{ denoisingSteps: [1, 0] }, "denoisingSteps[1]", "0", "a positive integer"],
  [{ episodes: 2.5 }, "episodes", "2.5", "a positive integer"],
  [{ episodes: 0 }, "episodes", "0", "a positive integer"],
])("an evaluation with %o", async (options, path, wrong, expected) => {
  const never = () => expect.unreachable();
  expect(await refusal(() => evaluateSettings(new FakeEnvironments(), never, options))).toEqual({
    code: "DMPO_EVALUATION",
    problems: [{ path, wrong, expected }],
  });
});

const rollout: RecordedRollout = {
  environments: 2,
  rewards: new Float32Array(6),
  firsts: new Uint8Array(8),
  executedSteps: new Int32Array(6),
};

test.each([
  [{ environments: 0 }, "environments", "0", "a positive integer"],
  [{ environments: 4 }, "rewards", "holds 6 numbers", "a multiple of 4 environments"],
  [{ firsts: new Uint8Array(6) }, "firsts", "holds 6 numbers", "8, one row of 2 more than rewards"],
  [{ executedSteps: new Int32Array(5) }, "executedSteps", "holds 5 numbers", "6, as rewards"],
])("a rollout with %o", async (wrongPart, path, wrong, expected) => {
  const rules = { actionSteps: 1 };
  expect(finishedEpisodes(rollout, rules)).toEqual([]);
  expect(await refusal(() => finishedEpisodes({ ...rollout, ...wrongPart }, rules))).toEqual({
    code: "DMPO_ROLLOUT_SHAPE",
    problems: [{ path, wrong, expected }],
  });
});

test("a policy in environments that it does not fit", async () => {
  const policy = smallPolicy({ observationDimension: 2, actionDimension: 3 });
  const { horizonSteps } = policy.space;
  const environments = new FakeEnvironments({ actionSteps: horizonSteps + 1 });
  const pictures: Space["rgb"] = [1, 3, 8, 8];
  const seeing = Object.assign(environments, { space: { ...environments.space, state: [2, 2], rgb: pictures } });
  const options = { sampling: {}, initialNoise: "zero", random: new Random(0).stream("") } as const;
  expect(await refusal(() => policyActor(policy, seeing, options))).toEqual({
    code: "DMPO_POLICY_FIT",
    problems: [
      { path: "environments.actionDimension", wrong: "is 1", expected: "the policy's 3" },
      { path: "environments.observations", wrong: "is 2 x 2 numbers", expected: "the policy's 1 x 2 numbers" },
      {
        path: "environments.observations",
        wrong: "has pictures of 1 x 3 x 8 x 8",
        expected: "the policy's no pictures",
      },
      {
        path: "environments.actionSteps",
        wrong: `is ${horizonSteps + 1}`,
        expected: `at most the policy's chunk of ${horizonSteps}`,
      },
    ],
  });
});
