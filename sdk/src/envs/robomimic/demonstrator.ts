// Scripted demonstrators: each plays a task through its own actions, from observations alone, with the habits of people.
import type { RandomStream } from "../../engine/random.js";
import { canScript } from "./can-script.js";
import { GuidedArm, type Script } from "./guided-arm.js";
import { liftScript } from "./lift-script.js";
import { squareScript } from "./square-script.js";
import { Style, type Quality } from "./style.js";

/** What a script has to work with. */
export interface Stage {
  readonly arms: readonly GuidedArm[];
  readonly style: Style;
  /** The latest observation. */
  readonly observation: () => ArrayLike<number>;
}

const scripts = {
  lift: { arms: 1, script: liftScript },
  can: { arms: 1, script: canScript },
  square: { arms: 1, script: squareScript },
} as const;

/** Tasks that can be demonstrated. */
export type DemonstratedTask = keyof typeof scripts;
export const demonstratedTasks = Object.keys(scripts) as readonly DemonstratedTask[];

/** Plays one episode. */
export class ManipulationDemonstrator {
  readonly #action: Float64Array;
  readonly #arms: readonly GuidedArm[];
  readonly #script: Script;
  #observation: ArrayLike<number> = [];

  constructor(task: DemonstratedTask, random: RandomStream, quality: Quality) {
    const { arms, script } = scripts[task];
    this.#action = new Float64Array(7 * arms);
    const style = new Style(random, quality);
    this.#arms = Array.from({ length: arms }, (_, i) => new GuidedArm(i, this.#action, style));
    this.#script = script({ arms: this.#arms, style, observation: () => this.#observation });
  }

  /** The next action (Da) for the raw observation (Do); overwritten by the next call. At the end it rests. */
  act(observation: ArrayLike<number>): Float64Array {
    this.#observation = observation;
    for (const arm of this.#arms) arm.see(observation);
    if (this.#script.next().done) {
      for (let i = 0; i < this.#action.length; i++) if (i % 7 !== 6) this.#action[i] = 0;
    }
    return this.#action;
  }
}
