// Transport: one arm takes the lid off a bin and the hammer out, hands it over to the other, which has cleared the bin that it is
// to lie in of a piece of trash.
import { dimensionNames } from "../dimension-names.js";
import { element, type Attributes, type Element } from "../locomotion/model.js";
import type { RandomStream } from "../../engine/random.js";
import type { Simulator } from "../simulator.js";
import { arena, changed, type Paint, type Part } from "./compose.js";
import { defineManipulation, type ManipulationTask, type TaskRules, type Tool } from "./manipulation.js";
import { FreeBody, freeJoint, Reshaping, shape } from "./objects.js";
import { standHeight, type Stand } from "./panda-part.js";
import { halfThickness, legOffset, legRadius } from "./table.js";
import type { Quaternion } from "../pose.js";
import { aboutVertical, between, type Point, type Range } from "./placement.js";

const tableHeight = 0.8;
const tableWidth = 0.3;
/** Centres of the two tables along y (m), each before its arm; together they are 1.2 m wide. */
const tables = [-1, 1].map((side) => side * (1.2 / 2 - tableWidth / 2)) as [number, number];
/** Of objects from where they are meant to be, along x and y (m). */
const tolerance: Range = [-0.005, 0.005];
const clearance = 0.001;
const wall = 0.01;
const binHeight = 0.15;
const [handleHalfWidth, handleHalfLength] = [0.015, 0.1];
/** Half the head's width (m). */
const headSize: Range = [handleHalfWidth, 1.2 * handleHalfWidth];

const light: Paint = [0.93, 0.92, 0.89, 1];
const wood: Paint = [0.5, 0.34, 0.22, 1];
const glass: Paint = [1, 1, 1, 0.3];
const red: Paint = [0.75, 0.12, 0.1, 1];
const paleWood: Paint = [0.78, 0.62, 0.42, 1];
const steel: Paint = [0.6, 0.62, 0.66, 1];

/** Arms stand opposite each other. */
const stands: readonly Stand[] = [1, -1].map((side) => {
  const yaw = (side * Math.PI) / 2;
  return { position: [-0.56 * Math.cos(yaw), -0.56 * Math.sin(yaw) - 0.25 * side, standHeight], yaw };
});

function table(index: number, y: number, isVisible: boolean): Element {
  const name = `table${index}`;
  const top = shape(`${name}_collision`, {
    type: "box",
    size: [0.4, tableWidth / 2, 0.025],
    rgba: light,
    ...arenaContact,
  });
  const half = (tableHeight - halfThickness) / 2;
  const seen = (attributes: Attributes) => element("geom", { group: "1", ...attributes });
  const legs = [legOffset, -legOffset].map((x) =>
    seen({ type: "cylinder", size: [legRadius, half], pos: [x, 0, -half], material: "table_legs_metal" }),
  );
  const plate = seen({ type: "box", size: [0.4, tableWidth / 2, 0.025], material: "table_ceramic" });
  return element("body", { name, pos: [0, y, tableHeight - 0.025] }, top, ...(isVisible ? [plate, ...legs] : []));
}
/** Furniture has the engine's own contacts. */
const arenaContact = { solref: undefined, solimp: undefined };

const cameras = {
  agentview: {
    pos: [0.8894354364730311, -3.481824231498976e-8, 1.7383813133506494],
    quat: [0.6530981063842773, 0.2710406184196472, 0.27104079723358154, 0.6530979871749878],
  },
  shouldercamera0: {
    pos: [0.4430096057365183, -1.0697399743660143, 1.3639950119362048],
    quat: [0.804057240486145, 0.5531665086746216, 0.11286306381225586, 0.18644218146800995],
  },
  shouldercamera1: {
    pos: [-0.40900713993039983, 0.9613722572245061, 1.3084072951772754],
    quat: [0.15484197437763214, 0.12077208608388901, -0.5476858019828796, -0.8133130073547363],
  },
} as const;

/** A free body "<name>_root" of these shapes. */
const composite = (name: string, ...shapes: readonly Element[]): Element =>
  element("body", { name: `${name}_root` }, freeJoint(name), ...shapes);

function bin(name: string): Element {
  const half = 0.15;
  const inside = half - wall / 2;
  const base = { type: "box", size: [inside, inside, wall / 2], pos: [0, 0, -(binHeight - wall) / 2] };
  const surface = { rgba: wood, material: "dark-wood" };
  const walls = [
    { x: 0, y: -inside, yaw: Math.PI / 2 },
    { x: -inside, y: 0, yaw: 0 },
    { x: 0, y: inside, yaw: -Math.PI / 2 },
    { x: inside, y: 0, yaw: Math.PI },
  ].map(({ x, y, yaw }, i) =>
    shape(`${name}_wall${i}`, {
      type: "box",
      size: [wall / 2, half, binHeight / 2],
      pos: [x, y, 0],
      quat: aboutVertical(yaw),
      density: 10000,
      rgba: glass,
    }),
  );
  return composite(name, shape(`${name}_base`, { ...base, ...surface, density: 10000 }), ...walls);
}

