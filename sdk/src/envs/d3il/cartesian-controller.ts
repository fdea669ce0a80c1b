// Moves the arm's tool to a point: inverse kinematics on velocities, three iterations a millisecond, then joint PD with
// compensation of gravity and Coriolis forces. Gains and limits as in D3IL's controller.
import { armJoints, PandaKinematics } from "./panda.js";

const gains = {
  /** Of position and orientation errors, 1/s. */
  task: [200, 200, 800, 30, 30, 30],
  /** Towards the resting posture, within the freedom that the task leaves. */
  rest: 40,
  stiffness: [120, 120, 120, 120, 50, 30, 10],
  damping: [10, 10, 10, 10, 6, 5, 3],
} as const;
const restingPosture = [0, 0.174, 0, -0.872, 0, 1.222, 0.785];
const lowest = [-2.8973, -1.7628, -2.8973, -3.0718, -2.8973, -0.0175, -2.8973];
const highest = [2.8973, 1.7628, 2.0, -0.0698, 2.8973, 3.7525, 2.8973];
const iterations = 3;
const seconds = 0.001;
/** Errors beyond these are treated as these: m, and vector part of a quaternion. */
const [maxPositionError, maxTurn] = [0.01, 0.1];
const maxPostureError = 0.2;
/** Norm of joint velocities, rad/s. */
const maxSpeed = 3;
/** Eigenvalues of J J' are kept in this range, so that the arm stays calm near singular postures. */
const [leastEigenvalue, greatestEigenvalue] = [1e-2, 1e2];

export class CartesianController {
  readonly #kinematics = new PandaKinematics();
  readonly #joints = new Float64Array(armJoints);
  readonly #velocity = new Float64Array(armJoints);
  readonly #error = new Float64Array(6);
  readonly #posture = new Float64Array(armJoints);
  readonly #matrix = new Float64Array(36);
  readonly #factor = new Float64Array(36);

  /** Joint angles that the inverse kinematics has come to, (7). */
  get joints(): Readonly<Float64Array> {
    return this.#joints;
  }

  /** Where the inverse kinematics starts from. */
  reset(joints: ArrayLike<number>): void {
    this.#joints.set(Array.from(joints).slice(0, armJoints));
  }

  /**
   * Advances the set point by one millisecond towards `target`, tool pointing down.
   * @param target of the tool centre, (3), m.
   */
  advance(target: ArrayLike<number>): void {
    const before = this.#joints.slice();
    for (let i = 0; i < iterations; i++) this.#iterate(target);
    for (let i = 0; i < armJoints; i++) this.#velocity[i] = (this.#joints[i]! - before[i]!) / seconds;
  }

