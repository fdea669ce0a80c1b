// The kitchen's arm as a demonstrator guides it: the hand moves towards a pose by inverse kinematics on velocities (damped least
// squares, Wampler 1986), in the commands that the task takes. What the observation says is put into a model of the demonstrator's
// own, which knows the lever arms and the weight of the links.
import { assetFolder } from "../assets/assets.js";
import { cross, dot, length, plus, scaled, subtract, type Vector } from "../render/vectors.js";
import { Simulator } from "../simulator.js";
import { actionScale, secondsPerStep } from "./kitchen.js";
import { kitchenModel } from "./model.js";

/** Where the hand is to go. */
export interface HandGoal {
  /** Of the point between the fingertips' pads (m, world). */
  readonly position: Vector;
  /** Where the fingers point to. */
  readonly pointing: Vector;
  /** The direction in which they open. */
  readonly opening: Vector;
  /** Greatest speed (m/s). */
  readonly speed: number;
  /** Whether the fingers are held open. */
  readonly open: boolean;
}

const joints = 7;
/** Servo of each joint: stiffness (Nm/rad) and damping of the joint (Nms/rad). */
const stiffness = [870, 870, 870, 870, 120, 120, 120];
const damping = [100, 100, 100, 100, 10, 10, 10];
/** Of the joints (rad). */
const range: readonly (readonly [number, number])[] = [
  ...([
    [-2.89, 2.89],
    [-1.76, 1.76],
    [-2.89, 2.89],
    [-3.06, -0.41],
  ] as const),
  ...([
    [-2.89, 2.89],
    [0.01, 2.1],
    [-2.89, 2.89],
  ] as const),
];
/** Of errors (1/s), and the greatest turning speed (rad/s). */
const [positionGain, turnGain, greatestTurn] = [5, 4, 1.6];
/** How much slowness at singular postures is preferred to speed of the joints. */
const damped = 0.03;
/** Towards the resting posture, within the freedom that the hand leaves (1/s). */
const restGain = 0.6;
const postureGain = 4;
/** Of the joints (rad/s). */
const greatestSpeed = 1.1;

export class GuidedArm {
  readonly #model: Simulator;
  readonly #hand: number;
  readonly #action = new Float64Array(joints + 2);
  readonly #jacobian = new Float64Array(6 * joints);
  #rest: readonly number[] = [];
  #observed: ArrayLike<number> = [];

  private constructor(model: Simulator) {
    this.#model = model;
    this.#hand = model.indexOf("site", "end_effector");
  }

  /** @throws InputError DMPO_ASSETS_MISSING. */
  static async load(): Promise<GuidedArm> {
    return new GuidedArm(await Simulator.load(kitchenModel(assetFolder("kitchen"))));
  }

  delete(): void {
    this.#model.delete();
  }

  /** Takes positions (30) as observed. */
  see(observation: ArrayLike<number>): void {
    this.#observed = observation;
    for (let i = 0; i < 30; i++) this.#model.qpos[i] = observation[i]!;
    this.#model.qvel.fill(0);
    this.#model.forward();
  }

  /** The posture (7) that the arm tends to. */
  restAt(posture: readonly number[]): void {
    this.#rest = posture;
  }

