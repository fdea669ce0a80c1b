// A scripted demonstrator of one_leg: takes the fourth leg, stands it into a hole of the table's top and screws it in, grasp by
// grasp. It sees what a policy sees, and acts as a policy acts.
import type { RandomStream } from "../../engine/random.js";
import type { Demonstration, Demonstrator, Quality } from "../demonstrator.js";
import { cross, dot, length, plus, scaled, subtract, type Vector } from "../render/vectors.js";
import { isAssembled, oneLeg } from "./parts.js";
import { composed, conjugate, matrixOf, product, relative, turned, twist, type Pose, type Quaternion } from "./pose.js";
import { base, tag } from "./scene.js";

const pair = oneLeg.pairs[0]!;
const thread = oneLeg.threads.find(({ part }) => part === pair.second)!;
const legIndex = oneLeg.parts.findIndex(({ name }) => name === thread.part);
const topIndex = oneLeg.parts.findIndex(({ name }) => name === thread.holder);
const tagInBase = relative(base, tag);
/** Along the leg, from its frame to its upper end, and to where fingers take it (m). */
const [legEnd, legGrip] = [0.03125, 0.004];
/** Of the tool over the leg's upper end: out of its way, and below when it takes it (m). */
const [clear, grasp] = [0.05, 0.012];
/** Of the tool: pointing down with its x axis ahead. */
const down: Quaternion = [0, 1, 0, 0];
const degree = Math.PI / 180;
/** From where, and in which direction, the wrist can point ahead instead of down. */
const [overTable, easyHeading] = [[0.47, 0.06, 0.25] as Vector, 135 * degree] as const;
/** In the middle of what the wrist turns through (rad). */
const middle = 45 * degree;

interface Sight {
  /** All in the frame of the robot's base. */
  readonly tool: Pose;
  readonly top: Pose;
  readonly leg: Pose;
  readonly width: number;
}

function see(observation: ArrayLike<number>): Sight {
  const part = (index: number): Pose => {
    const at = 16 + 7 * index;
    const [x, y, z, i, j, k, w] = Array.from({ length: 7 }, (_, n) => observation[at + n]!);
    return composed(tagInBase, { position: [x!, y!, z!], rotation: [w!, i!, j!, k!] });
  };
  const [x, y, z] = [observation[0]!, observation[1]!, observation[2]!];
  const rows = Array.from({ length: 6 }, (_, n) => observation[3 + n]!);
  return {
    tool: { position: [x, y, z], rotation: fromRows(rows) },
    top: part(topIndex),
    leg: part(legIndex),
    width: observation[15]!,
  };
}

/** The rotation whose matrix begins with these two rows. */
function fromRows(rows: readonly number[]): Quaternion {
  const [a, b, c, d, e, f] = rows as [number, number, number, number, number, number];
  const m = [a, b, c, d, e, f, b * f - c * e, c * d - a * f, a * e - b * d];
  const trace = m[0]! + m[4]! + m[8]!;
  const candidates: Quaternion[] = [
    [1 + trace, m[7]! - m[5]!, m[2]! - m[6]!, m[3]! - m[1]!],
    [m[7]! - m[5]!, 1 + m[0]! - m[4]! - m[8]!, m[1]! + m[3]!, m[2]! + m[6]!],
    [m[2]! - m[6]!, m[1]! + m[3]!, 1 - m[0]! + m[4]! - m[8]!, m[5]! + m[7]!],
    [m[3]! - m[1]!, m[2]! + m[6]!, m[5]! + m[7]!, 1 - m[0]! - m[4]! + m[8]!],
  ];
  const sizes = candidates.map((q) => Math.hypot(...q));
  const best = sizes.indexOf(Math.max(...sizes));
  return candidates[best]!.map((value) => value / sizes[best]!) as unknown as Quaternion;
}

