// What demonstrators of furniture have in common: a part with a thread is taken where it lies, stood up, set into its hole and
// screwed in, grasp by grasp.
import { cross, dot, length, plus, subtract, type Vector } from "../render/vectors.js";
import {
  about,
  beyond,
  degree,
  distance,
  headingOf,
  pointingDown,
  up,
  type GuidedHand,
  type Script,
} from "./guided-hand.js";
import type { Thread } from "./parts.js";
import { composed, conjugate, product, turned, type Pose, type Quaternion } from "../pose.js";

/** From where, and in which direction, the wrist can point ahead instead of down. */
const [overTable, easyHeading] = [[0.47, 0.06, 0.25] as Vector, 100 * degree] as const;
/** In the middle of what the wrist turns through (rad). */
const middle = 45 * degree;
/** Of the tool over a part's end, out of its way (m). */
const clear = 0.05;

/** Fingers that are less apart hold nothing (m). */
export const held = 0.006;
export const attempts = 3;

type Seat = Thread["seats"][number];

/** Of the part, away from its thread. */
export const axisOf = (hand: GuidedHand, { part, axis, seats }: Thread) =>
  turned(product(hand.part(part).rotation, conjugate(seats[0]!.rotation)), axis);

/** Takes a part that lies, again where the fingers closed on nothing. @param grip where, along its axis (m). */
export function* takeLying(hand: GuidedHand, thread: Thread, grip: number): Script {
  for (let attempt = 0; attempt < attempts; attempt++) {
    const [x, y] = axisOf(hand, thread);
    const heading = Math.atan2(y, x);
    // A miss is beyond the end.
    const along = grip + hand.miss(0.075);
    const over = (height: number) => () => ({
      position: beyond(beyond(hand.part(thread.part).position, axisOf(hand, thread), along), up, height),
      rotation: pointingDown(heading),
    });
    yield* hand.go(over(0.1), { closed: false });
    yield* hand.go(over(0), { closed: false, near: 0.003, steps: 25 });
    yield* hand.wait(true, 5);
    const isHeld = hand.width > held;
    if (isHeld && hand.tool.position[2] < over(0.007)().position[2]) return;
    // A finger stands on the obstacle ahead: the part is laid down nearer and taken again.
    if (isHeld) {
      yield* lift(hand, 0.06, true);
      const { position, rotation } = hand.tool;
      const nearer = { position: beyond(position, [-1, 0, 0], 0.1), rotation };
      yield* hand.go(() => nearer, { closed: true, near: 0.01 });
      yield* lift(hand, -0.06, true);
    }
    yield* hand.wait(false, 4);
  }
}

/** Lifts a part that lies in the hand, turns it to where the wrist can stand it up, and does so: thread down. */
export function* standUp(hand: GuidedHand): Script {
  const lifted = beyond(hand.tool.position, up, 0.2);
  yield* hand.go(() => ({ position: lifted, rotation: hand.tool.rotation }), { closed: true, near: 0.03 });
  const carried: Pose = { position: overTable, rotation: pointingDown(easyHeading) };
  yield* hand.go(() => carried, { closed: true, near: 0.03, turn: 5 * degree });
  const sideways: Vector = [-Math.sin(easyHeading), Math.cos(easyHeading), 0];
  const upright: Pose = { position: overTable, rotation: product(about(sideways, -Math.PI / 2), carried.rotation) };
  yield* hand.go(() => upright, { closed: true, near: 0.03, turn: 5 * degree });
}

const holeAt = (hand: GuidedHand, { holder, axis }: Thread, seat: Seat, height: number) =>
  composed(hand.part(holder), { position: beyond(seat.position, axis, height), rotation: seat.rotation }).position;

/** Sets what the hand holds onto the hole that is easiest to reach, corrected for how it lies in the fingers; lets go. */
export function* setDown(hand: GuidedHand, thread: Thread): Script {
  const fromReach = (seat: Seat) => distance(holeAt(hand, thread, seat, 0), overTable);
  const seat = [...thread.seats].sort((a, b) => fromReach(a) - fromReach(b))[0]!;
  const standing = (height: number) => () => {
    const hole = holeAt(hand, thread, seat, height);
    const correction = shortest(axisOf(hand, thread), turned(hand.part(thread.holder).rotation, thread.axis));
    const offset = turned(correction, subtract(hand.tool.position, hand.part(thread.part).position));
    return { position: plus(hole, offset), rotation: product(correction, hand.tool.rotation) };
  };
  const { rest } = thread;
  yield* hand.go(standing(rest + 0.08), { closed: true, near: 0.01 });
  yield* hand.go(standing(rest + 0.02), { closed: true, near: 0.0015, turn: 1.5 * degree });
  yield* hand.go(standing(rest - 0.001), { closed: true, near: 0.0008, turn: 1.5 * degree, steps: 20 });
  // An arm that presses would kick the part when it lets go.
  yield* hand.wait(true, 2);
  yield* hand.wait(false, 4);
}

