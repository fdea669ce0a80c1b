// Scripted demonstrators of furniture: each puts it together through the task's own actions, from observations alone.
import type { RandomStream } from "../../engine/random.js";
import type { Demonstration, Demonstrator, Quality } from "../demonstrator.js";
import { GuidedHand, type Script } from "./guided-hand.js";
import { lampScript } from "./lamp-script.js";
import { oneLegScript } from "./one-leg-script.js";
import { isAssembled, lamp, oneLeg, roundTable, type Furniture, type Pair } from "./parts.js";
import type { Pose } from "../pose.js";
import { roundTableScript } from "./round-table-script.js";

/** Plays a script until all that belongs together is. */
class ScriptedHand implements Demonstrator {
  readonly #furniture: Furniture;
  readonly #write: (hand: GuidedHand) => Script;
  readonly #assembled = new Set<Pair>();
  #hand: GuidedHand | undefined;
  #script: Script | undefined;

  constructor(furniture: Furniture, write: (hand: GuidedHand) => Script) {
    this.#furniture = furniture;
    this.#write = write;
  }

  begin(random: RandomStream, quality: Quality): void {
    this.#assembled.clear();
    this.#hand = new GuidedHand(this.#furniture, random, quality);
    this.#script = this.#write(this.#hand);
  }

  act(observation: ArrayLike<number>): Float64Array | undefined {
    const hand = this.#hand!;
    hand.see(observation);
    const { pairs } = this.#furniture;
    for (const pair of pairs) {
      if (isAssembled(pair, hand.part(pair.first), hand.part(pair.second))) this.#assembled.add(pair);
    }
    if (this.#assembled.size === pairs.length || this.#furniture.parts.some(({ name }) => isLost(hand.part(name)))) {
      return undefined;
    }
    const next = this.#script!.next();
    return next.done ? undefined : hand.actionFor(next.value);
  }

  delete(): void {
    this.#script = undefined;
  }
}

/** Below the table, or behind the arm. */
const isLost = ({ position: [x, , z] }: Pose) => z < -0.05 || x < 0;

const demonstrated = (furniture: Furniture, write: (hand: GuidedHand) => Script): Demonstration[] =>
  ["low", "med", "high"].map((randomness) => ({
    name: `furniture/${furniture.name}_${randomness}`,
    environment: `${furniture.name}_${randomness}_dim`,
    folder: `furniture/${furniture.name}_${randomness}`,
    isWhole: (episodeReturn) => episodeReturn >= furniture.pairs.length,
    open: () => Promise.resolve(new ScriptedHand(furniture, write)),
  }));

export const furnitureDemonstrations: readonly Demonstration[] = [
  ...demonstrated(oneLeg, oneLegScript),
  ...demonstrated(lamp, lampScript),
  ...demonstrated(roundTable, roundTableScript),
];
