// The Franka Panda arm: its links for MuJoCo, and its kinematics in closed form. Masses and frames as in D3IL (Jia et al. 2024),
// "Towards Diverse Behaviors: A Benchmark for Imitation Learning with Human Demonstrations".
import { element, type Attributes, type Element } from "../locomotion/model.js";

export const armJoints = 7;

/** A turn about the parent's x axis, in quarters. */
type QuarterTurns = -1 | 0 | 1;

interface ArmLink {
  /** Of its frame in the parent's (m). */
  readonly position: readonly [number, number, number];
  readonly turn: QuarterTurns;
  readonly range: readonly [number, number];
  /** N m. */
  readonly maxTorque: number;
  readonly mass: number;
  readonly center: readonly [number, number, number];
  readonly inertia: readonly [number, number, number];
  readonly inertiaFrame: readonly [number, number, number, number];
}

const links: readonly ArmLink[] = [
  {
    position: [0, 0, 0.333],
    turn: 0,
    range: [-2.9671, 2.9671],
    maxTorque: 87,
    mass: 2.77281,
    center: [1.1399e-5, -0.0312655, -0.0693733],
    inertia: [0.0164224, 0.0153969, 0.00546286],
    inertiaFrame: [0.98466, 0.174481, -0.000101815, 0.000347662],
  },
  {
    position: [0, 0, 0],
    turn: -1,
    range: [-1.8326, 1.8326],
    maxTorque: 87,
    mass: 2.7996,
    center: [-1.31766e-5, -0.0703216, 0.0311782],
    inertia: [0.016787, 0.0157415, 0.00553027],
    inertiaFrame: [0.57484, 0.818266, -6.05764e-5, -6.61626e-5],
  },
  {
    position: [0, -0.316, 0],
    turn: 1,
    range: [-2.9671, 2.9671],
    maxTorque: 87,
    mass: 2.14603,
    center: [0.0443483, 0.0249283, -0.03813],
    inertia: [0.00915257, 0.00896477, 0.00384742],
    inertiaFrame: [0.0615263, 0.349824, 0.234291, 0.904956],
  },
  {
    position: [0.0825, 0, 0],
    turn: 1,
    range: [-3.1416, 0.0873],
    maxTorque: 87,
    mass: 2.18807,
    center: [-0.0385503, 0.0395256, 0.0247162],
    inertia: [0.00946899, 0.00928491, 0.00396694],
    inertiaFrame: [0.813566, 0.465041, 0.309792, 0.160858],
  },
  {
    position: [-0.0825, 0.384, 0],
    turn: -1,
    range: [-2.9671, 2.9671],
    maxTorque: 12,
    mass: 3.19545,
    center: [-6.36776e-5, 0.0384124, -0.10997],
    inertia: [0.0278873, 0.0268823, 0.00569569],
    inertiaFrame: [0.990767, -0.135571, 0.000963106, 0.000694406],
  },
  {
    position: [0, 0, 0],
    turn: 1,
    range: [-0.0873, 3.8223],
    maxTorque: 12,
    mass: 1.35761,
    center: [0.0510023, 0.00693267, 0.00616899],
    inertia: [0.00412168, 0.0033698, 0.00213304],
    inertiaFrame: [-0.0460841, 0.754362, 0.044494, 0.653325],
  },
  {
    position: [0.088, 0, 0],
    turn: 1,
    range: [-2.9671, 2.9671],
    maxTorque: 12,
    mass: 0.417345,
    center: [0.0103614, 0.0103596, 0.0791078],
    inertia: [0.000637671, 0.000528056, 0.000279577],
    inertiaFrame: [0.63547, 0.278021, -0.670462, 0.263369],
  },
];

const flangeHeight = 0.107;
const handQuaternion = [0.92388, 0, 0, -0.382683] as const;
const toolHeight = 0.105;

