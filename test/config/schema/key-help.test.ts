// What `dmpo config help` says of a key, from the schemas of all configurations.
import { expect, test } from "vitest";
import { keyHelp } from "../../../sdk/src/config/schema/key-help.js";
import { dmpo } from "../../cli/dmpo.js";
import { inputErrorOf } from "../input-error.js";

test("a key of several algorithms has the meaning of each", () => {
  const where = new Map(keyHelp("train.n_train_itr").map(({ help, where }) => [help.default, where]));
  expect([where.get("50"), where.get("100")]).toEqual([["ppo"], ["sac"]]);
});

test("policies are named where not all have it", () => {
  const [help] = keyHelp("model.tangent");
  expect(help).toMatchObject({ help: { type: '"conditional" | "predicted"' }, where: ["pretrain, fql (meanflow)"] });
});

test("an unknown key is an error with the nearest, or with the section it stands in", () => {
  expect(inputErrorOf(() => keyHelp("train.gama"))).toMatchObject({
    problems: [{ remedy: 'did you mean "train.gamma"?' }],
  });
  expect(inputErrorOf(() => keyHelp("batch_size"))).toMatchObject({
    problems: [{ remedy: 'did you mean "train.batch_size"?' }],
  });
});

test("on the command line, a section with what stands in it", async () => {
  const { code, out, error } = await dmpo("config", "help", "ema");
  expect([code, error]).toEqual([0, ""]);
  expect(out).toBe(
    "ema: object.\n  decay: number. Share of the average that stays at an update. From 0 to 1. Default 0.995.\n  in pretrain",
  );
});
