import { expect, test } from "vitest";
import { episodeLengths, toTrajectories, type Recording } from "../../sdk/src/data/recording.js";
import { listEpisodes } from "../../sdk/src/data/trajectories.js";

const column = (...data: number[]) => ({ data, shape: [data.length, 1] });
const recording = (flags: Partial<Recording>): Recording => ({
  source: "x",
  observations: column(0, 1, 2, 3, 4, 5),
  actions: column(0, 1, 2, 3, 4, 5),
  ...flags,
});

test("episodes end at terminals or time-outs, once where both are set, and the open tail is dropped", () => {
  const flags = { terminals: [0, 1, 0, 0, 0, 0], timeouts: [0, 1, 0, 0, 1, 0] };
  expect([...episodeLengths(recording(flags))]).toEqual([2, 3]);
  expect([...episodeLengths(recording({ timeouts: [0, 0, 0, 0, 0, 1] }))]).toEqual([6]);
  expect(() => episodeLengths(recording({ terminals: [0, 0, 0, 0, 0, 0] }))).toThrow(
    "x: no episode ends: all flags are 0",
  );
  expect(() => episodeLengths(recording({}))).toThrow("x: has neither terminals nor timeouts");
});

test("statistics cover the dropped tail; values follow the closed form", () => {
  const got = toTrajectories(recording({ observations: column(-2, 0, 1, 2, 3, 8) }), Int32Array.of(2, 3));
  expect([got.normalization.observationMin[0], got.normalization.observationMax[0]]).toEqual([-2, 8]);
  const expected = [-2, 0, 1, 2, 3].map((x) => (2 * (x + 2)) / (10 + 1e-6) - 1);
  expect(got.observations).toEqual(Float32Array.from(expected));
  expect(got.actions.length).toBe(5);
});

test("a constant dimension maps to -1", () => {
  const got = toTrajectories(recording({ actions: column(3, 3, 3, 3, 3, 3) }), Int32Array.of(6));
  expect([...got.actions]).toEqual([-1, -1, -1, -1, -1, -1]);
});

test("episodes know their rows and returns", () => {
  const { episodeLengths: lengths, rewards } = toTrajectories(
    recording({ rewards: [1, 2, 3, 4, 5, 6] }),
    Int32Array.of(2, 4),
  );
  expect(listEpisodes({ episodeLengths: lengths, rewards })).toEqual([
    { index: 0, start: 0, length: 2, return: 3, best: 2 },
    { index: 1, start: 2, length: 4, return: 18, best: 6 },
  ]);
});

test("all misshapen parts are named at once", () => {
  const bad = recording({ actions: column(1, 2), rewards: [1], terminals: [1, 1] });
  expect(() => toTrajectories(bad, Int32Array.of(6))).toThrow(
    "x: actions: has shape (2, 1) and 2 values\n  expected shape (6, dimensions), a row per observation\n" +
      "x: rewards: has 1 values\n  expected 6, one per observation\n" +
      "x: terminals: has 2 values\n  expected 6, one per observation",
  );
});

test("a NaN is named with its place, as is a double beyond float32", () => {
  const nan = recording({ observations: { data: [0, 1, 2, NaN], shape: [2, 2] }, actions: column(0, 1) });
  expect(() => toTrajectories(nan, Int32Array.of(2))).toThrow(
    "x: observations: is NaN at row 1, column 1\n  expected finite",
  );
  expect(() => toTrajectories(recording({ actions: column(0, 1e300, 2, 3, 4, 5) }), Int32Array.of(6))).toThrow(
    "x: actions: is 1e+300 at row 1\n",
  );
  expect(() => toTrajectories(recording({ rewards: [0, 0, -Infinity, 0, 0, 0] }), Int32Array.of(6))).toThrow(
    "x: rewards: is -Infinity at row 2\n",
  );
});

test("statistics keep the precision of the values: float64 far from zero, float32 where that is enough", () => {
  const far = Float64Array.from({ length: 11 }, (_, i) => 1e9 + (i + 1) / 1000);
  const table = (data: Float64Array) => ({ data, shape: [data.length, 1] });
  const { observations, actions, normalization } = toTrajectories(
    { source: "x", observations: table(far), actions: table(Float64Array.from(far, (_, i) => i / 4)) },
    Int32Array.of(11),
  );
  observations.forEach((value, i) => expect(value).toBeCloseTo(-1 + i / 5, 3));
  expect([normalization.observationMin, normalization.observationMax]).toEqual([
    Float64Array.of(far[0]!),
    Float64Array.of(far[10]!),
  ]);
  expect([normalization.actionMin, normalization.actionMax]).toEqual([Float32Array.of(0), Float32Array.of(2.5)]);
  expect(actions[10]).toBeCloseTo(1, 5);
});
