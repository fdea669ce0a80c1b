// Threads as surfaces: what the geometry alone does when a part is turned, dropped, or stands beside its hole.
import { afterEach, describe, expect, test } from "vitest";
import {
  isAssembled,
  lamp,
  oneLeg,
  roundTable,
  type Furniture,
  type Thread,
} from "../../../sdk/src/envs/furniture/parts.js";
import { composed, fromEuler, product, relative, type Pose, type Quaternion } from "../../../sdk/src/envs/pose.js";
import { withContacts } from "../../../sdk/src/envs/furniture/furniture.js";
import { furnitureModel } from "../../../sdk/src/envs/furniture/scene.js";
import { placeAt } from "../../../sdk/src/envs/furniture/screw.js";
import { builtInEnvironment } from "../../../sdk/src/envs/registry.js";
import type { Vector } from "../../../sdk/src/envs/render/vectors.js";
import { Simulator } from "../../../sdk/src/envs/simulator.js";
import { environmentIn } from "../../../sdk/src/config/schema/environment-sections.js";

const firstPart = 9;

/** A holder that is held still, and the part above its hole. */
class Bench {
  /** Of the part about the axis (rad/s). */
  #speed = 0;
  readonly #held: Pose;

  private constructor(
    readonly simulator: Simulator,
    readonly furniture: Furniture,
    readonly thread: Thread,
  ) {
    if (thread.holder === "leg")
      this.#put("leg", { position: [0.1, 0, 0.6], rotation: fromEuler([Math.PI / 2, 0, 0]) });
    this.#held = this.pose(thread.holder);
  }

  static async load(furniture: Furniture, thread: Thread): Promise<Bench> {
    const simulator = await Simulator.load(furnitureModel(furniture, 0, "sdf"));
    simulator.reset();
    simulator.forward();
    return new Bench(simulator, furniture, thread);
  }

  pose(name: string): Pose {
    return this.simulator.poseOf(this.simulator.indexOf("body", name));
  }

