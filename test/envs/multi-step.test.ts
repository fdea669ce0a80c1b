// Chunks: early stop, sums, time limits, history, normalisation.
import { expect, test } from "vitest";
import { episodeStarts } from "../../sdk/src/envs/episode-starts.js";
import { chunkBuffers, type ChunkBuffers } from "../../sdk/src/envs/chunk-buffers.js";
import { hopper } from "../../sdk/src/envs/locomotion/hopper.js";
import { MultiStep, type MultiStepOptions } from "../../sdk/src/envs/multi-step.js";
import { denormalize, normalize, rawNumbers, type Normalization } from "../../sdk/src/normalization.js";
import scripted, { effects } from "./fixtures/scripted.js";

interface Case extends MultiStepOptions {
  readonly actionSteps?: number;
  readonly condSteps?: number;
  readonly observationBound?: number;
}

interface Driver {
  readonly chunk: ChunkBuffers;
  readonly reset: () => void;
  /** Executes one chunk. */
  readonly step: (...actions: number[]) => void;
}

async function drive({ actionSteps = 4, condSteps = 1, observationBound, ...options }: Case = {}): Promise<Driver> {
  const { observationDimension, actionDimension } = scripted;
  const chunk = chunkBuffers({ count: 1, actionSteps, condSteps, observationDimension, actionDimension });
  const simulation = await scripted.create({ inertia: "legacy" });
  const multiStep = new MultiStep({ ...scripted, observationBound }, simulation, episodeStarts(5), chunk, options);
  multiStep.reset();
  return {
    chunk,
    reset: () => multiStep.reset(),
    step(...actions) {
      chunk.actions.set(actions);
      multiStep.step();
    },
  };
}

/** The observed step counts, oldest first. */
const steps = (observations: Float32Array): number[] => [...observations].filter((_, i) => i % 3 === 0);

const outcome = ({ rewards, terminated, truncated, executedSteps }: ChunkBuffers) => ({
  reward: rewards[0],
  terminated: terminated[0],
  truncated: truncated[0],
  executed: executedSteps[0],
});

test("a chunk sums its rewards and returns the last observation", async () => {
  const { chunk, step } = await drive();
  step(1, 2, 3, 4);
  expect(outcome(chunk)).toEqual({ reward: 10, terminated: 0, truncated: 0, executed: 4 });
  expect([...chunk.observations.state.slice(0, 2)]).toEqual([4, 1]);
});

test("a terminal state ends the chunk; the next episode starts at once", async () => {
  const { chunk, step } = await drive();
  const firstDraw = chunk.observations.state[2];
  step(1, effects.end, 3, 4);
  expect(outcome(chunk)).toEqual({ reward: 1 + effects.end, terminated: 1, truncated: 0, executed: 2 });
  expect([...chunk.finalObservations.state]).toEqual([2, 1, firstDraw]);
  expect([...chunk.observations.state.slice(0, 2)]).toEqual([0, 2]);
  expect(chunk.observations.state[2]).not.toBe(firstDraw);
  step(1, 1, 1, 1);
  expect(outcome(chunk)).toEqual({ reward: 4, terminated: 0, truncated: 0, executed: 4 });
});

test("after 1000 steps the episode is truncated, within a chunk", async () => {
  const { chunk, step } = await drive({ actionSteps: 3 });
  for (let i = 0; i < 333; i++) {
    step(1, 1, 1);
    expect(outcome(chunk)).toEqual({ reward: 3, terminated: 0, truncated: 0, executed: 3 });
  }
  step(1, 1, 1);
  expect(outcome(chunk)).toEqual({ reward: 1, terminated: 0, truncated: 1, executed: 1 });
  expect(chunk.finalObservations.state[0]).toBe(1000);
  expect(chunk.observations.state[0]).toBe(0);
});

test.each([
  { name: "own limit", maxEpisodeSteps: undefined, legacyTimeouts: true, at: 1000, terminated: 1 },
  { name: "later limit", maxEpisodeSteps: 2000, legacyTimeouts: false, at: 1000, terminated: 0 },
  { name: "earlier limit", maxEpisodeSteps: 6, legacyTimeouts: true, at: 6, terminated: 0 },
  { name: "earlier limit, separate flags", maxEpisodeSteps: 6, legacyTimeouts: false, at: 6, terminated: 0 },
])("time limits: $name", async ({ maxEpisodeSteps, legacyTimeouts, at, terminated }) => {
  const { chunk, step } = await drive({ actionSteps: 1, maxEpisodeSteps, legacyTimeouts });
  for (let i = 0; i < at; i++) step(1);
  expect(outcome(chunk)).toEqual({ reward: 1, terminated, truncated: 1, executed: 1 });
});