const beyond = (from: Vector, direction: Vector, by: number) => plus(from, scaled(direction, by));
const distance = (a: Vector, b: Vector) => length(subtract(a, b));
const about = (axis: Vector, angle: number): Quaternion => {
  const s = Math.sin(angle / 2);
  return [Math.cos(angle / 2), s * axis[0], s * axis[1], s * axis[2]];
};
const up: Vector = [0, 0, 1];
/** The tool pointing down, its fingers moving across the direction `heading` (rad). */
const pointingDown = (heading: number) => product(about(up, heading), down);
/** Of the tool pointing down. */
const headingOf = ({ rotation }: Pose) => twist(product(rotation, conjugate(down)), up);
const angleBetween = (a: Quaternion, b: Quaternion) =>
  2 * Math.acos(Math.min(1, Math.abs(a[0] * b[0] + a[1] * b[1] + a[2] * b[2] + a[3] * b[3])));
const wrapped = (angle: number) => angle - 2 * Math.PI * Math.round(angle / (2 * Math.PI));

/** Where the arm is to go, and whether the fingers close. */
interface Goal {
  readonly pose: Pose;
  readonly closed: boolean;
}

/** Habits of one episode. */
interface Habits {
  /** Of a control step: how far the target is ahead (m), (rad). */
  readonly reach: number;
  readonly turn: number;
  /** Of every target (m). */
  readonly tremor: number;
  /** Chance of a pause at a step. */
  readonly pause: number;
  /** How far a grasp turns the leg (rad). */
  readonly twist: number;
  /** Where along the leg it is taken (m). */
  readonly grip: number;
}

class OneLegDemonstrator implements Demonstrator {
  #random: RandomStream | undefined;
  #habits: Habits | undefined;
  #plan: Generator<Goal, void, Sight> | undefined;
  readonly #action = new Float64Array(10);

  begin(random: RandomStream, quality: Quality): void {
    const between = (low: number, high: number) => low + (high - low) * random.nextUniform();
    const isMixed = quality === "mixed";
    this.#random = random;
    this.#habits = {
      reach: between(0.06, 0.09) * (isMixed ? 0.7 : 1),
      turn: between(32, 42) * degree,
      tremor: isMixed ? between(0, 0.002) : 0.0003,
      pause: isMixed ? between(0, 0.15) : 0.01,
      twist: between(120, 150) * degree,
      grip: legGrip + between(-0.004, 0.004),
    };
    this.#plan = undefined;
  }

  act(observation: ArrayLike<number>): Float64Array | undefined {
    const [random, habits] = [this.#random!, this.#habits!];
    const sight = see(observation);
    if (isAssembled(pair, sight.top, sight.leg)) return undefined;
    this.#plan ??= plan(sight, habits);
    const goal = this.#plan.next(sight).value as Goal;
    const isPausing = random.nextUniform() < habits.pause;
    const { position, rotation } = isPausing ? sight.tool : ahead(sight.tool, goal.pose, habits);
    for (let i = 0; i < 3; i++) this.#action[i] = position[i]! + habits.tremor * (2 * random.nextUniform() - 1);
    this.#action.set(matrixOf(rotation).slice(0, 6), 3);
    this.#action[9] = goal.closed ? 1 : -1;
    return this.#action;
  }

  delete(): void {
    this.#plan = undefined;
  }
}

/** A pose on the way, as far as a step goes. */
function ahead(from: Pose, to: Pose, { reach, turn }: Habits): Pose {
  const way = subtract(to.position, from.position);
  const share = Math.min(1, reach / Math.max(1e-9, length(way)));
  const angle = angleBetween(from.rotation, to.rotation);
  return {
    position: beyond(from.position, way, share),
    rotation: interpolated(from.rotation, to.rotation, Math.min(1, turn / Math.max(1e-9, angle))),
  };
}

