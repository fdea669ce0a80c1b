// How a demonstrator moves, drawn anew for every episode as one person differs from another and one day from the next.
import type { RandomStream } from "../../engine/random.js";
import type { Quality } from "../demonstrator.js";
import { between, type Range } from "./placement.js";

interface Habits {
  /** Share of the greatest speed. */
  readonly speed: Range;
  /** Of actions, in their units; it changes slowly. */
  readonly tremor: Range;
  /** Share of grasps that go beside the object, of which there is one in an episode at most. */
  readonly mistakes: number;
  /** Share of phases before which nothing happens for a while. */
  readonly pauses: number;
  /** By how much points on the way are missed (m). */
  readonly slack: number;
}

const habits: Readonly<Record<Quality, Habits>> = {
  proficient: { speed: [0.75, 1], tremor: [0.02, 0.06], mistakes: 0.04, pauses: 0.05, slack: 0.01 },
  mixed: { speed: [0.35, 1], tremor: [0.04, 0.14], mistakes: 0.25, pauses: 0.25, slack: 0.025 },
};

/** Of the tremor that is left after a step. */
const persistence = 0.8;

export class Style {
  /** Share of the greatest speed, 0 to 1. */
  readonly speed: number;
  readonly #habits: Habits;
  readonly #tremor: number;
  readonly #random: RandomStream;
  readonly #normal = new Float32Array(6);
  #hasErred = false;

  constructor(random: RandomStream, quality: Quality) {
    this.#random = random;
    this.#habits = habits[quality];
    this.speed = between(random, this.#habits.speed);
    this.#tremor = between(random, this.#habits.tremor);
  }

  /** A number in the range. */
  draw(range: Range): number {
    return between(this.#random, range);
  }

  /** By how much a grasp misses the object (m), mostly 0; `range` is what does not touch it. */
  miss(range: Range): number {
    const isMistaken = this.#random.nextUniform() < this.#habits.mistakes && !this.#hasErred;
    if (!isMistaken) return 0;
    this.#hasErred = true;
    return this.draw(range);
  }

  /** Steps without motion before a phase, mostly 0. */
  pause(): number {
    return this.#random.nextUniform() < this.#habits.pauses ? Math.round(this.draw([3, 12])) : 0;
  }

  /** By how much a point on the way is missed along one axis (m). */
  slack(): number {
    return this.draw([-this.#habits.slack, this.#habits.slack]);
  }

  /** Moves the tremor (6) of an arm on by one step. */
  shake(tremor: Float64Array): void {
    const share = Math.sqrt(1 - persistence ** 2) * this.#tremor;
    this.#random.normal(this.#normal);
    for (let i = 0; i < 6; i++) tremor[i] = persistence * tremor[i]! + share * this.#normal[i]!;
  }
}
