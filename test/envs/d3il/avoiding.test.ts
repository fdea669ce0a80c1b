// The avoiding task: recorded demonstrations played again, the order of things within a step, rewards and modes.
import { describe, expect, test } from "vitest";
import { ModeFlags, RodArm } from "../../../sdk/src/envs/d3il/avoiding.js";
import { PandaKinematics } from "../../../sdk/src/envs/d3il/panda.js";
import { makeEnvironment } from "../../../sdk/src/envs/make-environment.js";
import { hasShared } from "../../shared.js";
import { demonstrations, replay } from "./demonstrations.js";

const posture = [-0.36, 0.43, -0.13, -2.05, 0.09, 2.48, 0.23];

test("kinematics are MuJoCo's, and the Jacobian their derivative", async () => {
  const arm = await RodArm.load();
  arm.reset(posture);
  const kinematics = new PandaKinematics();
  kinematics.solve(posture);
  const tool = arm.simulator.indexOf("body", "tool center");
  const position = [...kinematics.position];
  position.forEach((value, i) => expect(value).toBeCloseTo(arm.simulator.xpos[3 * tool + i]!, 9));
  const jacobian = kinematics.jacobian.slice();
  for (let joint = 0; joint < 7; joint++) {
    kinematics.solve(posture.map((value, i) => value + (i === joint ? 1e-6 : 0)));
    for (let axis = 0; axis < 3; axis++) {
      expect(jacobian[7 * axis + joint]).toBeCloseTo((kinematics.position[axis]! - position[axis]!) / 1e-6, 5);
    }
  }
  arm.simulator.delete();
});

test("the controller holds a point", async () => {
  const arm = await RodArm.load();
  arm.reset(posture);
  for (let i = 0; i < 2500; i++) arm.advance([0.5, -0.25, 0.14]);
  expect(Math.hypot(arm.x - 0.5, arm.y + 0.25)).toBeLessThan(1e-3);
  arm.simulator.delete();
});

test.skipIf(!hasShared)("recorded demonstrations play again within a tenth of a millimetre", async () => {
  const arm = await RodArm.load(0.03);
  for (const demonstration of demonstrations().slice(28, 32)) {
    const { worst, played, recorded } = replay(arm, demonstration);
    expect(worst, demonstration.name).toBeLessThan(0.1);
    expect(played).toEqual(recorded);
  }
  arm.simulator.delete();
});

describe("environment", () => {
  test("starts where the demonstrations do, always", async () => {
    const [one, two] = await Promise.all([makeEnvironment("avoid_m1", { seed: 1 }), makeEnvironment("avoiding-m5")]);
    const start = one.reset();
    expect([...start]).toEqual([...two.reset()]);
    expect(start[0]).toBeCloseTo(0.525, 3);
    expect(start[1]).toBeCloseTo(-0.28, 3);
    expect([...start.slice(0, 2)]).toEqual([...start.slice(2)]);
    one.close();
    two.close();
  });

  test("observations lag one step behind", async () => {
    const env = await makeEnvironment("avoiding-m5");
    const start = env.reset();
    const first = env.step([0.01, 0.005]).observation;
    expect([...first]).toEqual([...start]);
    const second = env.step([0, 0]).observation;
    expect(second[0]).toBeCloseTo(start[0]! + 0.01, 9);
    expect(second[1]).toBeCloseTo(start[1]! + 0.005, 9);
    // The arm follows, but has not arrived.
    expect(second[2]).toBeGreaterThan(start[2]!);
    expect(second[2]).toBeLessThan(start[2]! + 0.01);
    env.close();
  });

  test.skipIf(!hasShared)('task "avoiding" observes what the recordings hold', async () => {
    const env = await makeEnvironment("avoiding");
    const [demonstration] = demonstrations().slice(30);
    const { row, length } = demonstration!;
    env.reset();
    let worst = 0;
    for (let t = 0; t + 2 < length; t++) {
      const [from, to] = [row("des_c_pos", t), row("des_c_pos", t + 1)];
      const { observation } = env.step([to[0]! - from[0]!, to[1]! - from[1]!]);
      const recorded = [to[0]!, to[1]!, row("c_pos", t + 1)[0]!, row("c_pos", t + 1)[1]!];
      worst = Math.max(worst, ...recorded.map((value, i) => Math.abs(value - observation[i]!)));
    }
    expect(worst).toBeLessThan(5e-3);
    env.close();
  });

  test("running into an obstacle costs for the rest of the episode, unless the penalty is off", async () => {
    const rewardsOf = async (name: string) => {
      const env = await makeEnvironment(name);
      env.reset();
      // Straight on, the rod meets the first obstacle near its right edge.
      const rewards = Array.from({ length: 40 }, () => env.step([-0.0012, 0.0125]).reward);
      env.close();
      return rewards;
    };
    const rewards = await rewardsOf("avoiding-m5");
    const hit = rewards.indexOf(-0.1);
    expect(hit).toBeGreaterThan(5);
    expect(rewards.slice(hit).every((reward) => reward === -0.1)).toBe(true);
    expect(Math.min(...(await rewardsOf("avoiding-m5-without-penalty")))).toBe(0);
  });
});

test("each row of obstacles counts once, by where it was passed first", () => {
  const modes = new ModeFlags();
  modes.visit(0.55, -0.1);
  modes.visit(0.45, -0.1);
  modes.visit(0.5, 0.08);
  modes.visit(0.34, 0.27);
  modes.visit(0.7, 0.3);
  expect(modes.list()).toEqual([1, 3, 5]);
});
