// Sweeps: which runs comma lists stand for.
import { expect, test } from "vitest";
import { expandSweep, sweptOverrides } from "../../../sdk/src/config/run/sweep.js";

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
  ["a quoted text", 'name="a,b"'],
  ["an interpolation", "logdir=${oc.env:LOG,log}/x"],
  ["a removal", "~wandb"],
])("%s is one choice", (_, override) => expect(expandSweep([override])).toEqual([[override]]));

test("lists can be choices", () => {
  expect(expandSweep(["model.network.mlp_dims=[16],[16,16,16]"])).toEqual([
    ["model.network.mlp_dims=[16]"],
    ["model.network.mlp_dims=[16,16,16]"],
  ]);
});

test("an empty choice is an error", () => {
  expect(() => expandSweep(["seed=1,,2"])).toThrow("seed=1,,2: has an empty choice");
});
