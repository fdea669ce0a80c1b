// The memory of off-policy learning: what a transition is, the ring, and its state.
import { expect, test } from "vitest";
import { Random, type RandomStream } from "../../sdk/src/engine/random.js";
import type { Environments } from "../../sdk/src/evaluation/environments.js";
import { ReplayBuffer } from "../../sdk/src/rl/replay-buffer.js";

const space = { actionDim: 1, state: [1, 2] } as const;

/** What two environments show after a step: the second's episode has ended in a time-out, or in an end. */
function after(base: number, ended: "truncated" | "terminated" | "neither" = "neither"): Environments {
  const flag = (which: string) => Uint8Array.of(0, Number(ended === which));
  return {
    ...{ count: 2, space, actionSteps: 2 },
    observations: { state: Float32Array.of(base, base + 1, base + 2, base + 3) },
    finalObservations: { state: Float32Array.of(-1, -1, base + 50, base + 51) },
    rewards: Float32Array.of(base / 10, base / 5),
    ...{ terminated: flag("terminated"), truncated: flag("truncated") },
    executedSteps: Int32Array.of(2, 2),
    reset: async () => {},
    step: async () => {},
  };
}
const before = { state: Float32Array.of(1, 2, 3, 4) };
const actions = Float32Array.of(0.1, 0.2, 0.3, 0.4);

/** Draws these indices. */
const drawing = (...indices: number[]) =>
  ({ integers: (out: Int32Array) => (out.set(indices), out) }) as unknown as RandomStream;

test("a transition: seen, done, earned, seen next; where an episode ended, its last observation", () => {
  const buffer = new ReplayBuffer(8, { space, actionSteps: 2 });
  expect(buffer.size).toBe(0);
  buffer.add(before, actions, after(10));
  buffer.add(before, actions, after(20, "truncated"));
  buffer.add(before, actions, after(30, "terminated"));
  expect([buffer.size, buffer.capacity]).toEqual([6, 8]);
  const { observation, action, reward, nextObservation, terminated } = buffer.sample(4, drawing(0, 1, 3, 5));
  expect(observation.state).toMatchObject({ shape: [4, 1, 2], data: Float32Array.of(1, 2, 3, 4, 3, 4, 3, 4) });
  expect(action).toEqual({
    shape: [4, 2, 1],
    data: Float32Array.of(0.1, 0.2, 0.3, 0.4, 0.3, 0.4, 0.3, 0.4),
  });
  expect(reward).toEqual({ shape: [4], data: Float32Array.of(1, 2, 4, 6) });
  expect(nextObservation.state.data).toEqual(Float32Array.of(10, 11, 12, 13, 70, 71, 80, 81));
  // A time-out is no end.
  expect(terminated).toEqual({ shape: [4], data: Float32Array.of(0, 0, 0, 1) });
});

test("the oldest give way; every one held is drawn equally often", () => {
  const buffer = new ReplayBuffer(3, { space, actionSteps: 2 });
  for (const base of [10, 20]) buffer.add(before, actions, after(base));
  expect(buffer.size).toBe(3);
  expect(buffer.sample(3, drawing(0, 1, 2)).reward.data).toEqual(Float32Array.of(4, 2, 2));

  const half = new ReplayBuffer(100, { space, actionSteps: 2 });
  for (const base of [10, 20]) half.add(before, actions, after(base));
  const drawn = Array.from(half.sample(4000, new Random(1).stream("batches")).reward.data);
  for (const reward of [1, 2, 4]) {
    const share = drawn.filter((value) => value === reward).length / 4000;
    expect(share).toBeCloseTo(reward === 2 ? 0.5 : 0.25, 1);
  }
});

test("its state is what it holds, and no more; restored, it goes on in the same place", () => {
  const buffer = new ReplayBuffer(5, { space, actionSteps: 2 });
  buffer.add(before, actions, after(10));
  const state = structuredClone(buffer.state());
  expect(state.values).toEqual({ size: 2, position: 2 });
  expect(
    Object.fromEntries(Object.entries(state.vectors!).map(([name, vector]) => [name, Array.from(vector)])),
  ).toEqual({
    ...{ state: [1, 2, 3, 4], next_state: [10, 11, 12, 13], rewards: [1, 2], terminated: [0, 0] },
    actions: [0.1, 0.2, 0.3, 0.4].map(Math.fround),
  });
  const restored = new ReplayBuffer(5, { space, actionSteps: 2 });
  restored.restore(state);
  for (const one of [buffer, restored]) one.add(before, actions, after(20));
  expect(restored.state()).toEqual(buffer.state());
  expect(restored.size).toBe(4);
});
