// What searches try out: closed forms of their coverage, and successive halving on results that are known.
import { expect, test } from "vitest";
import { combinations, quantile, type Domains } from "../../../../sdk/src/experiments/sweeps/search/domain.js";
import { latinHypercube } from "../../../../sdk/src/experiments/sweeps/search/latin-hypercube.js";
import { randomPoints } from "../../../../sdk/src/experiments/sweeps/search/random-search.js";
import { halve } from "../../../../sdk/src/experiments/sweeps/search/successive-halving.js";
import { resultOf, type TrialReport, type TrialResult } from "../../../../sdk/src/experiments/sweeps/trial.js";
import { inputErrorOf } from "../../../config/input-error.js";

const rate = { kind: "range", low: 1e-4, high: 1e-2, scale: "log", whole: false } as const;
const width = { kind: "range", low: 1, high: 8, scale: "linear", whole: true } as const;
const type = { kind: "choices", values: ["uniform", "beta", "table"] } as const;
const domains: Domains = { rate, width, type };

test("quantiles: the ends, the middle of a decade, whole numbers with both ends", () => {
  expect([0, 0.5, 0.999999].map((u) => Number(quantile(rate, u)))).toEqual([1e-4, 1e-3, expect.closeTo(1e-2, 6)]);
  expect([0, 0.124, 0.126, 0.999].map((u) => quantile(width, u))).toEqual(["1", "1", "2", "8"]);
  expect([0, 0.34, 0.99].map((u) => quantile(type, u))).toEqual(["uniform", "beta", "table"]);
});

test("a grid has every combination once, and cannot try out a range", () => {
  const points = combinations({ a: { kind: "choices", values: ["1", "2"] }, type });
  expect(new Set(points.map((point) => JSON.stringify(point))).size).toBe(6);
  expect(points.slice(0, 2)).toEqual([
    { a: "1", type: "uniform" },
    { a: "1", type: "beta" },
  ]);
  expect(inputErrorOf(() => combinations(domains)).problems[0]).toMatchObject({ path: "rate", wrong: /range/ });
});

test("random points: the same for a seed, and more of them begin alike", () => {
  expect(randomPoints(domains, 5, 1)).toEqual(randomPoints(domains, 9, 1).slice(0, 5));
  expect(randomPoints(domains, 5, 1)).not.toEqual(randomPoints(domains, 5, 2));
  const rates = randomPoints(domains, 2000, 3).map((point) => Math.log10(Number(point.rate)));
  expect(rates.reduce((sum, value) => sum + value, 0) / 2000).toBeCloseTo(-3, 1);
});

test("a Latin hypercube has one point in each part of each factor", () => {
  const points = latinHypercube(domains, 24, 0);
  const parts = points.map((point) => Math.floor((Math.log10(Number(point.rate)) + 4) * 12 + 1e-6));
  expect(parts.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 24 }, (_, part) => part));
  const times = (name: "width" | "type", value: string) => points.filter((point) => point[name] === value).length;
  expect(type.values.map((value) => times("type", value))).toEqual([8, 8, 8]);
  expect(Array.from({ length: 8 }, (_, at) => times("width", String(at + 1)))).toEqual(Array(8).fill(3));
});

/** Plays it: a trial that goes to `until` has then measured what `score` says. */
function played(count: number, eta: number, score: (trial: number, iterations: number) => number) {
  const reports = new Map<number, TrialReport[]>();
  const rounds: string[] = [];
  for (;;) {
    const results = new Map<number, TrialResult>([...reports].map(([trial, lines]) => [trial, resultOf(lines)!]));
    const due = halve(count, results, { eta, first: 2 }, { metric: "return", goal: "max" });
    if (due.length === 0) return rounds;
    rounds.push(`${due.map(({ trial }) => trial).join(",")} to ${due[0]!.until ?? "the end"}`);
    for (const { trial, until = 100 } of due) {
      const line = { trial, job: "j", time: rounds.length, iterations: until, best: score(trial, until) };
      reports.set(trial, [...(reports.get(trial) ?? []), { ...line, state: until === 100 ? "done" : "paused" }]);
    }
  }
}

test("successive halving: of eta one goes on, eta times as far, the last to the end", () => {
  expect(played(9, 3, (trial) => trial)).toEqual(["0,1,2,3,4,5,6,7,8 to 2", "8,7,6 to 6", "8 to the end"]);
  // Trial 0 is best early, trial 1 late: what counts is what was known at each rung.
  const late = (trial: number, iterations: number) => (trial === 1 ? iterations : trial === 0 ? 5 : 0);
  expect(played(4, 2, late)).toEqual(["0,1,2,3 to 2", "0,1 to 4", "0 to the end"]);
});

test("a rung waits for its last member; failed ones are out; one that ended early counts as there", () => {
  const at = (state: TrialResult["state"], best?: number): TrialResult => ({
    ...{ state, best, iterations: 2, time: 0, job: "j", losses: 0 },
    ...(state === "paused" && { rungs: { 2: best ?? NaN } }),
  });
  const due = (...results: TrialResult[]) =>
    halve(3, new Map(results.entries()), { eta: 2, first: 2 }, { metric: "loss", goal: "min" });
  expect(due(at("paused", 1), at("running"), at("paused", 3))).toEqual([{ trial: 1, until: 2 }]);
  expect(due(at("paused", 1), at("failed"), at("paused", 3))).toEqual([
    { trial: 0, until: 4 },
    { trial: 2, until: 4 },
  ]);
  expect(due(at("done", 1), at("failed"), at("paused"))).toEqual([]);
  // Nothing to choose by is said, not taken for the end.
  expect(() => due(at("paused"), at("failed"), at("paused"))).toThrow(/no trial has a "loss" after 2 iterations/);
  expect(due(at("failed"), at("failed"), at("failed"))).toEqual([]);
});
