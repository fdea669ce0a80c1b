// The printed parts of FurnitureBench (Heo et al. 2023, arXiv 2305.12821) and how they fit together. Sizes, masses and thread
// pitches were measured from the published meshes; shapes are convex pieces of them: threads are cylinders, threaded holes are
// smooth and closed by a plug, and what threads do is left to the rule in screw.ts.
import { element, type Attributes, type Element } from "../locomotion/model.js";
import type { Vector } from "../render/vectors.js";
import { fromEuler, identity, matrixOf, product, relative, type Pose, type Quaternion } from "../pose.js";

export interface Part {
  readonly name: string;
  readonly mass: number;
  readonly center: Vector;
  /** Diagonal of the inertia about the centre (kg m^2); the parts' axes are principal within 0.1 %. */
  readonly inertia: Vector;
  readonly shapes: readonly Element[];
  /** At the start of an episode, in the tag's frame: position (m) and Euler angles. */
  readonly start: { readonly position: Vector; readonly euler: Vector };
  /** Factors of the random force and torque that shift it at the start. */
  readonly shove: { readonly force: number; readonly torque: number };
}

/** A thread of one part in a hole of another. Frames are the holder's. */
export interface Thread {
  readonly holder: string;
  readonly part: string;
  /** Where the part is when it sits, several if it may sit in several holes. */
  readonly seats: readonly { readonly position: Vector; readonly rotation: Quaternion; readonly plug: string }[];
  /** Along the hole, outwards (unit). */
  readonly axis: Vector;
  /** Of one turn (m); threads are right-handed. */
  readonly pitch: number;
  /** How far the part stands out beyond its seat when its tip rests on the plug (m). */
  readonly rest: number;
  /** How far it can be turned beyond the seat (m). */
  readonly slack: number;
  /** Of the printed threads, along the axis from the origin of the part as it sits (m). */
  readonly coils: {
    /** Lower ends of the two coils, of two turns each. */
    readonly part: number;
    readonly hole: number;
    /** Ends of the part's bolt. */
    readonly tip: number;
    readonly shoulder: number;
    /** Where the hole opens. */
    readonly mouth: number;
  };
}

/** Two parts whose relative pose earns a reward. */
export interface Pair {
  readonly first: string;
  readonly second: string;
  /** Of the second in the frame of the first. */
  readonly targets: readonly { readonly position: Vector; readonly rotation: Quaternion }[];
  /** Whether any rotation will do. */
  readonly positionOnly?: boolean;
}

export interface Furniture {
  readonly name: "one_leg" | "lamp" | "round_table";
  readonly parts: readonly Part[];
  readonly threads: readonly Thread[];
  readonly pairs: readonly Pair[];
  readonly maxEpisodeSteps: number;
  /** Greatest opening of the gripper (m). */
  readonly gripperWidth: number;
}

const tolerance = { position: 0.005, cosine: 0.94 } as const;

/** Whether the second part is where it belongs, seen from the first. */
export function isAssembled({ targets, positionOnly = false }: Pair, first: Pose, second: Pose): boolean {
  const { position, rotation } = relative(first, second);
  const rows = matrixOf(rotation);
  return targets.some((target) => {
    const wanted = matrixOf(target.rotation);
    const isNear = position.every((value, i) => Math.abs(value - target.position[i]!) <= tolerance.position);
    const cosine = (row: number) => [0, 1, 2].reduce((sum, i) => sum + rows[3 * row + i]! * wanted[3 * row + i]!, 0);
    return isNear && (positionOnly || [0, 1, 2].every((row) => cosine(row) >= tolerance.cosine));
  });
}

const wood = { rgba: [0.9, 0.78, 0.55, 1] } as const;
const white = { rgba: [0.93, 0.93, 0.93, 1] } as const;

type Axis = "y" | "z";
/** Turns MuJoCo's z axis, along which cylinders lie, into the axis. */
const alongAxis = { y: [Math.SQRT1_2, -Math.SQRT1_2, 0, 0], z: identity } as const;
const at = (axis: Axis, height: number): Vector => (axis === "y" ? [0, height, 0] : [0, 0, height]);

const box = (position: Vector, half: Vector, look: Attributes): Element =>
  element("geom", { type: "box", pos: position, size: half, ...look });

/** Solid, from one height to another. */
const cylinder = (axis: Axis, radius: number, from: number, to: number, look: Attributes): Element =>
  element("geom", {
    type: "cylinder",
    pos: at(axis, (from + to) / 2),
    quat: alongAxis[axis],
    size: [radius, (to - from) / 2],
    ...look,
  });

