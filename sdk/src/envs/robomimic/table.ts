// The table of robosuite's arenas, 0.8 x 0.8 m.
import type { Element } from "../locomotion/model.js";
import { changed, type Paint } from "./compose.js";

export const halfThickness = 0.025;
/** Of a leg, and of its middle from the table's along x and y (m). */
export const [legRadius, legOffset] = [0.025, 0.3];
/** Names of the cameras of tasks with one arm at a table. */
export const tableCameras = [
  ...["agentview", "robot0_eye_in_hand", "frontview", "sideview", "birdview", "robot0_robotview"],
] as const;
const ceramic: Paint = [0.93, 0.92, 0.89, 1];
/** Signs of the places of the legs. */
const legs: readonly (readonly [x: number, y: number])[] = [
  [1, 1],
  [-1, 1],
  [-1, -1],
  [1, -1],
];

/** Sets the table of an arena's file to a height of its top (m). */
export const tabletop =
  (height: number) =>
  (found: Element): Element => {
    const { name } = found.attributes;
    if (name === "table") return changed(found, { pos: [0, 0, height - halfThickness] });
    const size = [0.4, 0.4, halfThickness];
    if (name === "table_collision") return changed(found, { size, rgba: ceramic });
    if (name === "table_visual") return changed(found, { size });
    const [, leg] = /^table_leg([1-4])_visual$/.exec(String(name)) ?? [];
    if (leg === undefined) return found;
    const [x, y] = legs[Number(leg) - 1]!;
    const half = (height - halfThickness) / 2;
    return changed(found, { pos: [x * legOffset, y * legOffset, -half], size: [legRadius, half] });
  };
