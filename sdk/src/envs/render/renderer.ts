// Pictures of a simulation without a graphics card: MuJoCo's look (headlight, textures, light at vertices, shadows on floors), drawn
// with a z-buffer. Compared with MuJoCo's own pictures in the tests.
import { fail } from "../../errors.js";
import { Canvas } from "./canvas.js";
import { Ground } from "./ground.js";
import { headlight, Lighting, studioLight, type Shining } from "./lighting.js";
import { Picture } from "./picture.js";
import { cameraIndex, physicsScene, type PhysicsArrays, type Poses, type Scene, type SceneSource } from "./scene.js";
import type { Solid } from "./scene.js";
import { SolidPainter } from "./solid-painter.js";
import { vectorAt } from "./vectors.js";
import { sideView, View, viewpointOf, type Viewpoint } from "./view.js";

export interface RendererOptions {
  /** Pixels. Default 480. */
  readonly width?: number;
  /** Pixels. Default 360. */
  readonly height?: number;
  /** Samples per pixel along each side, 1 to 4: 2 smooths edges, 1 is faster. Default 2. */
  readonly samples?: number;
  /** Geom groups that are shown. Default [0, 1, 2], as in MuJoCo. */
  readonly groups?: readonly number[];
  /** Whether lights that cast shadows do so on floors. Default true. */
  readonly shadows?: boolean;
}

/** Draws one simulation, whose state is read anew for every picture. */
export class Renderer {
  readonly scene: Scene;
  readonly #source: SceneSource;
  readonly #canvas: Canvas;
  readonly #painter: SolidPainter;
  readonly #ground: Ground;
  readonly #opaque: readonly Solid[];
  readonly #opaqueOrder: Order;
  readonly #transparentOrder: Order;

  /** @throws InputError DMPO_RENDER_SIZE. */
  constructor(source: PhysicsArrays | SceneSource, options: RendererOptions = {}) {
    const { width = 480, height = 360, samples = 2, groups, shadows = true } = options;
    checkRange("width", width, 1, 8192);
    checkRange("height", height, 1, 8192);
    checkRange("samples", samples, 1, 4);
    this.#source = "poses" in source ? source : physicsScene(source);
    this.scene = this.#source.scene(groups);
    this.#canvas = new Canvas(width, height, samples);
    this.#painter = new SolidPainter(this.#canvas);
    this.#ground = new Ground(this.#canvas, shadows);
    this.#opaque = this.scene.solids.filter(({ material }) => material.alpha === 1);
    this.#opaqueOrder = new Order(this.#opaque);
    this.#transparentOrder = new Order(this.scene.solids.filter(({ material }) => material.alpha < 1));
  }

  /**
   * @param camera name of one of the model's cameras, or a viewpoint. Default: the first camera, else one from the side.
   * @throws InputError DMPO_RENDER_CAMERA.
   */
  render(camera?: string | Viewpoint): Picture {
    this.#draw(camera);
    const { pixelWidth, pixelHeight } = this.#canvas;
    return new Picture(pixelWidth, pixelHeight, this.#canvas.readRgb(), this.#canvas.readDepth());
  }

  /**
   * The same picture as policies see it: writes (3, height, width), 0 to 255, at `offset`.
   * @throws InputError DMPO_RENDER_CAMERA.
   */
  look(out: Uint8Array, offset: number, camera: string): void {
    this.#draw(camera);
    this.#canvas.writeChannels(out, offset);
  }

  #draw(camera: string | Viewpoint | undefined): void {
    const poses = this.#source.poses();
    const view = new View(this.#viewpoint(camera, poses), this.#canvas);
    const lighting = new Lighting(this.#lights(poses, view), view.position);
    this.#canvas.clear();
    // What is near is drawn first, so that most of what it hides is not.
    for (const solid of this.#opaqueOrder.sorted(poses, view)) this.#painter.draw(solid, poses, view, lighting);
    for (const plane of this.scene.planes) this.#ground.draw(plane, this.#opaque, poses, view, lighting);
    this.#ground.drawSky(view);
    // As MuJoCo does: from front to back and then from back to front.
    const order = this.#transparentOrder.sorted(poses, view);
    for (const solid of [...order, ...order.toReversed()]) this.#painter.draw(solid, poses, view, lighting);
  }

  #viewpoint(camera: string | Viewpoint | undefined, poses: Poses): Viewpoint {
    if (typeof camera === "object") return camera;
    if (camera === undefined && this.scene.cameras.length === 0) return sideView(this.scene, poses);
    return viewpointOf(this.scene, poses, camera === undefined ? 0 : cameraIndex(this.scene, camera));
  }

  #lights(poses: Poses, view: View): Shining[] {
    const own = this.scene.lights.map((light, i) => ({
      ...light,
      position: vectorAt(poses.lightPosition, i),
      direction: vectorAt(poses.lightDirection, i),
    }));
    const head = { ...headlight, position: view.position, direction: view.forward };
    return [head, ...(own.length > 0 ? own : [studioLight])];
  }
}

/** Nearest first, by the middles of the boxes around them less half their size. */
class Order {
  readonly #solids: readonly Solid[];
  readonly #distances: Float64Array;
  readonly #order: number[];
  readonly #sizes: readonly number[];

  constructor(solids: readonly Solid[]) {
    this.#solids = solids;
    this.#distances = new Float64Array(solids.length);
    this.#order = solids.map((_, i) => i);
    this.#sizes = solids.map(({ levels: [finest] }) => {
      const { least, most } = finest!.mesh;
      return Math.hypot(most[0] - least[0], most[1] - least[1], most[2] - least[2]) / 2;
    });
  }

  sorted({ geomPosition, geomMatrix }: Poses, { position }: View): Solid[] {
    const distances = this.#distances;
    this.#solids.forEach(({ geom, levels }, i) => {
      const { least, most } = levels[0]!.mesh;
      let sum = 0;
      for (let row = 0; row < 3; row++) {
        let value = geomPosition[3 * geom + row]! - position[row]!;
        for (let axis = 0; axis < 3; axis++) {
          value += (geomMatrix[9 * geom + 3 * row + axis]! * (least[axis]! + most[axis]!)) / 2;
        }
        sum += value * value;
      }
      distances[i] = Math.sqrt(sum) - this.#sizes[i]!;
    });
    this.#order.sort((a, b) => distances[a]! - distances[b]!);
    return this.#order.map((i) => this.#solids[i]!);
  }
}

function checkRange(path: string, value: number, least: number, most: number): void {
  if (Number.isInteger(value) && value >= least && value <= most) return;
  fail("DMPO_RENDER_SIZE", path, String(value), `an integer from ${least} to ${most}`);
}
