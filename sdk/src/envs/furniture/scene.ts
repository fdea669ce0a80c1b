// The table of FurnitureBench as DPPO's fork sets it up: a Panda on position drives, obstacles, and the parts. The frame of all
// poses is that of a tag on the table, whose z axis points down.
import { pandaArm } from "../d3il/panda.js";
import { contactMemory, element, toXml, type Element } from "../locomotion/model.js";
import type { Vector } from "../render/vectors.js";
import type { Furniture, Part } from "./parts.js";
import { composed, fromEuler, identity, type Pose } from "../pose.js";
import { tieName } from "./screw.js";
import { threadShapes } from "./thread-shapes.js";

/** What threads do: a rule, with plain shapes, or what their surfaces do that meet (signed distances). */
export type Contacts = "primitives" | "sdf";

/** Seconds per engine step, and engine steps per control step. */
export const [timestep, substeps] = [0.002, 50] as const;
/** Of the robot's base (m). */
export const base: Pose = { position: [-0.3, 0, 0.415], rotation: identity };
/** Of the tag. */
export const tag: Pose = composed(base, { position: [0.3015, 0, 0], rotation: fromEuler([Math.PI, 0, Math.PI / 2]) });
/** From the hand to the point that is controlled (m). */
export const toolHeight = 0.103399;
/** Joints that episodes begin about (rad). */
export const restingPosture = [
  ...[-0.02630888, 0.3758795, 0.12485036, -2.1383357],
  ...[-0.09431414, 2.49649072, 0.01921718],
] as const;
/** Of each finger (N). */
export const gripForce = 13;
/** Greatest speed of a finger (m/s); the original's engine cuts it off, here damping does. */
const fingerSpeed = 0.2;

/** Where a part stands at the start of an episode, in the world. */
export const startOf = ({ start }: Part): Pose =>
  composed(tag, { position: start.position, rotation: fromEuler(start.euler) });

const [stiffness, damping] = [1000, 200];
/** Surfaces meet without giving way much, and parts are light. */
const stiff = { solref: [0.004, 1], solimp: [0.95, 0.99, 0.0005] } as const;
/** The mean of both, as the reference's engine has it; parts on each other have their own. */
const friction = { parts: 0.15, partsOnTable: 0.125, partsInFingers: 7.575 } as const;
const gray = [0.35, 0.37, 0.4, 1] as const;
const armColor = [0.95, 0.95, 0.95, 1] as const;

/** Full sizes (m). */
const frontSize = [0.35, 0.02, 0.03] as const;
const sideSize = [0.02, 0.17, 0.03] as const;
/** Beyond the tag and off the middle (m). */
const sideOffset = [-0.075, 0.175] as const;
export const obstacleStart: Vector = [0.3815, 0, 0.43];

