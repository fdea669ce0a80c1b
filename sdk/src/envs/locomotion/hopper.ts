// Hopper-v2, as behind D4RL: a planar leg that hops forward.
import { dimensionNames } from "../dimension-names.js";
import type { Inertia } from "../environment.js";
import { defineRobot } from "../robot.js";
import type { Simulator } from "../simulator.js";
import { gymNames, gymnasiumV4, jitter, observeState, sumSquares } from "./locomotion.js";
import { contactMemory, element, toXml } from "./model.js";
import { planarPose, planarRobot, type Torso } from "./planar.js";

const torso: Torso = {
  name: "torso",
  position: [0, 1.25],
  heightFrom: "ground",
  capsules: [{ radius: 0.05, halfLength: 0.2, center: [0, 0], angle: 0, friction: 0.9 }],
  children: [
    {
      name: "thigh",
      position: [0, -0.2],
      hinge: { name: "thigh_joint", axis: -1, anchor: [0, 0], range: [-150, 0] },
      capsules: [{ radius: 0.05, halfLength: 0.225, center: [0, -0.225], angle: 0, friction: 0.9 }],
      children: [
        {
          name: "leg",
          position: [0, -0.7],
          hinge: { name: "leg_joint", axis: -1, anchor: [0, 0.25], range: [-150, 0] },
          capsules: [{ radius: 0.04, halfLength: 0.25, center: [0, 0], angle: 0, friction: 0.9 }],
          children: [
            {
              name: "foot",
              position: [0.13, -0.35],
              hinge: { name: "foot_joint", axis: -1, anchor: [-0.13, 0.1], range: [-45, 45] },
              capsules: [{ radius: 0.06, halfLength: 0.195, center: [-0.065, 0.1], angle: -Math.PI / 2, friction: 2 }],
            },
          ],
        },
      ],
    },
  ],
};

export const hopper = defineRobot({
  name: "hopper-v2",
  aliases: gymNames("Hopper"),
  observationDimension: 11,
  actionDimension: 3,
  ...dimensionNames.hopper,
  maxEpisodeSteps: 1000,
  success: "none",
  referenceReturns: { random: -20.272305, expert: 3234.3 },
  frameSkip: 4,
  model: hopperModel,
  perturb({ qpos, qvel }, random) {
    jitter(qpos, 0.005, random);
    jitter(qvel, 0.005, random);
  },
  observe: (state, out) => void observeState(state, out, 1, 10),
  position: ({ qpos }) => qpos[0]!,
  reward: (velocity, action) => velocity + 1 - 1e-3 * sumSquares(action),
  terminated: (state) => !(state.qpos[1]! > 0.7 && Math.abs(state.qpos[2]!) < 0.2 && bounded(state)),
  pose: (qpos) => planarPose(torso, qpos),
});

export const hopperV4 = gymnasiumV4(hopper, "Hopper");

/** x finite, everything but x and z below 100. */
function bounded({ qpos, qvel }: Simulator): boolean {
  if (!Number.isFinite(qpos[0]! + qpos[1]!)) return false;
  for (let i = 2; i < 6; i++) if (!(Math.abs(qpos[i]!) < 100)) return false;
  for (let i = 0; i < 6; i++) if (!(Math.abs(qvel[i]!) < 100)) return false;
  return true;
}

/** MJCF text. */
export function hopperModel(inertia: Inertia): string {
  return toXml(
    element(
      "mujoco",
      { model: "hopper" },
      // Bit for bit the same physics: discarding the mass-only cylinders saves 7 % of the time, no islands 16 %.
      element("compiler", { angle: "degree", inertiafromgeom: true, discardvisual: true }),
      contactMemory(2),
      element("option", { integrator: "RK4", timestep: 0.002 }, element("flag", { island: "disable" })),
      element("visual", {}, element("map", { znear: 0.02 })),
      element(
        "default",
        {},
        element("joint", { armature: 1, damping: 1, limited: true }),
        element("geom", { condim: 1, margin: 0.001, solimp: [0.8, 0.8, 0.01], solref: [0.02, 1] }),
        element("motor", { gear: 200, ctrllimited: true, ctrlrange: [-1, 1] }),
      ),
      element(
        "worldbody",
        {},
        element("geom", { name: "floor", type: "plane", size: [20, 20, 0.125], condim: 3 }),
        planarRobot(
          torso,
          inertia,
          element("camera", { name: "track", mode: "trackcom", pos: [0, -3, -0.25], xyaxes: [1, 0, 0, 0, 0, 1] }),
        ),
      ),
      element("actuator", {}, ...["thigh", "leg", "foot"].map((name) => element("motor", { joint: `${name}_joint` }))),
    ),
  );
}
