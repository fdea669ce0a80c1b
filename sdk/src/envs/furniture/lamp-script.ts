// The lamp, demonstrated: the bulb is taken, stood into the base and screwed in; then the hood is put over it.
import { plus, subtract } from "../render/vectors.js";
import { attempts, backOff, held, lift, rise, screwIn, setDown, standUp, takeLying } from "./assembling.js";
import { beyond, degree, headingOf, pointingDown, until, up, type GuidedHand, type Script } from "./guided-hand.js";
import { isAssembled, lamp, type Pair } from "./parts.js";
import { turned } from "../pose.js";

const thread = lamp.threads[0]!;
const [bulbPair, hoodPair] = lamp.pairs as [Pair, Pair];
/** Of the hood where it belongs, over the base (m). */
const hoodHeight = -hoodPair.targets[0]!.position[1];
/** Along the hood, from its frame to its narrow end, and how far below that it is taken (m). */
const [rim, grasp] = [0.05142, 0.012];

export function* lampScript(hand: GuidedHand): Script {
  const by = hand.draw(200, 260) * degree;
  const grip = hand.draw(-0.002, 0.006);
  yield* takeLying(hand, thread, grip);
  yield* standUp(hand);
  yield* setDown(hand, thread);
  yield* backOff(hand, 0.08);
  yield* rise(hand);
  const isIn = () => isAssembled(bulbPair, hand.part("base"), hand.part("bulb"));
  yield* until(isIn, screwIn(hand, thread, { end: 0.068, grasp: 0.03, by, faces: 0 }));
  yield* hand.wait(false, 3);
  yield* putHoodOn(hand);
}

/** Takes the hood by its narrow end, if it stands, and lets it down over the bulb. */
function* putHoodOn(hand: GuidedHand): Script {
  const upwards = (part: string) => turned(hand.part(part).rotation, [0, -1, 0]);
  const heading = headingOf(hand.tool);
  const overHood = (height: number) => () => ({
    position: beyond(beyond(hand.part("hood").position, upwards("hood"), rim), up, height),
    rotation: pointingDown(heading),
  });
  yield* lift(hand, 0.12);
  for (let attempt = 0; attempt < attempts; attempt++) {
    if (upwards("hood")[2] < Math.cos(15 * degree)) return;
    const aside = hand.miss(0.075);
    const missing = (height: number) => () => {
      const { position, rotation } = overHood(height)();
      return { position: plus(position, [aside * Math.cos(heading), aside * Math.sin(heading), 0]), rotation };
    };
    yield* hand.go(overHood(0.08), { closed: false, near: 0.01 });
    yield* hand.go(missing(0.02), { closed: false, near: 0.002, turn: 2 * degree });
    yield* hand.go(missing(-grasp), { closed: false, near: 0.003, steps: 20 });
    yield* hand.wait(true, 5);
    if (hand.width > held) break;
    yield* hand.wait(false, 4);
    yield* lift(hand, 0.08);
  }
  yield* lift(hand, 0.16, true);
  const overBase = (height: number) => () => {
    const wanted = beyond(hand.part("base").position, upwards("base"), hoodHeight + height);
    const { position, rotation } = hand.tool;
    return { position: plus(position, subtract(wanted, hand.part("hood").position)), rotation };
  };
  yield* hand.go(overBase(0.12), { closed: true, near: 0.01 });
  yield* hand.go(overBase(0.09), { closed: true, near: 0.003 });
  yield* hand.go(overBase(0.002), { closed: true, near: 0.002, steps: 20 });
  yield* hand.wait(false, 4);
  yield* lift(hand, 0.1);
}