/** A wall of boxes about a hole, whose radius may grow from `inner[0]` at `from` to `inner[1]` at `to`. */
function ring(
  axis: Axis,
  inner: readonly [number, number],
  thickness: number,
  [from, to]: readonly [number, number],
  look: Attributes,
  pieces = 8,
): Element[] {
  const radius = (inner[0] + inner[1] + thickness) / 2;
  const width = (Math.max(...inner) + thickness) * Math.tan(Math.PI / pieces);
  const tilt = Math.atan2(inner[1] - inner[0], to - from);
  const halfLength = Math.hypot(to - from, inner[1] - inner[0]) / 2;
  return Array.from({ length: pieces }, (_, i) => {
    const angle = (2 * Math.PI * i) / pieces;
    const size = [thickness / 2, width, halfLength];
    return element("geom", { type: "box", size, ...placed(axis, angle, radius, (from + to) / 2, tilt), ...look });
  });
}

function placed(axis: Axis, angle: number, radius: number, height: number, tilt: number): Attributes {
  const aboutZ: Quaternion = [Math.cos(angle / 2), 0, 0, Math.sin(angle / 2)];
  const leaning: Quaternion = [Math.cos(tilt / 2), 0, Math.sin(tilt / 2), 0];
  const [x, y] = [radius * Math.cos(angle), radius * Math.sin(angle)];
  const upright = product(aboutZ, leaning);
  // z becomes y, and y becomes -z.
  if (axis === "y") return { pos: [x, height, -y], quat: product(alongAxis.y, upright) };
  return { pos: [x, y, height], quat: upright };
}

/** What a thread enters before it grips (m). */
const entry = 0.003;
const threadRadius = 0.01;
const hole = 0.0125;
/** Of one turn of a thread (m), measured along the crests of the meshes: five of seven agree within 1 micrometre, a leg's hole within 78. */
const pitch = 0.009375;

/** Of the square table's top: where legs go. */
const corners = [
  [-1, -1],
  [-1, 1],
  [1, 1],
  [1, -1],
].map(([x, z]) => [0.05625 * x!, 0.05625 * z!] as const);

const plugs = corners.map((_, i) => `plug ${i + 1}`);

/** A slab with four square holes, as bars and cross bars. */
function tableTop(): Element[] {
  const [bottom, top] = [-0.01568, 0.01556];
  const middle = (bottom + top) / 2;
  const halfHeight = (top - bottom) / 2;
  const [edge, outer, inner] = [0.08125, 0.06875, 0.04375];
  const bars = [
    [-(edge + outer) / 2, (edge - outer) / 2],
    [0, inner],
    [(edge + outer) / 2, (edge - outer) / 2],
  ] as const;
  const whole = bars.map(([x, half]) => box([x, middle, 0], [half, halfHeight, edge], wood));
  const between = [-0.05625, 0.05625].flatMap((x) =>
    bars.map(([z, half]) => box([x, middle, z], [hole, halfHeight, half], wood)),
  );
  const depth = (top - entry - bottom) / 2;
  const closing = corners.map(([x, z], i) =>
    box([x, bottom + depth, z], [hole, depth, hole], { ...wood, name: plugs[i] }),
  );
  return [...whole, ...between, ...closing];
}

/** Mass (kg), and inertia about the vertical as the part lies at the start (kg m2). */
interface Weight {
  readonly mass: number;
  readonly inertia: number;
}

/**
 * The original's shoves suit parts as heavy as the convex hulls of their meshes: with them all parts of a furniture slide alike, some
 * centimetres. Parts weigh here what they contain, and are shoved so that they leave with the same speeds.
 */
const shoveOf = ({ force, torque }: Part["shove"], own: Weight, hull: Weight): Part["shove"] => ({
  force: (force * own.mass) / hull.mass,
  torque: (torque * own.inertia) / hull.inertia,
});

const legs = [1, 2, 3, 4].map((n): Part => ({
  name: `leg ${n}`,
  mass: 0.0231,
  center: [0, -0.00675, 0],
  inertia: [1.4e-5, 2.994e-6, 1.4e-5],
  shapes: [
    box([0, 0.001575, 0], [0.015, 0.029675, 0.015], wood),
    cylinder("y", threadRadius, -0.05625, -0.0281, { ...wood, name: `thread ${n}` }),
  ],
  start: { position: [[-0.2, -0.12, 0.12, 0.2][n - 1]!, 0.07, -0.015], euler: [0, -Math.PI / 2, 0] },
  shove: shoveOf({ force: 1, torque: 1 }, { mass: 0.0231, inertia: 1.4e-5 }, { mass: 0.02648, inertia: 1.668e-5 }),
}));

