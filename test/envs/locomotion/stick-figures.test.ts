// Robots that live in a plane have a picture: its capsules lie where the engine has them.
import { describe, expect, test } from "vitest";
import { halfCheetah, halfCheetahModel } from "../../../sdk/src/envs/locomotion/half-cheetah.js";
import { hopper, hopperModel } from "../../../sdk/src/envs/locomotion/hopper.js";
import { walker2d, walker2dModel } from "../../../sdk/src/envs/locomotion/walker2d.js";
import { Simulator } from "../../../sdk/src/envs/simulator.js";

describe.each([
  { robot: hopper, model: hopperModel, names: ["torso", "thigh", "leg", "foot"] },
  {
    robot: walker2d,
    model: walker2dModel,
    names: ["torso", "thigh", "leg", "foot", "thigh_left", "leg_left", "foot_left"],
  },
  {
    robot: halfCheetah,
    model: halfCheetahModel,
    names: ["torso", "head", "bthigh", "bshin", "bfoot", "fthigh", "fshin", "ffoot"],
  },
])("$robot.name", ({ robot, model, names }) => {
  test.each([0, 1, 2])("pose %d", async (pose) => {
    const simulator = await Simulator.load(model("exact"));
    const { qpos } = simulator;
    if (pose > 0) for (let i = 0; i < qpos.length; i++) qpos[i]! += Math.sin(pose * (i + 1));
    simulator.forward();
    const centers = simulator.dataArray("geom_xpos");
    const frames = simulator.dataArray("geom_xmat");
    const sizes = simulator.modelArray("geom_size");
    const capsules = robot.pose!(qpos);
    simulator.delete();
    expect(capsules.map(({ name }) => name)).toEqual(names);
    capsules.forEach(({ from, to, radius }, i) => {
      // Geom 0 is the floor; the third column of its frame is a capsule's axis.
      const geom = i + 1;
      const half = sizes[3 * geom + 1]!;
      expect(radius).toBe(sizes[3 * geom]);
      [0, 2].forEach((axis, k) => {
        const center = centers[3 * geom + axis]!;
        const reach = half * frames[9 * geom + 3 * axis + 2]!;
        expect(from[k]).toBeCloseTo(center - reach, 9);
        expect(to[k]).toBeCloseTo(center + reach, 9);
      });
    });
  });
});
