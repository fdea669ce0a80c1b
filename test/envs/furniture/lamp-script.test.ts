// The demonstrator of the lamp screws the bulb in and puts the hood over it.
import { expect, test } from "vitest";
import { expectAssembled, played } from "./played.js";

test("lamp_low is put together from observations alone", { timeout: 400_000 }, async () => {
  expectAssembled(await played("lamp_low", 7));
});

test("a hood in the way of the bulb is put aside first", { timeout: 400_000 }, async () => {
  expectAssembled(await played("lamp_low", 15));
});

test("an episode that begins without a part is not played", async () => {
  const { rewards, lastObservation } = await played("lamp_med", 8);
  expect(rewards.length).toBe(0);
  // The frame's z axis points down: a part has left the table.
  const depths = [0, 1, 2].map((part) => lastObservation[16 + 7 * part + 2]!);
  expect(Math.max(...depths)).toBeGreaterThan(0.05);
});
