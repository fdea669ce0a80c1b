// The Franka Panda of robosuite 1.4.1 on its mount, with its gripper. Armature and friction of the joints are robosuite's.
import type { Element } from "../locomotion/model.js";
import { changed, painted, type Paint, type Part, type RobosuiteFiles } from "./compose.js";
import { mapElements } from "./read-xml.js";

/** Joint angles before the noise of a reset (rad). */
export const restingArm: readonly number[] = [
  0,
  Math.PI / 16,
  0,
  -Math.PI / 2 - Math.PI / 3,
  0,
  Math.PI - 0.2,
  Math.PI / 4,
];
/** Finger positions after a reset (m). */
export const restingFingers: readonly number[] = [0.020833, -0.020833];

/** Where an arm stands: position of its base (m) and its turn about z (rad). */
export interface Stand {
  readonly position: readonly [number, number, number];
  readonly yaw?: number;
}

/** Mounts are as tall as that (m), less a centimetre. */
export const standHeight = 0.912;
/** An arm at a table of 0.8 m, with its back to negative x. */
export const atTable: Stand = { position: [-0.56, 0, standHeight] };
/** An arm beside the bins. */
export const atBins: Stand = { position: [-0.5, -0.1, standHeight] };

const white: Paint = [0.88, 0.9, 0.91, 1];
const dark: Paint = [0.25, 0.25, 0.27, 1];
const grey: Paint = [0.42, 0.42, 0.44, 1];

/** Arm `index`, counted from 0; names begin with "robot0_", "gripper0_", "mount0_". */
export function pandaPart(files: RobosuiteFiles, index: number, { position, yaw = 0 }: Stand): Part {
  const robot = files.part("robots/panda/robot.xml", `robot${index}_`);
  const gripper = files.part("grippers/panda_gripper.xml", `gripper${index}_`);
  const mount = files.part("mounts/rethink_mount.xml", `mount${index}_`);
  const hand = gripper.bodies.map((body) => painted(body, dark));
  const pedestal = mount.bodies.map((body) => painted(changed(body, { pos: [0, 0, 0.01] }), grey));
  const complete = (found: Element): Element => {
    const name = String(found.attributes.name);
    if (found.tag === "joint") {
      return changed(found, { frictionloss: 0.1, armature: 5 / Number(name.slice(`robot${index}_joint`.length)) });
    }
    if (found.tag !== "body") return found;
    if (name === `robot${index}_right_hand`) return { ...found, children: [...found.children, ...hand] };
    if (name !== `robot${index}_base`) return found;
    const quat = yaw === 0 ? undefined : [Math.cos(yaw / 2), 0, 0, Math.sin(yaw / 2)].map(Math.fround);
    return changed({ ...found, children: [...found.children, ...pedestal] }, { pos: position, quat });
  };
  return {
    bodies: robot.bodies.map((body) => mapElements(painted(body, white), complete)!),
    assets: [robot, gripper, mount].flatMap(({ assets = [] }) => assets),
    actuators: [robot, gripper].flatMap(({ actuators = [] }) => actuators),
  };
}
