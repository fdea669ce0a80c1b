// Demonstrations of the kitchen: a script takes hold of one thing after the other, looks at what the observation says has come of it,
// and goes on or tries again.
import type { RandomStream } from "../../engine/random.js";
import type { Demonstration, Demonstrator, Quality } from "../demonstrator.js";
import { fail } from "../../errors.js";
import { plus, type Vector } from "../render/vectors.js";
import { GuidedArm, type HandGoal } from "./guided-arm.js";
import { isComplete, kitchenElements, kitchenTasks, type KitchenElementName } from "./kitchen.js";

/** One action after the other. */
type Script = Generator<Float64Array, void, undefined>;

/** How somebody works. */
interface Habits {
  /** Share of the arm's greatest speed. */
  readonly haste: number;
  /** Most steps for which to rest between two things. */
  readonly pause: number;
  /** Of a place to reach for (m). */
  readonly inaccuracy: number;
  /** Of actions; it drifts, as people's does. */
  readonly tremor: number;
  /** How likely a first attempt reaches beside the thing. */
  readonly mistakes: number;
  /** How likely a thing is left out. */
  readonly omissions: number;
}

function habitsOf(quality: Quality, random: RandomStream): Habits {
  const between = (low: number, high: number) => low + (high - low) * random.nextUniform();
  return quality === "proficient"
    ? { haste: between(0.92, 1), pause: 3, inaccuracy: 0.002, tremor: 0.02, mistakes: 0.02, omissions: 0 }
    : { haste: between(0.75, 1), pause: 8, inaccuracy: 0.005, tremor: 0.05, mistakes: 0.15, omissions: 0.3 };
}

const forward: Vector = [0, 1, 0];
const [alongX, upwards]: readonly Vector[] = [
  [1, 0, 0],
  [0, 0, 1],
];

/** Postures (7) from which each thing is in reach, found by inverse kinematics from the posture at the beginning. */
const postures = {
  microwave: [-1.117, -1.641, 2.087, -1.548, -1.227, 1.038, -0.239],
  kettle: [0.108, -1.528, 2.347, -2.714, 2.064, 0.708, 0.539],
  kettleEnd: [-1.6, -1.53, 2.09, -1.84, 1.88, 0.9, -0.457],
  light: [-0.771, -1.202, 1.327, -2.6, 0.281, 1.876, -0.7],
  slide: [-0.583, -0.729, 0.701, -2.088, 0.271, 1.497, -1.397],
  burner: [-0.857, -1.363, 1.449, -2.214, 2.449, 1.639, -1.117],
} as const;

/** What the task surely counts as complete, whatever the sensors' noise. */
const surelyWithin = 0.26;

class KitchenScript {
  readonly #arm: GuidedArm;
  readonly #random: RandomStream;
  readonly #habits: Habits;
  readonly #observation: () => ArrayLike<number>;
  readonly #completed = new Set<KitchenElementName>();
  readonly #tremor = new Float64Array(7);
  /** Where the hand reaches beside what it reaches for (m). */
  #aside: Vector = [0, 0, 0];

  constructor(arm: GuidedArm, random: RandomStream, habits: Habits, observation: () => ArrayLike<number>) {
    this.#arm = arm;
    this.#random = random;
    this.#habits = habits;
    this.#observation = observation;
  }

