// Operational-space control of an arm, as robosuite's OSC_POSE: torques that pull the tool towards a pose, position and rotation
// decoupled, and the arm towards its first posture within the freedom that remains. Khatib 1987, "A unified approach for motion
// and force control of robot manipulators: The operational space formulation", eq. 34 to 52. Nothing is allocated per step.
import type { Simulator } from "../simulator.js";
import { factorize, solve } from "../cholesky.js";

const joints = 7;
/** Largest change of the goal by one action (m, rad). */
const [reach, turn] = [0.05, 0.5];
/** Of position and rotation errors (1/s^2), critically damped. */
const stiffness = 150;
const damping = 2 * Math.sqrt(stiffness);
/** Towards the first posture (1/s^2), critically damped. */
const postureStiffness = 10;
const postureDamping = 2 * Math.sqrt(postureStiffness);
/** Of the motors (N m). */
const maxTorque = [80, 80, 80, 80, 80, 12, 12];

/** Where an arm is in the arrays of its model. */
export interface ArmIndices {
  /** First of its seven joints, degrees of freedom, positions and actuators, each of which follow one another. */
  readonly joint: number;
  readonly velocity: number;
  readonly position: number;
  readonly actuator: number;
  /** Between the fingers. */
  readonly site: number;
}

export class OperationalSpaceController {
  readonly #simulator: Simulator;
  readonly #at: ArmIndices;
  /** Where each row of the arm's mass matrix begins in the engine's. */
  readonly #rows: readonly number[];
  readonly #goalPosition = new Float64Array(3);
  readonly #goalRotation = new Float64Array(9);
  readonly #posture = new Float64Array(joints);
  /** (7, 7), row by row. */
  readonly #mass = new Float64Array(joints * joints);
  readonly #massFactor = new Float64Array(joints * joints);
  /** (6, 7): linear, then angular velocity of the tool for each joint's. */
  readonly #jacobian = new Float64Array(6 * joints);
  /** (6, 7): rows of the Jacobian times the inverse mass matrix. */
  readonly #weighted = new Float64Array(6 * joints);
  /** (6, 6): inverse of the inertia that the tool seems to have. */
  readonly #mobility = new Float64Array(36);
  readonly #mobilityFactor = new Float64Array(36);
  readonly #block = new Float64Array(9);
  readonly #velocity = new Float64Array(6);
  readonly #pull = new Float64Array(joints);
  readonly #wrench = new Float64Array(6);
  readonly #part = new Float64Array(3);
  readonly #drift = new Float64Array(6);
  readonly #change = new Float64Array(9);

  constructor(simulator: Simulator, at: ArmIndices) {
    this.#simulator = simulator;
    this.#at = at;
    const starts = simulator.modelArray("dof_Madr");
    this.#rows = Array.from({ length: joints }, (_, i) => starts[at.velocity + i]!);
  }

  /** Holds the present pose and takes the present joints for the first posture. */
  reset(): void {
    const { sitePosition, siteMatrix, qpos } = this.#simulator;
    const { site, position } = this.#at;
    for (let i = 0; i < 3; i++) this.#goalPosition[i] = sitePosition[3 * site + i]!;
    for (let i = 0; i < 9; i++) this.#goalRotation[i] = siteMatrix[9 * site + i]!;
    for (let i = 0; i < joints; i++) this.#posture[i] = qpos[position + i]!;
  }

  /**
   * A goal relative to the present pose. Without a turn the goal's rotation stays, wherever the tool has turned to since.
   * @param action six numbers from `offset` on, clipped to [-1, 1]: translation, then rotation about an axis of the world.
   */
  aim(action: Float64Array, offset: number): void {
    const { sitePosition, siteMatrix } = this.#simulator;
    const { site } = this.#at;
    const bounded = (i: number) => Math.max(-1, Math.min(1, action[offset + i]!));
    for (let i = 0; i < 3; i++) this.#goalPosition[i] = sitePosition[3 * site + i]! + reach * bounded(i);
    const [x, y, z] = [turn * bounded(3), turn * bounded(4), turn * bounded(5)];
    if (x === 0 && y === 0 && z === 0) return;
    const change = this.#change;
    singlePrecisionRotation(x, y, z, change);
    for (let row = 0; row < 3; row++) {
      for (let column = 0; column < 3; column++) {
        let sum = 0;
        for (let k = 0; k < 3; k++) sum += change[3 * row + k]! * siteMatrix[9 * site + 3 * k + column]!;
        this.#goalRotation[3 * row + column] = sum;
      }
    }
  }

