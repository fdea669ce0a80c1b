// Lift: a cube is to be picked up from a table.
import { dimensionNames } from "../dimension-names.js";
import { element } from "../locomotion/model.js";
import { arena, type Paint } from "./compose.js";
import { defineManipulation, type ManipulationTask } from "./manipulation.js";
import { FreeBody, freeJoint, Reshaping, shape } from "./objects.js";
import { atTable } from "./panda-part.js";
import { aboutVertical, between, type Point, type Range } from "./placement.js";
import { tableCameras, tabletop } from "./table.js";

const tableHeight = 0.8;
/** Half a side of the cube (m), each drawn on its own. */
const halfSide: Range = [0.02, 0.022];
/** About the middle of the table (m). */
const spread: Range = [-0.03, 0.03];
const clearance = 0.01;
/** Above the table (m). */
const wantedHeight = 0.04;
const red: Paint = [0.75, 0.12, 0.1, 1];

/** The cube with these half sides (m). */
export function cube(halfSides: Point) {
  const box = shape("cube_g0", { type: "box", size: halfSides, density: 1000, rgba: red, material: "red-wood" });
  return element("body", { name: "cube_main" }, box, freeJoint("cube"));
}

export const liftTask: ManipulationTask = {
  name: "lift",
  aliases: ["Lift"],
  ...dimensionNames.lift,
  maxEpisodeSteps: 300,
  cameras: tableCameras,
  seenBy: ["robot0_eye_in_hand"],
  stands: [atTable],
  memoryMiB: 4,
  drawsSizes: true,
  arena: (files) => arena(files, "arenas/table_arena.xml", tabletop(tableHeight)),
  objects: () => [{ bodies: [cube([0.021, 0.021, 0.021])] }],
  rules(simulator) {
    const object = new FreeBody(simulator, "cube_main", "cube_joint0");
    const reshaping = new Reshaping(simulator, "cube_main");
    let height = 0;
    return {
      resize(random) {
        const [x, y, z] = [between(random, halfSide), between(random, halfSide), between(random, halfSide)];
        height = z;
        reshaping.apply(cube([x, y, z]));
      },
      place(random) {
        const [x, y] = [between(random, spread), between(random, spread)];
        const rotation = aboutVertical(between(random, [0, 2 * Math.PI]));
        object.place({ position: [x, y, tableHeight + clearance + height], rotation });
      },
      observe(out, offset, [tool]) {
        object.observe(out, offset);
        const { sitePosition } = simulator;
        for (let i = 0; i < 3; i++) out[offset + 7 + i] = sitePosition[3 * tool!.site + i]! - out[offset + i]!;
      },
      succeeded: () => object.coordinate(2) > tableHeight + wantedHeight,
    };
  },
};

export const lift = defineManipulation(liftTask);