interface ArmOptions {
  /** Attributes of either finger's slide; default: as far as D3IL's fingers go. */
  readonly slide?: Attributes;
  /** Geoms of the finger on one side, in its frame. Default: none. */
  readonly shapes?: (side: 1 | -1) => readonly Element[];
  /** Draws the links, which touch nothing, in this colour. Default: they are not seen. */
  readonly linkColor?: readonly number[];
  /** Whether the arm does not feel gravity. Default false. */
  readonly gravityCompensation?: boolean;
}

/** The arm from its first link, whose hand holds `tool`. Fingers are slides. */
export function pandaArm(tool: readonly Element[], options: ArmOptions = {}): Element {
  const weight = options.gravityCompensation ? { gravcomp: 1 } : {};
  const flange = element(
    "body",
    { pos: [0, 0, flangeHeight], ...weight },
    inertial(0.1, [0, 0, 0], [0.1, 0.1, 0.1]),
    element(
      "body",
      { name: "hand", quat: handQuaternion, ...weight },
      inertial(
        0.670782,
        [-2.76618e-6, -0.00061547, 0.0239295],
        [0.00227632, 0.00206087, 0.000456542],
        [0.697945, 0.716151, -0.000242485, 8.47563e-5],
      ),
      element("body", { name: "tool center", pos: [0, 0, toolHeight] }),
      ...tool,
      finger(1, options),
      finger(-1, options),
    ),
  );
  return links.reduceRight<Element>(
    (child, link, i) =>
      element(
        "body",
        {
          name: `link${i + 1}`,
          pos: link.position,
          quat: [Math.SQRT1_2, link.turn * Math.SQRT1_2, 0, 0].map(turned(link)),
          ...weight,
        },
        inertial(link.mass, link.center, link.inertia, link.inertiaFrame),
        element("joint", { name: `joint${i + 1}`, axis: [0, 0, 1], limited: true, range: link.range }),
        ...(options.linkColor ? [drawnLink(i, options.linkColor)] : []),
        child,
      ),
    flange,
  );
}

/** From a link's joint to the next one's, or about the joint where both are one. */
function drawnLink(i: number, rgba: readonly number[]): Element {
  const next = links[i + 1]?.position ?? [0, 0, flangeHeight];
  const ends = Math.hypot(...next) > 0 ? [0, 0, 0, ...next] : [0, 0, -0.06, 0, 0, 0.06];
  return element("geom", { type: "capsule", size: 0.05, fromto: ends, contype: 0, conaffinity: 0, rgba });
}

/** Without a turn the quaternion is the identity. */
const turned = (link: ArmLink) => (value: number, i: number) => (link.turn === 0 ? Number(i === 0) : value);

export function pandaMotors(): Element[] {
  const arm = links.map(({ maxTorque }, i) =>
    element("motor", { joint: `joint${i + 1}`, forcelimited: true, forcerange: [-maxTorque, maxTorque] }),
  );
  return [...arm, ...[1, -1].map((side) => element("motor", { joint: fingerJoint(side) }))];
}

const fingerJoint = (side: number) => `finger joint ${side > 0 ? 1 : 2}`;

function finger(side: 1 | -1, { slide, shapes = () => [], gravityCompensation }: ArmOptions): Element {
  return element(
    "body",
    { pos: [0, 0, 0.0584], ...(gravityCompensation && { gravcomp: 1 }) },
    inertial(
      0.0218754,
      [-2.42335e-5 * side, 0.0119585 * side, 0.0237816],
      [5.69661e-6, 5.56035e-6, 1.55183e-6],
      [0.996177, 0.0868631 * side, -2.79377e-5 * side, -0.00926642],
    ),
    element("joint", {
      name: fingerJoint(side),
      type: "slide",
      axis: [0, side, 0],
      range: [0, 0.04],
      limited: true,
      damping: 10,
      ...slide,
    }),
    ...shapes(side),
    element("body", { pos: [0, 0.0085 * side, 0.056] }, inertial(0.01, [0, 0, 0], [0.01, 0.01, 0.01])),
  );
}

