// Q-learning samples against the definition of the reference's data set, and splits and statistics of data sets.
import { expect, test } from "vitest";
import { Dataset } from "../../sdk/src/data/dataset.js";
import { QLearningSampler, type QLearningOptions } from "../../sdk/src/data/q-learning.js";

// Two episodes: rows 0-3 end at a terminal, rows 4-8 by a time-out. Row i has state i / 8 of [0, 8], reward i + 1.
const data = Dataset.from({
  observations: Array.from({ length: 9 }, (_, i) => [i]),
  actions: Array.from({ length: 9 }, (_, i) => [i]),
  rewards: Array.from({ length: 9 }, (_, i) => i + 1),
  terminals: Array.from({ length: 9 }, (_, i) => i === 3),
  episodeLengths: [4, 5],
});
const rowOf = (value: number) => Math.round((value + 1) * 4);

function sample(options: QLearningOptions) {
  const sampler = new QLearningSampler(data, options);
  const [count, horizon, history] = [sampler.count, options.horizonSteps, options.condSteps ?? 1];
  const batch = {
    actions: new Float32Array(count * horizon),
    observations: new Float32Array(count * history),
    nextObservations: new Float32Array(count * history),
    rewards: new Float32Array(count),
    dones: new Float32Array(count),
    returnsToGo: new Float32Array(count),
  };
  sampler.fill(
    Int32Array.from({ length: count }, (_, i) => i),
    batch,
  );
  return { count, ...batch };
}

test("a sample does not look into the next episode, for chunks of any length", () => {
  const one = sample({ horizonSteps: 1, condSteps: 2 });
  // Pairs of the row before and the row itself; after row 3, the terminal, nothing.
  const pairs = Array.from({ length: 8 }, (_, i) => [...one.nextObservations.subarray(2 * i, 2 * i + 2)]);
  expect(pairs.map((pair, i) => (i === 3 ? pair : pair.map(rowOf)))).toEqual([
    [0, 1],
    [1, 2],
    [2, 3],
    [0, 0],
    [4, 5],
    [5, 6],
    [6, 7],
    [7, 8], // prettier-ignore
  ]);
  const three = sample({ horizonSteps: 3 });
  // Starts 0, 1 (whose chunk ends with the episode) and 4, 5.
  expect([...three.nextObservations].map((value, i) => (i === 1 ? value : rowOf(value)))).toEqual([3, 0, 7, 8]);
  const whole = sample({ horizonSteps: 3, wholeChunk: true });
  expect(whole.nextObservations).toEqual(three.nextObservations);
  // @ts-expect-error -- what JavaScript users can do
  expect(() => sample({ horizonSteps: 1, afterEnd: "reset" })).toThrow('afterEnd: "reset"');
});

