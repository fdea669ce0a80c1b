// Can: a can among other groceries, of which only it stays, is to be put into its quarter of the second bin.
import { dimensionNames } from "../dimension-names.js";
import { arena, painted, type Paint } from "./compose.js";
import { defineManipulation, type ManipulationTask } from "./manipulation.js";
import { away, fileExtent, fileObject, FreeBody, ghost } from "./objects.js";
import { atBins } from "./panda-part.js";
import { scatter, type Point } from "./placement.js";
import { isReleased, observeObject } from "./single-object.js";

const firstBin: Point = [0.1, -0.25, 0.8];
const secondBin: Point = [0.1, 0.28, 0.8];
/** Groceries in the order in which they are placed. */
const groceries = ["Milk", "Bread", "Cereal", "Can"] as const;
/** Half extents of the first bin less its walls (m). */
const [halfLength, halfWidth] = [0.39 / 2 - 0.05, 0.49 / 2 - 0.05];
/** The quarter: x beyond the second bin's centre, y as well (m). */
const [quarterLength, quarterWidth, quarterHeight] = [0.39 / 2, 0.49 / 2, 0.1];

const paints: Readonly<Record<(typeof groceries)[number], Paint>> = {
  Milk: [0.9, 0.9, 0.95, 1],
  Bread: [0.8, 0.6, 0.35, 1],
  Cereal: [0.9, 0.7, 0.2, 1],
  Can: [0.75, 0.12, 0.1, 1],
};
const lightWood: Paint = [0.78, 0.62, 0.42, 1];
const darkWood: Paint = [0.5, 0.34, 0.22, 1];

export const canTask: ManipulationTask = {
  name: "can",
  aliases: ["PickPlaceCan"],
  ...dimensionNames.can,
  maxEpisodeSteps: 300,
  cameras: ["agentview", "robot0_eye_in_hand", "frontview", "birdview", "robot0_robotview"],
  seenBy: ["robot0_eye_in_hand"],
  stands: [atBins],
  memoryMiB: 6,
  drawsSizes: false,
  arena: (files) =>
    arena(files, "arenas/bins_arena.xml", (found) => {
      const { name } = found.attributes;
      return name === "bin1" || name === "bin2" ? painted(found, name === "bin1" ? lightWood : darkWood) : found;
    }),
  objects(files) {
    const object = (name: (typeof groceries)[number]) => fileObject(files, name.toLowerCase(), name, paints[name]);
    if (!files.isVisible) return groceries.map(object);
    // The others are away; pale pictures of all show to which quarter of the second bin each belongs.
    const places = groceries.map((name, i): Point => {
      const [x, y] = [i % 2 === 0 ? -0.5 : 0.5, i < 2 ? -0.5 : 0.5];
      const { bottom } = fileExtent(files, name.toLowerCase());
      return [secondBin[0] + x * quarterLength, secondBin[1] + y * quarterWidth, secondBin[2] - bottom];
    });
    return [
      object("Can"),
      ...groceries.map((name, i) => ghost(files, name.toLowerCase(), `Visual${name}`, places[i]!)),
    ];
  },
  rules(simulator, files) {
    const bodies = groceries.map((name) => new FreeBody(simulator, `${name}_main`, `${name}_joint0`));
    const extents = groceries.map((name) => fileExtent(files, name.toLowerCase()));
    const can = bodies.at(-1)!;
    return {
      place(random) {
        const bin = { center: firstBin, x: [-halfLength, halfLength], y: [-halfWidth, halfWidth] } as const;
        const spots = scatter(random, extents, bin);
        bodies.forEach((body, i) => body.place(body === can ? spots[i]! : away));
      },
      observe: (out, offset, [tool]) => observeObject(simulator, can, tool!, out, offset),
      succeeded([tool]) {
        const [x, y, z] = [0, 1, 2].map((axis) => can.coordinate(axis) - secondBin[axis]!) as unknown as Point;
        const isInside = x > 0 && x < quarterLength && y > 0 && y < quarterWidth && z > 0 && z < quarterHeight;
        return isInside && isReleased(simulator, can, tool!);
      },
    };
  },
};

export const can = defineManipulation(canTask);
