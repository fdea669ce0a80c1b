import { expect, test } from "vitest";
import { humanoid } from "../../sdk/src/envs/locomotion/humanoid.js";
import { walker2d } from "../../sdk/src/envs/locomotion/walker2d.js";
import { normalizedScore } from "../../sdk/src/envs/normalized-score.js";

test.each([
  { env: "hopper-medium-v2", random: -20.272305, expert: 3234.3 },
  { env: "halfcheetah-v2", random: -280.178953, expert: 12135.0 },
  { env: walker2d, random: 1.629008, expert: 4592.3 },
  { env: "ant-medium-expert-v0", random: -325.6, expert: 3879.7 },
])("a random policy scores 0, an expert 100 ($env)", ({ env, random, expert }) => {
  expect(normalizedScore(env, random)).toBe(0);
  expect(normalizedScore(env, expert)).toBe(100);
  expect(normalizedScore(env, 2 * expert - random)).toBeCloseTo(200, 9);
});

test("no scores without published returns", () => {
  expect(() => normalizedScore(humanoid, 1)).toThrow("env: humanoid-v3 has no reference returns");
  expect(() => normalizedScore("hoper-v2", 1)).toThrow('did you mean "hopper-v2"?');
});
