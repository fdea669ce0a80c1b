// What threads do, as a rule: a part whose thread has met that of a hole sinks by the pitch with every turn, its axis on that of
// the hole. Two points of the part's axis are tied to points of the hole's axis that move with the turn.
import { dot, type Vector } from "../render/vectors.js";
import type { Simulator } from "../simulator.js";
import type { Thread } from "./parts.js";
import { conjugate, product, relative, turned, twist, type Pose } from "../pose.js";

/** How well a part has to stand in its hole for the threads to meet: off the axis (m), and cosine of the tilt. */
const [widestOffset, leastAlignment] = [0.003, Math.cos((8 * Math.PI) / 180)];
/** How near the two threads have to be, along the axis (m). */
const meeting = 0.0008;
/** Of threads in each other, so that what is let go of stops turning (N m s). */
const friction = 6e-5;
/** Distance of the tied points along the axis (m). */
const ties = [-0.03, 0.03] as const;

/** Of the two `connect` constraints of a thread. */
export const tieName = (thread: Thread, point: number) => `${thread.holder} holds ${thread.part} ${point + 1}`;

interface Place {
  /** Beyond the seat, along the axis (m). */
  readonly height: number;
  /** Away from the axis (m). */
  readonly offset: number;
  /** Cosine of the angle between the axes. */
  readonly alignment: number;
  /** About the axis, from the seat's rotation (rad). */
  readonly turn: number;
}

/** Where a part is, seen from one of its seats. `pose` is in the holder's frame. */
export function placeAt(seat: Thread["seats"][number], axis: Vector, { position, rotation }: Pose): Place {
  const offset = [0, 1, 2].map((i) => position[i]! - seat.position[i]!) as unknown as Vector;
  const height = dot(offset, axis);
  const turn = product(rotation, conjugate(seat.rotation));
  return {
    height,
    offset: Math.sqrt(Math.max(0, dot(offset, offset) - height * height)),
    alignment: dot(turned(turn, axis), axis),
    turn: twist(turn, axis),
  };
}

/** One thread of one simulation; the simulator's model must be its own, as its constraints are changed. */
export class Screw {
  readonly #thread: Thread;
  readonly #simulator: Simulator;
  readonly #bodies: readonly [holder: number, part: number];
  /** Where the angular velocities of both stand in qvel. */
  readonly #rotations: readonly [holder: number, part: number];
  readonly #ties: readonly number[];
  readonly #plugs: readonly number[];
  /** The seat that holds the part; undefined: none. */
  #seat: Thread["seats"][number] | undefined;
  /** Turns since the seat's rotation, counted on over whole turns. */
  #turns = 0;

  constructor(simulator: Simulator, thread: Thread) {
    this.#simulator = simulator;
    this.#thread = thread;
    this.#bodies = [simulator.indexOf("body", thread.holder), simulator.indexOf("body", thread.part)];
    const freedoms = simulator.modelView("body_dofadr");
    this.#rotations = [freedoms[this.#bodies[0]]! + 3, freedoms[this.#bodies[1]]! + 3];
    this.#ties = ties.map((_, point) => simulator.indexOf("equality", tieName(thread, point)));
    this.#plugs = thread.seats.map(({ plug }) => simulator.indexOf("geom", plug));
  }

  /** Whether the threads have met. */
  get holds(): boolean {
    return this.#seat !== undefined;
  }

  /** Lets go, e.g. when an episode begins. */
  release(): void {
    this.#hold(undefined);
  }

  /** To be called before every engine step, `qfrc_applied` cleared. `taken` are seats in which another part sits. */
  update(taken: ReadonlySet<unknown>): void {
    const { pitch, axis, seats, rest, slack } = this.#thread;
    const pose = relative(this.#simulator.poseOf(this.#bodies[0]), this.#simulator.poseOf(this.#bodies[1]));
    if (!this.#seat) {
      const seat = seats.find((seat) => !taken.has(seat) && this.#meets(placeAt(seat, axis, pose)));
      if (!seat) return;
      const { height, turn } = placeAt(seat, axis, pose);
      this.#turns = turn / (2 * Math.PI) + Math.round(height / pitch - turn / (2 * Math.PI));
      this.#hold(seat);
    }
    const seat = this.#seat!;
    const { turn } = placeAt(seat, axis, pose);
    this.#turns += fraction(turn / (2 * Math.PI) - this.#turns);
    const height = this.#turns * pitch;
    if (height > rest + meeting) return this.#hold(undefined);
    this.#tie(seat, Math.max(height, -slack));
    this.#brake(seat);
  }

  /** The seat that holds the part. */
  get seat(): unknown {
    return this.#seat;
  }

  #meets({ height, offset, alignment, turn }: Place): boolean {
    const { pitch, rest, slack } = this.#thread;
    if (offset > widestOffset || alignment < leastAlignment) return false;
    if (height > rest + meeting || height < -slack - meeting) return false;
    return Math.abs(fraction(height / pitch - turn / (2 * Math.PI))) * pitch <= meeting;
  }

  #hold(seat: Thread["seats"][number] | undefined): void {
    const { seats } = this.#thread;
    const active = this.#simulator.dataView("eq_active");
    const [types, affinities] = [
      this.#simulator.modelView("geom_contype"),
      this.#simulator.modelView("geom_conaffinity"),
    ];
    for (const tie of this.#ties) active[tie] = seat ? 1 : 0;
    // A plug that is another part's business stays as it is.
    for (const [i, plug] of this.#plugs.entries()) {
      if (seats[i] !== (seat ?? this.#seat)) continue;
      types[plug] = affinities[plug] = seat ? 0 : 1;
    }
    this.#seat = seat;
  }

  /** Both bodies are free, their angular velocities in their own frames. */
  #brake(seat: Thread["seats"][number]): void {
    const { axis } = this.#thread;
    const own = turned(conjugate(seat.rotation), axis);
    const { qvel } = this.#simulator;
    const forces = this.#simulator.dataView("qfrc_applied");
    const [holder, part] = this.#rotations;
    let torque = 0;
    for (let k = 0; k < 3; k++) torque -= friction * (own[k]! * qvel[part + k]! - axis[k]! * qvel[holder + k]!);
    for (let k = 0; k < 3; k++) {
      forces[part + k]! += own[k]! * torque;
      forces[holder + k]! -= axis[k]! * torque;
    }
  }

  /** Ties the part's axis at `height` beyond the seat. */
  #tie(seat: Thread["seats"][number], height: number): void {
    const { axis } = this.#thread;
    const data = this.#simulator.modelView("eq_data");
    const stride = data.length / this.#simulator.modelView("eq_type").length;
    const own = turned(conjugate(seat.rotation), axis);
    for (const [i, tie] of this.#ties.entries()) {
      for (let k = 0; k < 3; k++) {
        data[stride * tie + k] = seat.position[k]! + axis[k]! * (height + ties[i]!);
        data[stride * tie + 3 + k] = own[k]! * ties[i]!;
      }
    }
  }
}

/** The part of `turns` beyond the nearest whole number. */
const fraction = (turns: number) => turns - Math.round(turns);
