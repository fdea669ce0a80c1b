// Threads against what threads do: a turn moves by the pitch, right-handed; beside a hole nothing sinks.
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  isAssembled,
  lamp,
  oneLeg,
  roundTable,
  type Furniture,
  type Thread,
} from "../../../sdk/src/envs/furniture/parts.js";
import { composed, fromEuler, product, relative, type Pose, type Quaternion } from "../../../sdk/src/envs/pose.js";
import { furnitureModel, startOf } from "../../../sdk/src/envs/furniture/scene.js";
import { placeAt, Screw } from "../../../sdk/src/envs/furniture/screw.js";
import type { Vector } from "../../../sdk/src/envs/render/vectors.js";
import { Simulator } from "../../../sdk/src/envs/simulator.js";

let copies = 1e6;
const firstPart = 9;

/** A piece of furniture on its table, of which one thread is watched. */
class Bench {
  readonly #bodies: readonly number[];
  /** Of the part about the hole's axis (rad/s). */
  #speed = 0;

  private constructor(
    readonly simulator: Simulator,
    readonly furniture: Furniture,
    readonly thread: Thread,
    readonly screw: Screw,
  ) {
    this.#bodies = furniture.parts.map(({ name }) => simulator.indexOf("body", name));
  }

  static async load(furniture: Furniture, thread: Thread): Promise<Bench> {
    const simulator = await Simulator.load(furnitureModel(furniture, copies++));
    const bench = new Bench(simulator, furniture, thread, new Screw(simulator, thread));
    simulator.reset();
    simulator.forward();
    return bench;
  }

  index(name: string): number {
    return this.furniture.parts.findIndex((part) => part.name === name);
  }

