// An arm as a demonstrator guides it: from where the observation says it is towards a goal, by the actions that a task takes.
import { conjugate, product, type Quaternion } from "../pose.js";
import { aboutVertical, type Point } from "./placement.js";
import type { Style } from "./style.js";

/** Where an arm is to go. */
export interface Goal {
  readonly position: Point;
  /** Of the hand, w first. */
  readonly rotation: Quaternion;
  /** 1 closes the fingers, -1 opens them. */
  readonly grip: -1 | 1;
  /** Share of the greatest speed; default 1. */
  readonly speed?: number;
}

/** One action after another; ends when its purpose is reached or given up. */
export type Script<Result = void> = Generator<undefined, Result, undefined>;

const [reach, turn] = [0.05, 0.5];
const patience = 120;
/** Of what is missing near a goal, per step, and how much it may become (action units). */
const [learning, most] = [0.12, 1];

export class GuidedArm {
  /** Of its seven numbers in an action. */
  readonly #action: Float64Array;
  readonly #offset: number;
  readonly #observed: number;
  readonly #style: Style;
  readonly #tremor = new Float64Array(6);
  /** What was missing so far near the goal (action units): friction and the pull of the posture are overcome by it. */
  readonly #missing = new Float64Array(6);
  #observation: ArrayLike<number> = [];