function interpolated(a: Quaternion, b: Quaternion, share: number): Quaternion {
  const cosine = a[0] * b[0] + a[1] * b[1] + a[2] * b[2] + a[3] * b[3];
  const [sign, angle] = [cosine < 0 ? -1 : 1, Math.acos(Math.min(1, Math.abs(cosine)))];
  if (angle < 1e-6) return b;
  const [u, v] = [Math.sin((1 - share) * angle) / Math.sin(angle), (sign * Math.sin(share * angle)) / Math.sin(angle)];
  return [0, 1, 2, 3].map((i) => u * a[i]! + v * b[i]!) as unknown as Quaternion;
}

/** Goes to a pose until it is there, or for `steps`. */
function* go(
  sight: Sight,
  goalAt: (sight: Sight) => Pose,
  {
    closed,
    near = 0.004,
    turn = 3 * degree,
    steps = 40,
  }: { closed: boolean; near?: number; turn?: number; steps?: number },
): Generator<Goal, Sight, Sight> {
  for (let step = 0; step < steps; step++) {
    const pose = goalAt(sight);
    if (distance(sight.tool.position, pose.position) < near && angleBetween(sight.tool.rotation, pose.rotation) < turn)
      break;
    sight = yield { pose, closed };
  }
  return sight;
}

/** Stays for `steps` while the fingers move. */
function* wait(sight: Sight, closed: boolean, steps: number): Generator<Goal, Sight, Sight> {
  const { tool: pose } = sight;
  for (let step = 0; step < steps; step++) sight = yield { pose, closed };
  return sight;
}

