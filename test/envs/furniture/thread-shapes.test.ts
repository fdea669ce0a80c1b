// Threads as surfaces: what the geometry alone does when a part is turned, dropped, or stands beside its hole.
import { afterEach, describe, expect, test } from "vitest";
import { environmentIn } from "../../../sdk/src/config/schema/environment-sections.js";
import { withContacts } from "../../../sdk/src/envs/furniture/furniture.js";
import { isAssembled, type Furniture, type Thread } from "../../../sdk/src/envs/furniture/parts.js";
import { furnitureModel } from "../../../sdk/src/envs/furniture/scene.js";
import { fromEuler, type Pose } from "../../../sdk/src/envs/pose.js";
import { builtInEnvironment } from "../../../sdk/src/envs/registry.js";
import { Simulator } from "../../../sdk/src/envs/simulator.js";
import { Bench, threads } from "./bench.js";

/** A holder that is held still, and the part above its hole. */
class SurfaceBench extends Bench {
  readonly #held: Pose;

  private constructor(simulator: Simulator, furniture: Furniture, thread: Thread) {
    super(simulator, furniture, thread);
    if (thread.holder === "leg") this.put("leg", { position: [0.1, 0, 0.6], rotation: fromEuler([Math.PI / 2, 0, 0]) });
    this.#held = this.pose(thread.holder);
  }

  static async load(furniture: Furniture, thread: Thread): Promise<SurfaceBench> {
    const simulator = await Simulator.load(furnitureModel(furniture, 0, "sdf"));
    simulator.reset();
    simulator.forward();
    return new SurfaceBench(simulator, furniture, thread);
  }

  override put(name: string, pose: Pose): void {
    this.still(name);
    super.put(name, pose);
  }

  override putOver(...where: Parameters<Bench["putOver"]>): void {
    super.putOver(...where);
    this.speed = 0;
  }

  /** Turns the part towards a speed (rad/s) about the hole's axis; returns the turns that it made. */
  turn(speed: number, steps: number): number {
    return this.drive(speed, steps, this.#held, 4e-4) / (2 * Math.PI);
  }
}

let bench: SurfaceBench | undefined;
afterEach(() => {
  bench?.simulator.delete();
  bench = undefined;
});

/** Both kinds of seat: ended by the shoulder and by the floor. */
describe.each([threads[0]!, threads[2]!])("$title", ({ furniture, thread }) => {
  test("sinks by the pitch with a turn to the right, rises with one to the left, and stays where it is left", async () => {
    bench = await SurfaceBench.load(furniture, thread);
    bench.putOver(thread.pitch, 2 * Math.PI);
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

describe.each(threads)("$title", ({ furniture, thread }) => {
  test("sits where the pose test wants it, and stays on top beside the hole", async () => {
    bench = await SurfaceBench.load(furniture, thread);
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
