// The Franka kitchen as D4RL has it (Gupta et al. 2019; Fu et al. 2020): a Panda operates four of seven things in one episode. What
// is observed is noisy, the controller starts from what was observed last, and what is complete is judged by it.
import type { RandomStream } from "../../engine/random.js";
import { assetFolder } from "../assets/assets.js";
import { dimensionNames } from "../dimension-names.js";
import { defineEnvironment, type EnvironmentDefinition, type Numbers, type PhysicsState } from "../environment.js";
import { Simulator } from "../simulator.js";
import { kitchenModel } from "./model.js";
import { KitchenPictures } from "./pictures.js";

/** Positions: 9 of the robot, 21 of the things in the kitchen. */
const [robotSize, positionCount, velocityCount] = [9, 30, 29];
const kettleOrientation = 26;
const substeps = 40;
export const secondsPerStep = 0.08;

/** A thing that can be operated: its joint positions and where they should be. */
export interface KitchenElement {
  readonly at: number;
  readonly goal: readonly number[];
}

export const kitchenElements = {
  "bottom burner": { at: 11, goal: [-0.88, -0.01] },
  "top burner": { at: 15, goal: [-0.92, -0.01] },
  "light switch": { at: 17, goal: [-0.69, -0.05] },
  "slide cabinet": { at: 19, goal: [0.37] },
  "hinge cabinet": { at: 20, goal: [0, 1.45] },
  microwave: { at: 22, goal: [-0.75] },
  kettle: { at: 23, goal: [-0.23, 0.75, 1.62, 0.99, 0, 0, -0.06] },
} as const satisfies Record<string, KitchenElement>;
export type KitchenElementName = keyof typeof kitchenElements;

/** Distance below which an element is complete, over all of its positions. */
export const completeWithin = 0.3;

/** Where every episode begins, as recorded: the first finger is beyond its limit, the kettle's quaternion not quite of unit length. */
const start = [
  ...[
    0.148388023, -1.76848573, 1.84390296, -2.4768576, 0.260252026, 0.712533105, 1.59515394, 0.0479267505, 0.0371350919,
  ],
  ...[-2.6627985e-4, -5.18043486e-5, 3.1287722e-5, -4.51199853e-5, -3.90842156e-6, -4.22629655e-5, 6.28065475e-5],
  ...[4.04984708e-5, 4.62730939e-4, -2.26906415e-4, -4.65501369e-4, -6.44129196e-3, -1.77048263e-3, 1.08009684e-3],
  ...[-0.26939744, 0.350383255, 1.61944683, 1.00618764, 4.0639512e-3, -6.62095997e-3, -2.68278933e-4],
];

/** Amplitude of the sensors' noise on each position. */
const amplitudes = [
  ...[...new Array<number>(9).fill(0.1), 0.005, 0.005, ...new Array<number>(6).fill(0.0005)],
  ...[0.005, 0.005, 0.005, 0.1, 0.1, 0.1, 0.005, 0.005, 0.005, 0.1, 0.1, 0.1, 0.005],
];
/** Share of it in an episode; while the cache of observations is filled at its beginning it is 1. */
const noiseShare = 0.1;
const cachedObservations = 5;

/** Joint velocity (rad/s, m/s) of an action of 1. */
export const actionScale = 2;
/** Where the set points of the seven joints (rad) and the fingers (m) are cut. */
const lowest = [-2.9, -1.8, -2.9, -3.1, -2.9, 0, -2.9, 0, 0];
const highest = [2.9, 1.8, 2.9, 0, 2.9, 3.8, 2.9, 0.04, 0.04];

/** Positions (30) that a task wants, zero where it wants nothing. */
export function kitchenGoal(elements: readonly KitchenElementName[]): Float64Array {
  const goal = new Float64Array(positionCount);
  for (const name of elements) goal.set(kitchenElements[name].goal, kitchenElements[name].at);
  return goal;
}

/** Whether positions (30) have the element where it should be. */
export function isComplete(name: KitchenElementName, positions: ArrayLike<number>): boolean {
  const { at, goal }: KitchenElement = kitchenElements[name];
  return Math.hypot(...goal.map((value, i) => positions[at + i]! - value)) < completeWithin;
}

/** The kitchen with its controller and its sensors. */
export class KitchenWorld {
  readonly simulator: Simulator;
  readonly #noise: number;
  readonly #observed = new Float64Array(positionCount);
  #random: RandomStream | undefined;

  private constructor(simulator: Simulator, noise: number) {
    this.simulator = simulator;
    this.#noise = noise;
  }

  /** @param noise share of the sensors' amplitudes. @throws InputError DMPO_ASSETS_MISSING. */
  static async load(noise = noiseShare): Promise<KitchenWorld> {
    return new KitchenWorld(await Simulator.load(kitchenModel(assetFolder("kitchen"))), noise);
  }

