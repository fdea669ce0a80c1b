// A piece of furniture on its table, of which one thread is watched: its part is put over its hole and turned.
import { lamp, oneLeg, roundTable, type Furniture, type Thread } from "../../../sdk/src/envs/furniture/parts.js";
import { placeAt } from "../../../sdk/src/envs/furniture/screw.js";
import { composed, product, relative, type Pose, type Quaternion } from "../../../sdk/src/envs/pose.js";
import type { Vector } from "../../../sdk/src/envs/render/vectors.js";
import type { Simulator } from "../../../sdk/src/envs/simulator.js";

/** Where the numbers of the first part begin among positions and velocities. */
const first = 9;

/** Every kind of thread. */
export const threads = [
  { furniture: oneLeg, thread: oneLeg.threads[3]! },
  { furniture: lamp, thread: lamp.threads[0]! },
  { furniture: roundTable, thread: roundTable.threads[0]! },
  { furniture: roundTable, thread: roundTable.threads[1]! },
].map((entry) => ({ ...entry, title: `${entry.furniture.name}: ${entry.thread.part} in ${entry.thread.holder}` }));

export class Bench {
  /** Of the part about the hole's axis (rad/s). */
  protected speed = 0;

  constructor(
    readonly simulator: Simulator,
    readonly furniture: Furniture,
    readonly thread: Thread,
  ) {}

  index(name: string): number {
    return this.furniture.parts.findIndex((part) => part.name === name);
  }

  pose(name: string): Pose {
    return this.simulator.poseOf(this.simulator.indexOf("body", name));
  }

  put(name: string, { position, rotation }: Pose): void {
    this.simulator.qpos.set([...position, ...rotation], first + 7 * this.index(name));
    this.simulator.forward();
  }

  /** So that a part is where it was put, and moves no further. */
  still(name: string): void {
    const at = first + 6 * this.index(name);
    this.simulator.qvel.fill(0, at, at + 6);
  }

  /** Puts the part over its seat: `height` beyond it, turned by `turn`, and aside. */
  putOver(height: number, turn: number, aside: Vector = [0, 0, 0], seat = this.thread.seats[0]!): void {
    const { axis, holder, part } = this.thread;
    const about = axis.map((value) => value * Math.sin(turn / 2)) as unknown as Vector;
    const rotation = product([Math.cos(turn / 2), ...about] as Quaternion, seat.rotation);
    const position = seat.position.map((value, i) => value + axis[i]! * height + aside[i]!) as unknown as Vector;
    this.put(part, composed(this.pose(holder), { position, rotation }));
  }

  place(seat = this.thread.seats[0]!) {
    const { holder, part, axis } = this.thread;
    return placeAt(seat, axis, relative(this.pose(holder), this.pose(part)));
  }

  /**
   * Turns the part towards a speed (rad/s) about the hole's axis, by a torque of `gain` for each rad/s that it lacks, the holder held
   * still; `prepare` is called before every engine step. Returns the angle that it turned by.
   */
  protected drive(speed: number, steps: number, held: Pose, gain: number, prepare = () => {}): number {
    const { holder, part, axis } = this.thread;
    const { position, rotation } = held;
    const body = this.simulator.indexOf("body", part);
    const tip = composed(held, { position: axis, rotation: [1, 0, 0, 0] }).position;
    let turned = 0;
    for (let i = 0; i < steps; i++) {
      const before = this.place().turn;
      this.simulator.qpos.set([...position, ...rotation], first + 7 * this.index(holder));
      this.still(holder);
      const torque = gain * (speed - this.speed);
      const along = tip.map((value, k) => torque * (value - position[k]!));
      this.simulator.dataView("xfrc_applied").set(along, 6 * body + 3);
      prepare();
      this.simulator.step(1);
      this.simulator.forward();
      const change = this.place().turn - before;
      const made = change - 2 * Math.PI * Math.round(change / (2 * Math.PI));
      this.speed = made / this.simulator.timestep;
      turned += made;
    }
    return turned;
  }
}
