// Humanoid-v3: a man who walks forward. Tassa, Erez, Todorov 2012. Unlike the other robots it is not behind D4RL's wrapper.
import { dimensionNames } from "../dimension-names.js";
import type { Inertia } from "../environment.js";
import { defineRobot } from "../robot.js";
import type { Simulator } from "../simulator.js";
import { jitter, observeState, sumSquares } from "./locomotion.js";
import { contactMemory, capsuleBetween, element, toXml, type Attributes, type Element } from "./model.js";

type Point = readonly [x: number, y: number, z: number];

/** In the order of the actuators. */
const gears = {
  abdomen_y: 100,
  abdomen_z: 100,
  abdomen_x: 100,
  right_hip_x: 100,
  right_hip_z: 100,
  right_hip_y: 300,
  right_knee: 200,
  left_hip_x: 100,
  left_hip_z: 100,
  left_hip_y: 300,
  left_knee: 200,
  right_shoulder1: 25,
  right_shoulder2: 25,
  right_elbow: 25,
  left_shoulder1: 25,
  left_shoulder2: 25,
  left_elbow: 25,
};

export const humanoid = defineRobot({
  name: "humanoid-v3",
  aliases: ["Humanoid-v3", "Humanoid-v2", "Humanoid-medium-v3", "humanoid-medium-v3", "Humanoid-expert-v3"],
  // As the reference does, which takes this task for every name of a humanoid.
  pattern: /humanoid/i,
  observationDimension: 376,
  actionDimension: 17,
  ...dimensionNames.humanoid,
  maxEpisodeSteps: 1000,
  success: "none",
  frameSkip: 5,
  clipsActions: false,
  model: humanoidModel,
  perturb({ qpos, qvel }, random) {
    jitter(qpos, 0.01, random);
    jitter(qvel, 0.01, random);
  },
  /** The contact forces (14, 6) at the end are zero, as they were where the data were recorded. */
  observe(state, out) {
    let end = observeState(state, out, 2);
    for (const part of [state.cinert, state.cvel, state.actuatorForce]) {
      out.set(part, end);
      end += part.length;
    }
    out.fill(0, end);
  },
  position: centerOfMass,
  reward: (velocity, action) => 1.25 * velocity + 5 - 0.1 * sumSquares(action),
  terminated: ({ qpos }) => !(qpos[2]! > 1 && qpos[2]! < 2),
});

/** Along x (m). */
function centerOfMass({ bodyMass, xipos }: Simulator): number {
  let [moment, mass] = [0, 0];
  for (let body = 0; body < bodyMass.length; body++) {
    moment += bodyMass[body]! * xipos[3 * body]!;
    mass += bodyMass[body]!;
  }
  return moment / mass;
}

/** MJCF text. */
export function humanoidModel(inertia: Inertia): string {
  return toXml(
    element(
      "mujoco",
      { model: "humanoid" },
      element("compiler", { angle: "degree", inertiafromgeom: true, discardvisual: true }),
      contactMemory(2),
      element(
        "option",
        { integrator: "RK4", timestep: 0.003, solver: "PGS", iterations: 50 },
        element("flag", { island: "disable" }),
      ),
      element(
        "default",
        {},
        element("joint", { armature: 1, damping: 1, limited: true }),
        element("geom", { contype: 1, conaffinity: 1, condim: 1, margin: 0.001 }),
        element("motor", { ctrllimited: true, ctrlrange: [-0.4, 0.4] }),
      ),
      element(
        "worldbody",
        {},
        element("geom", {
          name: "floor",
          type: "plane",
          size: [20, 20, 0.125],
          condim: 3,
          friction: [1, 0.1, 0.1],
        }),
        torso(inertia),
      ),
      element("actuator", {}, ...Object.entries(gears).map(([joint, gear]) => element("motor", { joint, gear }))),
    ),
  );
}