test.each([false, true])(
  "ending at the limit is terminal, not truncated (legacyTimeouts %s)",
  async (legacyTimeouts) => {
    const { chunk, step } = await drive({ actionSteps: 1, maxEpisodeSteps: 2, legacyTimeouts });
    step(1);
    step(effects.end);
    expect(outcome(chunk)).toMatchObject({ terminated: 1, truncated: 0 });
  },
);

test("history keeps the latest observations, padded with the first", async () => {
  const { chunk, step, reset } = await drive({ actionSteps: 2, condSteps: 3 });
  expect(steps(chunk.observations.state)).toEqual([0, 0, 0]);
  step(1, 1);
  expect(steps(chunk.observations.state)).toEqual([0, 1, 2]);
  step(1, 1);
  expect(steps(chunk.observations.state)).toEqual([2, 3, 4]);
  step(effects.end, 1);
  expect(steps(chunk.finalObservations.state)).toEqual([3, 4, 5]);
  expect(steps(chunk.observations.state)).toEqual([0, 0, 0]);
  step(1, 1);
  reset();
  expect(steps(chunk.observations.state)).toEqual([0, 0, 0]);
});

test("statistics map actions to raw and observations to normalised numbers", async () => {
  const normalization: Normalization = {
    observationMin: Float32Array.of(0, -1, 0),
    observationMax: Float32Array.of(8, 3, 1),
    actionMin: Float32Array.of(-2),
    actionMax: Float32Array.of(6),
  };
  const { chunk, step } = await drive({ normalization, actionSteps: 2 });
  step(-0.5, 1);
  expect(chunk.rewards[0]).toBe(denormalize(-0.5, -2, 6) + 6);
  expect(chunk.observations.state[0]).toBe(Math.fround(normalize(2, 0, 8)));
  expect(chunk.observations.state[1]).toBe(Math.fround(normalize(1, -1, 3)));
});

test("normalised observations stay within the bound that the environment has; raw ones know none", async () => {
  // One step is normalised to 2/1e-6 - 1, as the data never moved; the drawn number is within the data.
  const normalization = {
    ...rawNumbers(3, 1),
    observationMin: Float32Array.of(0, 4, -1),
    observationMax: Float32Array.of(0, 4, 1),
  };
  const state = async (options: Case) => {
    const { chunk, step } = await drive({ actionSteps: 1, ...options });
    step(1);
    return [...chunk.observations.state];
  };
  const [free, bound, raw] = [
    await state({ normalization }),
    await state({ normalization, observationBound: 5 }),
    await state({ observationBound: 0.5 }),
  ];
  expect(free[0]).toBeCloseTo(2e6 - 1, -1);
  expect(free[1]).toBeLessThan(-1e6);
  expect(bound).toEqual([5, -5, free[2]]);
  expect(raw.slice(0, 2)).toEqual([1, 1]);
});

test("Hopper: a chunk equals its actions one by one", async () => {
  const sizes = { count: 1, condSteps: 1, observationDimension: 11, actionDimension: 3 };
  const [whole, single] = [4, 1].map((actionSteps) => chunkBuffers({ ...sizes, actionSteps }));
  const made = [];
  for (const chunk of [whole!, single!]) {
    made.push(new MultiStep(hopper, await hopper.create({ inertia: "legacy" }), episodeStarts(1), chunk, {}));
  }
  made.forEach((multiStep) => multiStep.reset());
  whole!.actions.set(Float32Array.from({ length: 12 }, (_, i) => Math.sin(i)));
  made[0]!.step();
  let sum = 0;
  for (let i = 0; i < 4; i++) {
    single!.actions.set(whole!.actions.subarray(3 * i, 3 * i + 3));
    made[1]!.step();
    sum += single!.rewards[0]!;
  }
  expect(whole!.observations).toEqual(single!.observations);
  expect(whole!.rewards[0]).toBeCloseTo(sum, 5);
  made.forEach((multiStep) => multiStep.delete());
});