function* plan(sight: Sight, { twist: twistOfGrasp, grip }: Habits): Generator<Goal, void, Sight> {
  const legAxis = ({ leg }: Sight) => turned(leg.rotation, [0, 1, 0]);

  // Take the leg where it lies.
  const direction = legAxis(sight);
  const heading = Math.atan2(direction[1], direction[0]);
  const graspAt = (height: number) => (now: Sight) => ({
    position: beyond(beyond(now.leg.position, legAxis(now), grip), up, height),
    rotation: pointingDown(heading),
  });
  sight = yield* go(sight, graspAt(0.1), { closed: false });
  sight = yield* go(sight, graspAt(0), { closed: false, near: 0.003 });
  sight = yield* wait(sight, true, 5);

  // Lift it, turn it to where the wrist can stand it up, and do so: thread down.
  const lifted = beyond(sight.tool.position, up, 0.2);
  sight = yield* go(sight, ({ tool }) => ({ position: lifted, rotation: tool.rotation }), { closed: true, near: 0.03 });
  const carried: Pose = { position: overTable, rotation: pointingDown(easyHeading) };
  sight = yield* go(sight, () => carried, { closed: true, near: 0.03, turn: 5 * degree });
  const sideways: Vector = [-Math.sin(easyHeading), Math.cos(easyHeading), 0];
  const upright: Pose = { position: overTable, rotation: product(about(sideways, -Math.PI / 2), carried.rotation) };
  sight = yield* go(sight, () => upright, { closed: true, near: 0.03, turn: 5 * degree });

  // Over the hole that is easiest to reach, corrected for how it lies in the fingers.
  const holeAt = ({ top }: Sight, height: number, seat: (typeof thread.seats)[number]) =>
    composed(top, { position: beyond(seat.position, thread.axis, height), rotation: seat.rotation }).position;
  const fromReach = (seat: (typeof thread.seats)[number]) => distance(holeAt(sight, 0, seat), overTable);
  const seat = [...thread.seats].sort((a, b) => fromReach(a) - fromReach(b))[0]!;
  const standing = (height: number) => (now: Sight) => {
    const hole = holeAt(now, height, seat);
    const [axis, wanted] = [legAxis(now), turned(now.top.rotation, thread.axis)];
    const lean = cross(axis, wanted);
    const sine = length(lean);
    const correction: Quaternion =
      sine < 1e-6
        ? [1, 0, 0, 0]
        : about(lean.map((value) => value / sine) as unknown as Vector, Math.atan2(sine, dot(axis, wanted)));
    const offset = turned(correction, subtract(now.tool.position, now.leg.position));
    return { position: plus(hole, offset), rotation: product(correction, now.tool.rotation) };
  };
  sight = yield* go(sight, standing(thread.rest + 0.08), { closed: true, near: 0.01 });
  sight = yield* go(sight, standing(thread.rest + 0.02), { closed: true, near: 0.0015, turn: 1.5 * degree });
  sight = yield* go(sight, standing(thread.rest - 0.001), {
    closed: true,
    near: 0.0008,
    turn: 1.5 * degree,
    steps: 20,
  });
  sight = yield* wait(sight, false, 4);
  // Up along the leg, then over it.
  const retreat: Pose = { position: beyond(sight.tool.position, up, 0.14), rotation: sight.tool.rotation };
  sight = yield* go(sight, () => retreat, { closed: false, near: 0.03 });
  const turnedDown: Pose = { position: retreat.position, rotation: pointingDown(middle) };
  sight = yield* go(sight, () => turnedDown, { closed: false, near: 0.04, turn: 8 * degree });

  // Screw it in from above, grasp by grasp: back as far as the wrist goes, onto the next face, and round to the right.
  const overLeg = (height: number, headingAt: (now: Sight) => number) => (now: Sight) => ({
    position: beyond(beyond(now.leg.position, legAxis(now), legEnd), up, height),
    rotation: pointingDown(headingAt(now)),
  });
  for (;;) {
    sight = yield* go(
      sight,
      overLeg(clear, () => headingOf(sight.tool)),
      { closed: false, near: 0.01, steps: 30 },
    );
    sight = yield* swing(sight, twistOfGrasp, { closed: false, over: (heading) => overLeg(clear, heading) });
    const side = turned(sight.leg.rotation, [1, 0, 0]);
    const face = Math.atan2(side[1], side[0]);
    const quarters = Math.floor((headingOf(sight.tool) + 5 * degree - face) / (Math.PI / 2));
    const heading = () => face + (Math.PI / 2) * quarters;
    sight = yield* go(sight, overLeg(clear, heading), { closed: false, near: 0.006, turn: 4 * degree, steps: 30 });
    sight = yield* go(sight, overLeg(-grasp, heading), { closed: false, near: 0.003, steps: 20 });
    sight = yield* wait(sight, true, 4);
    sight = yield* swing(sight, -twistOfGrasp, { closed: true, over: (heading) => overLeg(-grasp, heading) });
    sight = yield* wait(sight, false, 3);
  }
}

/** Turns the tool by so much, or until the wrist is at its end. */
function* swing(
  sight: Sight,
  angle: number,
  { closed, over }: { closed: boolean; over: (headingAt: (now: Sight) => number) => (now: Sight) => Pose },
): Generator<Goal, Sight, Sight> {
  let left = Math.abs(angle);
  for (let stuck = 0, step = 0; left > 2 * degree && stuck < 3 && step < 40; step++) {
    const before = headingOf(sight.tool);
    const next = before + Math.sign(angle) * Math.min(left, 40 * degree);
    sight = yield { pose: over(() => next)(sight), closed };
    const turnedBy = Math.sign(angle) * wrapped(headingOf(sight.tool) - before);
    left -= turnedBy;
    stuck = turnedBy < 1.5 * degree ? stuck + 1 : 0;
  }
  return sight;
}

export const oneLegDemonstrations: readonly Demonstration[] = ["low", "med"].map((randomness) => ({
  name: `furniture/one_leg_${randomness}`,
  environment: `one_leg_${randomness}_dim`,
  folder: `furniture/one_leg_${randomness}`,
  isWhole: (episodeReturn) => episodeReturn >= oneLeg.pairs.length,
  open: () => Promise.resolve(new OneLegDemonstrator()),
}));