/** The turn that brings one direction (unit) onto another. */
function shortest(from: Vector, to: Vector): Quaternion {
  const axis = cross(from, to);
  const sine = length(axis);
  if (sine < 1e-6) return [1, 0, 0, 0];
  return about(axis.map((value) => value / sine) as unknown as Vector, Math.atan2(sine, dot(from, to)));
}

/** Straight up by so much (m), or down. */
export function* lift(hand: GuidedHand, by: number, closed = false): Script {
  const { position, rotation } = hand.tool;
  const raised = { position: beyond(position, up, by), rotation };
  yield* hand.go(() => raised, { closed, near: 0.02, turn: 8 * degree });
}

/** Back along the direction in which the hand points, slowly, as there is little room between fingers and part. */
export function* backOff(hand: GuidedHand, by: number): Script {
  const { position, rotation } = hand.tool;
  const pointing = turned(rotation, [0, 0, 1]);
  for (let gone = 0; gone < by; gone += 0.015) {
    yield { pose: { position: beyond(position, pointing, -gone), rotation }, closed: false };
  }
}

/** Up along what the hand has let go of, then over it. */
export function* rise(hand: GuidedHand): Script {
  const retreat: Pose = { position: beyond(hand.tool.position, up, 0.14), rotation: hand.tool.rotation };
  yield* hand.go(() => retreat, { closed: false, near: 0.03 });
  const turnedDown: Pose = { position: retreat.position, rotation: pointingDown(middle) };
  yield* hand.go(() => turnedDown, { closed: false, near: 0.04, turn: 8 * degree });
}

/**
 * Screws a part in from above, grasp by grasp: back as far as the wrist goes, onto the next face, and round to the right; without end.
 * @param end of the part, along its axis (m). @param grasp how far below that it is taken (m). @param by how far a grasp turns it
 * (rad). @param faces of the part that fingers fit on; 0 if it is round. @param isTight whether it just fits between
 * the fingers.
 */
export function* screwIn(
  hand: GuidedHand,
  thread: Thread,
  {
    end,
    grasp,
    by,
    faces,
    isTight = false,
  }: {
    readonly end: number;
    readonly grasp: number;
    readonly by: number;
    readonly faces: number;
    readonly isTight?: boolean;
  },
): Script {
  const over = (height: number, heading: number): Pose => ({
    position: beyond(beyond(hand.part(thread.part).position, axisOf(hand, thread), end), up, height),
    rotation: pointingDown(heading),
  });
  for (;;) {
    const before = headingOf(hand.tool);
    yield* hand.go(() => over(clear, before), { closed: false, near: 0.01, steps: 30 });
    yield* hand.swing(by, false, (heading) => over(clear, heading));
    const heading = onFace(hand, thread, faces);
    yield* hand.go(() => over(clear, heading()), { closed: false, near: 0.006, turn: 4 * degree, steps: 30 });
    if (isTight) {
      yield* hand.go(() => over(0.004, heading()), { closed: false, near: 0.0025, turn: 4 * degree, steps: 30 });
    }
    yield* hand.go(() => over(-grasp, heading()), { closed: false, near: 0.003, steps: 20 });
    yield* hand.wait(true, 4);
    yield* hand.swing(-by, true, (heading) => over(-grasp, heading));
    yield* hand.wait(false, 3);
  }
}

/** The heading at which the fingers are along a face, at or right of the present one. */
function onFace(hand: GuidedHand, { part }: Thread, faces: number): () => number {
  const present = headingOf(hand.tool);
  // Not at the very end of the wrist's way, where the hand is beside its goal.
  if (faces === 0) return () => present - 10 * degree;
  const side = turned(hand.part(part).rotation, [1, 0, 0]);
  const face = Math.atan2(side[1], side[0]);
  const step = (2 * Math.PI) / faces;
  const count = Math.floor((present + 5 * degree - face) / step);
  return () => face + step * count;
}