/** MJCF text. `copy` tells models apart that must not be shared. */
export function furnitureModel(furniture: Furniture, copy: number, contacts: Contacts = "primitives"): string {
  const { name, parts, gripperWidth } = furniture;
  const surfaces = contacts === "sdf" ? threadShapes(furniture) : undefined;
  const threads = surfaces ? [] : furniture.threads;
  const table = element("geom", {
    ...{ name: "table", type: "box", pos: [0, 0, 0.4], size: [0.65, 0.4, 0.015], rgba: [0.72, 0.72, 0.7, 1] },
    ...{ friction: [friction.partsOnTable, 0.005, 0.0001], priority: 1 },
  });
  const block = (size: Vector, pos: Vector) =>
    element("geom", {
      ...{ type: "box", pos, size: size.map((length) => length / 2), rgba: [0.85, 0.45, 0.2, 1] },
      ...{ friction: [friction.partsOnTable, 0.005, 0.0001], priority: 1 },
    });
  // A quarter turn about z: y, then x.
  const turnedSize = ([x, y, z]: Vector): Vector => [y, x, z];
  const obstacles = element(
    "body",
    { name: "obstacle", pos: obstacleStart, mocap: true },
    block(turnedSize(frontSize), [0, 0, 0]),
    block(turnedSize(sideSize), [sideOffset[0], -sideOffset[1], 0]),
    block(turnedSize(sideSize), [sideOffset[0], sideOffset[1], 0]),
  );
  const bodies = parts.map((part) => {
    const { position, rotation } = startOf(part);
    return element(
      "body",
      { name: part.name, pos: position, quat: rotation },
      element("freejoint"),
      element("inertial", { pos: part.center, mass: part.mass, diaginertia: part.inertia }),
      ...part.shapes.filter(({ attributes }) => !surfaces?.isGone(attributes.name)),
      ...(surfaces?.added.get(part.name) ?? []),
    );
  });
  const arm = element(
    "body",
    { name: "robot base", pos: base.position },
    element("geom", { type: "capsule", fromto: [0, 0, 0.06, 0, 0, 0.333], size: 0.06, ...ghost, rgba: armColor }),
    pandaArm([handShape()], {
      slide: {
        range: [0, gripperWidth / 2],
        damping: gripForce / fingerSpeed,
        solreflimit: stiff.solref,
        solimplimit: stiff.solimp,
      },
      shapes: fingerShapes,
      linkColor: armColor,
      gravityCompensation: true,
    }),
  );
  const drives = restingPosture.map((_, i) =>
    element("general", {
      ...{ joint: `joint${i + 1}`, biastype: "affine", gainprm: stiffness, biasprm: [0, -stiffness, -damping] },
      ...{ forcelimited: true, forcerange: i < 4 ? [-87, 87] : [-12, 12] },
    }),
  );
  const grips = [1, 2].map((n) => element("motor", { joint: `finger joint ${n}` }));
  const ties = threads.flatMap((thread) =>
    [0, 1].map((point) =>
      element("connect", {
        ...{ name: tieName(thread, point), body1: thread.holder, body2: thread.part, anchor: [0, 0, 0] },
        ...{ active: false, ...stiff },
      }),
    ),
  );
  const camera = { name: "front", pos: [0.95, 0, 1], xyaxes: [0, 1, 0, -0.57, 0, 0.82], fovy: 42 };
  return toXml(
    element(
      "mujoco",
      { model: `${name} ${copy}` },
      element("compiler", { angle: "radian" }),
      element("option", {
        timestep,
        integrator: "implicitfast",
        cone: "elliptic",
        impratio: 10,
        gravity: [0, 0, -9.8],
      }),
      contactMemory(6), // of which 0.6 are used where parts are pushed about
      element("default", {}, element("geom", { ...stiff, condim: 4, friction: [friction.parts, 0.002, 0.0001] })),
      ...(surfaces ? [element("asset", {}, ...surfaces.assets)] : []),
      element("worldbody", {}, element("camera", camera), table, arm, obstacles, ...bodies),
      element("equality", {}, ...ties),
      element("actuator", {}, ...drives, ...grips),
    ),
  );
}

/** Seen only. */
const ghost = { contype: 0, conaffinity: 0 } as const;

/** The arm touches parts and table with hand and fingers. */
function handShape(): Element {
  return element("geom", { type: "box", pos: [0, 0, 0.034], size: [0.02, 0.1, 0.032], rgba: armColor });
}

/** Of the finger on one side, whose inner face is at y = 0. */
function fingerShapes(side: 1 | -1): Element[] {
  // Fingers do not touch each other: their slides end there.
  const look = { type: "box", rgba: gray, priority: 1, contype: 2, friction: [friction.partsInFingers, 0.02, 0.0001] };
  return [
    element("geom", { ...look, pos: [0, 0.0145 * side, 0.017], size: [0.0105, 0.0105, 0.017] }),
    element("geom", { ...look, pos: [0, 0.0055 * side, 0.044], size: [0.0105, 0.0055, 0.0098] }),
  ];
}
