// The demonstrator of the round table screws the leg into the top and the base into the leg.
import { expect, test } from "vitest";
import { furnitureDemonstrations } from "../../../sdk/src/envs/furniture/demonstrator.js";
import { played } from "./played.js";

test("round_table_low is put together from observations alone", { timeout: 400_000 }, async () => {
  const { rewards, actions, observations, episodeReturn } = await played("round_table_low", 2);
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

test("each piece of furniture is demonstrated at each randomness", () => {
  const names = ["one_leg", "lamp", "round_table"].flatMap((piece) =>
    ["low", "med", "high"].map((randomness) => `furniture/${piece}_${randomness}`),
  );
  expect(furnitureDemonstrations.map(({ name }) => name)).toEqual(names);
});