  #index(name: string): number {
    return this.furniture.parts.findIndex((part) => part.name === name);
  }

  #put(name: string, { position, rotation }: Pose): void {
    this.simulator.qpos.set([...position, ...rotation], firstPart + 7 * this.#index(name));
    this.simulator.qvel.fill(0, 9 + 6 * this.#index(name), 15 + 6 * this.#index(name));
    this.simulator.forward();
  }

  /** Puts the part `height` beyond its seat, turned, and aside. */
  putOver(height: number, turns: number, aside: Vector = [0, 0, 0]): void {
    const { axis, holder, part, seats } = this.thread;
    const about = axis.map((value) => value * Math.sin(Math.PI * turns)) as unknown as Vector;
    const rotation = product([Math.cos(Math.PI * turns), ...about] as Quaternion, seats[0]!.rotation);
    const position = seats[0]!.position.map((value, i) => value + axis[i]! * height + aside[i]!) as unknown as Vector;
    this.#put(part, composed(this.pose(holder), { position, rotation }));
    this.#speed = 0;
  }

  place() {
    const { holder, part, axis, seats } = this.thread;
    return placeAt(seats[0]!, axis, relative(this.pose(holder), this.pose(part)));
  }

  /** Turns the part towards a speed (rad/s) about the hole's axis; returns the turns that it made. */
  turn(speed: number, steps: number): number {
    const { holder, part, axis } = this.thread;
    const { position, rotation } = this.#held;
    const [at, body] = [this.#index(holder), this.simulator.indexOf("body", part)];
    const tip = composed(this.#held, { position: axis, rotation: [1, 0, 0, 0] }).position;
    let turns = 0;
    for (let i = 0; i < steps; i++) {
      const before = this.place().turn;
      this.simulator.qpos.set([...position, ...rotation], firstPart + 7 * at);
      this.simulator.qvel.fill(0, 9 + 6 * at, 15 + 6 * at);
      const torque = 4e-4 * (speed - this.#speed);
      const along = tip.map((value, k) => torque * (value - position[k]!));
      this.simulator.dataView("xfrc_applied").set(along, 6 * body + 3);
      this.simulator.step(1);
      this.simulator.forward();
      const change = (this.place().turn - before) / (2 * Math.PI);
      const made = change - Math.round(change);
      this.#speed = (2 * Math.PI * made) / this.simulator.timestep;
      turns += made;
    }
    return turns;
  }
}

const cases = [
  { furniture: oneLeg, thread: oneLeg.threads[3]! },
  { furniture: lamp, thread: lamp.threads[0]! },
  { furniture: roundTable, thread: roundTable.threads[0]! },
  { furniture: roundTable, thread: roundTable.threads[1]! },
].map((entry) => ({ ...entry, title: `${entry.furniture.name}: ${entry.thread.part} in ${entry.thread.holder}` }));

let bench: Bench | undefined;
afterEach(() => {
  bench?.simulator.delete();
  bench = undefined;
});

/** Both kinds of seat: ended by the shoulder and by the floor. */
describe.each([cases[0]!, cases[2]!])("$title", ({ furniture, thread }) => {
  test("sinks by the pitch with a turn to the right, rises with one to the left, and stays where it is left", async () => {
    bench = await Bench.load(furniture, thread);
    bench.putOver(thread.pitch, 1);
    bench.turn(0, 100);
    bench.turn(-8, 200);
    const high = bench.place().height;
    bench.turn(0, 60);
    // What nobody turns does not sink through its thread.
    expect(Math.abs(bench.place().height - high)).toBeLessThan(0.002);
    const start = bench.place().height;
    const turned = bench.turn(-8, 300);
    const low = bench.place().height;
    expect(turned).toBeLessThan(-0.1);
    expect(low - start).toBeLessThan(-0.0005);
    if (low > -thread.slack + 0.001) expect(low - start).toBeCloseTo(turned * thread.pitch, 2.5);
    bench.putOver(0.0005, 0);
    bench.turn(0, 20);
    const bottom = bench.place().height;
    const back = bench.turn(8, 300);
    expect(back).toBeGreaterThan(0.1);
    expect(bench.place().height - bottom).toBeGreaterThan(0.5 * back * thread.pitch - 0.001);
  });
});

describe.each(cases)("$title", ({ furniture, thread }) => {
  test("sits where the pose test wants it, and stays on top beside the hole", async () => {
    bench = await Bench.load(furniture, thread);
    const pair = furniture.pairs.find(({ first, second }) => first === thread.holder && second === thread.part)!;
    bench.putOver(0.0005, 0);
    bench.turn(0, 100);
    expect(isAssembled(pair, bench.pose(thread.holder), bench.pose(thread.part))).toBe(true);
    // Down to the coil, or to the shoulder.
    expect(bench.place().height).toBeGreaterThan(-thread.slack - 0.0005);
    expect(bench.place().height).toBeLessThan(0.0005);
    expect(bench.place().offset).toBeLessThan(0.001);
    // On the rim of the holder, too near for the bolt to find the hole.
    bench.putOver(thread.rest + 0.004, 0, thread.axis[2] === 0 ? [0, 0, 0.012] : [0.012, 0, 0]);
    bench.turn(-8, 60);
    expect(bench.place().height).toBeGreaterThan(thread.rest);
  });
});

test("contacts are part of an environment's name, and a key of configurations", () => {
  expect(withContacts("lamp_med", "sdf")).toBe("lamp_med_dim@sdf");
  expect(withContacts("lamp_med_dim", "primitives")).toBe("lamp_med_dim");
  expect(builtInEnvironment("lamp_med@sdf").name).toBe("lamp_med_dim@sdf");
  expect(environmentIn("one_leg_low_dim", { specific: { contacts: "sdf" } })).toBe("one_leg_low_dim@sdf");
  expect(() => withContacts("hopper-v2", "sdf")).toThrow(/"hopper-v2" has no threads[\s\S]*one_leg_low_dim/);
  expect(() => withContacts("lamp_med", "exact" as never)).toThrow(/"exact"[\s\S]*"primitives" or "sdf"/);
  expect(() => builtInEnvironment("hopper-v2@sdf")).toThrow(/there is no environment/);
});
