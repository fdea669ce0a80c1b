// Threads as surfaces that meet (environments with contacts "sdf"): a coil of round wire about a bolt, and one on the wall of a hole.
// Pitch, radii and where the coils begin and end are those of FurnitureBench's meshes, which cross themselves and therefore have no
// signed distance of their own.
import { element, type Element } from "../locomotion/model.js";
import { cross, type Vector } from "../render/vectors.js";
import { conjugate, turned, type Quaternion } from "../pose.js";
import type { Furniture, Thread } from "./parts.js";

/** Turns of a coil. */
const windings = 2;
/** Of bolt, wall, outside of the wall, wire, and of the circles on which the wire's middle runs (m). */
const [bolt, wall, outside, wire] = [0.01, 0.0125, 0.0164, 0.00219] as const;
const [boltCoil, wallCoil] = [0.01, 0.01312] as const;
/** How far above the wall's coil that of the bolt lies when it rests on it. */
const resting = Math.sqrt((2 * wire) ** 2 - (wallCoil - boltCoil) ** 2);
/** Of surfaces: corners about the axis, and height of a row (m). */
const [corners, rowHeight] = [64, 0.0005] as const;
/** Room below the tip of a part that sits as deep as it goes (m). */
const clearance = 0.001;

/** How far the wire reaches to either side of its circle, `height` beyond the coil's lower end at `turn`; undefined beside it. */
function coil(pitch: number, height: number, turn: number): number | undefined {
  const winding = Math.round(height / pitch - turn) + turn;
  if (winding < 0 || winding > windings) return undefined;
  const off = height - winding * pitch;
  return Math.abs(off) < wire ? Math.sqrt(wire ** 2 - off ** 2) : undefined;
}

/** Corner and height -> distance from the axis (m). */
type Surface = (turn: number, height: number) => number;

const boltSurface =
  ({ coils, pitch }: Thread): Surface =>
  (turn, height) => {
    const out = coil(pitch, height - coils.part, turn);
    return out === undefined ? bolt : Math.max(bolt, boltCoil + out);
  };

/** Its phase is such that a part that was turned down to its seat rests on the coil, as far beyond the seat as it goes. */
function wallSurface({ coils, slack, pitch }: Thread): Surface {
  const phase = (coils.part - slack - resting - coils.hole) / pitch;
  return (turn, height) => {
    const out = coil(pitch, height - coils.hole, turn + phase - Math.floor(turn + phase));
    return out === undefined ? wall : Math.min(wall, wallCoil - out);
  };
}

/** Corners (x, y, z) and triangles of a closed surface, seen from outside counter-clockwise. */
class Mesh {
  readonly vertices: number[] = [];
  readonly faces: number[] = [];
  readonly #axes: readonly [Vector, Vector, Vector];

  /** @param along direction of heights; `across` begins the turns. */
  constructor(along: Vector, across: Vector) {
    this.#axes = [across, cross(along, across), along];
  }

  /** A ring of corners at a height; returns the first one's number. */
  ring(height: number, radius: (turn: number) => number): number {
    const first = this.vertices.length / 3;
    for (let i = 0; i < corners; i++) {
      const angle = (2 * Math.PI * i) / corners;
      const distance = radius(i / corners);
      this.#add(distance * Math.cos(angle), distance * Math.sin(angle), height);
    }
    return first;
  }

  /** A point on the axis. */
  middle(height: number): number {
    this.#add(0, 0, height);
    return this.vertices.length / 3 - 1;
  }

  /** The surface between two rings, seen from outside where `upper` is above `lower`. */
  band(lower: number, upper: number): void {
    for (let i = 0; i < corners; i++) {
      const next = (i + 1) % corners;
      this.faces.push(lower + i, lower + next, upper + next, lower + i, upper + next, upper + i);
    }
  }

  /** The disc within a ring, seen from above, or from below. */
  disc(ring: number, middle: number, from: "above" | "below"): void {
    for (let i = 0; i < corners; i++) {
      const [a, b] = [ring + i, ring + ((i + 1) % corners)];
      this.faces.push(middle, ...(from === "above" ? [a, b] : [b, a]));
    }
  }

  element(name: string): Element {
    return element("mesh", { name, vertex: this.vertices, face: this.faces });
  }