  /** @param index of the arm. @param action of the whole task, which the arm writes its part of. */
  constructor(index: number, action: Float64Array, style: Style) {
    this.#action = action;
    this.#offset = 7 * index;
    this.#observed = 9 * index;
    this.#style = style;
    action[this.#offset + 6] = -1;
  }

  see(observation: ArrayLike<number>): void {
    this.#observation = observation;
  }

  get position(): Point {
    return pointAt(this.#observation, this.#observed);
  }

  /** Of the hand, w first. */
  get rotation(): Quaternion {
    return rotationAt(this.#observation, this.#observed + 3);
  }

  /** Between the fingers (m). */
  get opening(): number {
    return this.#observation[this.#observed + 7]! - this.#observation[this.#observed + 8]!;
  }

  /** A goal below, which stays above for as long as the arm is beside it, so that nothing is pushed over on the way down. */
  above(position: Point): Point {
    const [x, y] = this.position;
    const beside = Math.hypot(position[0] - x, position[1] - y);
    return [position[0], position[1], position[2] + Math.min(0.1, Math.max(0, 6 * (beside - 0.007)))];
  }

  /** Writes the next action towards the goal. */
  head({ position, rotation, grip, speed = 1 }: Goal): void {
    const action = this.#action;
    const limit = speed * this.#style.speed;
    const here = this.position;
    const way = position.map((value, i) => (value - here[i]!) / reach);
    const turning = turnBetween(this.rotation, rotation).map((value) => value / turn);
    const scale = (parts: readonly number[]) => Math.min(1, limit / Math.max(1e-9, Math.hypot(...parts)));
    const [fast, quick] = [scale(way), scale(turning)];
    this.#style.shake(this.#tremor);
    const shaking = Math.min(1, fast * Math.hypot(...way) + 0.3);
    this.#learn(way, 0);
    this.#learn(turning, 3);
    for (let i = 0; i < 3; i++) {
      action[this.#offset + i] = bounded(fast * way[i]! + this.#missing[i]! + shaking * this.#tremor[i]!);
      action[this.#offset + 3 + i] = bounded(quick * turning[i]! + this.#missing[3 + i]! + 0.3 * this.#tremor[3 + i]!);
    }
    action[this.#offset + 6] = grip;
  }

  #learn(parts: readonly number[], from: number): void {
    const isNear = Math.hypot(...parts) < 0.8;
    for (let i = 0; i < 3; i++) {
      const grown = this.#missing[from + i]! + learning * parts[i]!;
      this.#missing[from + i] = isNear ? Math.max(-most, Math.min(most, grown)) : 0.9 * this.#missing[from + i]!;
    }
  }

  /** What the fingers were told last; before that, to open. */
  get #grip(): Goal["grip"] {
    return this.#action[this.#offset + 6] as Goal["grip"];
  }

  /**
   * Stays where it is for some steps, and tells the fingers again what they were told: the task goes by the sign of the command, and
   * what imitates a 0 has one or the other.
   */
  *rest(steps: number): Script {
    const [position, rotation] = [this.position, this.rotation];
    for (let step = 0; step < steps; step++) {
      this.head({ position, rotation, grip: this.#grip });
      yield;
    }
  }

  /**
   * Goes to a goal, which may move, until it is within `near` (m) and 0.1 rad; gives up after some steps or when `isLost`, and
   * then returns false. A pause may precede.
   */
  *go(goal: () => Goal, near: number, steps = patience, isLost = () => false): Script<boolean> {
    yield* this.rest(this.#style.pause());
    for (let step = 0; step < steps && !isLost(); step++) {
      const wanted = goal();
      const here = this.position;
      const far = Math.hypot(...wanted.position.map((value, i) => value - here[i]!));
      if (far < near && Math.hypot(...turnBetween(this.rotation, wanted.rotation)) < 0.1) return true;
      this.head(wanted);
      yield;
    }
    return false;
  }

  /** Closes the fingers until they hold with all their force, which takes eight steps, or opens them until they stand. */
  *move(grip: Goal["grip"]): Script {
    const [position, rotation] = [this.position, this.rotation];
    let before = Infinity;
    for (let step = 0; step < 15; step++) {
      this.head({ position, rotation, grip, speed: 0.3 });
      yield;
      if (step >= (grip > 0 ? 9 : 3) && Math.abs(this.opening - before) < 5e-4) return;
      before = this.opening;
    }
  }
}

/** Arms that act at once, each its scripts in turn; one that has ended them keeps still until all have. */
export function* together(
  ...parts: readonly (readonly [arm: GuidedArm, scripts: readonly Script<unknown>[]])[]
): Script {
  const playing = parts.map(([arm, scripts]) => ({
    arm,
    scripts: [...scripts],
    still: undefined as Script | undefined,
  }));
  for (;;) {
    for (const part of playing) {
      while (part.scripts[0]?.next().done) part.scripts.shift();
      if (part.scripts.length === 0) (part.still ??= part.arm.rest(Infinity)).next();
    }
    if (playing.every(({ scripts }) => scripts.length === 0)) return;
    yield;
  }
}

const bounded = (value: number) => Math.max(-1, Math.min(1, value));

export const pointAt = (values: ArrayLike<number>, at: number): Point => [
  values[at]!,
  values[at + 1]!,
  values[at + 2]!,
];

/** Of an observation's (x, y, z, w). */
export const rotationAt = (values: ArrayLike<number>, at: number): Quaternion => [
  values[at + 3]!,
  values[at]!,
  values[at + 1]!,
  values[at + 2]!,
];

/** The turn from one rotation to another: axis in the world times angle (rad). */
export function turnBetween(from: Quaternion, to: Quaternion): Point {
  const [w, x, y, z] = product(to, conjugate(from));
  const length = Math.hypot(x, y, z);
  if (length < 1e-12) return [0, 0, 0];
  const angle = 2 * Math.atan2(length, Math.abs(w)) * (w < 0 ? -1 : 1);
  return [(x * angle) / length, (y * angle) / length, (z * angle) / length];
}

/** A hand that points down, its x axis at `yaw` (rad) from the world's; the fingers are beside that. */
export const pointingDown = (yaw: number): Quaternion => product(aboutVertical(yaw), [0, 1, 0, 0]);

/** The hand turned about the axis along which its fingers move (rad): its tip goes where its x axis points. */
export const leant = (rotation: Quaternion, angle: number): Quaternion =>
  product(rotation, [Math.cos(angle / 2), 0, Math.sin(angle / 2), 0]);

/** Of a rotation's x axis about the vertical (rad). */
export function yawOf([w, x, y, z]: Quaternion): number {
  return Math.atan2(2 * (w * z + x * y), 1 - 2 * (y * y + z * z));
}

/** The angle (rad) equal to `yaw` but for multiples of `symmetry` that is nearest to `to`. */
export function nearestTurn(yaw: number, symmetry: number, to: number): number {
  return yaw + symmetry * Math.round((to - yaw) / symmetry);
}

/** A point given in the frame of something, in the world. */
export function pointIn(position: Point, rotation: Quaternion, [x, y, z]: Point): Point {
  const [, dx, dy, dz] = product(product(rotation, [0, x, y, z]), conjugate(rotation));
  return [position[0] + dx, position[1] + dy, position[2] + dz];
}
