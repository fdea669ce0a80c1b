import { expect, test } from "vitest";
import { InputError } from "../../../sdk/src/errors.js";
import { interpolate } from "../../../sdk/src/config/language/interpolation.js";
import { assign, nest, type Settings, type Value } from "../../../sdk/src/config/language/settings.js";
import { inputErrorOf } from "../input-error.js";

const context = { now: new Date(2026, 2, 1, 7, 5, 9), environment: { LOG: "/logs", EMPTY: "" } };

function resolved(values: Readonly<Record<string, Value>>) {
  const settings: Settings = new Map();
  for (const [path, value] of Object.entries(values))
    assign(settings, path, { value, origin: `x.yaml:${settings.size + 1}` });
  const { settings: result, problems } = interpolate(settings, context);
  if (problems.length > 0) throw new InputError("DMPO_CONFIG_INTERPOLATION", problems);
  return nest(result);
}

test.each<[string, Value, Value]>([
  ["a whole reference keeps its type", "${number}", 4],
  ["inside text it becomes text", "ta${number}_${flag}", "ta4_true"],
  ["a nested path", "${env.name}/x", "hopper/x"],
  ["a list element", "${shape[1]}", 96],
  ["a list element by dot", "${shape.0}", 3],
  ["a chain", "${chain}", "4!"],
  ["a reference built from a reference", "${env.${key}}", "hopper"],
  ["a mapping", "${env}", { name: "hopper", count: 4 }],
  ["inside lists", ["${number}", ["n${number}"]], [4, ["n4"]]],
  ["eval of references", "${eval:'${number} * ${shape[0]}'}", 12],
  ["eval with round", "${eval:'round(${shape[1]} / ${number})'}", 24],
  ["round_up", "${round_up:${eval:'7 / 2'}}", 4],
  ["round_down", "${round_down:'7 / 2'}", 3],
  ["a set variable", "${oc.env:LOG}/run", "/logs/run"],
  ["an empty variable is set", "<${oc.env:EMPTY,x}>", "<>"],
  ["a default", "${oc.env:UNSET,log/${number}}", "log/4"],
  ["a null default", "${oc.env:UNSET,null}", null],
  ["a quoted default with a comma", "${oc.env:UNSET,'a,b'}", "a,b"],
  ["the time", "${now:%Y-%m-%d}_${now:%H-%M-%S}", "2026-03-01_07-05-09"],
  ["no interpolation", "$5 {a} %d", "$5 {a} %d"],
  ["an escaped interpolation", "a\\${number}_${number}", "a${number}_4"],
  ["an escaped backslash", "a\\\\${number}", "a\\4"],
  ["a relative reference", "${.number}", 4],
  ["a key in brackets", "${env[name]}", "hopper"],
  ["a selected key", "${oc.select:env.name,x}", "hopper"],
  ["a default for a missing key", "${oc.select:nothing,7}", 7],
  ["null for a missing key", "${oc.select:nothing}", null],
  ["a decoded text", "${oc.decode:'[1, ${number}]'}", [1, 4]],
  ["a decoded variable", "${oc.decode:${oc.env:UNSET,'1e-3'}}", 1e-3],
])("%s", (_, value, expected) => {
  const base = {
    number: 4,
    flag: true,
    "env.name": "hopper",
    "env.count": "${number}",
    shape: [3, 96],
    chain: "${text}!",
    text: "${number}",
    key: "name",
  };
  expect(resolved({ ...base, value }).value).toEqual(expected);
});

test.each<[string, Value, RegExp]>([
  [
    "an unknown reference",
    "${enw.name}",
    /value: refers to \$\{enw.name\}, which does not exist \(x.yaml:\d\)[^]*did you mean \$\{env.name\}\?/,
  ],
  ["a mapping inside text", "x${env}", /which is a mapping/],
  ["an unknown resolver", "${shell:ls}", /one of eval, round_up, round_down, oc.env, oc.select, oc.decode, now/],
  ["an unset variable", "${oc.env:UNSET}", /the environment variable UNSET is not set[^]*export UNSET=/],
  ["bad arithmetic", "${eval:'1 +'}", /ends too early/],
  ["an open brace", "${number", /is not closed/],
])("%s is an error", (_, value, message) => {
  expect(() => resolved({ number: 4, "env.name": "hopper", value })).toThrow(message);
});

test("a cycle is named once, even when others depend on it", () => {
  const { problems } = inputErrorOf(() => resolved({ a: "${b}", b: "${c}", c: "x${a}", d: "${a}" }));
  expect(problems).toEqual([
    expect.objectContaining({ path: "c", wrong: "refers to itself: a -> b -> c -> a (x.yaml:3)" }),
  ]);
});

test("all problems are reported at once", () => {
  expect(inputErrorOf(() => resolved({ a: "${x}", b: "${y}", c: "${a}" })).problems).toHaveLength(2);
});

test("relative references count from where they stand, ??? must be given", () => {
  expect(resolved({ "a.b.c": "${..d}", "a.b.e": "${.c}", "a.d": 5, f: "${a.b.e}" })).toMatchObject({
    a: { b: { c: 5, e: 5 }, d: 5 },
    f: 5,
  });
  expect(() => resolved({ "a.b": "${...c}" })).toThrow("leads outside of the configuration");
  expect(() => resolved({ "a.b": "???", c: "${a.b}" })).toThrow(
    "a.b: must be given, it is ??? (x.yaml:1)\n  expected a value\n  set it in the YAML file or with a.b=...",
  );
});
