// A run that blows up stops and says so; what it had before stays.
import { expect, test } from "vitest";
import { fail, type InputError } from "../../sdk/src/errors.js";
import { defineAlgorithm, type Progress } from "../../sdk/src/learning/algorithm.js";
import { diverged, expectSound } from "../../sdk/src/learning/divergence.js";
import { Values } from "../../sdk/src/learning/parts.js";
import { z } from "zod";
import { smallSetup } from "../rl/setup.js";

test("numbers that are not finite, or beyond meaning, are named with the iteration and what was before", () => {
  expect(() => expectSound({ loss: 1e9, other: -3 }, 4)).not.toThrow();
  expect(() => expectSound(undefined, 4)).not.toThrow();
  expect(() => expectSound({ fine: 1, loss: NaN, meanValue: -1e11 }, 4, { loss: 0.25 })).toThrow(
    /loss: is NaN in iteration 4, after 0\.2500 in the last[^]*learning rates[^]*meanValue: is -100000000000 in iteration 4\n/,
  );
});

test("an optimiser's error tells the iteration; others stay what they are", () => {
  const error = new Error("disk full");
  expect(diverged(error, 3)).toBe(error);
  try {
    fail("DMPO_NON_FINITE_GRADIENT", "gradient of network.weight", "contains NaN at update 7", "finite numbers");
  } catch (cause) {
    const told = diverged(cause, 3) as InputError;
    expect(told.code).toBe("DMPO_DIVERGED");
    expect(told.message).toMatch(
      /gradient of network\.weight: contains NaN at update 7, in iteration 3[^]*last checkpoint/,
    );
    expect(told.cause).toBe(cause);
  }
  expect.assertions(4);
});

test("a run ends at the first iteration that is not sound, which nobody is told of", async () => {
  const losses = [1, 2, Infinity, 3];
  const exploding = defineAlgorithm({
    ...{
      name: "exploding",
      title: "Exploding",
      kind: "finetuning",
      options: z.strictObject({}),
      presets: {},
      keys: {},
    },
    iterations: () => 4,
    parts: () => ({ place: new Values({}) }),
    async *run(): AsyncGenerator<Progress> {
      for (const loss of losses) yield { mode: "offline", episodes: [], terms: { loss } };
    },
    learned: (_, { base }) => ({ policy: base, sets: { policy: base.weights.slice() } }),
    row: ({ terms }) => terms!.loss!,
    score: () => undefined,
  });
  const rows: number[] = [];
  const run = exploding.train(smallSetup(), {}, { onIteration: (row) => void rows.push(row) });
  await expect(run).rejects.toThrow(/loss: is Infinity in iteration 2, after 2\.000 in the last/);
  expect(rows).toEqual([1, 2]);
});
