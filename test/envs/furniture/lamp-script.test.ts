// The demonstrator of the lamp screws the bulb in and puts the hood over it.
import { expect, test } from "vitest";
import { played } from "./played.js";

test("lamp_low is put together from observations alone", { timeout: 400_000 }, async () => {
  const { rewards, actions, observations, episodeReturn } = await played("lamp_low", 7);
  expect(episodeReturn).toBe(2);
  // One step for each pair; the last is the end.
  expect(rewards.filter((reward) => reward === 1).length).toBe(2);
  expect(rewards.at(-1)).toBe(1);
  expect(rewards.length).toBeGreaterThan(200);
  expect(rewards.length).toBeLessThan(1000);
  expect(observations.length).toBe(44 * rewards.length);
  expect(actions.length).toBe(10 * rewards.length);
  expect(actions.every((value) => Math.abs(value) <= 1)).toBe(true);
});

test("an episode that begins without a part is not played", async () => {
  const { rewards, lastObservation } = await played("lamp_low", 2);
  expect(rewards.length).toBe(0);
  // The frame's z axis points down: a part has left the table.
  const depths = [0, 1, 2].map((part) => lastObservation[16 + 7 * part + 2]!);
  expect(Math.max(...depths)).toBeGreaterThan(0.05);
});
