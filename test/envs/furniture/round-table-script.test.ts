// The demonstrator of the round table screws the leg into the top and the base into the leg.
import { expect, test } from "vitest";
import { furnitureDemonstrations } from "../../../sdk/src/envs/furniture/demonstrator.js";
import { expectAssembled, played } from "./played.js";

test("round_table_low is put together from observations alone", { timeout: 400_000 }, async () => {
  expectAssembled(await played("round_table_low", 2));
});

test("each piece of furniture is demonstrated at each randomness", () => {
  const names = ["one_leg", "lamp", "round_table"].flatMap((piece) =>
    ["low", "med", "high"].map((randomness) => `furniture/${piece}_${randomness}`),
  );
  expect(furnitureDemonstrations.map(({ name }) => name)).toEqual(names);
});
