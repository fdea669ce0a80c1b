import { expect, test } from "vitest";
import { parseValue } from "../../../sdk/src/config/language/override-values.js";
import { applyOverrides, parseOverrides } from "../../../sdk/src/config/language/overrides.js";
import { nest, type Settings, type Value } from "../../../sdk/src/config/language/settings.js";
import { inputErrorOf } from "../input-error.js";

test.each<[string, Value]>([
  ["1", 1],
  ["-0.5", -0.5],
  ["1e-4", 1e-4],
  [".5E+2", 50],
  ["1_000", 1000],
  ["true", true],
  ["False", false],
  ["null", null],
  ["", ""],
  ["cuda:0", "cuda:0"],
  ["1.2.3", "1.2.3"],
  ["hf://a/b_0p5.pt", "hf://a/b_0p5.pt"],
  ["/path/with space/x=y.pt", "/path/with space/x=y.pt"],
  ["[1,2,4]", [1, 2, 4]],
  ["[]", []],
  ["[[1, 2], [a, 'b,c'], null]", [[1, 2], ["a", "b,c"], null]],
  ['"1"', "1"],
  ["'a, b'", "a, b"],
  [String.raw`"say \"hi\""`, 'say "hi"'],
  ["${oc.env:HOME,/tmp}/x", "${oc.env:HOME,/tmp}/x"],
  ["${eval:'${a} * 2'}", "${eval:'${a} * 2'}"],
])("%j is read as %j", (text, value) => expect(parseValue(text)).toEqual(value));

test.each([
  ["1,2", /quote text that contains commas/],
  ["[1,2", /is not closed/],
  ["'a", /a closing '/],
  ["{a: 1}", /one override per key/],
])("the value %j is refused", (text, message) => expect(() => parseOverrides([`key=${text}`])).toThrow(message));

const settings = (): Settings =>
  new Map([
    ["seed", { value: 42, origin: "a.yaml:1" }],
    ["train.batch_size", { value: 128, origin: "a.yaml:3" }],
    ["wandb.project", { value: "x", origin: "a.yaml:5" }],
  ]);
function applied(...texts: string[]) {
  const result = settings();
  applyOverrides(result, parseOverrides(texts));
  return nest(result);
}

test("=, + and ++ set, ~ removes, null replaces a whole section, the last one wins", () => {
  expect(applied("train.batch_size=1", "+extra.deep=a", "++seed=3", "seed=4", "~wandb.project")).toEqual({
    seed: 4,
    train: { batch_size: 1 },
    extra: { deep: "a" },
  });
  expect(applied("wandb=null").wandb).toBeNull();
  expect(applied("wandb=null", "wandb.offline_mode=True").wandb).toEqual({ offline_mode: true });
  expect(applied("~train").train).toBeUndefined();
});

test("values from the command line say so", () => {
  const result = settings();
  applyOverrides(result, parseOverrides(["seed=7"]));
  expect(result.get("seed")).toEqual({ value: 7, origin: "command line: seed=7" });
});

test("all removals of keys that are not there are reported at once", () => {
  const error = inputErrorOf(() => applied("~sede", "~train.nothing.at.all", "seed=3"));
  expect(error.code).toBe("DMPO_OVERRIDE_KEY");
  expect(error.problems.map(({ path, remedy }) => [path, remedy])).toEqual([
    ["sede", "did you mean ~seed?"],
    ["train.nothing.at.all", undefined],
  ]);
});

test("everything that is not an override is reported at once", () => {
  const error = inputErrorOf(() => parseOverrides(["seed", "=1", "--seed=1", "train batch=2", "ok=1"]));
  expect(error.problems.map(({ path }) => path)).toEqual(["seed", "=1", "--seed=1", "train batch=2"]);
});
