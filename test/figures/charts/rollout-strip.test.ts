import { expect, test } from "vitest";
import { rolloutStrip } from "../../../sdk/src/figures/charts/rollout-strip.js";
import type { Pose } from "../../../sdk/src/figures/charts/silhouette.js";

/** An upright pole of 1 m that moves with the given speed for `seconds`, 100 poses per second. */
function rollout(seconds: number, speed: number): Pose[] {
  return Array.from({ length: 100 * seconds + 1 }, (_, index) => {
    const x = (index * speed) / 100;
    return { time: index / 100, capsules: [{ from: [x, 0.1], to: [x, 0.9], radius: 0.1 }] };
  });
}

test("a robot that travels is drawn where it is, true to scale", () => {
  const { data, layout } = rolloutStrip(rollout(2, 2), { moments: 5 });
  const poses = data.filter(({ mode }) => mode === "lines");
  expect(poses.map(({ name }) => name)).toEqual(["0.00 s", "0.50 s", "1.00 s", "1.50 s", "2.00 s"]);
  const middle = poses[2]!.x!.filter((x) => x !== null) as number[];
  expect([Math.min(...middle), Math.max(...middle)]).toEqual([1.9, 2.1]);
  const heights = poses[2]!.y!.filter((y) => y !== null);
  expect([Math.min(...heights), Math.max(...heights)]).toEqual([0, 1]);
  expect(layout.yaxis).toMatchObject({ scaleanchor: "x" });
  const [left, right] = layout.xaxis!.range!;
  const [bottom, top] = layout.yaxis!.range!;
  const scale = (layout.width! - 150) / (right - left);
  expect((layout.height! - 24 - 52) / (top - bottom)).toBeCloseTo(scale, -1);
});

test("a long way is broken into rows that hold all moments", () => {
  const { data, layout } = rolloutStrip(rollout(8, 2.5));
  const rows = ["x", "x2", "x3"].map((axis) => data.filter(({ xaxis }) => xaxis === axis).length);
  expect(rows.every((count) => count > 5)).toBe(true);
  expect(rows.reduce((sum, count) => sum + count)).toBe(60);
  expect(layout).toHaveProperty("xaxis3");
  expect(layout).not.toHaveProperty("xaxis4");
});

test("a robot that stays in place is drawn as a film strip with the times below", () => {
  const { data, layout } = rolloutStrip(rollout(1, 0.1), { moments: 3 });
  expect(layout.xaxis).toMatchObject({ title: { text: "time (s)" }, ticktext: ["0.00", "0.50", "1.00"] });
  const [first, second] = data.map(({ x }) => x![0] as number);
  expect(second! - first!).toBeCloseTo(2 / 3, 2);
});

test("in a film strip wide robots do not overlap", () => {
  const lying = [0, 1, 2].map((time) => ({ time, capsules: [{ from: [0, 0.9], to: [2, 0.1], radius: 0.1 } as const] }));
  const edges = rolloutStrip(lying).data.map(({ x }) => {
    const points = x!.filter((value) => value !== null) as number[];
    return [Math.min(...points), Math.max(...points)] as const;
  });
  expect(edges[1]![0]).toBeGreaterThanOrEqual(edges[0]![1] - 0.001);
});

test("one pose is enough; unusable ones are refused", () => {
  expect(rolloutStrip(rollout(1, 1).slice(0, 1)).data).toHaveLength(1);
  expect(() => rolloutStrip([])).toThrow(/poses: empty/);
  expect(() => rolloutStrip([{ time: 0, capsules: [] }])).toThrow(/poses\[0\]\.capsules: empty/);
  expect(() => rolloutStrip([{ time: NaN, capsules: rollout(1, 1)[0]!.capsules }])).toThrow(/poses\[0\]\.time/);
  expect(() => rolloutStrip(rollout(1, 1), { moments: 1 })).toThrow(/moments: is 1/);
});
