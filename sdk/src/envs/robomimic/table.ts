// The table of robosuite's arenas, 0.8 x 0.8 m.
import type { Element } from "../locomotion/model.js";
import { changed, type Paint } from "./compose.js";

const halfThickness = 0.025;
const ceramic: Paint = [0.93, 0.92, 0.89, 1];

/** Sets the table of an arena's file to a height of its top (m). */
export const tabletop =
  (height: number) =>
  (found: Element): Element => {
    const { name } = found.attributes;
    if (name === "table") return changed(found, { pos: [0, 0, height - halfThickness] });
    if (name === "table_collision") return changed(found, { size: [0.4, 0.4, halfThickness], rgba: ceramic });
    return found;
  };