  pose(name: string): Pose {
    return this.simulator.poseOf(this.#bodies[this.index(name)]!);
  }

  put(name: string, { position, rotation }: Pose): void {
    this.simulator.qpos.set([...position, ...rotation], firstPart + 7 * this.index(name));
    this.simulator.forward();
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

  /** Turns the part at a speed (rad/s) about the hole's axis for `steps`, the holder held still. */
  turn(speed: number, steps: number): void {
    const { holder, part, axis } = this.thread;
    const held = this.pose(holder);
    const tip = composed(held, { position: axis, rotation: [1, 0, 0, 0] }).position;
    for (let i = 0; i < steps; i++) {
      const before = this.place().turn;
      this.simulator.qpos.set([...held.position, ...held.rotation], firstPart + 7 * this.index(holder));
      this.simulator.qvel.fill(0, 9 + 6 * this.index(holder), 9 + 6 * (this.index(holder) + 1));
      const torque = 2e-4 * (speed - this.#speed);
      const along = tip.map((value, axis) => torque * (value - held.position[axis]!));
      this.simulator.dataView("xfrc_applied").set(along, 6 * this.#bodies[this.index(part)]! + 3);
      this.simulator.dataView("qfrc_applied").fill(0);
      this.screw.update(new Set());
      this.simulator.step(1);
      this.simulator.forward();
      const change = this.place().turn - before;
      this.#speed = (change - 2 * Math.PI * Math.round(change / (2 * Math.PI))) / this.simulator.timestep;
    }
  }
}

const cases = [
  { furniture: oneLeg, thread: oneLeg.threads[3]! },
  { furniture: lamp, thread: lamp.threads[0]! },
  { furniture: roundTable, thread: roundTable.threads[0]! },
  { furniture: roundTable, thread: roundTable.threads[1]! },
].map((entry) => ({ ...entry, title: `${entry.furniture.name}: ${entry.thread.part} in ${entry.thread.holder}` }));

describe.each(cases)("$title", ({ furniture, thread }) => {
  let bench: Bench;
  beforeEach(async () => {
    bench = await Bench.load(furniture, thread);
    if (thread.holder === "leg")
      bench.put("leg", { position: [0.1, 0, 0.6], rotation: fromEuler([Math.PI / 2, 0, 0]) });
  });
  afterEach(() => bench.simulator.delete());

  /** Standing on the plug, where the threads are in phase: turned back from the seat by what it stands out. */
  const phase = (2 * Math.PI * thread.rest) / thread.pitch;

  test("sinks by the pitch with a turn to the right, and rises with a turn to the left", () => {
    bench.putOver(thread.rest, phase);
    bench.turn(0, 20);
    expect(bench.screw.holds).toBe(true);
    const before = bench.place();
    let turned = 0;
    let last = before.turn;
    const count = () => {
      const { turn } = bench.place();
      const change = turn - last;
      turned += change - 2 * Math.PI * Math.round(change / (2 * Math.PI));
      last = turn;
    };
    for (let i = 0; i < 400 && turned > -2 * Math.PI; i++, count()) bench.turn(-8, 5);
    bench.turn(0, 30);
    count();
    expect(turned).toBeLessThan(-2 * Math.PI);
    expect(bench.place().height - before.height).toBeCloseTo((turned / (2 * Math.PI)) * thread.pitch, 3);
    expect(bench.place().offset).toBeLessThan(0.0015);
    bench.turn(0, 30);
    count();
    const low = { height: bench.place().height, turned };
    for (let i = 0; i < 400 && turned < -Math.PI; i++, count()) bench.turn(8, 5);
    bench.turn(0, 30);
    count();
    expect(bench.place().height - low.height).toBeCloseTo(((turned - low.turned) / (2 * Math.PI)) * thread.pitch, 3);
  });

  test("stays out where the threads are out of phase, and beside the hole", () => {
    bench.putOver(thread.rest, phase + Math.PI);
    bench.turn(0, 100);
    expect(bench.screw.holds).toBe(false);
    expect(bench.place().height).toBeGreaterThan(thread.rest - 0.0015);
    const aside = thread.axis[2] === 0 ? ([0, 0, 0.016] as const) : ([0.016, 0, 0] as const);
    bench.putOver(thread.rest + 0.004, phase, aside);
    bench.turn(-8, 100);
    expect(bench.screw.holds).toBe(false);
    expect(bench.place().height).toBeGreaterThan(thread.rest + 0.001);
  });

  test("sits where the pose test wants it", () => {
    const pair = furniture.pairs.find(({ first, second }) => first === thread.holder && second === thread.part)!;
    const judged = () => isAssembled(pair, bench.pose(thread.holder), bench.pose(thread.part));
    bench.putOver(0, 0);
    expect(judged()).toBe(true);
    bench.turn(0, 20);
    expect(bench.screw.holds).toBe(true);
    expect(judged()).toBe(true);
    // A quarter of a turn and 6 mm are too much, each by itself.
    bench.putOver(0, Math.PI / 2);
    expect(judged()).toBe(false);
    bench.putOver(0.006, 0);
    expect(judged()).toBe(false);
  });
});

test("the start of an episode is on the table, right side up", () => {
  for (const { parts } of [oneLeg, lamp, roundTable]) {
    for (const part of parts) {
      const { position } = startOf(part);
      expect(position[2], part.name).toBeGreaterThan(0.415);
      expect(position[2], part.name).toBeLessThan(0.47);
    }
  }
  // A leg's thread points away from the robot's front, the table's top looks up.
  expect(
    composed(startOf(oneLeg.parts[0]!), { position: [0, 1, 0], rotation: [1, 0, 0, 0] }).position[2],
  ).toBeGreaterThan(1);
});

test("the lamp's hood goes down over the base to where it belongs", async () => {
  const bench = await Bench.load(lamp, lamp.threads[0]!);
  const [, pair] = lamp.pairs;
  const [x, y, z] = pair!.targets[0]!.position;
  const base = bench.pose("base");
  bench.put("hood", composed(base, { position: [x + 0.001, y - 0.01, z], rotation: pair!.targets[0]!.rotation }));
  expect(isAssembled(pair!, bench.pose("base"), bench.pose("hood"))).toBe(false);
  bench.simulator.step(500);
  bench.simulator.forward();
  expect(isAssembled(pair!, bench.pose("base"), bench.pose("hood"))).toBe(true);
  bench.simulator.delete();
});