function lid(name: string): Element {
  const [plate, handle] = [0.01, 0.03];
  const height = plate + handle;
  const top = { type: "box", size: [0.15, 0.15, plate / 2], pos: [0, 0, (plate - height) / 2], rgba: glass };
  const grip = { type: "box", size: [0.01, 0.04, handle / 2], pos: [0, 0, (height - handle) / 2] };
  const surface = { rgba: wood, material: "dark-wood" };
  return composite(
    name,
    shape(`${name}_top`, { ...top, density: 250 }),
    shape(`${name}_handle`, { ...grip, ...surface, density: 500 }),
  );
}

/** @param size half the head's width (m). */
export function hammer(size: number): Element {
  const height = handleHalfLength + size;
  const steelPart = (name: string, attributes: Record<string, string | readonly number[]>) =>
    shape(`payload_${name}`, { density: 225, rgba: steel, material: "steel-scratched", ...attributes });
  const lying = [0.707106, 0, 0.707106, 0];
  return composite(
    "payload",
    shape("payload_handle", {
      type: "box",
      size: [handleHalfWidth, handleHalfWidth, handleHalfLength],
      density: 150,
      friction: [4, 0.005, 0.0001],
      rgba: paleWood,
      material: "light-wood",
    }),
    steelPart("head", { type: "box", size: [2 * size, size, size], pos: [0, 0, height] }),
    steelPart("neck", { type: "cylinder", size: [0.8 * size, 0.2 * size], pos: [2.2 * size, 0, height], quat: lying }),
    steelPart("face", { type: "cylinder", size: [size, 0.4 * size], pos: [2.8 * size, 0, height], quat: lying }),
    steelPart("claw", {
      type: "box",
      size: [0.7072 * size, 0.95 * size, 0.7072 * size],
      pos: [-2 * size, 0, height],
      quat: [0.9238795, 0, 0.3826834, 0],
    }),
  );
}

function objects(): Part {
  const trash = shape("trash_g0", {
    type: "box",
    size: [0.02, 0.02, 0.02],
    density: 1000,
    rgba: red,
    material: "red-wood",
  });
  return {
    bodies: [
      hammer(handleHalfWidth * 1.1),
      element("body", { name: "trash_main" }, trash, freeJoint("trash")),
      ...["start", "target", "trash"].map((name) => bin(`transport_${name}_bin`)),
      lid("transport_start_bin_lid"),
    ],
  };
}

/** The hammer lies, its handle turned about the vertical by 60 to 120 degrees from x, its head to either side. */
function hammerRotation(random: RandomStream): Quaternion {
  const half = between(random, [Math.PI / 3, (2 * Math.PI) / 3]) / 2;
  const [a, b] = [(Math.sin(half) - Math.cos(half)) / 2, (Math.sin(half) + Math.cos(half)) / 2];
  return random.nextUniform() < 0.5 ? [a, a, -b, -b] : [a, -a, -b, b];
}

class Rules implements TaskRules {
  readonly #simulator: Simulator;
  readonly #reshaping: Reshaping;
  readonly #bodies: Readonly<Record<"payload" | "trash" | "startBin" | "targetBin" | "trashBin" | "lid", FreeBody>>;
  readonly #geoms: Readonly<Record<"lidHandle" | "targetBase" | "trashBase" | "trash", number>>;
  readonly #payload: ReadonlySet<number>;

