// The hand as a demonstrator guides it: from where the observation says it is towards a goal, as far as a step goes.
import type { RandomStream } from "../../engine/random.js";
import type { Quality } from "../demonstrator.js";
import { length, plus, scaled, subtract, type Vector } from "../render/vectors.js";
import type { Furniture } from "./parts.js";
import { composed, conjugate, matrixOf, product, relative, twist, type Pose, type Quaternion } from "../pose.js";
import { base, tag } from "./scene.js";

const tagInBase = relative(base, tag);
/** Of the tool: pointing down with its x axis ahead. */
const down: Quaternion = [0, 1, 0, 0];
export const degree = Math.PI / 180;
export const up: Vector = [0, 0, 1];

/** Where the hand is to go, and whether the fingers close. */
interface Goal {
  readonly pose: Pose;
  readonly closed: boolean;
}

/** One goal after another; ends when its purpose is reached or given up. */
export type Script<Result = void> = Generator<Goal, Result, undefined>;

/** How one episode is moved. */
interface Manner {
  /** Of a control step: how far the target is ahead (m), (rad). */
  readonly reach: number;
  readonly turn: number;
  /** Of every target (m). */
  readonly tremor: number;
  /** Chance of a pause at a step. */
  readonly pause: number;
  /** Chance of a grasp beside what it is meant for, of which there is one in an episode at most. */
  readonly mistakes: number;
}

interface Approach {
  readonly closed: boolean;
  /** How near is there (m), (rad). */
  readonly near?: number;
  readonly turn?: number;
  /** After which it is given up. */
  readonly steps?: number;
}

export class GuidedHand {
  readonly #furniture: Furniture;
  readonly #random: RandomStream;
  readonly #manner: Manner;
  readonly #action = new Float64Array(10);
  #observation: ArrayLike<number> = [];
  #tool: Pose | undefined;
  #hasErred = false;

