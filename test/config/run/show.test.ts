// A configuration shown as YAML with the origin of every value.
import { expect, test } from "vitest";
import { showExperiment } from "../../../sdk/src/config/run/show.js";

test("sections indented, lists on one line, what is empty written, what is undefined left out, origins in one column", () => {
  const config = {
    name: "x",
    absent: undefined,
    train: { epochs: 3, schedule: { warmup: 1, absent: undefined } },
    empty: {},
    none: null,
    dims: [16, 16],
    pairs: [{ a: 1 }],
    text: "",
    long: "a".repeat(60),
  };
  const at = (line: string, path: string) => `${line.padEnd(48)}  # from ${path}`;
  expect(showExperiment({ config, origins: (path) => `from ${path}` }).split("\n")).toEqual([
    at("name: x", "name"),
    "train:",
    at("  epochs: 3", "train.epochs"),
    "  schedule:",
    at("    warmup: 1", "train.schedule.warmup"),
    at("empty: {}", "empty"),
    at("none: null", "none"),
    at("dims: [16, 16]", "dims"),
    at("pairs: [{a: 1}]", "pairs"),
    at('text: ""', "text"),
    at(`long: ${"a".repeat(60)}`, "long"),
  ]);
});
