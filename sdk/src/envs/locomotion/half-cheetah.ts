// HalfCheetah-v2, as behind D4RL: a planar body with a front and a back leg that runs forward. Wawrzynski 2009.
import { dimensionNames } from "../dimension-names.js";
import type { Inertia } from "../environment.js";
import { defineRobot } from "../robot.js";
import { gymNames, gymnasiumV4, jitter, jitterNormal, observeState, sumSquares } from "./locomotion.js";
import { contactMemory, element, toXml } from "./model.js";
import { planarPose, planarRobot, type Link, type LinkCapsule, type Torso } from "./planar.js";

const radius = 0.046;

/** A link that turns about its own origin. */
function link(
  name: string,
  position: Link["position"],
  joint: Omit<Link["hinge"], "name" | "axis" | "anchor">,
  shape: Omit<LinkCapsule, "radius">,
  ...children: readonly Link[]
): Link {
  const hinge = { name, axis: 1, anchor: [0, 0], ...joint } as const;
  return { name, position, hinge, capsules: [{ radius, ...shape }], children };
}

const backLeg = link(
  "bthigh",
  [-0.5, 0],
  { range: [-0.52, 1.05], damping: 6, stiffness: 240 },
  { halfLength: 0.145, center: [0.1, -0.13], angle: -3.8 },
  link(
    "bshin",
    [0.16, -0.25],
    { range: [-0.785, 0.785], damping: 4.5, stiffness: 180 },
    { halfLength: 0.15, center: [-0.14, -0.07], angle: -2.03 },
    link(
      "bfoot",
      [-0.28, -0.14],
      { range: [-0.4, 0.785], damping: 3, stiffness: 120 },
      { halfLength: 0.094, center: [0.03, -0.097], angle: -0.27 },
    ),
  ),
);

const frontLeg = link(
  "fthigh",
  [0.5, 0],
  { range: [-1, 0.7], damping: 4.5, stiffness: 180 },
  { halfLength: 0.133, center: [-0.07, -0.12], angle: 0.52 },
  link(
    "fshin",
    [-0.14, -0.24],
    { range: [-1.2, 0.87], damping: 3, stiffness: 120 },
    { halfLength: 0.106, center: [0.065, -0.09], angle: -0.6 },
    link(
      "ffoot",
      [0.13, -0.18],
      { range: [-0.5, 0.5], damping: 1.5, stiffness: 60 },
      { halfLength: 0.07, center: [0.045, -0.07], angle: -0.6 },
    ),
  ),
);

const torso: Torso = {
  name: "torso",
  position: [0, 0.7],
  heightFrom: "model",
  capsules: [
    { radius, halfLength: 0.5, center: [0, 0], angle: Math.PI / 2 },
    { name: "head", radius, halfLength: 0.15, center: [0.6, 0.1], angle: 0.87 },
  ],
  children: [backLeg, frontLeg],
};

const gears = { bthigh: 120, bshin: 90, bfoot: 60, fthigh: 120, fshin: 60, ffoot: 30 };

export const halfCheetah = defineRobot({
  name: "halfcheetah-v2",
  aliases: gymNames("HalfCheetah"),
  observationDimension: 17,
  actionDimension: 6,
  ...dimensionNames.halfcheetah,
  maxEpisodeSteps: 1000,
  success: "none",
  referenceReturns: { random: -280.178953, expert: 12135 },
  frameSkip: 5,
  model: halfCheetahModel,
  perturb({ qpos, qvel }, random) {
    jitter(qpos, 0.1, random);
    jitterNormal(qvel, 0.1, random);
  },
  observe: (state, out) => void observeState(state, out, 1),
  position: ({ qpos }) => qpos[0]!,
  reward: (velocity, action) => velocity - 0.1 * sumSquares(action),
  terminated: () => false,
  pose: (qpos) => planarPose(torso, qpos),
});

export const halfCheetahV4 = gymnasiumV4(halfCheetah, "HalfCheetah");

/** MJCF text. */
export function halfCheetahModel(inertia: Inertia): string {
  return toXml(
    element(
      "mujoco",
      { model: "halfcheetah" },
      element("compiler", { angle: "radian", inertiafromgeom: true, settotalmass: 14, discardvisual: true }),
      contactMemory(2),
      element("option", { timestep: 0.01 }, element("flag", { island: "disable" })),
      element(
        "default",
        {},
        element("joint", {
          armature: 0.1,
          damping: 0.01,
          limited: true,
          solimplimit: [0, 0.8, 0.03],
          solreflimit: [0.02, 1],
          stiffness: 8,
        }),
        element("geom", {
          contype: 1,
          conaffinity: 0,
          condim: 3,
          friction: [0.4, 0.1, 0.1],
          solimp: [0, 0.8, 0.01],
          solref: [0.02, 1],
        }),
        element("motor", { ctrllimited: true, ctrlrange: [-1, 1] }),
      ),
      element(
        "worldbody",
        {},
        element("geom", { name: "floor", type: "plane", size: [40, 40, 40], conaffinity: 1 }),
        planarRobot(
          torso,
          inertia,
          element("camera", { name: "track", mode: "trackcom", pos: [0, -3, 0.3], xyaxes: [1, 0, 0, 0, 0, 1] }),
        ),
      ),
      element("actuator", {}, ...Object.entries(gears).map(([joint, gear]) => element("motor", { joint, gear }))),
    ),
  );
}
