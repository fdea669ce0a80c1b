// What the kitchen looks like: with all files of the package as it is meant to, with those that physics needs by the shapes that
// collide.
import { InputError } from "../../errors.js";
import { assetFolder } from "../assets/assets.js";
import type { PhysicsArrays } from "../render/scene.js";
import type { Simulator } from "../simulator.js";
import { kitchenModel } from "./model.js";

/** Pictures of a simulation of what collides. The visible model is loaded with the first one, where its files are here. */
export class KitchenPictures implements PhysicsArrays {
  readonly #simulator: Simulator;
  #visible: Simulator | "absent" | undefined;
  /** What the visible model's derived quantities are of. */
  #derived: Float64Array | undefined;

  constructor(simulator: Simulator) {
    this.#simulator = simulator;
  }

  modelArray(name: string): Float64Array {
    const visible = this.#load();
    if (visible) return visible.modelArray(name);
    if (name === "geom_rgba") return painted(this.#simulator);
    // All groups are shown.
    const array = this.#simulator.modelArray(name);
    return name === "geom_group" ? array.fill(0) : array;
  }

  dataArray(name: string): Float64Array {
    const visible = this.#load();
    if (!visible) return this.#simulator.dataArray(name);
    const { qpos } = this.#simulator;
    if (!this.#derived?.every((value, i) => value === qpos[i])) {
      visible.qpos.set(qpos);
      visible.forward();
      this.#derived = qpos.slice();
    }
    return visible.dataArray(name);
  }

  /** Frees the engine's memory. */
  delete(): void {
    if (this.#visible && this.#visible !== "absent") this.#visible.delete();
    this.#visible = undefined;
  }

  #load(): Simulator | undefined {
    this.#visible ??= loadVisible(this.#simulator);
    return this.#visible === "absent" ? undefined : this.#visible;
  }
}

function loadVisible(simulator: Simulator): Simulator | "absent" {
  try {
    return simulator.another(kitchenModel(assetFolder("kitchen", "all"), true));
  } catch (error) {
    if (error instanceof InputError && error.code === "DMPO_ASSETS_MISSING") return "absent";
    throw error;
  }
}

/** Colours by the names of bodies, or of those they belong to. */
const paints: readonly (readonly [name: RegExp, color: readonly number[]])[] = [
  [/^panda/, [0.9, 0.92, 0.95, 1]],
  [/^(knob|Burner|light)/, [0.8, 0.25, 0.2, 1]],
  [/^(oven|hood|micro)/, [0.25, 0.26, 0.28, 1]],
  [/^(slide|hinge|left|right)/, [0.55, 0.38, 0.24, 1]],
  [/^kettle/, [0.93, 0.93, 0.9, 1]],
];
const otherPaint = [0.75, 0.73, 0.69, 1];

function painted(simulator: Simulator): Float64Array {
  const characters = simulator.modelArray("names");
  const names = Array.from(simulator.modelArray("name_bodyadr"), (from) =>
    String.fromCharCode(...characters.subarray(from, characters.indexOf(0, from))),
  );
  const colors = names.map((body) => paints.find(([name]) => name.test(body))?.[1] ?? otherPaint);
  return Float64Array.from([...simulator.modelArray("geom_bodyid")].flatMap((body) => colors[body]!));
}
