// Ant-v2, as behind D4RL: a sphere on four legs that runs forward. Schulman et al. 2015.
import { dimensionNames } from "../dimension-names.js";
import type { Inertia } from "../environment.js";
import { defineRobot } from "../robot.js";
import { allFinite, gymNames, gymnasiumV4, jitter, jitterNormal, observeState, sumSquares } from "./locomotion.js";
import { contactMemory, capsuleBetween, element, toXml, type Element } from "./model.js";

interface Leg {
  /** Where the leg points, seen from above. */
  readonly x: 1 | -1;
  readonly y: 1 | -1;
  readonly ankle: { readonly axis: readonly [number, number, number]; readonly range: readonly [number, number] };
}

/** Front left, front right, back, right back: legs 1 to 4. */
const legs: readonly Leg[] = [
  { x: 1, y: 1, ankle: { axis: [-1, 1, 0], range: [30, 70] } },
  { x: -1, y: 1, ankle: { axis: [1, 1, 0], range: [-70, -30] } },
  { x: -1, y: -1, ankle: { axis: [-1, 1, 0], range: [-70, -30] } },
  { x: 1, y: -1, ankle: { axis: [1, 1, 0], range: [30, 70] } },
];

const motors = ["hip_4", "ankle_4", "hip_1", "ankle_1", "hip_2", "ankle_2", "hip_3", "ankle_3"];

export const ant = defineRobot({
  name: "ant-v2",
  aliases: gymNames("Ant"),
  observationDimension: 111,
  actionDimension: 8,
  ...dimensionNames.ant,
  maxEpisodeSteps: 1000,
  success: "none",
  referenceReturns: { random: -325.6, expert: 3879.7 },
  frameSkip: 5,
  model: antModel,
  perturb({ qpos, qvel }, random) {
    jitter(qpos, 0.1, random);
    jitterNormal(qvel, 0.1, random);
  },
  /** The contact forces (14, 6) at the end are zero, as they were where the data were recorded. */
  observe: (state, out) => void out.fill(0, observeState(state, out, 2)),
  position: ({ xpos }) => xpos[3]!,
  reward: (velocity, action) => velocity + 1 - 0.5 * sumSquares(action),
  terminated: ({ qpos, qvel }) => !(qpos[2]! >= 0.2 && qpos[2]! <= 1 && allFinite(qpos) && allFinite(qvel)),
});

/** Version 4 leaves the contact forces out. */
export const antV4 = gymnasiumV4(ant, "Ant", {
  observationDimension: 27,
  observationNames: dimensionNames.ant.observationNames.slice(0, 27),
});

/** MJCF text. */
export function antModel(inertia: Inertia): string {
  return toXml(
    element(
      "mujoco",
      { model: "ant" },
      element("compiler", { angle: "degree", inertiafromgeom: true, discardvisual: true }),
      contactMemory(2),
      element("option", { integrator: "RK4", timestep: 0.01 }, element("flag", { island: "disable" })),
      element(
        "default",
        {},
        element("joint", { armature: 1, damping: 1, limited: true }),
        element("geom", { contype: 1, conaffinity: 0, condim: 3, density: 5, friction: [1, 0.5, 0.5], margin: 0.01 }),
        element("motor", { gear: 150, ctrllimited: true, ctrlrange: [-1, 1] }),
      ),
      element(
        "worldbody",
        {},
        element("geom", { name: "floor", type: "plane", size: [40, 40, 40], conaffinity: 1 }),
        element(
          "body",
          { name: "torso", pos: [0, 0, 0.75] },
          element("camera", { name: "track", mode: "trackcom", pos: [0, -3, 0.3], xyaxes: [1, 0, 0, 0, 0, 1] }),
          element("geom", { name: "torso", type: "sphere", size: 0.25 }),
          element("joint", { name: "root", type: "free", armature: 0, damping: 0, limited: false, margin: 0.01 }),
          ...legs.map((leg, index) => legBody(leg, index + 1, inertia)),
        ),
      ),
      element("actuator", {}, ...motors.map((joint) => element("motor", { joint }))),
    ),
  );
}

function legBody({ x, y, ankle }: Leg, number: number, inertia: Inertia): Element {
  const reach = (length: number) => [length * x, length * y, 0] as const;
  const segment = (length: number) => capsuleBetween(0.08, [0, 0, 0], reach(length), {}, inertia);
  return element(
    "body",
    { name: `leg_${number}` },
    ...segment(0.2),
    element(
      "body",
      { name: `aux_${number}`, pos: reach(0.2) },
      element("joint", { name: `hip_${number}`, type: "hinge", axis: [0, 0, 1], range: [-30, 30] }),
      ...segment(0.2),
      element(
        "body",
        { name: `foot_${number}`, pos: reach(0.2) },
        element("joint", { name: `ankle_${number}`, type: "hinge", ...ankle }),
        ...segment(0.4),
      ),
    ),
  );
}