test("the reference's chunks of one: a time-out loses its last start, the last next state is zeros", () => {
  const { count, observations, nextObservations, rewards, dones, returnsToGo } = sample({
    horizonSteps: 1,
    discount: 0.5,
    afterEnd: "reference",
  });
  expect(count).toBe(8);
  expect([...observations].map(rowOf)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  expect([...nextObservations.subarray(0, 7)].map(rowOf)).toEqual([1, 2, 3, 4, 5, 6, 7]);
  expect(nextObservations[7]).toBe(0);
  expect([...rewards]).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  expect([...dones]).toEqual([0, 0, 0, 1, 0, 0, 0, 0]);
  // Row 4: 5 + 6/2 + 7/4 + 8/8 + 9/16.
  expect([...returnsToGo.subarray(0, 5)]).toEqual([
    1 + 1 + 0.75 + 0.5,
    2 + 1.5 + 1,
    3 + 2,
    4,
    5 + 3 + 1.75 + 1 + 0.5625,
  ]);
});

test("longer chunks take reward and end of the first row, or of all", () => {
  const first = sample({ horizonSteps: 3, condSteps: 2, afterEnd: "reference" });
  // Starts 0, 1 and 4, 5; each state has the row before it, at the start of an episode the first again.
  expect([...first.observations].map(rowOf)).toEqual([0, 0, 0, 1, 4, 4, 4, 5]);
  expect([...first.actions].map(rowOf)).toEqual([0, 1, 2, 1, 2, 3, 4, 5, 6, 5, 6, 7]);
  expect([...first.rewards]).toEqual([1, 2, 5, 6]);
  expect([...first.dones]).toEqual([0, 0, 0, 0]);
  expect([...first.nextObservations.subarray(0, 2)].map(rowOf)).toEqual([2, 3]);
  expect([...first.nextObservations.subarray(2)]).toEqual([0, 0, 0, 0, 0, 0]);
  const whole = sample({ horizonSteps: 3, wholeChunk: true, afterEnd: "reference" });
  expect([...whole.rewards]).toEqual([6, 9, 18, 21]);
  expect([...whole.dones]).toEqual([0, 1, 0, 0]);
  expect([...whole.nextObservations].map(rowOf)).toEqual([3, 4, 7, 8]);
});

test("what is missing or too long is named", () => {
  const bare = Dataset.from({ observations: [[0], [1]], actions: [[0], [1]], episodeLengths: [2] });
  expect(() => new QLearningSampler(bare, { horizonSteps: 1 })).toThrow("arrays: has no rewards and no terminals");
  expect(() => sample({ horizonSteps: 9 })).toThrow("horizonSteps: 9\n  expected less than 5");
  expect(() => sample({ horizonSteps: 1, discount: 0 })).toThrow("discount: 0");
  const sampler = new QLearningSampler(data, { horizonSteps: 1 });
  const one = () => new Float32Array(1);
  const batch = { actions: one(), observations: one(), nextObservations: one(), rewards: one(), dones: one() };
  expect(() => sampler.fill([8], batch)).toThrow("indices[0]: 8\n  expected 0 to 7");
  expect(() => sampler.fill([1, 2], batch)).toThrow("actions: holds 1 numbers\n  expected 2");
});

test("split parts the episodes, filter takes bounds, normalize uses the steps kept", () => {
  const many = Dataset.from({
    observations: Array.from({ length: 20 }, (_, i) => [i]),
    actions: Array.from({ length: 20 }, (_, i) => [i]),
    rewards: Array.from({ length: 20 }, (_, i) => (i % 5 === 0 ? 1 : 0)),
    episodeLengths: new Array<number>(10).fill(2),
  });
  const [a, b] = many.split(0.7, { seed: 1 });
  expect([a.episodes.length, b.episodes.length]).toEqual([7, 3]);
  const rows = (set: Dataset) => [...set.observations].map((value) => Math.round((value + 1) * 9.5));
  expect([...rows(a), ...rows(b)].sort((x, y) => x - y)).toEqual(Array.from({ length: 20 }, (_, i) => i));
  expect(many.split(0.7, { seed: 1 })[0]).toEqual(a);
  expect(() => many.split(1)).toThrow("split: 1 of 10 episodes");
  expect(many.filter({ success: true }).episodes.length).toBe(4);
  expect(many.filter({ success: false }).episodes.length).toBe(6);
  expect(many.filter({ minReturn: 1, maxLength: 2 }).episodes.length).toBe(4);
  expect(() => many.filter({ minLength: 3 })).toThrow(/none of 10 episodes/);
  // @ts-expect-error -- what JavaScript users can do
  expect(() => many.filter({ minimum: 3 })).toThrow('unknown bound "minimum"');
  const last = many.filter(({ index }) => index >= 8).normalize();
  expect([...last.normalization.observationMin, ...last.normalization.observationMax]).toEqual([16, 19]);
  expect(last.observations[0]).toBeCloseTo(-1, 5);
  expect(last.normalize(many.normalization).observations[3]).toBeCloseTo(many.observations[19]!, 5);
  expect(() => data.normalize({ ...data.normalization, actionMin: new Float32Array(2) })).toThrow(
    /of 1 observations and 2/,
  );
});