  /** Positions (30) as last observed; overwritten by the next step. */
  get observed(): Float64Array {
    return this.#observed;
  }

  reset(random: RandomStream): void {
    this.#random = random;
    this.#place(start, new Float64Array(velocityCount));
    for (let i = 0; i < cachedObservations; i++) this.#observe(1);
    this.#observe(this.#noise);
  }

  /** Puts everything into a state, which is then observed. */
  setState({ qpos, qvel }: PhysicsState): void {
    this.#place(qpos, qvel);
    this.#observe(this.#noise);
  }

  /** One control step; `action` (9) is clipped to [-1, 1] in place. */
  step(action: Float64Array): void {
    const { ctrl } = this.simulator;
    for (let i = 0; i < robotSize; i++) {
      action[i] = Math.min(1, Math.max(-1, action[i]!));
      const target = this.#observed[i]! + action[i]! * actionScale * secondsPerStep;
      ctrl[i] = Math.min(highest[i]!, Math.max(lowest[i]!, target));
    }
    this.simulator.step(substeps);
    this.#observe(this.#noise);
  }

  #place(qpos: Numbers, qvel: Numbers): void {
    const { simulator } = this;
    simulator.reset();
    simulator.qpos.set(qpos);
    simulator.qvel.set(qvel);
    // MuJoCo 3.1.6 did this before an observation, later versions do it with the first step.
    const orientation = simulator.qpos.subarray(kettleOrientation);
    const length = Math.hypot(...orientation);
    orientation.forEach((value, i) => (orientation[i] = value / length));
    simulator.forward();
  }

  /** Velocities are observed, too, and dropped; their noise takes its turn in the stream. */
  #observe(noise: number): void {
    const { qpos } = this.simulator;
    const random = this.#random;
    const draw = (from: number, to: number) => {
      for (let i = from; i < to; i++) {
        const drawn = random && noise > 0 ? noise * amplitudes[i]! * (2 * random.nextUniform() - 1) : 0;
        this.#observed[i] = qpos[i]! + drawn;
      }
    };
    const skip = (count: number) => {
      for (let i = 0; i < count; i++) if (noise > 0) random?.nextUniform();
    };
    draw(0, robotSize);
    skip(robotSize);
    draw(robotSize, positionCount);
    skip(positionCount - robotSize);
  }
}

interface Task {
  readonly name: string;
  readonly aliases: readonly string[];
  readonly elements: readonly KitchenElementName[];
}

/** @param noise share of the sensors' amplitudes; 0 for comparing with recordings. */
export function kitchenTask({ name, aliases, elements }: Task, noise?: number): EnvironmentDefinition {
  return defineEnvironment({
    name,
    aliases,
    observationDimension: 2 * positionCount,
    actionDimension: robotSize,
    ...dimensionNames.kitchen,
    maxEpisodeSteps: 280,
    // All four elements; the return counts those that were completed.
    success: { by: "return", threshold: elements.length },
    referenceReturns: { random: 0, expert: elements.length },
    assets: "kitchen",
    async create() {
      const world = await KitchenWorld.load(noise);
      const pictures = new KitchenPictures(world.simulator);
      const goal = kitchenGoal(elements);
      const pending = new Set<KitchenElementName>();
      const begin = () => elements.forEach((element) => pending.add(element));
      return {
        secondsPerStep,
        reset(random) {
          world.reset(random);
          begin();
        },
        step(action) {
          world.step(action);
          const completed = [...pending].filter((element) => isComplete(element, world.observed));
          for (const element of completed) pending.delete(element);
          return completed.length;
        },
        observe(out) {
          out.set(world.observed);
          out.set(goal, positionCount);
        },
        terminated: () => pending.size === 0,
        state: () => ({ qpos: world.simulator.qpos.slice(), qvel: world.simulator.qvel.slice() }),
        setState(state) {
          world.setState(state);
          begin();
        },
        physics: pictures,
        delete() {
          pictures.delete();
          world.simulator.delete();
        },
      };
    },
  });
}

/** Elements in the order in which demonstrations complete them. */
export const kitchenTasks = {
  complete: {
    name: "kitchen-complete-v0",
    aliases: ["mini_kitchen_microwave_kettle_light_slider-v0"],
    elements: ["microwave", "kettle", "light switch", "slide cabinet"],
  },
  partial: {
    name: "kitchen-partial-v0",
    aliases: ["kitchen_microwave_kettle_light_slider-v0"],
    elements: ["microwave", "kettle", "light switch", "slide cabinet"],
  },
  mixed: {
    name: "kitchen-mixed-v0",
    aliases: ["kitchen_microwave_kettle_bottomburner_light-v0"],
    elements: ["microwave", "kettle", "bottom burner", "light switch"],
  },
} as const satisfies Record<string, Task>;

export const kitchens: readonly EnvironmentDefinition[] = Object.values(kitchenTasks).map((task) => kitchenTask(task));
