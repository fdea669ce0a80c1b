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
import { furnitureModel, startOf } from "../../../sdk/src/envs/furniture/scene.js";
import { Screw } from "../../../sdk/src/envs/furniture/screw.js";
import { composed, fromEuler } from "../../../sdk/src/envs/pose.js";
import { Simulator } from "../../../sdk/src/envs/simulator.js";
import { Bench, threads } from "./bench.js";

let copies = 1e6;

class ScrewBench extends Bench {
  private constructor(
    simulator: Simulator,
    furniture: Furniture,
    thread: Thread,
    readonly screw: Screw,
  ) {
    super(simulator, furniture, thread);
  }

  static async load(furniture: Furniture, thread: Thread): Promise<ScrewBench> {
    const simulator = await Simulator.load(furnitureModel(furniture, copies++));
    const bench = new ScrewBench(simulator, furniture, thread, new Screw(simulator, thread));
    simulator.reset();
    simulator.forward();
    return bench;
  }

  /** Turns the part at a speed (rad/s) about the hole's axis for `steps`, the holder held still. */
  turn(speed: number, steps: number): void {
    this.drive(speed, steps, this.pose(this.thread.holder), 2e-4, () => {
      this.simulator.dataView("qfrc_applied").fill(0);
      this.screw.update(new Set());
    });
  }
}

describe.each(threads)("$title", ({ furniture, thread }) => {
  let bench: ScrewBench;
  beforeEach(async () => {
    bench = await ScrewBench.load(furniture, thread);
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
  const bench = await ScrewBench.load(lamp, lamp.threads[0]!);
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
