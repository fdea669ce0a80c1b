// Pictures of a simulation without a graphics card: MuJoCo's default look (headlight, checkered floor, shadows on it), drawn
// with a z-buffer. Compared with MuJoCo's own pictures in the tests.
import { fail } from "../../errors.js";
import { Canvas } from "./canvas.js";
import { Picture } from "./picture.js";
import { headlight, shade, studioLight, type Shining } from "./lighting.js";
import { cameraIndex, physicsScene, type PhysicsArrays, type Plane, type Poses, type SceneSource } from "./scene.js";
import type { Material, Rgb, Scene, Solid, Texture } from "./scene.js";
import { axesAt, dot, normalized, placement, subtract, vectorAt, type Vector } from "./vectors.js";
import { nearPlane, sideView, View, type Viewpoint } from "./view.js";

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

const horizon: Rgb = [0.8, 0.85, 0.9];
const zenith: Rgb = [0.42, 0.55, 0.7];

/** Red of a vertex whose light has not been computed. */
const unlit = -1;

/** Draws one simulation, whose state is read anew for every picture. */
export class Renderer {
  readonly scene: Scene;
  readonly #source: SceneSource;
  readonly #canvas: Canvas;
  readonly #shadows: boolean;
  /** [x, y, 1/depth, red, green, blue] of the vertices of the solid being drawn. */
  #vertices = new Float32Array(0);

  /** @throws InputError DMPO_RENDER_SIZE. */
  constructor(source: PhysicsArrays | SceneSource, options: RendererOptions = {}) {
    const { width = 480, height = 360, samples = 2, groups, shadows = true } = options;
    checkRange("width", width, 1, 8192);
    checkRange("height", height, 1, 8192);
    checkRange("samples", samples, 1, 4);
    this.#source = "poses" in source ? source : physicsScene(source);
    this.scene = this.#source.scene(groups);
    this.#canvas = new Canvas(width, height, samples);
    this.#shadows = shadows;
  }