const seatsOfTable = corners.map(([x, z], i) => ({
  position: [x, 0.046875, z] as const,
  rotation: identity,
  plug: plugs[i]!,
}));

export const oneLeg: Furniture = {
  name: "one_leg",
  parts: [
    {
      name: "top",
      mass: 0.151,
      center: [0, -0.00552, 0],
      inertia: [4.576e-4, 8.897e-4, 4.576e-4],
      shapes: tableTop(),
      start: { position: [0, 0.24, -0.015625], euler: [-Math.PI / 2, 0, Math.PI] },
      shove: shoveOf(
        { force: 25, torque: 70 },
        { mass: 0.151, inertia: 8.897e-4 },
        { mass: 0.4115, inertia: 1.811e-3 },
      ),
    },
    ...legs,
  ],
  threads: legs.map(({ name }) => ({
    holder: "top",
    part: name,
    seats: seatsOfTable,
    axis: [0, 1, 0],
    pitch,
    rest: 0.025 - entry,
    slack: 0.0032,
    coils: { part: -0.05, hole: -0.05631, tip: -0.05625, shoulder: -0.0281, mouth: -0.03131 },
  })),
  pairs: [{ first: "top", second: "leg 4", targets: seatsOfTable }],
  maxEpisodeSteps: 700,
  gripperWidth: 0.065,
};

const bulbInBase = { position: [0, -0.0678, 0] as const, rotation: fromEuler([0, 0, Math.PI]) };

export const lamp: Furniture = {
  name: "lamp",
  parts: [
    {
      name: "base",
      mass: 0.05968,
      center: [0, -0.00084, 0],
      inertia: [4.347e-5, 5.244e-5, 4.347e-5],
      shapes: [
        cylinder("y", 0.04235, -0.005, 0.0172, white),
        cylinder("y", 0.03, -0.0148, -0.005, white),
        ...ring("y", [hole, hole], 0.004, [-0.0407, -0.0148], white),
        // Its edges are as far out as the rim is round, so that the hood goes over it.
        ...ring("y", [hole, hole], 0.039 * Math.cos(Math.PI / 8) - hole, [-0.0458, -0.0407], white),
        cylinder("y", hole, -0.0458 + entry, -0.0148, { ...white, name: "plug" }),
      ],
      start: { position: [0.05, 0.14, -0.02], euler: [Math.PI / 2, 0, 0] },
      shove: shoveOf(
        { force: 8, torque: 16 },
        { mass: 0.05968, inertia: 5.244e-5 },
        { mass: 0.1143, inertia: 1.079e-4 },
      ),
    },
    {
      name: "bulb",
      mass: 0.03851,
      center: [0, -0.00013, 0],
      inertia: [3.211e-5, 1.055e-5, 3.211e-5],
      shapes: [
        element("geom", { type: "sphere", pos: [0, 0.038, 0], size: 0.03, ...white }),
        cylinder("y", 0.0224, -0.022, 0.0231, white),
        cylinder("y", threadRadius, -0.053, -0.022, white),
      ],
      start: { position: [-0.05, 0.235, -0.016], euler: [-Math.atan2(7.6, 52), 0, 0] },
      shove: shoveOf(
        { force: 15, torque: 20 },
        { mass: 0.03851, inertia: 3.211e-5 },
        { mass: 0.1109, inertia: 1.038e-4 },
      ),
    },
    {
      name: "hood",
      mass: 0.05999,
      center: [0, 0.00224, 0],
      inertia: [9.291e-5, 7.655e-5, 9.291e-5],
      shapes: ring("y", [0.026, 0.04], 0.004, [-0.05142, 0.04858], white, 12),
      start: { position: [-0.08, 0.13, -0.048583], euler: [Math.PI / 2, 0, 0] },
      shove: shoveOf(
        { force: 30, torque: 60 },
        { mass: 0.05999, inertia: 7.655e-5 },
        { mass: 0.3316, inertia: 2.403e-4 },
      ),
    },
  ],
  threads: [
    {
      holder: "base",
      part: "bulb",
      seats: [{ ...bulbInBase, plug: "plug" }],
      axis: [0, -1, 0],
      pitch,
      rest: 0.031 - entry,
      slack: 0,
      coils: { part: -0.04075, hole: -0.047, tip: -0.053, shoulder: -0.022, mouth: -0.022 },
    },
  ],
  pairs: [
    { first: "base", second: "bulb", targets: [bulbInBase] },
    {
      first: "base",
      second: "hood",
      targets: [{ position: [0, -0.088324, 0], rotation: identity }],
      positionOnly: true,
    },
  ],
  maxEpisodeSteps: 1000,
  gripperWidth: 0.07,
};

