// The memory of off-policy learning: what a transition is, the ring, and its state.
import { expect, test } from "vitest";
import { Random, type RandomStream } from "../../sdk/src/engine/random.js";
import type { Environments } from "../../sdk/src/evaluation/environments.js";
import { joined, ReplayBuffer } from "../../sdk/src/rl/replay-buffer.js";

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
  const buffer = new ReplayBuffer(8, { space, actionSteps: 2, count: 2 });
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
  const buffer = new ReplayBuffer(3, { space, actionSteps: 2, count: 2 });
  for (const base of [10, 20]) buffer.add(before, actions, after(base));
  expect(buffer.size).toBe(3);
  expect(buffer.sample(3, drawing(0, 1, 2)).reward.data).toEqual(Float32Array.of(4, 2, 2));

  const half = new ReplayBuffer(100, { space, actionSteps: 2, count: 2 });
  for (const base of [10, 20]) half.add(before, actions, after(base));
  const drawn = Array.from(half.sample(4000, new Random(1).stream("batches")).reward.data);
  for (const reward of [1, 2, 4]) {
    const share = drawn.filter((value) => value === reward).length / 4000;
    expect(share).toBeCloseTo(reward === 2 ? 0.5 : 0.25, 1);
  }
});

test("its state is what it holds, and no more; restored, it goes on in the same place", () => {
  const buffer = new ReplayBuffer(5, { space, actionSteps: 2, count: 2 });
  buffer.add(before, actions, after(10));
  const state = structuredClone(buffer.state());
  expect(state.values).toEqual({ size: 2, position: 2 });
  expect(
    Object.fromEntries(Object.entries(state.vectors!).map(([name, vector]) => [name, Array.from(vector)])),
  ).toEqual({
    ...{ state: [1, 2, 3, 4], next_state: [10, 11, 12, 13], rewards: [1, 2], terminated: [0, 0], ended: [0, 0] },
    actions: [0.1, 0.2, 0.3, 0.4].map(Math.fround),
  });
  const restored = new ReplayBuffer(5, { space, actionSteps: 2, count: 2 });
  restored.restore(state);
  for (const one of [buffer, restored]) one.add(before, actions, after(20));
  expect(restored.state()).toEqual(buffer.state());
  expect(restored.size).toBe(4);
});

test("returns over several chunks follow the stream of their environment and end where its episode does", () => {
  const buffer = new ReplayBuffer(20, { space, actionSteps: 2, count: 2 });
  // Rewards 1, 2, 3, 4 of the first environment, 2, 4, 6, 8 of the second, whose second step ends an episode.
  for (const [base, ended] of [[10], [20, "terminated"], [30], [40, "truncated"]] as const)
    buffer.add(before, actions, after(base, ended));
  const over = (steps: number, ...indices: number[]) => buffer.longAt(Int32Array.from(indices), { steps, gamma: 0.5 });
  const { reward, discount, nextObservation, terminated, action } = over(2, 0, 1, 3, 5);
  expect(reward.data).toEqual(Float32Array.of(1 + 0.5 * 2, 2 + 0.5 * 4, 4, 6 + 0.5 * 8));
  expect(discount.data).toEqual(Float32Array.of(0.25, 0.25, 0.5, 0.25));
  expect(nextObservation.state.data).toEqual(Float32Array.of(20, 21, 70, 71, 70, 71, 90, 91));
  // The second environment's end lies within the second row; a time-out is no end.
  expect(terminated.data).toEqual(Float32Array.of(0, 1, 1, 0));
  expect(action.data).toEqual(buffer.at(Int32Array.of(0, 1, 3, 5)).action.data);
  // One chunk is the transition itself; nothing is known beyond the newest.
  expect(over(1, 2, 4).reward).toEqual(buffer.at(Int32Array.of(2, 4)).reward);
  expect(over(9, 4, 6).discount.data).toEqual(Float32Array.of(0.25, 0.5));
  // Returns to the end of the episode: the first environment's is not over.
  expect([...buffer.returnsToGo(0.5)]).toEqual([NaN, 2 + 0.5 * 4, NaN, 4, NaN, 6 + 0.5 * 8, NaN, 8]);
});

test("what is overwritten, and episodes that were left, are not followed", () => {
  const ring = new ReplayBuffer(5, { space, actionSteps: 2, count: 2 });
  for (const base of [10, 20]) ring.add(before, actions, after(base));
  ring.add(before, actions, after(30, "terminated"));
  // The sixth transition has overwritten the first: 30's are at 4 and 0.
  expect([0, 1, 2, 3, 4].map((index) => ring.following(index))).toEqual([-1, 3, 4, 0, -1]);
  expect([...ring.newestFirst()]).toEqual([0, 4, 3, 2, 1]);
  // Rewards 2, 4 and 6 of the second environment, the last of them in the first place.
  expect([...ring.returnsToGo(0.5)]).toEqual([6, 2 + 0.5 * 7, NaN, 4 + 0.5 * 6, NaN]);

  const left = new ReplayBuffer(8, { space, actionSteps: 2, count: 2 });
  left.add(before, actions, after(10));
  left.leaveEpisodes();
  left.add(before, actions, after(20, "terminated"));
  expect([0, 1, 2, 3].map((index) => left.following(index))).toEqual([-1, -1, -1, -1]);
  // An episode that was left has no end to sum rewards to.
  expect([...left.returnsToGo(1)]).toEqual([NaN, NaN, NaN, 4]);
  left.clear();
  expect(left.size).toBe(0);
});

test("improved actions stand beside those that were executed; batches are joined row by row", () => {
  const buffer = new ReplayBuffer(4, { space, actionSteps: 2, count: 2 }, { improves: true });
  for (const base of [10, 20]) buffer.add(before, actions, after(base));
  buffer.improve(Int32Array.of(2, 0), Float32Array.of(5, 6, 7, 8));
  const [third, fourth] = [0.3, 0.4].map(Math.fround) as [number, number];
  expect(Array.from(buffer.improvedAt(Int32Array.of(0, 1, 2)).data)).toEqual([7, 8, third, fourth, 5, 6]);
  const all = buffer.at(Int32Array.of(0, 1, 2));
  expect(Array.from(all.action.data).slice(2)).toEqual([third, fourth, ...[0.1, 0.2].map(Math.fround)]);
  expect(joined(all, buffer.at(Int32Array.of(3)))).toEqual(buffer.at(Int32Array.of(0, 1, 2, 3)));
  const seeing = (...pixels: number[]) => {
    const picture = { data: Uint8Array.from(pixels), shape: [pixels.length, 1, 1, 1, 1] };
    return { ...all, observation: { ...all.observation, rgb: picture } };
  };
  expect(joined(seeing(1, 2, 3), seeing(4, 5)).observation.rgb).toEqual({
    data: Uint8Array.of(1, 2, 3, 4, 5),
    shape: [5, 1, 1, 1, 1],
  });
  const restored = new ReplayBuffer(4, { space, actionSteps: 2, count: 2 }, { improves: true });
  restored.restore(structuredClone(buffer.state()));
  expect(restored.improvedAt(Int32Array.of(0))).toEqual(buffer.improvedAt(Int32Array.of(0)));
});