  get position(): Vector {
    const at = this.#model.dataArray("site_xpos");
    return [at[3 * this.#hand]!, at[3 * this.#hand + 1]!, at[3 * this.#hand + 2]!];
  }

  /** Columns of the hand's rotation: its side, where the fingers open to, where they point to. */
  get axes(): readonly [Vector, Vector, Vector] {
    const m = this.#model.dataArray("site_xmat").subarray(9 * this.#hand, 9 * this.#hand + 9);
    const column = (i: number): Vector => [m[i]!, m[3 + i]!, m[6 + i]!];
    return [column(0), column(1), column(2)];
  }

  /** Distance to a goal (m) and the angle that is missing (rad). */
  distance({ position, pointing, opening }: HandGoal): { readonly meters: number; readonly radians: number } {
    const turn = this.#turnTo(pointing, opening);
    return { meters: length(subtract(position, this.position)), radians: length(turn) };
  }

  /** An action (9) towards the goal; overwritten by the next call. */
  towards({ position, pointing, opening, speed, open }: HandGoal): Float64Array {
    const twist = [
      ...limited(scaled(subtract(position, this.position), positionGain), speed),
      ...limited(scaled(this.#turnTo(pointing, opening), turnGain), greatestTurn),
    ];
    return this.#command(this.#jointVelocities(twist), open, 1);
  }

  /** Greatest angle (rad) between the joints and a posture (7). */
  awayFrom(posture: readonly number[]): number {
    return Math.max(...posture.map((angle, i) => Math.abs(angle - this.#observed[i]!)));
  }

  /** An action (9) towards a posture (7), all joints arriving together; overwritten by the next call. */
  towardsPosture(posture: readonly number[], open: boolean, haste: number): Float64Array {
    return this.#command(
      posture.map((angle, i) => postureGain * (angle - this.#observed[i]!)),
      open,
      haste,
    );
  }

  /** @param velocity of the joints (7), rad/s. @param haste share of the greatest speed. */
  #command(velocity: readonly number[], open: boolean, haste: number): Float64Array {
    const most = haste * greatestSpeed;
    const slower = Math.min(1, most / Math.max(...velocity.map(Math.abs), 1e-9));
    const { bias } = this.#model;
    const unit = actionScale * secondsPerStep;
    for (let i = 0; i < joints; i++) {
      // While the joint moves on at this velocity, the servo lags by its damping and hangs by its weight.
      const ahead = velocity[i]! * slower * (secondsPerStep / 2 + damping[i]! / stiffness[i]!);
      this.#action[i] = clipped((ahead + bias[i]! / stiffness[i]!) / unit);
    }
    return this.#action.fill(open ? 1 : -1, joints);
  }

  /** Rotation vector (rad) to where the fingers should point and open; either way of opening will do. */
  #turnTo(pointing: Vector, opening: Vector): Vector {
    const [, ownOpening, ownPointing] = this.axes;
    const wanted = dot(ownOpening, opening) < 0 ? scaled(opening, -1) : opening;
    const side = cross(wanted, pointing);
    const ownSide = cross(ownOpening, ownPointing);
    // Half the sum of the turns of the three axes; with the sine of the angle as its length.
    const sum = [cross(ownOpening, wanted), cross(ownPointing, pointing), cross(ownSide, side)].reduce(plus);
    const sine = length(sum) / 2;
    const cosine = (dot(ownOpening, wanted) + dot(ownPointing, pointing) + dot(ownSide, side) - 1) / 2;
    const angle = Math.atan2(sine, cosine);
    return sine < 1e-9 ? [0, 0, 0] : scaled(sum, angle / (2 * sine));
  }

  /** J' (J J' + d I)^-1 (twist - J rest) + rest, where joints that would leave their range stand still. */
  #jointVelocities(twist: readonly number[]): number[] {
    const [axis, anchor] = [this.#model.dataArray("xaxis"), this.#model.dataArray("xanchor")];
    const hand = this.position;
    const jacobian = this.#jacobian;
    for (let j = 0; j < joints; j++) {
      const a: Vector = [axis[3 * j]!, axis[3 * j + 1]!, axis[3 * j + 2]!];
      const arm = subtract(hand, [anchor[3 * j]!, anchor[3 * j + 1]!, anchor[3 * j + 2]!]);
      [...cross(a, arm), ...a].forEach((value, i) => (jacobian[joints * i + j] = value));
    }
    const rest = this.#rest.map((angle, j) => restGain * (angle - this.#observed[j]!));
    for (;;) {
      const velocity = this.#leastSquares(twist, rest);
      const leaving = velocity.findIndex((value, j) => {
        const after = this.#observed[j]! + value * secondsPerStep;
        return value !== 0 && (after < range[j]![0] || after > range[j]![1]);
      });
      if (leaving < 0) return velocity;
      rest[leaving] = 0;
      for (let i = 0; i < 6; i++) jacobian[joints * i + leaving] = 0;
    }
  }

  #leastSquares(twist: readonly number[], rest: readonly number[]): number[] {
    const jacobian = this.#jacobian;
    const rows = twist.map((value, i) => value - sum(joints, (j) => jacobian[joints * i + j]! * rest[j]!));
    const product = (i: number, k: number) => sum(joints, (j) => jacobian[joints * i + j]! * jacobian[joints * k + j]!);
    const square = rows.map((_, i) => rows.map((_, k) => product(i, k) + (i === k ? damped ** 2 : 0)));
    const solution = solved(square, rows);
    return rest.map((value, j) => value + sum(6, (i) => jacobian[joints * i + j]! * solution[i]!));
  }
}

/** Gauss's elimination for a positive definite system. */
function solved(matrix: number[][], right: readonly number[]): number[] {
  const rows = matrix.map((row, i) => [...row, right[i]!]);
  rows.forEach((pivot, i) => {
    for (const row of rows) {
      if (row === pivot) continue;
      const factor = row[i]! / pivot[i]!;
      for (let k = i; k <= rows.length; k++) row[k]! -= factor * pivot[k]!;
    }
  });
  return rows.map((row, i) => row[rows.length]! / row[i]!);
}

const sum = (count: number, term: (i: number) => number): number => {
  let total = 0;
  for (let i = 0; i < count; i++) total += term(i);
  return total;
};
const clipped = (value: number) => Math.min(1, Math.max(-1, value));
const limited = (a: Vector, most: number): Vector => (length(a) > most ? scaled(a, most / length(a)) : a);
