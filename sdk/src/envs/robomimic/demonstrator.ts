// Scripted demonstrators of robomimic's tasks: each plays through the task's own actions, from observations alone.
import type { RandomStream } from "../../engine/random.js";
import type { Demonstration, Demonstrator, Quality } from "../demonstrator.js";
import { canScript } from "./can-script.js";
import { GuidedArm, type Script } from "./guided-arm.js";
import { liftScript } from "./lift-script.js";
import { squareScript } from "./square-script.js";
import { Style } from "./style.js";
import { transportScript } from "./transport-script.js";

/** What a script has to work with. */
export interface Stage {
  readonly arms: readonly GuidedArm[];
  readonly style: Style;
  /** The latest observation. */
  readonly observation: () => ArrayLike<number>;
}

/** A script that has its end keeps still for so many steps, in which what it let go comes to rest. */
const stillSteps = 10;

/** Plays a script for so many arms. */
class ScriptedArms implements Demonstrator {
  readonly #write: (stage: Stage) => Script;
  readonly #action: Float64Array;
  #arms: readonly GuidedArm[] = [];
  #script: Script | undefined;
  #observation: ArrayLike<number> = [];

  constructor(arms: number, write: (stage: Stage) => Script) {
    this.#write = write;
    this.#action = new Float64Array(7 * arms);
  }

  begin(random: RandomStream, quality: Quality): void {
    const style = new Style(random, quality);
    this.#action.fill(0);
    this.#arms = Array.from({ length: this.#action.length / 7 }, (_, i) => new GuidedArm(i, this.#action, style));
    this.#script = this.#whole({ arms: this.#arms, style, observation: () => this.#observation });
  }

  act(observation: ArrayLike<number>): Float64Array | undefined {
    this.#observation = observation;
    for (const arm of this.#arms) arm.see(observation);
    return this.#script?.next().done === false ? this.#action : undefined;
  }

  delete(): void {
    this.#script = undefined;
  }

  *#whole(stage: Stage): Script {
    yield* this.#write(stage);
    for (let step = 0; step < stillSteps; step++) {
      for (let i = 0; i < this.#action.length; i++) if (i % 7 !== 6) this.#action[i] = 0;
      yield;
    }
  }
}

const demonstration = (task: string, arms: number, write: (stage: Stage) => Script): Demonstration => ({
  name: `robomimic/${task}`,
  environment: task,
  folder: `robomimic/${task}`,
  layout: "robomimic",
  isWhole: (episodeReturn) => episodeReturn > 0,
  open: () => Promise.resolve(new ScriptedArms(arms, write)),
});

export const robomimicDemonstrations: readonly Demonstration[] = [
  demonstration("lift", 1, liftScript),
  demonstration("can", 1, canScript),
  demonstration("square", 1, squareScript),
  demonstration("transport", 2, transportScript),
];