  /**
   * @param camera name of one of the model's cameras, or a viewpoint. Default: the first camera, else one from the side.
   * @throws InputError DMPO_RENDER_CAMERA.
   */
  render(camera?: string | Viewpoint): Picture {
    const poses = this.#source.poses();
    const view = new View(this.#viewpoint(camera, poses), this.#canvas);
    const lights = this.#lights(poses, view);
    this.#canvas.clear();
    const [opaque, transparent] = [0, 1].map((wanted) =>
      this.scene.solids.filter(({ material }) => Number(material.alpha < 1) === wanted),
    );
    for (const solid of opaque!) this.#drawSolid(solid, poses, view, lights);
    for (const plane of this.scene.planes) this.#drawPlane(plane, poses, view, lights);
    this.#drawSky(view);
    for (const solid of transparent!) this.#drawSolid(solid, poses, view, lights);
    const { pixelWidth, pixelHeight } = this.#canvas;
    return new Picture(pixelWidth, pixelHeight, this.#canvas.readRgb(), this.#canvas.readDepth());
  }

  #viewpoint(camera: string | Viewpoint | undefined, poses: Poses): Viewpoint {
    if (typeof camera === "object") return camera;
    if (camera === undefined && this.scene.cameras.length === 0) return sideView(this.scene, poses);
    const index = camera === undefined ? 0 : cameraIndex(this.scene, camera);
    const matrix = poses.cameraMatrix.subarray(9 * index, 9 * index + 9);
    return {
      position: vectorAt(poses.cameraPosition, index),
      right: [matrix[0]!, matrix[3]!, matrix[6]!],
      up: [matrix[1]!, matrix[4]!, matrix[7]!],
      fieldOfView: this.scene.cameras[index]!.fieldOfView,
    };
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

  #drawSolid({ geom, mesh, material }: Solid, poses: Poses, view: View, lights: readonly Shining[]): void {
    if (!view.sees(vectorAt(poses.geomPosition, geom), mesh.reach)) return;
    const { positions, normals, faces } = mesh;
    const count = positions.length / 3;
    if (this.#vertices.length < 6 * count) this.#vertices = new Float32Array(6 * count);
    const vertices = this.#vertices;
    const place = placement(poses, geom);
    for (let i = 0; i < count; i++) {
      view.project(place.point(positions, 3 * i), vertices, 6 * i);
      vertices[6 * i + 3] = unlit;
    }
    const color = [0, 0, 0];
    const light = (vertex: number) => {
      if (vertices[6 * vertex + 3] !== unlit) return;
      const [point, normal] = [place.point(positions, 3 * vertex), place.turn(normals, 3 * vertex)];
      shade(color, material, material.color, point, normal, lights, view.position);
      vertices.set(color, 6 * vertex + 3);
    };
    for (let i = 0; i < faces.length; i += 3) {
      const [a, b, c] = [6 * faces[i]!, 6 * faces[i + 1]!, 6 * faces[i + 2]!];
      // What reaches behind the camera is left out: robots are not looked at from within.
      if (!(vertices[a + 2]! > 0 && vertices[b + 2]! > 0 && vertices[c + 2]! > 0)) continue;
      const [x, y] = [vertices[a]!, vertices[a + 1]!];
      const area = (vertices[b]! - x) * (vertices[c + 1]! - y) - (vertices[b + 1]! - y) * (vertices[c]! - x);
      if (area >= 0 || !this.#canvas.coversSamples(vertices, a, b, c)) continue;
      for (let corner = i; corner < i + 3; corner++) light(faces[corner]!);
      this.#canvas.triangle(vertices, a, b, c, material.alpha);
    }
  }

  /** A plane is not cut into triangles: each sample asks where its ray meets it. */
  #drawPlane({ geom, material, halfSize, texture }: Plane, poses: Poses, view: View, lights: readonly Shining[]): void {
    const { width, height, color, nearness, shadow } = this.#canvas;
    const [xAxis, yAxis, normal] = axesAt(poses.geomMatrix, geom);
    const center = vectorAt(poses.geomPosition, geom);
    const offset = subtract(center, view.position);
    const distance = dot(normal, offset);
    if (distance >= 0) return;
    const caster = this.#shadows ? lights.find(({ castsShadow }) => castsShadow) : undefined;
    if (caster) this.#drawShadows(center, normal, poses, view, caster);
    const bright = [0, 0, 0];
    const dim = [0, 0, 0];
    const matt: Material = { ...material, specular: 0, tint: [1, 1, 1] };
    const others = lights.filter((light) => light !== caster);
    shade(bright, matt, [1, 1, 1], center, normal, lights, view.position);
    shade(dim, matt, [1, 1, 1], center, normal, others, view.position);
    const lit = litTexture(texture, bright);
    // The sky's light reaches into shadows.
    const shaded = litTexture(
      texture,
      dim.map((value, c) => value + 0.35 * (bright[c]! - value)),
    );
    const [dx, dy] = [dot(xAxis, offset), dot(yAxis, offset)];
    const blurScale = (3 * view.sampleAngle) / Math.min(...texture.period);
    for (let y = 0; y < height; y++) {
      // Along a row all coordinates of a ray are linear in x.
      const start = view.ray(0, y);
      const [toward, u, v] = [dot(normal, start), dot(xAxis, start), dot(yAxis, start)];
      const steps = [dot(normal, view.across), dot(xAxis, view.across), dot(yAxis, view.across)] as const;
      for (let x = 0, pixel = y * width; x < width; x++, pixel++) {
        const facing = toward + x * steps[0];
        if (facing >= 0) continue;
        const depth = distance / facing;
        if (depth < nearPlane || 1 / depth <= nearness[pixel]!) continue;
        const [px, py] = [depth * (u + x * steps[1]) - dx, depth * (v + x * steps[2]) - dy];
        if ((halfSize[0] > 0 && Math.abs(px) > halfSize[0]) || (halfSize[1] > 0 && Math.abs(py) > halfSize[1]))
          continue;
        nearness[pixel] = 1 / depth;
        const { texels, mean } = shadow[pixel] ? shaded : lit;
        // How much of the pattern one sample covers, more so where it is seen flat; then the mean takes its place.
        const vague = Math.min(1, Math.max(0, blurScale * (depth / -facing) - 0.4));
        const haze = depth / (depth + 80);
        const clear = 1 - haze;
        const at = texelAt(texture, px, py);
        const out = 3 * pixel;
        color[out] = haze * horizon[0] + clear * (texels[at]! + vague * (mean[0] - texels[at]!));
        color[out + 1] = haze * horizon[1] + clear * (texels[at + 1]! + vague * (mean[1] - texels[at + 1]!));
        color[out + 2] = haze * horizon[2] + clear * (texels[at + 2]! + vague * (mean[2] - texels[at + 2]!));
      }
    }
  }

  /** Marks where the plane lies in the shadow of a solid. */
  #drawShadows(center: Vector, normal: Vector, poses: Poses, view: View, light: Shining): void {
    this.#canvas.shadow.fill(0);
    const screen = new Float32Array(6);
    for (const { geom, mesh, material } of this.scene.solids) {
      if (material.alpha < 1) continue;
      const place = placement(poses, geom);
      const points = new Float32Array(mesh.positions.length);
      for (let i = 0; i < points.length; i += 3) {
        const point = place.point(mesh.positions, i);
        const direction = light.directional ? light.direction : normalized(subtract(point, light.position));
        const height = dot(normal, subtract(point, center));
        const fall = height / -dot(normal, direction);
        const [x, y, z] = point;
        view.project([x + fall * direction[0], y + fall * direction[1], z + fall * direction[2]], screen, 0);
        points[i] = screen[0]!;
        points[i + 1] = screen[1]!;
        points[i + 2] = height >= 0 && fall >= 0 ? screen[2]! : -1;
      }
      const { faces } = mesh;
      for (let i = 0; i < faces.length; i += 3) {
        const [a, b, c] = [3 * faces[i]!, 3 * faces[i + 1]!, 3 * faces[i + 2]!];
        if (!(points[a + 2]! > 0 && points[b + 2]! > 0 && points[c + 2]! > 0)) continue;
        const at = (corner: number) => [points[corner]!, points[corner + 1]!] as const;
        this.#canvas.shadowTriangle(...at(a), ...at(b), ...at(c));
      }
    }
  }

  #drawSky(view: View): void {
    const { width, height, color, nearness } = this.#canvas;
    for (let y = 0; y < height; y++) {
      const start = view.ray(0, y);
      for (let x = 0, pixel = y * width; x < width; x++, pixel++) {
        if (nearness[pixel]! > 0) continue;
        const share = Math.min(1, Math.max(0, 1.5 * (start[2] + x * view.across[2])));
        color[3 * pixel] = horizon[0] + share * (zenith[0] - horizon[0]);
        color[3 * pixel + 1] = horizon[1] + share * (zenith[1] - horizon[1]);
        color[3 * pixel + 2] = horizon[2] + share * (zenith[2] - horizon[2]);
      }
    }
  }
}

/** A plane's picture in the light that falls on the plane, 0 to 1. */
interface LitTexture {
  readonly texels: Float32Array;
  readonly mean: Rgb;
}

function litTexture({ rgb, mean }: Texture, light: readonly number[]): LitTexture {
  const texels = Float32Array.from(rgb, (value, i) => (value / 255) * light[i % 3]!);
  return { texels, mean: [mean[0] * light[0]!, mean[1] * light[1]!, mean[2] * light[2]!] };
}

/** Where in a texture's bytes a point of the plane lies. */
function texelAt({ width, height, period }: Texture, x: number, y: number): number {
  const column = Math.floor(fraction(x / period[0] + 0.5) * width);
  const row = Math.floor(fraction(y / period[1] + 0.5) * height);
  return 3 * (row * width + column);
}

const fraction = (value: number) => value - Math.floor(value);

function checkRange(path: string, value: number, least: number, most: number): void {
  if (Number.isInteger(value) && value >= least && value <= most) return;
  fail("DMPO_RENDER_SIZE", path, String(value), `an integer from ${least} to ${most}`);
}
