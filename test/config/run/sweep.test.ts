// Sweeps: which runs comma lists stand for.
import { expect, test } from "vitest";
import { expandSweep, sweptOverrides } from "../../../sdk/src/config/run/sweep.js";
import { inputErrorOf } from "../input-error.js";

test("one run for each combination, the last list varying fastest", () => {
  const runs = expandSweep(["seed=1,2", "name=x", "train.gamma=0.9,0.99"]);
  expect(runs).toEqual([
    ["seed=1", "name=x", "train.gamma=0.9"],
    ["seed=1", "name=x", "train.gamma=0.99"],
    ["seed=2", "name=x", "train.gamma=0.9"],
    ["seed=2", "name=x", "train.gamma=0.99"],
  ]);
  expect(sweptOverrides(["seed=1,2", "name=x", "train.gamma=0.9,0.99"], runs[1]!)).toEqual([
    "seed=1",
    "train.gamma=0.99",
  ]);
});

test.each([
  ["a list", "denoising_step_list=[1,2,4]"],
  ["a mapping", "model.times={type: beta, a: 2}"],
  ["a text in double quotes", 'name="a,b"'],
  ["a text in single quotes", "name='a,b'"],
  ["a quote within other quotes", `name="it's a, b"`],
  ["an interpolation", "logdir=${oc.env:LOG,log}/x"],
  ["a call", "logdir=(a,b)"],
  ["a removal", "~wandb"],
  ["a removal with a comma", "~a,b"],
  ["an empty value", "name="],
])("%s is one choice", (_, override) => expect(expandSweep([override])).toEqual([[override]]));

test("lists can be choices, and spaces around a choice are none of it", () => {
  expect(expandSweep(["model.network.mlp_dims=[16],[16,16,16]"])).toEqual([
    ["model.network.mlp_dims=[16]"],
    ["model.network.mlp_dims=[16,16,16]"],
  ]);
  expect(expandSweep(["name='a,b', c"])).toEqual([["name='a,b'"], ["name=c"]]);
  expect(expandSweep(["=1,2"])).toEqual([["=1"], ["=2"]]);
});

test.each(["seed=1,,2", "seed=1, ,2", "seed=1,"])("%s has an empty choice", (override) => {
  const error = inputErrorOf(() => expandSweep([override]));
  expect(error.code).toBe("DMPO_OVERRIDE_SYNTAX");
  expect(error.message).toBe(`${override}: has an empty choice\n  expected values separated by commas: key=1,2,3`);
});
