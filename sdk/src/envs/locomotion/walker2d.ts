// Walker2d-v2, as behind D4RL: a planar torso on two legs that walks forward.
import { dimensionNames } from "../dimension-names.js";
import type { Inertia } from "../environment.js";
import { defineRobot } from "../robot.js";
import { gymNames, gymnasiumV4, jitter, observeState, sumSquares } from "./locomotion.js";
import { contactMemory, element, toXml } from "./model.js";
import { planarPose, planarRobot, type Link, type Torso } from "./planar.js";

/** The feet differ in their friction, as in the original. */
function leg(side: string, footFriction: number): Link {
  return {
    name: `thigh${side}`,
    position: [0, -0.2],
    hinge: { name: `thigh${side}_joint`, axis: -1, anchor: [0, 0], range: [-150, 0] },
    capsules: [{ radius: 0.05, halfLength: 0.225, center: [0, -0.225], angle: 0, friction: 0.9 }],
    children: [
      {
        name: `leg${side}`,
        position: [0, -0.7],
        hinge: { name: `leg${side}_joint`, axis: -1, anchor: [0, 0.25], range: [-150, 0] },
        capsules: [{ radius: 0.04, halfLength: 0.25, center: [0, 0], angle: 0, friction: 0.9 }],
        children: [
          {
            name: `foot${side}`,
            position: [0.2, -0.35],
            hinge: { name: `foot${side}_joint`, axis: -1, anchor: [-0.2, 0.1], range: [-45, 45] },
            capsules: [
              { radius: 0.06, halfLength: 0.1, center: [-0.1, 0.1], angle: -Math.PI / 2, friction: footFriction },
            ],
          },
        ],
      },
    ],
  };
}

const torso: Torso = {
  name: "torso",
  position: [0, 1.25],
  heightFrom: "ground",
  capsules: [{ radius: 0.05, halfLength: 0.2, center: [0, 0], angle: 0, friction: 0.9 }],
  children: [leg("", 0.9), leg("_left", 1.9)],
};

const motors = ["thigh", "leg", "foot", "thigh_left", "leg_left", "foot_left"];

export const walker2d = defineRobot({
  name: "walker2d-v2",
  aliases: gymNames("Walker2d"),
  observationDimension: 17,
  actionDimension: 6,
  ...dimensionNames.walker2d,
  maxEpisodeSteps: 1000,
  success: "none",
  referenceReturns: { random: 1.629008, expert: 4592.3 },
  frameSkip: 4,
  model: walker2dModel,
  perturb({ qpos, qvel }, random) {
    jitter(qpos, 0.005, random);
    jitter(qvel, 0.005, random);
  },
  observe: (state, out) => void observeState(state, out, 1, 10),
  position: ({ qpos }) => qpos[0]!,
  reward: (velocity, action) => velocity + 1 - 1e-3 * sumSquares(action),
  terminated: ({ qpos }) => !(qpos[1]! > 0.8 && qpos[1]! < 2 && Math.abs(qpos[2]!) < 1),
  pose: (qpos) => planarPose(torso, qpos),
});

export const walker2dV4 = gymnasiumV4(walker2d, "Walker2d");

/** MJCF text. */
export function walker2dModel(inertia: Inertia): string {
  return toXml(
    element(
      "mujoco",
      { model: "walker2d" },
      element("compiler", { angle: "degree", inertiafromgeom: true, discardvisual: true }),
      contactMemory(2),
      element("option", { integrator: "RK4", timestep: 0.002 }, element("flag", { island: "disable" })),
      element(
        "default",
        {},
        element("joint", { armature: 0.01, damping: 0.1, limited: true }),
        element("geom", { contype: 1, conaffinity: 0, condim: 3, friction: [0.7, 0.1, 0.1] }),
        element("motor", { gear: 100, ctrllimited: true, ctrlrange: [-1, 1] }),
      ),
      element(
        "worldbody",
        {},
        element("geom", { name: "floor", type: "plane", size: [40, 40, 40], conaffinity: 1 }),
        planarRobot(
          torso,
          inertia,
          element("camera", { name: "track", mode: "trackcom", pos: [0, -3, -0.25], xyaxes: [1, 0, 0, 0, 0, 1] }),
        ),
      ),
      element("actuator", {}, ...motors.map((name) => element("motor", { joint: `${name}_joint` }))),
    ),
  );
}