  constructor(furniture: Furniture, random: RandomStream, quality: Quality) {
    this.#furniture = furniture;
    this.#random = random;
    const isMixed = quality === "mixed";
    this.#manner = {
      reach: this.draw(0.06, 0.09) * (isMixed ? 0.7 : 1),
      turn: this.draw(32, 42) * degree,
      tremor: isMixed ? this.draw(0, 0.002) : 0.0003,
      pause: isMixed ? this.draw(0, 0.15) : 0.01,
      mistakes: isMixed ? 0.25 : 0.03,
    };
  }

  see(observation: ArrayLike<number>): void {
    this.#observation = observation;
    this.#tool = undefined;
  }

  /** All poses are in the frame of the robot's base. */
  get tool(): Pose {
    if (this.#tool) return this.#tool;
    const [x, y, z, ...rows] = Array.from({ length: 9 }, (_, n) => this.#observation[n]!);
    return (this.#tool = { position: [x!, y!, z!], rotation: fromRows(rows) });
  }

  /** Between the fingers (m). */
  get width(): number {
    return this.#observation[15]!;
  }

  part(name: string): Pose {
    const at = 16 + 7 * this.#furniture.parts.findIndex((part) => part.name === name);
    const [x, y, z, i, j, k, w] = Array.from({ length: 7 }, (_, n) => this.#observation[at + n]!);
    return composed(tagInBase, { position: [x!, y!, z!], rotation: [w!, i!, j!, k!] });
  }

  draw(low: number, high: number): number {
    return low + (high - low) * this.#random.nextUniform();
  }

  /** By how much a grasp misses (m), mostly 0; `by` is enough to take nothing. */
  miss(by: number): number {
    const isMistaken = this.#random.nextUniform() < this.#manner.mistakes && !this.#hasErred;
    if (isMistaken) this.#hasErred = true;
    return isMistaken ? by * this.draw(1, 1.2) : 0;
  }

  /** The action (10) that moves towards a goal; overwritten by the next call. */
  actionFor({ pose, closed }: Goal): Float64Array {
    const { pause, tremor } = this.#manner;
    const isPausing = this.#random.nextUniform() < pause;
    const { position, rotation } = isPausing ? this.tool : ahead(this.tool, pose, this.#manner);
    for (let i = 0; i < 3; i++) this.#action[i] = position[i]! + tremor * (2 * this.#random.nextUniform() - 1);
    this.#action.set(matrixOf(rotation).slice(0, 6), 3);
    this.#action[9] = closed ? 1 : -1;
    return this.#action;
  }

  /** Goes to a pose, which may move, until it is there, which is returned, or for `steps`. */
  *go(poseAt: () => Pose, { closed, near = 0.004, turn = 3 * degree, steps = 40 }: Approach): Script<boolean> {
    for (let step = 0; step < steps; step++) {
      const pose = poseAt();
      const { position, rotation } = this.tool;
      if (distance(position, pose.position) < near && angleBetween(rotation, pose.rotation) < turn) return true;
      yield { pose, closed };
    }
    return false;
  }

  /** Stays for `steps` while the fingers move. */
  *wait(closed: boolean, steps: number): Script {
    const { tool: pose } = this;
    for (let step = 0; step < steps; step++) yield { pose, closed };
  }

  /** Turns about the vertical by so much, or until the wrist is at its end. `over`: where the tool is to be for a heading. */
  *swing(angle: number, closed: boolean, over: (heading: number) => Pose): Script {
    let left = Math.abs(angle);
    for (let stuck = 0, step = 0; left > 2 * degree && stuck < 3 && step < 40; step++) {
      const before = headingOf(this.tool);
      yield { pose: over(before + Math.sign(angle) * Math.min(left, 40 * degree)), closed };
      const turnedBy = Math.sign(angle) * wrapped(headingOf(this.tool) - before);
      left -= turnedBy;
      stuck = turnedBy < 1.5 * degree ? stuck + 1 : 0;
    }
  }
}

/** The script, broken off as soon as something is so. */
export function* until(isSo: () => boolean, script: Script<unknown>): Script {
  while (!isSo()) {
    const next = script.next();
    if (next.done) return;
    yield next.value;
  }
}

/** The rotation whose matrix begins with these two rows. */
function fromRows(rows: readonly number[]): Quaternion {
  const [a, b, c, d, e, f] = rows as [number, number, number, number, number, number];
  const m = [a, b, c, d, e, f, b * f - c * e, c * d - a * f, a * e - b * d];
  const trace = m[0]! + m[4]! + m[8]!;
  const candidates: Quaternion[] = [
    [1 + trace, m[7]! - m[5]!, m[2]! - m[6]!, m[3]! - m[1]!],
    [m[7]! - m[5]!, 1 + m[0]! - m[4]! - m[8]!, m[1]! + m[3]!, m[2]! + m[6]!],
    [m[2]! - m[6]!, m[1]! + m[3]!, 1 - m[0]! + m[4]! - m[8]!, m[5]! + m[7]!],
    [m[3]! - m[1]!, m[2]! + m[6]!, m[5]! + m[7]!, 1 - m[0]! - m[4]! + m[8]!],
  ];
  const sizes = candidates.map((q) => Math.hypot(...q));
  const best = sizes.indexOf(Math.max(...sizes));
  return candidates[best]!.map((value) => value / sizes[best]!) as unknown as Quaternion;
}

export const beyond = (from: Vector, direction: Vector, by: number) => plus(from, scaled(direction, by));
export const distance = (a: Vector, b: Vector) => length(subtract(a, b));
export const about = (axis: Vector, angle: number): Quaternion => {
  const s = Math.sin(angle / 2);
  return [Math.cos(angle / 2), s * axis[0], s * axis[1], s * axis[2]];
};
/** The tool pointing down, its fingers moving across the direction `heading` (rad). */
export const pointingDown = (heading: number) => product(about(up, heading), down);
/** Of the tool pointing down. */
export const headingOf = ({ rotation }: Pose) => twist(product(rotation, conjugate(down)), up);
const angleBetween = (a: Quaternion, b: Quaternion) =>
  2 * Math.acos(Math.min(1, Math.abs(a[0] * b[0] + a[1] * b[1] + a[2] * b[2] + a[3] * b[3])));
export const wrapped = (angle: number) => angle - 2 * Math.PI * Math.round(angle / (2 * Math.PI));

/** A pose on the way, as far as a step goes. */
function ahead(from: Pose, to: Pose, { reach, turn }: Manner): Pose {
  const way = subtract(to.position, from.position);
  const share = Math.min(1, reach / Math.max(1e-9, length(way)));
  const angle = angleBetween(from.rotation, to.rotation);
  return {
    position: beyond(from.position, way, share),
    rotation: interpolated(from.rotation, to.rotation, Math.min(1, turn / Math.max(1e-9, angle))),
  };
}

function interpolated(a: Quaternion, b: Quaternion, share: number): Quaternion {
  const cosine = a[0] * b[0] + a[1] * b[1] + a[2] * b[2] + a[3] * b[3];
  const [sign, angle] = [cosine < 0 ? -1 : 1, Math.acos(Math.min(1, Math.abs(cosine)))];
  if (angle < 1e-6) return b;
  const [u, v] = [Math.sin((1 - share) * angle) / Math.sin(angle), (sign * Math.sin(share * angle)) / Math.sin(angle)];
  return [0, 1, 2, 3].map((i) => u * a[i]! + v * b[i]!) as unknown as Quaternion;
}