  /** Reads the mass matrix of the present positions. */
  weigh(): void {
    const { massMatrix } = this.#simulator;
    for (let i = 0; i < joints; i++) {
      for (let j = 0; j <= i; j++) {
        const value = massMatrix[this.#rows[i]! + i - j]!;
        this.#mass[joints * i + j] = this.#mass[joints * j + i] = value;
      }
    }
    factorize(this.#mass, joints, this.#massFactor);
  }

  /** Writes the controls of the arm's motors for the present state and the mass matrix as last weighed. */
  drive(): void {
    this.#readJacobian();
    this.#weighTool();
    this.#pullTool();
    const { qpos, qvel, bias, ctrl } = this.#simulator;
    const { position, velocity, actuator } = this.#at;
    // With N = I - M^-1 J' L J the torques N' M a are M a - J' L J a: only what moves the tool is taken away.
    for (let i = 0; i < joints; i++) {
      const error = this.#posture[i]! - qpos[position + i]!;
      this.#pull[i] = postureStiffness * error - postureDamping * qvel[velocity + i]!;
    }
    for (let row = 0; row < 6; row++) {
      let sum = 0;
      for (let k = 0; k < joints; k++) sum += this.#jacobian[joints * row + k]! * this.#pull[k]!;
      this.#drift[row] = sum;
    }
    solve(this.#mobilityFactor, 6, this.#drift);
    for (let i = 0; i < joints; i++) {
      let torque = bias[velocity + i]!;
      for (let k = 0; k < joints; k++) torque += this.#mass[joints * i + k]! * this.#pull[k]!;
      for (let row = 0; row < 6; row++) {
        torque += this.#jacobian[joints * row + i]! * (this.#wrench[row]! - this.#drift[row]!);
      }
      ctrl[actuator + i] = Math.max(-maxTorque[i]!, Math.min(maxTorque[i]!, torque));
    }
  }

  #readJacobian(): void {
    const { sitePosition, jointAnchor, jointAxis } = this.#simulator;
    const jacobian = this.#jacobian;
    const { site, joint } = this.#at;
    const [px, py, pz] = [sitePosition[3 * site]!, sitePosition[3 * site + 1]!, sitePosition[3 * site + 2]!];
    for (let i = 0; i < joints; i++) {
      const at = 3 * (joint + i);
      const x = jointAxis[at]!;
      const y = jointAxis[at + 1]!;
      const z = jointAxis[at + 2]!;
      const dx = px - jointAnchor[at]!;
      const dy = py - jointAnchor[at + 1]!;
      const dz = pz - jointAnchor[at + 2]!;
      jacobian[i] = y * dz - z * dy;
      jacobian[joints + i] = z * dx - x * dz;
      jacobian[2 * joints + i] = x * dy - y * dx;
      jacobian[3 * joints + i] = x;
      jacobian[4 * joints + i] = y;
      jacobian[5 * joints + i] = z;
    }
  }

  #weighTool(): void {
    const jacobian = this.#jacobian;
    const weighted = this.#weighted;
    weighted.set(jacobian);
    for (let row = 0; row < 6; row++) solve(this.#massFactor, joints, weighted, joints * row);
    for (let i = 0; i < 6; i++) {
      for (let j = 0; j <= i; j++) {
        let sum = 0;
        for (let k = 0; k < joints; k++) sum += weighted[joints * i + k]! * jacobian[joints * j + k]!;
        this.#mobility[6 * i + j] = this.#mobility[6 * j + i] = sum;
      }
    }
    factorize(this.#mobility, 6, this.#mobilityFactor);
  }

  /** Force and torque on the tool, each with the inertia that it has without the other. */
  #pullTool(): void {
    const { sitePosition, siteMatrix, qvel } = this.#simulator;
    const { site, velocity } = this.#at;
    for (let row = 0; row < 6; row++) {
      let sum = 0;
      for (let k = 0; k < joints; k++) sum += this.#jacobian[joints * row + k]! * qvel[velocity + k]!;
      this.#velocity[row] = sum;
    }
    const [at, goal, wrench] = [9 * site, this.#goalRotation, this.#wrench];
    for (let i = 0; i < 3; i++) {
      wrench[i] = stiffness * (this.#goalPosition[i]! - sitePosition[3 * site + i]!) - damping * this.#velocity[i]!;
      const [j, k] = [(i + 1) % 3, (i + 2) % 3];
      let error = 0;
      for (let axis = 0; axis < 3; axis++) {
        error +=
          siteMatrix[at + 3 * j + axis]! * goal[3 * k + axis]! - siteMatrix[at + 3 * k + axis]! * goal[3 * j + axis]!;
      }
      wrench[3 + i] = stiffness * (error / 2) - damping * this.#velocity[3 + i]!;
    }
    for (let from = 0; from < 6; from += 3) {
      for (let i = 0; i < 3; i++) {
        for (let j = 0; j < 3; j++) this.#block[3 * i + j] = this.#mobility[6 * (from + i) + from + j]!;
        this.#part[i] = wrench[from + i]!;
      }
      factorize(this.#block, 3, this.#block);
      solve(this.#block, 3, this.#part);
      for (let i = 0; i < 3; i++) wrench[from + i] = this.#part[i]!;
    }
  }
}

/** Rotation about an axis by its length, through a quaternion of single precision as robosuite's is. Writes (3, 3). */
function singlePrecisionRotation(x: number, y: number, z: number, out: Float64Array): void {
  const angle = Math.hypot(x, y, z);
  const part = Math.sin(angle / 2) / angle;
  let w = Math.fround(Math.cos(angle / 2));
  [x, y, z] = [Math.fround(x * part), Math.fround(y * part), Math.fround(z * part)];
  const scale = Math.sqrt(2 / Math.fround(w * w + x * x + y * y + z * z));
  [w, x, y, z] = [Math.fround(w * scale), Math.fround(x * scale), Math.fround(y * scale), Math.fround(z * scale)];
  const [xx, yy, zz] = [Math.fround(x * x), Math.fround(y * y), Math.fround(z * z)];
  const [xy, xz, yz] = [Math.fround(x * y), Math.fround(x * z), Math.fround(y * z)];
  const [wx, wy, wz] = [Math.fround(w * x), Math.fround(w * y), Math.fround(w * z)];
  out[0] = 1 - yy - zz;
  out[1] = Math.fround(xy - wz);
  out[2] = Math.fround(xz + wy);
  out[3] = Math.fround(xy + wz);
  out[4] = 1 - xx - zz;
  out[5] = Math.fround(yz - wx);
  out[6] = Math.fround(xz - wy);
  out[7] = Math.fround(yz + wx);
  out[8] = 1 - xx - yy;
}
