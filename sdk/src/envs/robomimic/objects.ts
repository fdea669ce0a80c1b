// Things to handle: those that lie in the package as files, and those that robosuite builds from boxes and cylinders.
import { element, toXml, type Attributes, type Element } from "../locomotion/model.js";
import type { Simulator } from "../simulator.js";
import { changed, painted, withoutMaterials, type Paint, type Part, type RobosuiteFiles } from "./compose.js";
import type { Extent, Placement, Point } from "./placement.js";
import { findElement } from "./read-xml.js";

/** An object of the package, e.g. "can": a free body "<name>_main" whose shapes are "<name>_g0", "<name>_g1", ... */
export function fileObject(files: RobosuiteFiles, file: string, name: string, rgba: Paint): Part {
  const { bodies, assets } = files.part(`objects/${file}.xml`, `${name}_`);
  const shapes = findElement(bodies[0]!, "body", `${name}_object`)!.children.filter(({ tag }) => tag === "geom");
  // robosuite shows copies of what collides.
  const group = files.isVisible ? "1" : "0";
  const named = shapes.map((shape, i) => changed(shape, { name: `${name}_g${i}`, group }));
  const body = element("body", { name: `${name}_main` }, ...named, freeJoint(name, { damping: 0.0005 }));
  return { bodies: [painted(body, rgba)], ...(assets && { assets }) };
}

/** A picture of an object of the package, e.g. of "can": nothing but seen, pale and transparent. */
export function ghost(files: RobosuiteFiles, file: string, name: string, position: Point): Part {
  const { bodies, assets } = files.part(`objects/${file}-visual.xml`, `${name}_`);
  const shapes = findElement(bodies[0]!, "body", `${name}_object`)!.children.filter(({ tag }) => tag === "geom");
  return { bodies: [element("body", { name: `${name}_main`, pos: position }, ...shapes)], ...(assets && { assets }) };
}

/** How much room it needs, from the marks in its file. */
export function fileExtent(files: RobosuiteFiles, file: string): Extent {
  const root = files.xml(`objects/${file}.xml`);
  const mark = (name: string) =>
    String(findElement(root, "site", name)!.attributes.pos)
      .trim()
      .split(/\s+/)
      .map(Number);
  const [x, y] = mark("horizontal_radius_site");
  return { radius: Math.hypot(x!, y!), bottom: mark("bottom_site")[2]!, top: mark("top_site")[2]! };
}

const boxDefaults = { friction: [1, 0.005, 0.0001], solref: [0.02, 1], solimp: [0.9, 0.95, 0.001] };

/** A shape as robosuite's own objects have them. */
export const shape = (name: string, attributes: Attributes): Element =>
  element("geom", { name, ...boxDefaults, ...attributes });

export const freeJoint = (name: string, attributes: Attributes = {}): Element =>
  element("joint", { type: "free", name: `${name}_joint0`, ...attributes });

/** Where robosuite sends objects that have no part in an episode; they fall from there. */
export const away: Placement = { position: [10, 10, 10], rotation: [1, 0, 0, 0] };

/** A body that moves freely, in the arrays of a simulation. */
export class FreeBody {
  readonly #simulator: Simulator;
  readonly #body: number;
  readonly #qpos: number;

  /** @param body its name; its joint is `joint`. */
  constructor(simulator: Simulator, body: string, joint: string) {
    this.#simulator = simulator;
    this.#body = simulator.indexOf("body", body);
    this.#qpos = simulator.modelArray("jnt_qposadr")[simulator.indexOf("joint", joint)]!;
  }

  /** Takes effect with the next `forward`. */
  place({ position, rotation }: Placement): void {
    this.#simulator.qpos.set([...position, ...rotation], this.#qpos);
  }

  /** Writes position and rotation (x, y, z, w), seven numbers; `turnsUp` gives the quaternion with w >= 0. */
  observe(out: Float64Array, offset: number, turnsUp = false): void {
    const { xpos, xquat } = this.#simulator;
    const [p, q] = [3 * this.#body, 4 * this.#body];
    const sign = turnsUp && xquat[q]! < 0 ? -1 : 1;
    for (let i = 0; i < 3; i++) out[offset + i] = xpos[p + i]!;
    for (let i = 0; i < 4; i++) out[offset + 3 + i] = sign * xquat[q + ((i + 1) % 4)]!;
  }

  /** Coordinate 0, 1 or 2 of its frame (m). */
  coordinate(axis: number): number {
    return this.#simulator.xpos[3 * this.#body + axis]!;
  }

  /** From its frame to a point (m). */
  distanceTo(points: Float64Array, offset: number): number {
    const [x, y, z] = [0, 1, 2].map((axis) => this.coordinate(axis) - points[offset + axis]!) as unknown as Point;
    return Math.hypot(x, y, z);
  }
}

const bodyArrays = { body_mass: 1, body_inertia: 3, body_ipos: 3, body_iquat: 4 } as const;
const geomArrays = { geom_size: 3, geom_pos: 3, geom_quat: 4, geom_rbound: 1, geom_aabb: 6 } as const;

/** Gives one body of a compiled model other shapes, as many as it has, exactly as if the model had been compiled with them. */
export class Reshaping {
  readonly #simulator: Simulator;
  readonly #body: number;
  readonly #geom: number;
  readonly #tree: number;

  /** @param simulator whose model is its own. */
  constructor(simulator: Simulator, body: string) {
    this.#simulator = simulator;
    this.#body = simulator.indexOf("body", body);
    this.#geom = simulator.modelArray("body_geomadr")[this.#body]!;
    this.#tree = simulator.modelArray("body_bvhadr")[this.#body]!;
  }

  /** The state is lost. */
  apply(body: Element): void {
    const source = element(
      "mujoco",
      {},
      element("compiler", { angle: "radian", inertiagrouprange: [0, 0] }),
      element("worldbody", {}, withoutMaterials(body)),
    );
    const alone = this.#simulator.another(toXml(source));
    const write = (name: string, width: number, from: number, to: number) =>
      this.#simulator.writeModel(name, alone.modelArray(name).subarray(width * from), width * to);
    for (const [name, width] of Object.entries(bodyArrays)) write(name, width, 1, this.#body);
    for (const [name, width] of Object.entries(geomArrays)) write(name, width, 0, this.#geom);
    // The tree of bounding boxes by which contacts are looked for; with one shape there is none.
    const root = alone.modelArray("body_bvhadr")[1]!;
    if (root >= 0) write("bvh_aabb", 6, root, this.#tree);
    alone.delete();
    this.#simulator.deriveConstants();
  }
}
