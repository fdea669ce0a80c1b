// Poses of a robot after every step of an episode.
import { expect, test } from "vitest";
import { Gaussian } from "../../sdk/src/experiments/policies.js";
import { rolloutPoses } from "../../sdk/src/experiments/rollout-poses.js";
import { scratchPolicy } from "../../sdk/src/experiments/scratch-policy.js";
import { TrainedPolicy } from "../../sdk/src/policies/trained-policy.js";

test("in the policy's own environment, or in the one that is named", async () => {
  const policy = await scratchPolicy(Gaussian.standard().withNetwork({ mlpDims: [8] }), "hopper-v2", 3);
  const poses = await rolloutPoses(policy, { maxSteps: 3 });
  // A control step of the hopper takes 8 ms; it has a torso, a thigh, a leg and a foot.
  expect(poses.map(({ time }) => time)).toEqual([0, 0.008, 0.016, 0.024].slice(0, poses.length));
  expect(poses.every(({ capsules }) => capsules.length === 4)).toBe(true);
  const homeless = new TrainedPolicy({ ...policy, environment: "nowhere" });
  expect(await rolloutPoses(homeless, { env: "hopper-v2", maxSteps: 3 })).toEqual(poses);
  await expect(rolloutPoses(homeless)).rejects.toThrow(/nowhere/);
});