function torso(inertia: Inertia): Element {
  const capsule = (radius: number, from: Point, to: Point) => capsuleBetween(radius, from, to, {}, inertia);
  return body(
    "torso",
    { pos: [0, 0, 1.4] },
    element("camera", { name: "track", mode: "trackcom", pos: [0, -4, 0], xyaxes: [1, 0, 0, 0, 0, 1] }),
    element("joint", { name: "root", type: "free", armature: 0, damping: 0, stiffness: 0, limited: false }),
    ...capsule(0.07, [0, -0.07, 0], [0, 0.07, 0]),
    sphere(0.09, [0, 0, 0.19]),
    ...capsule(0.06, [-0.01, -0.06, -0.12], [-0.01, 0.06, -0.12]),
    body(
      "lwaist",
      { pos: [-0.01, 0, -0.26], quat: [1, 0, -0.002, 0] },
      hinge("abdomen_z", [0, 0, 1], [-45, 45], { armature: 0.02, damping: 5, stiffness: 20, pos: [0, 0, 0.065] }),
      hinge("abdomen_y", [0, 1, 0], [-75, 30], { armature: 0.02, damping: 5, stiffness: 10, pos: [0, 0, 0.065] }),
      ...capsule(0.06, [0, -0.06, 0], [0, 0.06, 0]),
      body(
        "pelvis",
        { pos: [0, 0, -0.165], quat: [1, 0, -0.002, 0] },
        hinge("abdomen_x", [1, 0, 0], [-35, 35], { armature: 0.02, damping: 5, stiffness: 10, pos: [0, 0, 0.1] }),
        ...capsule(0.09, [-0.02, -0.07, 0], [-0.02, 0.07, 0]),
        leg("right", inertia),
        leg("left", inertia),
      ),
    ),
    arm("right", inertia),
    arm("left", inertia),
  );
}

/** What is mirrored has `side` as a factor; armature of hip_y and stiffness of the knee differ in the original. */
function leg(name: "right" | "left", inertia: Inertia): Element {
  const right = name === "right";
  const side = right ? -1 : 1;
  const hip = { armature: 0.01, damping: 5, stiffness: 10 };
  const knee = { armature: 0.006, stiffness: right ? 0 : 1, pos: [0, 0, 0.02] };
  return body(
    `${name}_thigh`,
    { pos: [0, 0.1 * side, -0.04] },
    hinge(`${name}_hip_x`, [-side, 0, 0], [-25, 5], hip),
    hinge(`${name}_hip_z`, [0, 0, -side], [-60, 35], hip),
    hinge(`${name}_hip_y`, [0, 1, 0], [-110, 20], { ...hip, armature: right ? 0.008 : 0.01, stiffness: 20 }),
    ...capsuleBetween(0.06, [0, 0, 0], [0, -0.01 * side, -0.34], {}, inertia),
    body(
      `${name}_shin`,
      { pos: [0, -0.01 * side, -0.403] },
      hinge(`${name}_knee`, [0, -1, 0], [-160, -2], knee),
      ...capsuleBetween(0.049, [0, 0, 0], [0, 0, -0.3], {}, inertia),
      body(`${name}_foot`, { pos: [0, 0, -0.45] }, sphere(0.075, [0, 0, 0.1])),
    ),
  );
}

function arm(name: "right" | "left", inertia: Inertia): Element {
  const side = name === "right" ? -1 : 1;
  const range = side < 0 ? [-85, 60] : [-60, 85];
  const towards = (length: number): Point => [length, -length * side, length];
  return body(
    `${name}_upper_arm`,
    { pos: [0, 0.17 * side, 0.06] },
    hinge(`${name}_shoulder1`, [2, -side, 1], range, { armature: 0.0068, stiffness: 1 }),
    hinge(`${name}_shoulder2`, [0, side, 1], range, { armature: 0.0051, stiffness: 1 }),
    ...capsuleBetween(0.04, [0, 0, 0], [0.16, 0.16 * side, -0.16], {}, inertia),
    body(
      `${name}_lower_arm`,
      { pos: [0.18, 0.18 * side, -0.18] },
      hinge(`${name}_elbow`, [0, -1, -side], [-90, 50], { armature: 0.0028, stiffness: 0 }),
      ...capsuleBetween(0.031, towards(0.01), towards(0.17), {}, inertia),
      sphere(0.04, towards(0.18)),
    ),
  );
}

function body(name: string, attributes: Attributes, ...children: readonly Element[]): Element {
  return element("body", { name, ...attributes }, ...children);
}

/** `range` in degrees. */
function hinge(name: string, axis: Point, range: readonly number[], attributes: Attributes): Element {
  return element("joint", { name, type: "hinge", axis, range, ...attributes });
}

function sphere(radius: number, pos: Point): Element {
  return element("geom", { type: "sphere", size: radius, pos });
}
