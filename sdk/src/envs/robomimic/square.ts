// Square: a square nut is to be put over a square peg.
import { dimensionNames } from "../dimension-names.js";
import { arena, painted, type Paint } from "./compose.js";
import { defineManipulation, type ManipulationTask } from "./manipulation.js";
import { away, fileObject, FreeBody } from "./objects.js";
import { atTable } from "./panda-part.js";
import { aboutVertical, between, type Range } from "./placement.js";
import { isReleased, observeObject } from "./single-object.js";
import { tableCameras, tabletop } from "./table.js";

const tableHeight = 0.82;
/** Where the nut is dropped (m). */
const [startX, startY]: readonly Range[] = [
  [-0.115, -0.11],
  [0.11, 0.225],
];
const dropHeight = tableHeight + 0.02 + 0.05;
const peg = [0.23, 0.1] as const;
/** How far from the peg's middle the nut may be (m), and how far above the table. */
const [sideTolerance, heightTolerance] = [0.03, 0.05];

const brass: Paint = [0.8, 0.62, 0.25, 1];
const steel: Paint = [0.6, 0.62, 0.66, 1];

export const squareTask: ManipulationTask = {
  name: "square",
  aliases: ["NutAssemblySquare"],
  ...dimensionNames.square,
  maxEpisodeSteps: 400,
  cameras: tableCameras,
  seenBy: ["agentview"],
  stands: [atTable],
  memoryMiB: 4,
  drawsSizes: false,
  arena: (files) =>
    arena(files, "arenas/pegs_arena.xml", (found) => {
      const { name } = found.attributes;
      return name === "peg1" || name === "peg2" ? painted(found, name === "peg1" ? brass : steel) : place(found);
    }),
  objects: (files) => [
    fileObject(files, "square-nut", "SquareNut", brass),
    fileObject(files, "round-nut", "RoundNut", steel),
  ],
  rules(simulator) {
    const nut = new FreeBody(simulator, "SquareNut_main", "SquareNut_joint0");
    const other = new FreeBody(simulator, "RoundNut_main", "RoundNut_joint0");
    return {
      place(random) {
        const [x, y] = [between(random, startX!), between(random, startY!)];
        const rotation = aboutVertical(between(random, [0, 2 * Math.PI]));
        nut.place({ position: [x, y, dropHeight], rotation });
        other.place(away);
      },
      observe: (out, offset, [tool]) => observeObject(simulator, nut, tool!, out, offset),
      succeeded([tool]) {
        const isOverPeg = peg.every((center, axis) => Math.abs(nut.coordinate(axis) - center) < sideTolerance);
        const isDown = nut.coordinate(2) < tableHeight + heightTolerance;
        return isOverPeg && isDown && isReleased(simulator, nut, tool!);
      },
    };
  },
};

const place = tabletop(tableHeight);

export const square = defineManipulation(squareTask);