  /** Writes the torques (7) that follow the set point. `bias` are gravity and Coriolis forces. */
  torques(qpos: Float64Array, qvel: Float64Array, bias: Float64Array, out: Float64Array): void {
    for (let i = 0; i < armJoints; i++) {
      out[i] =
        gains.stiffness[i]! * (this.#joints[i]! - qpos[i]!) +
        gains.damping[i]! * (this.#velocity[i]! - qvel[i]!) +
        bias[i]!;
    }
  }

  #iterate(target: ArrayLike<number>): void {
    const q = this.#joints;
    const kinematics = this.#kinematics;
    kinematics.solve(q);
    const { jacobian, position, rotation } = kinematics;
    const error = this.#error;
    for (let i = 0; i < 3; i++) error[i] = limited(target[i]! - position[i]!, maxPositionError);
    turnToPointDown(rotation, error);
    for (let i = 0; i < armJoints; i++)
      this.#posture[i] = gains.rest * limited(restingPosture[i]! - q[i]!, maxPostureError);
    for (let i = 0; i < 6; i++) {
      let value = gains.task[i]! * error[i]!;
      for (let j = 0; j < armJoints; j++) value -= jacobian[7 * i + j]! * this.#posture[j]!;
      error[i] = value;
    }
    this.#solveTask(jacobian, error);
    let norm = 0;
    for (let j = 0; j < armJoints; j++) {
      let speed = this.#posture[j]!;
      for (let i = 0; i < 6; i++) speed += jacobian[7 * i + j]! * error[i]!;
      this.#velocity[j] = speed;
      norm += speed * speed;
    }
    const scale = seconds * Math.min(1, maxSpeed / Math.sqrt(norm));
    for (let j = 0; j < armJoints; j++) {
      q[j] = Math.min(highest[j]!, Math.max(lowest[j]!, q[j]! + scale * this.#velocity[j]!));
    }
  }

  /** Replaces `b` by the solution of (J J') x = b with clipped eigenvalues. */
  #solveTask(jacobian: Float64Array, b: Float64Array): void {
    const matrix = this.#matrix;
    for (let i = 0; i < 6; i++) {
      for (let j = 0; j <= i; j++) {
        let sum = i === j ? 1e-12 : 0;
        for (let k = 0; k < armJoints; k++) sum += jacobian[7 * i + k]! * jacobian[7 * j + k]!;
        matrix[6 * i + j] = matrix[6 * j + i] = sum;
      }
    }
    let trace = 0;
    for (let i = 0; i < 6; i++) trace += matrix[7 * i]!;
    // The trace bounds the greatest eigenvalue; the least is beyond its bound where A - bound I has a Cholesky factor.
    const isInRange = trace <= greatestEigenvalue && cholesky(matrix, leastEigenvalue, this.#factor);
    if (!isInRange) clipEigenvalues(matrix, leastEigenvalue, greatestEigenvalue);
    cholesky(matrix, 0, this.#factor);
    substitute(this.#factor, b);
  }
}

const limited = (value: number, bound: number) => Math.min(bound, Math.max(-bound, value));

/** Writes the turn from the tool's rotation to that of diag(1, -1, -1) into error[3..5], as the vector part of a quaternion. */
function turnToPointDown(r: Float64Array, error: Float64Array): void {
  // R_error = diag(1, -1, -1) R'.
  const trace = r[0]! - r[4]! - r[8]!;
  const w = Math.sqrt(Math.max(1e-12, 1 + trace)) / 2;
  error[3] = limited((-r[5]! + r[7]!) / (4 * w), maxTurn);
  error[4] = limited((r[6]! + r[2]!) / (4 * w), maxTurn);
  error[5] = limited((-r[1]! - r[3]!) / (4 * w), maxTurn);
}

/** Lower factor of A - shift I, (6, 6); false where that is not positive definite. */
function cholesky(a: Float64Array, shift: number, factor: Float64Array): boolean {
  for (let i = 0; i < 6; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = a[6 * i + j]! - (i === j ? shift : 0);
      for (let k = 0; k < j; k++) sum -= factor[6 * i + k]! * factor[6 * j + k]!;
      if (i !== j) factor[6 * i + j] = sum / factor[7 * j]!;
      else if (sum > 0) factor[7 * i] = Math.sqrt(sum);
      else return false;
    }
  }
  return true;
}

function substitute(factor: Float64Array, b: Float64Array): void {
  for (let i = 0; i < 6; i++) {
    for (let k = 0; k < i; k++) b[i]! -= factor[6 * i + k]! * b[k]!;
    b[i]! /= factor[7 * i]!;
  }
  for (let i = 5; i >= 0; i--) {
    for (let k = i + 1; k < 6; k++) b[i]! -= factor[6 * k + i]! * b[k]!;
    b[i]! /= factor[7 * i]!;
  }
}

/** Jacobi's method for the eigenvalues of a symmetric (6, 6) matrix, which is rebuilt from the clipped ones. */
function clipEigenvalues(matrix: Float64Array, least: number, greatest: number): void {
  const a = matrix.slice();
  const vectors = Float64Array.from({ length: 36 }, (_, i) => Number(i % 7 === 0));
  for (let sweep = 0; sweep < 30; sweep++) {
    let off = 0;
    for (let p = 0; p < 6; p++) for (let q = p + 1; q < 6; q++) off += a[6 * p + q]! ** 2;
    if (off < 1e-22) break;
    for (let p = 0; p < 6; p++) for (let q = p + 1; q < 6; q++) if (a[6 * p + q] !== 0) rotate(a, vectors, p, q);
  }
  matrix.fill(0);
  for (let e = 0; e < 6; e++) {
    const value = Math.min(greatest, Math.max(least, a[7 * e]!));
    for (let i = 0; i < 6; i++) {
      for (let j = 0; j < 6; j++) matrix[6 * i + j]! += vectors[6 * i + e]! * value * vectors[6 * j + e]!;
    }
  }
}

/** Rotates rows and columns p and q so that a(p, q) becomes 0. */
function rotate(a: Float64Array, vectors: Float64Array, p: number, q: number): void {
  const theta = (a[7 * q]! - a[7 * p]!) / (2 * a[6 * p + q]!);
  const t = (theta < 0 ? -1 : 1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1));
  const c = 1 / Math.sqrt(t * t + 1);
  const s = t * c;
  const turn = (m: Float64Array, first: number, second: number) => {
    const [x, y] = [m[first]!, m[second]!];
    m[first] = c * x - s * y;
    m[second] = s * x + c * y;
  };
  for (let i = 0; i < 6; i++) turn(a, 6 * i + p, 6 * i + q);
  for (let i = 0; i < 6; i++) turn(a, 6 * p + i, 6 * q + i);
  for (let i = 0; i < 6; i++) turn(vectors, 6 * i + p, 6 * i + q);
}
