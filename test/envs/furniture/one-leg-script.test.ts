// The demonstrator of one_leg takes a leg, stands it up and screws it in.
import { expect, test } from "vitest";
import { played } from "./played.js";

test("one_leg_low is put together from observations alone", { timeout: 400_000 }, async () => {
  const { rewards, actions, observations, episodeReturn } = await played("one_leg_low", 1);
  expect(episodeReturn).toBe(1);
  // One step for each pair; the last is the end.
  expect(rewards.filter((reward) => reward === 1).length).toBe(1);
  expect(rewards.at(-1)).toBe(1);
  expect(rewards.length).toBeGreaterThan(200);
  expect(rewards.length).toBeLessThan(700);
  expect(observations.length).toBe(58 * rewards.length);
  expect(actions.length).toBe(10 * rewards.length);
  expect(actions.every((value) => Math.abs(value) <= 1)).toBe(true);
});
