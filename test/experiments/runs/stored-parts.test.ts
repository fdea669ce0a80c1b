// The state of a run in a checkpoint is compared with what its parts are, before any of them takes it.
import { expect, test } from "vitest";
import { checkStoredParts } from "../../../sdk/src/experiments/runs/stored-parts.js";
import type { PartState, Parts } from "../../../sdk/src/learning/parts.js";

const restored: PartState[] = [];
const own = { count: 1, label: "a", isOn: true, best: null, nested: { rate: 0.1 }, list: [{ step: 1 }] };
const parts = {
  schedule: {
    state: () => ({ values: own, vectors: { weights: Float32Array.of(1) } }),
    restore: (state: PartState) => void restored.push(state),
  },
} as unknown as Parts;
const check = (values: unknown, vectors: object = { weights: Float32Array.of(2) }) =>
  checkStoredParts(parts, { schedule: { values, vectors } } as Record<string, PartState>, "file");

test("what has the same form is taken, whatever was null, left out or added", () => {
  const kept = { ...own, best: 7, nested: null, list: [], more: "x" };
  check(kept);
  expect(restored.at(-1)!.values).toEqual(kept);
  checkStoredParts(parts, {}, "file");
  expect(restored).toHaveLength(1);
});

test.each([
  [{ ...own, count: "1" }, "count: is a text\n  expected a number"],
  [{ ...own, count: NaN }, "count: is NaN\n  expected a number"],
  [{ ...own, label: 3 }, "label: is a number\n  expected a text"],
  [{ ...own, isOn: "yes" }, "isOn: is a text\n  expected true or false"],
  [{ ...own, nested: [] }, "nested: is a list\n  expected a mapping"],
  [{ ...own, nested: {} }, "nested.rate: is missing\n  expected a number"],
  [{ ...own, nested: { rate: null } }, "nested.rate: is null\n  expected a number"],
  [{ ...own, list: [{ step: 1 }, { step: "2" }] }, "list[].step: is a text\n  expected a number"],
  [{ ...own, list: {} }, "list: is a mapping\n  expected a list"],
])("values %j", (values, message) => {
  expect(() => check(values)).toThrow(`file: state.schedule.${message}`);
});

test("vectors of another kind, or missing", () => {
  expect(() => check(own, { weights: Float64Array.of(1) })).toThrow(
    "file: state.schedule.weights: is numbers (Float64Array)\n  expected numbers (Float32Array)",
  );
  expect(() => check(own, {})).toThrow("state.schedule.weights: is missing");
});