function inertial(
  mass: number,
  pos: readonly number[],
  diaginertia: readonly number[],
  quat: readonly number[] = [1, 0, 0, 0],
): Element {
  return element("inertial", { mass, pos, diaginertia, quat });
}

/** Where the tool is for given joint angles, and how it moves with them. All arrays are overwritten by each call. */
export class PandaKinematics {
  readonly #toolHeight: number;
  /** Of the tool centre (m). */
  readonly position = new Float64Array(3);
  /** (3, 3), row by row, the axes as columns. */
  readonly rotation = new Float64Array(9);
  /** (6, 7): linear, then angular velocity of the tool for each joint's. */
  readonly jacobian = new Float64Array(6 * armJoints);
  readonly #axes = new Float64Array(3 * armJoints);
  readonly #origins = new Float64Array(3 * armJoints);

  /** @param height of the tool centre above the hand's frame (m). */
  constructor(height = toolHeight) {
    this.#toolHeight = height;
  }

  solve(joints: ArrayLike<number>): void {
    const { rotation: r, position: p } = this;
    p.fill(0);
    r.fill(0);
    r[0] = r[4] = r[8] = 1;
    for (let i = 0; i < armJoints; i++) {
      const { position, turn } = links[i]!;
      advance(p, r, position[0], position[1], position[2]);
      if (turn !== 0) turnAboutX(r, turn);
      for (let row = 0; row < 3; row++) {
        this.#axes[3 * i + row] = r[3 * row + 2]!;
        this.#origins[3 * i + row] = p[row]!;
      }
      turnAboutZ(r, Math.cos(joints[i]!), Math.sin(joints[i]!));
    }
    advance(p, r, 0, 0, flangeHeight + this.#toolHeight);
    turnAboutZ(r, handTurn.cos, handTurn.sin);
    for (let i = 0; i < armJoints; i++) this.#writeColumn(i);
  }

  #writeColumn(i: number): void {
    const { jacobian, position } = this;
    const [x, y, z] = [this.#axes[3 * i]!, this.#axes[3 * i + 1]!, this.#axes[3 * i + 2]!];
    const dx = position[0]! - this.#origins[3 * i]!;
    const dy = position[1]! - this.#origins[3 * i + 1]!;
    const dz = position[2]! - this.#origins[3 * i + 2]!;
    jacobian[i] = y * dz - z * dy;
    jacobian[armJoints + i] = z * dx - x * dz;
    jacobian[2 * armJoints + i] = x * dy - y * dx;
    jacobian[3 * armJoints + i] = x;
    jacobian[4 * armJoints + i] = y;
    jacobian[5 * armJoints + i] = z;
  }
}

/** MuJoCo normalises quaternions, and so does this. */
const handTurn = (() => {
  const angle = 2 * Math.atan2(handQuaternion[3], handQuaternion[0]);
  return { cos: Math.cos(angle), sin: Math.sin(angle) };
})();

function advance(p: Float64Array, r: Float64Array, x: number, y: number, z: number): void {
  for (let row = 0; row < 3; row++) p[row]! += r[3 * row]! * x + r[3 * row + 1]! * y + r[3 * row + 2]! * z;
}

function turnAboutX(r: Float64Array, quarter: number): void {
  for (let row = 0; row < 9; row += 3) {
    const [y, z] = [r[row + 1]!, r[row + 2]!];
    r[row + 1] = quarter * z;
    r[row + 2] = -quarter * y;
  }
}

function turnAboutZ(r: Float64Array, cos: number, sin: number): void {
  for (let row = 0; row < 9; row += 3) {
    const [x, y] = [r[row]!, r[row + 1]!];
    r[row] = x * cos + y * sin;
    r[row + 1] = y * cos - x * sin;
  }
}