  *perform(elements: readonly KitchenElementName[]): Script {
    for (const element of elements) {
      if (this.#random.nextUniform() < this.#habits.omissions) continue;
      for (let attempt = 0; attempt < 3 && !this.#completed.has(element); attempt++) {
        const misses = attempt === 0 && this.#random.nextUniform() < this.#habits.mistakes;
        this.#aside = misses ? [0.03 * this.#either(), 0, 0.06 + 0.02 * this.#either()] : this.#slip();
        yield* this.#operate(element);
        const pause = Math.floor((this.#habits.pause + 1) * this.#random.nextUniform());
        const { position, axes } = this.#arm;
        const still: HandGoal = { position, pointing: axes[2], opening: axes[1], speed: 0.2, open: true };
        for (let step = 0; step < pause; step++) yield this.#towards(still);
      }
    }
  }

  /** Notes what the observation has as complete, once and for all, as the task does. */
  look(): void {
    for (const element of Object.keys(kitchenElements) as KitchenElementName[]) {
      if (this.#missing(element) < surelyWithin) this.#completed.add(element);
    }
  }

  #operate(element: KitchenElementName): Script {
    if (element === "microwave") return this.#microwave();
    if (element === "kettle") return this.#kettle();
    if (element === "light switch") return this.#light();
    if (element === "slide cabinet") return this.#slide();
    if (element === "bottom burner") return this.#burner();
    return fail("DMPO_DEMONSTRATION", element, "is not demonstrated", "the elements of the three tasks");
  }

  /** Distance from the goal, over all of its positions. */
  #missing(element: KitchenElementName): number {
    const { at, goal } = kitchenElements[element];
    return Math.hypot(...goal.map((value, i) => this.#at(at + i) - value));
  }

  #at(index: number): number {
    return this.#observation()[index]!;
  }

  *#microwave(): Script {
    const angle = 0.3;
    const pointing: Vector = [-Math.sin(angle), Math.cos(angle), 0];
    const opening: Vector = [Math.cos(angle), Math.sin(angle), 0];
    const height = 1.79 + 0.04 * this.#either();
    // The handle is a bar beside a hinge; the angle is the door's, `back` the distance from it.
    const beside = (door: number, back: number): HandGoal => {
      const [c, s] = [Math.cos(0.3 + door), Math.sin(0.3 + door)];
      const bar: Vector = [-1.1276 + 0.475 * c + 0.108 * s, 0.455 + 0.475 * s - 0.108 * c, height];
      const position: Vector = [bar[0] - back * pointing[0], bar[1] - back * pointing[1], height];
      return { position, pointing, opening, speed: 0.35 * this.#habits.haste, open: true };
    };
    yield* this.#posture(postures.microwave, true);
    this.#arm.restAt(postures.microwave);
    const door = this.#at(22);
    yield* this.#hand(() => beside(door, 0.1), 40, 0.025);
    yield* this.#hand(() => beside(door, 0.012), 25, 0.012);
    const closed = (goal: HandGoal): HandGoal => ({ ...goal, open: false });
    yield* this.#hand(() => closed(beside(this.#at(22), 0.012)), 7, 0);
    for (let step = 0; step < 50 && this.#at(22) > -0.72; step++) {
      yield this.#towards(closed(beside(Math.max(-0.85, this.#at(22) - 0.16), 0.012)));
    }
    yield* this.#hand(() => beside(this.#at(22), 0.012), 6, 0);
    const left = this.#at(22);
    yield* this.#hand(() => beside(left, 0.13), 20, 0.03);
  }

  *#kettle(): Script {
    const tilt = 0.42;
    const pointing: Vector = [0, Math.sin(tilt), -Math.cos(tilt)];
    const x = -0.26 + 0.015 * this.#either();
    const push = (behind: number, speed: number): HandGoal => ({
      position: [x, this.#at(24) - behind, 1.745],
      ...{ pointing, opening: alongX!, speed: speed * this.#habits.haste, open: true },
    });
    yield* this.#posture(postures.kettle, true);
    this.#arm.restAt(postures.kettle);
    yield* this.#hand(() => push(0.2, 0.35), 40, 0.03);
    for (let step = 0; step < 60 && this.#missing("kettle") > 0.12 && this.#at(24) < 0.66; step++) {
      this.#arm.restAt(step > 10 ? postures.kettleEnd : postures.kettle);
      yield this.#towards(push(0.08, 0.3));
    }
    const y = this.#arm.position[1];
    yield* this.#hand(() => ({ ...push(0, 0.3), position: [this.#arm.position[0], y - 0.06, 1.9] }), 15, 0.03);
  }

  *#light(): Script {
    const at = (x: number, y: number): HandGoal => ({
      position: [x, y, 2.275],
      ...{ pointing: forward, opening: upwards!, speed: 0.3 * this.#habits.haste, open: false },
    });
    yield* this.#posture(postures.light, false);
    this.#arm.restAt(postures.light);
    yield* this.#hand(() => at(-0.3, 0.5), 30, 0.025);
    yield* this.#hand(() => at(-0.3, 0.59), 20, 0.015);
    for (let step = 0; step < 25 && this.#at(17) > -0.52; step++)
      yield this.#towards(at(this.#arm.position[0] - 0.1, 0.605));
    yield* this.#hand(() => at(-0.42, 0.48), 15, 0.03);
  }

  *#slide(): Script {
    const at = (x: number, y: number): HandGoal => ({
      position: [x, y, 2.6],
      ...{ pointing: forward, opening: upwards!, speed: 0.35 * this.#habits.haste, open: false },
    });
    yield* this.#posture(postures.slide, false);
    this.#arm.restAt(postures.slide);
    yield* this.#hand(() => at(-0.19, 0.5), 30, 0.025);
    yield* this.#hand(() => at(-0.19, 0.58), 20, 0.015);
    for (let step = 0; step < 40 && this.#at(19) < 0.3; step++)
      yield this.#towards(at(this.#arm.position[0] + 0.1, 0.58));
  }

  *#burner(): Script {
    // The knob is a bar that stands upright; its angle is negative and turns its upper end to the right.
    const at = (y: number, turn: number, open: boolean): HandGoal => ({
      position: [-0.256, y, 2.226],
      pointing: forward,
      opening: [Math.cos(turn), 0, -Math.sin(turn)],
      ...{ speed: 0.25 * this.#habits.haste, open },
    });
    yield* this.#posture(postures.burner, true);
    this.#arm.restAt(postures.burner);
    const turned = -this.#at(11);
    yield* this.#hand(() => at(0.5, turned, true), 30, 0.015);
    yield* this.#hand(() => at(0.6, turned, true), 20, 0.012);
    yield* this.#hand(() => at(0.6, turned, false), 5, 0);
    for (let step = 0; step < 40 && this.#at(11) > -0.72; step++) {
      yield this.#towards(at(0.6, 1.1 - this.#at(11), false));
    }
    yield* this.#hand(() => at(0.6, -this.#at(11), true), 4, 0);
    yield* this.#hand(() => at(0.48, -this.#at(11), true), 15, 0.03);
  }

  /** U(-1, 1). */
  #either(): number {
    return 2 * this.#random.nextUniform() - 1;
  }

  #slip(): Vector {
    const one = () => 2 * this.#habits.inaccuracy * this.#either();
    return [one(), one(), one()];
  }

  #towards(goal: HandGoal): Float64Array {
    return this.#trembling(this.#arm.towards({ ...goal, position: plus(goal.position, this.#aside) }));
  }

  #trembling(action: Float64Array): Float64Array {
    this.#tremor.forEach((value, i) => {
      this.#tremor[i] = 0.8 * value + 0.6 * this.#habits.tremor * this.#either();
      action[i] = Math.min(1, Math.max(-1, action[i]! + this.#tremor[i]));
    });
    return action;
  }

  /** Until the hand is there, at most so many steps. */
  *#hand(goal: () => HandGoal, most: number, within: number): Script {
    for (let step = 0; step < most; step++) {
      const wanted = goal();
      const { meters, radians } = this.#arm.distance({ ...wanted, position: plus(wanted.position, this.#aside) });
      if (meters < within && radians < 0.2) return;
      yield this.#towards(wanted);
    }
  }

  *#posture(posture: readonly number[], open: boolean): Script {
    const own = posture.map((angle) => angle + 0.03 * this.#either());
    for (let step = 0; step < 60 && this.#arm.awayFrom(own) > 0.12; step++) {
      yield this.#trembling(this.#arm.towardsPosture(own, open, this.#habits.haste));
    }
  }
}

class KitchenDemonstrator implements Demonstrator {
  readonly #arm: GuidedArm;
  readonly #elements: readonly KitchenElementName[];
  #work: { readonly script: KitchenScript; readonly actions: Script } | undefined;
  #observation: ArrayLike<number> = [];

  constructor(arm: GuidedArm, elements: readonly KitchenElementName[]) {
    this.#arm = arm;
    this.#elements = elements;
  }

  begin(random: RandomStream, quality: Quality): void {
    const script = new KitchenScript(this.#arm, random, habitsOf(quality, random), () => this.#observation);
    this.#work = { script, actions: script.perform(this.#elements) };
  }

  act(observation: ArrayLike<number>): Float64Array | undefined {
    this.#observation = observation;
    this.#arm.see(observation);
    this.#work!.script.look();
    return this.#work!.actions.next().value ?? undefined;
  }

  delete(): void {
    this.#arm.delete();
  }
}

export const kitchenDemonstrations: readonly Demonstration[] = Object.entries(kitchenTasks).map(
  ([task, { name, elements }]) => ({
    name: `kitchen/${task}`,
    environment: name,
    folder: `gym/${name}`,
    // As D4RL labels its recordings: how many of the elements are as they should be, not what has been added.
    label: (observation) => elements.filter((element) => isComplete(element, observation)).length,
    isWhole: (episodeReturn) => episodeReturn >= elements.length,
    open: async () => new KitchenDemonstrator(await GuidedArm.load(), elements),
  }),
);
