import { describe, expect, test } from "vitest";
import { generalizedAdvantages, type AdvantageInput, type AdvantageOptions } from "../../sdk/src/rl/gae.js";
import { golden } from "../shared.js";

function advantages(
  input: Partial<AdvantageInput> & Pick<AdvantageInput, "rewards" | "lastValues">,
  options: AdvantageOptions,
) {
  const size = input.rewards.length;
  const out = { advantages: new Float32Array(size), returns: new Float32Array(size) };
  const nothing = { values: new Float32Array(size), terminated: new Uint8Array(size), truncated: new Uint8Array(size) };
  generalizedAdvantages({ ...nothing, finalValues: new Float32Array(size), ...input }, options, out);
  return out;
}

const floats = (rows: number[][]) => Float32Array.from(rows.flat());
const flags = (rows: number[][]) => Uint8Array.from(rows.flat());

test("equals the reference, which lets lambda flow through a time-out", () => {
  const g = golden("finetune").gae_and_summary;
  const got = advantages(
    {
      rewards: floats(g.rewards),
      values: floats(g.values),
      terminated: flags(g.terminated),
      truncated: flags(g.truncated),
      lastValues: Float32Array.from(g.last_values),
    },
    { gamma: g.gamma, lambda: g.lam, rewardScale: g.reward_scale_const, timeOuts: "reference" },
  );
  g.advantages.flat().forEach((value: number, i: number) => expect(got.advantages[i]).toBeCloseTo(value, 5));
  g.returns.flat().forEach((value: number, i: number) => expect(got.returns[i]).toBeCloseTo(value, 5));
});

test("equals the numbers of the DMPO agent", () => {
  const got = advantages(
    {
      rewards: floats([
        [1, 0],
        [0, 2],
        [3, -1],
      ]),
      values: floats([
        [0.5, 0.1],
        [0.2, 0.4],
        [0.3, 0.6],
      ]),
      terminated: flags([
        [0, 0],
        [0, 1],
        [0, 0],
      ]),
      truncated: flags([
        [0, 0],
        [1, 0],
        [0, 0],
      ]),
      lastValues: Float32Array.of(0.7, 0.9),
    },
    { gamma: 0.9, lambda: 0.95, timeOuts: "reference" },
  );
  const expected = [3.1741632, 1.628, 2.91715, 1.6, 3.33, -0.79];
  expected.forEach((value, i) => expect(got.advantages[i]).toBeCloseTo(value, 5));
});

describe("closed forms", () => {
  const rewards = Float32Array.of(1, 1, 1, 1);
  const lastValues = Float32Array.of(10);

  test("lambda 1 gives discounted returns, lambda 0 one-step errors", () => {
    const values = Float32Array.of(2, 3, 4, 5);
    const monteCarlo = advantages({ rewards, values, lastValues }, { gamma: 0.5, lambda: 1 });
    expect(monteCarlo.returns[0]).toBeCloseTo(1 + 0.5 + 0.25 + 0.125 + 0.0625 * 10, 6);
    const oneStep = advantages({ rewards, values, lastValues }, { gamma: 0.5, lambda: 0 });
    expect(oneStep.advantages).toEqual(Float32Array.of(1 + 1.5 - 2, 1 + 2 - 3, 1 + 2.5 - 4, 1 + 5 - 5));
  });

  test("termination has no future; a time-out has the value of its final observation", () => {
    const ended = Uint8Array.of(0, 1, 0, 0);
    const finalValues = Float32Array.of(0, 6, 0, 0);
    const options = { gamma: 1, lambda: 1 };
    expect(advantages({ rewards, terminated: ended, finalValues, lastValues }, options).returns).toEqual(
      Float32Array.of(2, 1, 12, 11),
    );
    expect(advantages({ rewards, truncated: ended, finalValues, lastValues }, options).returns).toEqual(
      Float32Array.of(8, 7, 12, 11),
    );
  });
});