const legInTop = { position: [0, 0, 0.044375] as const, rotation: fromEuler([Math.PI / 2, 0, Math.PI + Math.PI / 36]) };
const baseInLeg = { position: [0, 0.053125, 0] as const, rotation: fromEuler([-Math.PI / 2, Math.PI / 2, 0]) };

export const roundTable: Furniture = {
  name: "round_table",
  parts: [
    {
      name: "top",
      mass: 0.12349,
      center: [0, 0, 0.00512],
      inertia: [3.37e-4, 3.37e-4, 6.641e-4],
      shapes: [
        cylinder("z", 0.1, -0.00125, 0.005, wood),
        ...ring("z", [hole, hole], 0.09239 - hole, [0.005, 0.0175], wood),
        ...ring("z", [hole, hole], 0.0213 - hole, [0.0175, 0.03125], wood),
        cylinder("z", hole, 0.005, 0.03125 - entry, { ...wood, name: "plug of the top" }),
      ],
      start: { position: [0, 0.205, -0.001], euler: [0, Math.PI, 0] },
      shove: shoveOf(
        { force: 30, torque: 60 },
        { mass: 0.12349, inertia: 6.641e-4 },
        { mass: 0.3635, inertia: 1.648e-3 },
      ),
    },
    {
      name: "leg",
      mass: 0.03295,
      center: [0, 0.013, 0],
      inertia: [2.025e-5, 6.926e-6, 2.025e-5],
      shapes: [
        cylinder("y", threadRadius, -0.039375, -0.012, wood),
        cylinder("y", 0.02125, -0.012, 0.0244, wood),
        ...ring("y", [hole, hole], 0.02125 - hole, [0.0244, 0.051875], wood),
        cylinder("y", hole, 0.0244, 0.051875 - entry, { ...wood, name: "plug of the leg" }),
      ],
      start: { position: [0.13, 0.1, -0.02125], euler: [0, 0, 0] },
      shove: shoveOf(
        { force: 4, torque: 4 },
        { mass: 0.03295, inertia: 2.025e-5 },
        { mass: 0.0441, inertia: 2.928e-5 },
      ),
    },
    {
      name: "base",
      mass: 0.04368,
      center: [0, 0, 0.0026],
      inertia: [3.426e-5, 3.426e-5, 6.338e-5],
      shapes: [cylinder("z", threadRadius, -0.02875, -0.00125, wood), cylinder("z", 0.065, -0.00125, 0.01125, wood)],
      start: { position: [-0.12, 0.12, -0.02875], euler: [Math.PI, 0, 0] },
      shove: shoveOf(
        { force: 20, torque: 10 },
        { mass: 0.04368, inertia: 6.338e-5 },
        { mass: 0.1395, inertia: 2.093e-4 },
      ),
    },
  ],
  threads: [
    {
      holder: "top",
      part: "leg",
      seats: [{ ...legInTop, plug: "plug of the top" }],
      axis: [0, 0, 1],
      pitch,
      rest: 0.02625 - entry,
      slack: 0.001,
      coils: { part: -0.031875, hole: -0.039375, tip: -0.039375, shoulder: -0.012, mouth: -0.013125 },
    },
    {
      holder: "leg",
      part: "base",
      seats: [{ ...baseInLeg, plug: "plug of the leg" }],
      axis: [0, 1, 0],
      pitch,
      rest: 0.0275 - entry,
      slack: 0,
      coils: { part: -0.02, hole: -0.02875, tip: -0.02875, shoulder: -0.00125, mouth: -0.00125 },
    },
  ],
  pairs: [
    { first: "top", second: "leg", targets: [legInTop] },
    { first: "leg", second: "base", targets: [baseInLeg] },
  ],
  maxEpisodeSteps: 1000,
  gripperWidth: 0.065,
};
