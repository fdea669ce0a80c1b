import { expect, test } from "vitest";
import { RewardScaler } from "../../sdk/src/rl/reward-scaler.js";
import { golden } from "../shared.js";

/** The golden vectors are (E, S), rollouts (S, E). */
function transpose(rows: number[][]): number[] {
  return rows[0]!.flatMap((_, step) => rows.map((row) => row[step]!));
}

test("two consecutive calls equal the reference", () => {
  const g = golden("finetune").reward_scaler;
  const scaler = new RewardScaler(g.n_envs, g.gamma);
  for (const call of g.calls) {
    const rewards = Float32Array.from(transpose(call.reward));
    const out = new Float32Array(rewards.length);
    scaler.scale(rewards, Uint8Array.from(transpose(call.first)), out);
    transpose(call.scaled).forEach((value, i) => expect(out[i]).toBeCloseTo(value, 6));
    const state = scaler.state().values;
    expect(state.mean).toBeCloseTo(call.mean, 5);
    expect(state.variance).toBeCloseTo(call.var, 5);
    expect(state.count).toBeCloseTo(call.count, 8);
    call.ret.forEach((value: number, i: number) => expect(state.returns[i]).toBeCloseTo(value, 5));
  }
});

test("continues exactly from its state, through JSON", () => {
  const [first, second] = [new RewardScaler(2, 0.9), new RewardScaler(2, 0.9)];
  const rewards = Float32Array.of(1, 2, -3, 4);
  const [a, b] = [new Float32Array(4), new Float32Array(4)];
  first.scale(rewards, Uint8Array.of(1, 1, 0, 0), a);
  second.restore(JSON.parse(JSON.stringify(first.state())));
  first.scale(rewards, new Uint8Array(4), a);
  second.scale(rewards, new Uint8Array(4), b);
  expect(b).toEqual(a);
});

test("clips at ten standard deviations", () => {
  const scaler = new RewardScaler(1, 0);
  const rewards = new Float32Array(1000);
  rewards[0] = 1;
  const out = new Float32Array(1000);
  scaler.scale(rewards, new Uint8Array(1000), out);
  expect(out[0]).toBe(10);
});
