// The lamp, demonstrated: the hood is put aside; the bulb is taken, stood into the base and screwed in; then the hood is put over it.
import { plus, subtract, type Vector } from "../render/vectors.js";
import { attempts, backOff, held, lift, rise, screwIn, setDown, standUp, takeLying } from "./assembling.js";
import { beyond, degree, pointingDown, until, up, type GuidedHand, type Script } from "./guided-hand.js";
import { isAssembled, lamp, type Pair } from "./parts.js";
import { turned } from "../pose.js";

const thread = lamp.threads[0]!;
const [bulbPair, hoodPair] = lamp.pairs as [Pair, Pair];
/** Of the hood where it belongs, over the base (m). */
const hoodHeight = -hoodPair.targets[0]!.position[1];
/** Along the hood, from its frame to its narrow end, and how far below that it is taken (m). */
const [rim, grasp] = [0.05142, 0.012];
/** With which the arm withstands fingers that close on a slope; with others they are pushed up, and the hood slips out of them. */
const heading = 160 * degree;
/** Where the hood is put first, out of the way of a hand that takes the bulb, carries it and turns it (m). */
const aside: Vector = [0.36, -0.2, 0.05];

export function* lampScript(hand: GuidedHand): Script {
  const by = hand.draw(200, 260) * degree;
  const grip = hand.draw(-0.002, 0.006);
  yield* lift(hand, 0.1);
  if (yield* takeHood(hand)) yield* putHood(hand, () => aside);
  yield* rise(hand);
  yield* takeLying(hand, thread, grip);
  yield* standUp(hand);
  yield* setDown(hand, thread);
  yield* backOff(hand, 0.08);
  yield* rise(hand);
  const isIn = () => isAssembled(bulbPair, hand.part("base"), hand.part("bulb"));
  yield* until(isIn, screwIn(hand, thread, { end: 0.068, grasp: 0.03, by, faces: 0, isTight: true }));
  yield* hand.wait(false, 3);
  yield* lift(hand, 0.12);
  if (!(yield* takeHood(hand))) return;
  yield* putHood(hand, () => beyond(hand.part("base").position, upwards(hand, "base"), hoodHeight));
}

const upwards = (hand: GuidedHand, part: string) => turned(hand.part(part).rotation, [0, -1, 0]);

/** Takes the hood by its narrow end, if it stands. Returns whether the hand has it. */
function* takeHood(hand: GuidedHand): Script<boolean> {
  const overHood = (height: number) => () => ({
    position: beyond(beyond(hand.part("hood").position, upwards(hand, "hood"), rim), up, height),
    rotation: pointingDown(heading),
  });
  for (let attempt = 0; attempt < attempts; attempt++) {
    if (upwards(hand, "hood")[2] < Math.cos(15 * degree)) return false;
    const miss = hand.miss(0.075);
    const missing = (height: number) => () => {
      const { position, rotation } = overHood(height)();
      return { position: plus(position, [miss * Math.cos(heading), miss * Math.sin(heading), 0]), rotation };
    };
    yield* hand.go(overHood(0.08), { closed: false, near: 0.01 });
    yield* hand.go(missing(0.02), { closed: false, near: 0.002, turn: 2 * degree });
    yield* hand.go(missing(-grasp), { closed: false, near: 0.003, steps: 20 });
    yield* hand.wait(true, 5);
    if (hand.width > held) return true;
    yield* hand.wait(false, 4);
    yield* lift(hand, 0.08);
  }
  return false;
}

/** Puts the hood, which the hand holds, down where it belongs, from above. */
function* putHood(hand: GuidedHand, place: () => Vector): Script {
  yield* lift(hand, 0.16, true);
  const over = (height: number) => () => {
    const { position, rotation } = hand.tool;
    return { position: plus(position, subtract(beyond(place(), up, height), hand.part("hood").position)), rotation };
  };
  yield* hand.go(over(0.12), { closed: true, near: 0.01 });
  yield* hand.go(over(0.09), { closed: true, near: 0.003 });
  yield* hand.go(over(0.002), { closed: true, near: 0.002, steps: 20 });
  yield* hand.wait(false, 4);
  yield* lift(hand, 0.1);
}