  #add(...along: readonly [number, number, number]): void {
    for (let k = 0; k < 3; k++) {
      const sum = along.reduce((sum, value, axis) => sum + value * this.#axes[axis]![k]!, 0);
      // A micrometre is enough, and the text shorter.
      this.vertices.push(Number(sum.toFixed(7)));
    }
  }
}

/** Rows from one height to another. */
function rows(from: number, to: number): number[] {
  const count = Math.ceil(Math.abs(to - from) / rowHeight);
  return Array.from({ length: count + 1 }, (_, i) => from + ((to - from) * i) / count);
}

/** Any direction across the axis, the same for both parts of a thread. */
const acrossOf = (axis: Vector): Vector => (axis[0] === 0 ? [1, 0, 0] : [0, 1, 0]);

/** In the frame of the part. */
function boltMesh(thread: Thread, rotation: Quaternion): Mesh {
  const { axis, coils } = thread;
  const back = conjugate(rotation);
  const mesh = new Mesh(turned(back, axis), turned(back, acrossOf(axis)));
  const surface = boltSurface(thread);
  const rings = rows(coils.tip, coils.shoulder).map((height) => mesh.ring(height, (turn) => surface(turn, height)));
  rings.slice(1).forEach((ring, i) => mesh.band(rings[i]!, ring));
  mesh.disc(rings[0]!, mesh.middle(coils.tip), "below");
  mesh.disc(rings.at(-1)!, mesh.middle(coils.shoulder), "above");
  return mesh;
}

/** In the frame of the holder, but at the seat's position. */
function wallMesh(thread: Thread): Mesh {
  const { axis, coils, slack } = thread;
  const mesh = new Mesh(axis, acrossOf(axis));
  const surface = wallSurface(thread);
  const floor = coils.tip - slack - clearance;
  const inner = rows(floor, coils.mouth).map((height) => mesh.ring(height, (turn) => surface(turn, height)));
  inner.slice(1).forEach((ring, i) => mesh.band(ring, inner[i]!));
  const [top, bottom] = [coils.mouth, floor - 2 * clearance].map((height) => mesh.ring(height, () => outside));
  mesh.band(bottom!, top!);
  mesh.band(top!, inner.at(-1)!);
  mesh.disc(inner[0]!, mesh.middle(floor), "above");
  mesh.disc(bottom!, mesh.middle(floor - 2 * clearance), "below");
  return mesh;
}

/** Bolts touch walls with their threads, and nothing else; all else about them is done by the plainer shapes. */
const [ofBolts, ofWalls] = [
  { contype: 4, conaffinity: 0, group: 4 },
  { contype: 0, conaffinity: 4, group: 4 },
] as const;

/** Assets, what is added to the parts by their names, and names of shapes that close the holes and have to go. */
export function threadShapes({ threads }: Furniture) {
  const assets: Element[] = [];
  const added = new Map<string, Element[]>();
  const add = (part: string, geom: Element) => added.set(part, [...(added.get(part) ?? []), geom]);
  const meshes = new Map<string, string>();
  /** Equal surfaces are one mesh. */
  const shared = (mesh: Mesh): string => {
    const key = mesh.vertices.join();
    const name = meshes.get(key) ?? `thread ${meshes.size + 1}`;
    if (!meshes.has(key)) assets.push(mesh.element(name));
    meshes.set(key, name);
    return name;
  };
  const holes = new Set<string>();
  for (const thread of threads) {
    const geom = (mesh: Mesh, pos: Vector, touches: typeof ofBolts | typeof ofWalls) =>
      element("geom", { type: "sdf", mesh: shared(mesh), pos, mass: 0, ...touches });
    add(thread.part, geom(boltMesh(thread, thread.seats[0]!.rotation), [0, 0, 0], ofBolts));
    for (const { position, plug } of thread.seats) {
      const hole = `${thread.holder} ${position.join()}`;
      if (!holes.has(hole)) add(thread.holder, geom(wallMesh(thread), position, ofWalls));
      holes.add(hole);
      holes.add(plug);
    }
  }
  return { assets, added, isGone: (name: unknown) => typeof name === "string" && holes.has(name) };
}
