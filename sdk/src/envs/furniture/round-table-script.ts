// The round table, demonstrated: the leg is taken, stood into the top and screwed in. The base, a disc on a thread, is taken by
// its rim, stood into the leg, and turned in by closed fingers from above, as by a screwdriver.
import { dot, normalized, type Vector } from "../render/vectors.js";
import { attempts, axisOf, backOff, held, lift, rise, screwIn, setDown, standUp, takeLying } from "./assembling.js";
import {
  about,
  beyond,
  degree,
  headingOf,
  pointingDown,
  until,
  up,
  wrapped,
  type GuidedHand,
  type Script,
} from "./guided-hand.js";
import { isAssembled, roundTable, type Pair, type Thread } from "./parts.js";
import { product, turned, type Pose } from "../pose.js";

const [leg, base] = roundTable.threads as [Thread, Thread];
const [legPair, basePair] = roundTable.pairs as [Pair, Pair];
/** Of the disc: radius, and its middle and upper face along its axis (m). */
const [radius, middle, face] = [0.065, 0.005, 0.01125];
/** How far fingers reach beyond the point that is controlled (m). */
const fingertip = 0.0088;
/** Of its upper face when it stands on its thread (m). */
const levelHeight = 0.04;
/** Of the hand below the horizontal when it takes the rim. */
const slope = 50 * degree;
/** How deep it takes the rim (m). */
const grip = 0.018;

export function* roundTableScript(hand: GuidedHand): Script {
  const by = hand.draw(200, 260) * degree;
  const along = hand.draw(0.012, 0.02);
  const side = hand.draw(-90, -70) * degree;
  yield* takeLying(hand, leg, along);
  yield* standUp(hand);
  yield* setDown(hand, leg);
  yield* backOff(hand, 0.08);
  yield* rise(hand);
  const isIn = (pair: Pair) => () => isAssembled(pair, hand.part(pair.first), hand.part(pair.second));
  yield* until(isIn(legPair), screwIn(hand, leg, { end: 0.0519, grasp: 0.012, by, faces: 0 }));
  yield* hand.wait(false, 3);
  yield* lift(hand, 0.12);
  for (let attempt = 0; attempt < attempts; attempt++) {
    if (!isLevel(hand)) yield* straighten(hand);
    // From the other side near the table's edge.
    yield* takeRim(hand, hand.part("base").position[1] < -0.28 ? -side : side);
    if (hand.width > held) break;
    yield* backOff(hand, 0.1);
    yield* rise(hand);
  }
  if (hand.width < held) return;
  yield* turnTo(hand, side);
  yield* setDown(hand, base);
  yield* backOff(hand, 0.1);
  yield* rise(hand);
  yield* until(isIn(basePair), driveIn(hand, by));
}

/** Whether the disc stands on its thread instead of leaning on its rim. */
const isLevel = (hand: GuidedHand) => axisOf(hand, base)[2] > Math.cos(10 * degree);

/** Presses the disc down where its rim has risen, until it stands on its thread. */
function* straighten(hand: GuidedHand): Script {
  const wrist = headingOf(hand.tool);
  const over = (height: number) => (): Pose => {
    const [ax, ay] = axisOf(hand, base);
    const risen = Math.atan2(-ay, -ax);
    const [x, y] = beyond(hand.part("base").position, [Math.cos(risen), Math.sin(risen), 0], radius - 0.015);
    return { position: [x, y, height + fingertip], rotation: pointingDown(wrist) };
  };
  yield* hand.go(over(0.13), { closed: true, near: 0.015 });
  yield* hand.go(over(0.085), { closed: true, near: 0.01, steps: 15 });
  yield* until(() => isLevel(hand), hand.go(over(levelHeight), { closed: true, near: 0.002, steps: 15 }));
  yield* lift(hand, 0.12, true);
}

/** Takes the disc by its rim on this side (rad), from outside and above, and lifts it. */
function* takeRim(hand: GuidedHand, side: number): Script {
  const out: Vector = [Math.cos(side), Math.sin(side), 0];
  const heading = side + Math.PI / 2;
  const sideways: Vector = [Math.cos(heading), Math.sin(heading), 0];
  const pointing: Vector = [-out[0] * Math.cos(slope), -out[1] * Math.cos(slope), -Math.sin(slope)];
  const rotation = product(about(sideways, Math.PI / 2 - slope), pointingDown(heading));
  const rim = (back: number) => (): Pose => {
    const axis = axisOf(hand, base);
    const along = normalized(beyond(out, axis, -dot(out, axis)));
    const edge = beyond(beyond(hand.part("base").position, along, radius - grip), axis, middle);
    // A little high, as the lower finger needs room over the table.
    return { position: beyond(beyond(edge, pointing, -back), up, 0.007), rotation };
  };
  const raised = (): Pose => {
    const [x, y] = rim(0.1)().position;
    return { position: [x, y, 0.22], rotation };
  };
  yield* hand.go(raised, { closed: false, near: 0.02, turn: 8 * degree });
  yield* hand.go(rim(0.06), { closed: false, near: 0.006, steps: 25 });
  yield* hand.go(rim(0), { closed: false, near: 0.003, steps: 20 });
  yield* hand.wait(true, 5);
  yield* lift(hand, 0.16, true);
}

/** Carries the disc to the middle, the hand at this side of it. */
function* turnTo(hand: GuidedHand, side: number): Script {
  const back = turned(hand.tool.rotation, [0, 0, -1]);
  const turn = wrapped(side - Math.atan2(back[1], back[0]));
  if (Math.abs(turn) < 30 * degree) return;
  const goal: Pose = { position: [0.48, -0.06, 0.26], rotation: product(about(up, turn), hand.tool.rotation) };
  yield* hand.go(() => goal, { closed: true, near: 0.03, turn: 6 * degree });
}

/** Closed fingers on the middle of the disc: back as far as the wrist goes, down, and round to the right; without end. */
function* driveIn(hand: GuidedHand, by: number): Script {
  const over = (height: number, heading: number): Pose => ({
    position: beyond(beyond(hand.part("base").position, axisOf(hand, base), face), up, fingertip + height),
    rotation: pointingDown(heading),
  });
  const [clear, pressed] = [0.02, -0.004];
  for (;;) {
    const before = headingOf(hand.tool);
    yield* hand.go(() => over(clear, before), { closed: true, near: 0.01, steps: 30 });
    yield* hand.swing(by, true, (heading) => over(clear, heading));
    const start = headingOf(hand.tool) - 10 * degree;
    yield* hand.go(() => over(clear, start), { closed: true, near: 0.006, turn: 6 * degree, steps: 12 });
    yield* hand.go(() => over(pressed, start), { closed: true, near: 0.003, turn: 6 * degree, steps: 8 });
    yield* hand.swing(-by, true, (heading) => over(pressed, heading));
  }
}
