// Endless floors with the shadows on them, and the sky: not cut into triangles, each sample asks where its ray meets them.
import type { Canvas } from "./canvas.js";
import { Lighting, type Shining } from "./lighting.js";
import type { Material, Plane, Poses, Solid } from "./scene.js";
import type { Rgb } from "./texture.js";
import { axesAt, dot, normalized, subtract, vectorAt, type Vector } from "./vectors.js";
import { nearPlane, type View } from "./view.js";

const horizon: Rgb = [0.8, 0.85, 0.9];
const zenith: Rgb = [0.42, 0.55, 0.7];

/** Texels of a texture whose colours are computed once in a row. */
const paletteSize = 16;

/** Share of the sky's light that reaches into shadows. */
const skyShare = 0.35;

export class Ground {
  readonly #canvas: Canvas;
  readonly #shadows: boolean;

  /** @param shadows whether lights that cast shadows do. */
  constructor(canvas: Canvas, shadows: boolean) {
    this.#canvas = canvas;
    this.#shadows = shadows;
  }

  draw(plane: Plane, solids: readonly Solid[], poses: Poses, view: View, { lights }: Lighting): void {
    const { geom, material, halfSize, texture, period } = plane;
    const { width, height, color, nearness, shadow } = this.#canvas;
    const [xAxis, yAxis, normal] = axesAt(poses.geomMatrix, geom);
    const center = vectorAt(poses.geomPosition, geom);
    const offset = subtract(center, view.position);
    const distance = dot(normal, offset);
    if (distance >= 0) return;
    const caster = this.#shadows ? lights.find(({ castsShadow }) => castsShadow) : undefined;
    if (caster) this.#drawShadows(center, normal, solids, poses, view, caster);
    const matt: Material = { ...material, color: [1, 1, 1], specular: 0, tint: [1, 1, 1] };
    const bright = this.#lightOf(matt, center, normal, lights, view);
    const others = this.#lightOf(
      matt,
      center,
      normal,
      lights.filter((light) => light !== caster),
      view,
    );
    const dim = others.map((value, c) => value + skyShare * (bright[c]! - value));
    const [dx, dy] = [dot(xAxis, offset), dot(yAxis, offset)];
    const blurScale = (3 * view.sampleAngle) / Math.min(...period);
    const { columns, rows, shift, texels } = texture.levels[0]!;
    const [perX, perY] = [columns / period[0], -rows / period[1]];
    const mean = texture.mean.map((value) => 255 * value);
    const [limitX, limitY] = halfSize.map((size) => (size > 0 ? size : Infinity)) as [number, number];
    const [stepN, stepU, stepV] = [dot(normal, view.across), dot(xAxis, view.across), dot(yAxis, view.across)];
    const shades = [bright, dim];
    // In few colours, such as a checker's, a row is painted from a palette.
    const isSimple = texels.length <= paletteSize && stepN === 0;
    const palette = new Uint32Array(2 * texels.length);
    for (let y = 0; y < height; y++) {
      // Along a row all coordinates of a ray are linear in x; where the camera is upright, its depth is even the same.
      const start = view.ray(0, y);
      const toward = dot(normal, start);
      const u = dot(xAxis, start);
      const v = dot(yAxis, start);
      let last = NaN;
      let depth = 0;
      let near = 0;
      let haze = 0;
      let vague = 0;
      for (let x = 0, pixel = y * width; x < width; x++, pixel++) {
        const facing = toward + x * stepN;
        if (facing >= 0) {
          if (isSimple) break;
          continue;
        }
        if (facing !== last) {
          last = facing;
          depth = distance / facing;
          near = depth < nearPlane ? 0 : 1 / depth;
          haze = depth / (depth + 80);
          // How much of the pattern one sample covers, more so where it is seen flat; then the mean takes its place.
          vague = Math.min(1, Math.max(0, blurScale * (depth / -facing) - 0.4));
          if (isSimple) {
            for (let i = 0; i < palette.length; i++) {
              const light = shades[i < texels.length ? 0 : 1]!;
              palette[i] = hazy(texels[i % texels.length]!, mean, vague, light, haze);
            }
          }
        }
        if (near <= nearness[pixel]!) continue;
        const px = depth * (u + x * stepU) - dx;
        const py = depth * (v + x * stepV) - dy;
        if (px > limitX || px < -limitX || py > limitY || py < -limitY) continue;
        nearness[pixel] = near;
        const column = Math.floor(px * perX + 0.5 * columns) & (columns - 1);
        const row = Math.floor(py * perY + 0.5 * rows) & (rows - 1);
        const texel = (row << shift) | column;
        const isDark = shadow[pixel]!;
        color[pixel] = isSimple
          ? palette[texel + isDark * texels.length]!
          : hazy(texels[texel]!, mean, vague, shades[isDark]!, haze);
      }
    }
  }

  drawSky(view: View): void {
    const { width, height, color, nearness } = this.#canvas;
    const step = view.across[2];
    for (let y = 0; y < height; y++) {
      const rise = view.ray(0, y)[2];
      let last = NaN;
      let packed = 0;
      for (let x = 0, pixel = y * width; x < width; x++, pixel++) {
        if (nearness[pixel]! > 0) continue;
        const share = Math.min(1, Math.max(0, 1.5 * (rise + x * step)));
        if (share !== last) packed = skyColor((last = share));
        color[pixel] = packed;
      }
    }
  }

  #lightOf(material: Material, center: Vector, normal: Vector, lights: readonly Shining[], view: View): number[] {
    const out = new Float64Array(3);
    new Lighting(lights, view.position).shade(out, 0, material, ...center, ...normal);
    return [...out];
  }

  /** Marks where the plane lies in the shadow of a solid. */
  #drawShadows(
    center: Vector,
    normal: Vector,
    solids: readonly Solid[],
    poses: Poses,
    view: View,
    light: Shining,
  ): void {
    this.#canvas.shadow.fill(0);
    for (const { geom, levels } of solids) {
      const { positions, faces } = levels.at(-1)!.mesh;
      const m = poses.geomMatrix.subarray(9 * geom, 9 * geom + 9);
      const origin = vectorAt(poses.geomPosition, geom);
      const points = new Float32Array(positions.length);
      for (let i = 0; i < points.length; i += 3) {
        const [x, y, z] = [positions[i]!, positions[i + 1]!, positions[i + 2]!];
        const point: Vector = [
          m[0]! * x + m[1]! * y + m[2]! * z + origin[0],
          m[3]! * x + m[4]! * y + m[5]! * z + origin[1],
          m[6]! * x + m[7]! * y + m[8]! * z + origin[2],
        ];
        const direction = light.directional ? light.direction : normalized(subtract(point, light.position));
        const above = dot(normal, subtract(point, center));
        const fall = above / -dot(normal, direction);
        const [sx, sy, sz] = direction;
        view.project([point[0] + fall * sx, point[1] + fall * sy, point[2] + fall * sz], points, i);
        if (above < 0 || fall < 0) points[i + 2] = -1;
      }
      for (let i = 0; i < faces.length; i += 3) {
        const [a, b, c] = [3 * faces[i]!, 3 * faces[i + 1]!, 3 * faces[i + 2]!];
        if (!(points[a + 2]! > 0 && points[b + 2]! > 0 && points[c + 2]! > 0)) continue;
        this.#canvas.shadowTriangle(points[a]!, points[a + 1]!, points[b]!, points[b + 1]!, points[c]!, points[c + 1]!);
      }
    }
  }
}

/** A texel blurred towards the mean, lit, and seen through haze; packed. */
function hazy(texel: number, mean: readonly number[], vague: number, light: readonly number[], haze: number): number {
  const clear = 1 - haze;
  const red = texel & 255;
  const green = (texel >> 8) & 255;
  const blue = texel >> 16;
  const r = 255 * haze * horizon[0] + clear * light[0]! * (red + vague * (mean[0]! - red)) + 0.5;
  const g = 255 * haze * horizon[1] + clear * light[1]! * (green + vague * (mean[1]! - green)) + 0.5;
  const b = 255 * haze * horizon[2] + clear * light[2]! * (blue + vague * (mean[2]! - blue)) + 0.5;
  return (r & 255) | ((g & 255) << 8) | ((b & 255) << 16);
}

function skyColor(share: number): number {
  const [red, green, blue] = [0, 1, 2].map((c) => Math.round(255 * (horizon[c]! + share * (zenith[c]! - horizon[c]!))));
  return red! | (green! << 8) | (blue! << 16);
}