  constructor(simulator: Simulator) {
    this.#simulator = simulator;
    this.#reshaping = new Reshaping(simulator, "payload_root");
    const free = (name: string, end = "root") => new FreeBody(simulator, `${name}_${end}`, `${name}_joint0`);
    this.#bodies = {
      payload: free("payload"),
      trash: free("trash", "main"),
      startBin: free("transport_start_bin"),
      targetBin: free("transport_target_bin"),
      trashBin: free("transport_trash_bin"),
      lid: free("transport_start_bin_lid"),
    };
    const geom = (name: string) => simulator.indexOf("geom", name);
    this.#geoms = {
      lidHandle: geom("transport_start_bin_lid_handle"),
      targetBase: geom("transport_target_bin_base"),
      trashBase: geom("transport_trash_bin_base"),
      trash: geom("trash_g0"),
    };
    this.#payload = new Set(["handle", "head", "neck", "face", "claw"].map((part) => geom(`payload_${part}`)));
  }

  resize(random: RandomStream): void {
    this.#reshaping.apply(hammer(between(random, headSize)));
  }

  place(random: RandomStream): void {
    const { payload, trash, startBin, targetBin, trashBin, lid } = this.#bodies;
    const upright = aboutVertical(0);
    const about = (x: number, y: number, height: number): Point => [
      x + between(random, tolerance),
      y + between(random, tolerance),
      tableHeight + clearance + height,
    ];
    const over = ([x, y]: Point, height: number): Point => [x, y, tableHeight + clearance + height];
    const start = about(0.2, tables[0], binHeight / 2);
    const target = about(-0.2, tables[1], binHeight / 2);
    startBin.place({ position: start, rotation: upright });
    lid.place({ position: over(start, 0.02 + binHeight), rotation: upright });
    payload.place({ position: over(start, handleHalfWidth + wall), rotation: hammerRotation(random) });
    targetBin.place({ position: target, rotation: upright });
    const turn = between(random, [-0.3 * Math.PI, 0.3 * Math.PI]);
    trash.place({ position: over(target, 0.02 + wall), rotation: aboutVertical(turn) });
    trashBin.place({ position: about(0.2, tables[1], binHeight / 2), rotation: upright });
  }

  observe(out: Float64Array, offset: number, [first, second]: readonly Tool[]): void {
    const { sitePosition, geomPosition } = this.#simulator;
    const { payload, trash, lid } = this.#bodies;
    const { lidHandle, targetBase, trashBase } = this.#geoms;
    payload.observe(out, offset, true);
    trash.observe(out, offset + 7, true);
    lid.observe(out, offset + 14, true);
    for (let i = 0; i < 3; i++) {
      out[offset + 14 + i] = geomPosition[3 * lidHandle + i]!;
      out[offset + 21 + i] = geomPosition[3 * targetBase + i]!;
      out[offset + 24 + i] = geomPosition[3 * trashBase + i]!;
      const [p, q] = [sitePosition[3 * first!.site + i]!, sitePosition[3 * second!.site + i]!];
      out[offset + 27 + i] = out[offset + i]! - p;
      out[offset + 30 + i] = out[offset + 14 + i]! - p;
      out[offset + 33 + i] = out[offset + i]! - q;
      out[offset + 36 + i] = out[offset + 7 + i]! - q;
    }
    const { payloadInTarget, trashInBin } = this.#contacts();
    out[offset + 39] = Number(payloadInTarget);
    out[offset + 40] = Number(trashInBin);
  }

  succeeded(): boolean {
    const { payloadInTarget, trashInBin } = this.#contacts();
    return payloadInTarget && trashInBin;
  }

  /** What lies in a bin touches its base. */
  #contacts(): { readonly payloadInTarget: boolean; readonly trashInBin: boolean } {
    const { targetBase, trashBase, trash } = this.#geoms;
    const pairs = this.#simulator.contacts();
    return {
      payloadInTarget: pairs.some((pair) => pair.includes(targetBase) && pair.some((geom) => this.#payload.has(geom))),
      trashInBin: pairs.some((pair) => pair.includes(trashBase) && pair.includes(trash)),
    };
  }
}

export const transportTask: ManipulationTask = {
  name: "transport",
  aliases: ["TwoArmTransport"],
  ...dimensionNames.transport,
  maxEpisodeSteps: 800,
  cameras: [
    ...["agentview", "shouldercamera0", "shouldercamera1", "robot0_eye_in_hand", "robot1_eye_in_hand", "frontview"],
    ...["sideview", "birdview", "robot0_robotview", "robot1_robotview"],
  ],
  seenBy: ["shouldercamera0", "shouldercamera1"],
  stands,
  memoryMiB: 8,
  drawsSizes: true,
  arena(files) {
    const room = arena(files, "arenas/multi_table_arena.xml", (found) =>
      found.tag === "camera" && found.attributes.name === "agentview" ? changed(found, cameras.agentview) : found,
    );
    const shoulder = (["shouldercamera0", "shouldercamera1"] as const).map((name) =>
      element("camera", { name, ...cameras[name] }),
    );
    return {
      bodies: [...room.bodies, ...tables.map((y, i) => table(i, y, files.isVisible)), ...shoulder],
      assets: room.assets,
    };
  },
  objects: () => [objects()],
  rules: (simulator) => new Rules(simulator),
};

export const transport = defineManipulation(transportTask);
