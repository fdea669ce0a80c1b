// Lights, and how a surface looks in them: ambient, diffuse and Blinn-Phong highlight, as in OpenGL's fixed pipeline.
import type { Light, Material } from "./scene.js";
import { normalized, type Vector } from "./vectors.js";

/** A light as it shines in one picture. */
export interface Shining extends Light {
  readonly position: Vector;
  /** The way the light goes. */
  readonly direction: Vector;
}

/** Shines where the camera looks, as MuJoCo's does. */
export const headlight: Light = {
  directional: true,
  castsShadow: false,
  ambient: [0.1, 0.1, 0.1],
  diffuse: [0.4, 0.4, 0.4],
  specular: [0.5, 0.5, 0.5],
};

/** For models without lights, so that things have a shadow to stand on. */
export const studioLight: Shining = {
  directional: true,
  castsShadow: true,
  ambient: [0.1, 0.1, 0.1],
  diffuse: [0.5, 0.5, 0.5],
  specular: [0.1, 0.1, 0.1],
  position: [0, 0, 10],
  direction: normalized([0.25, 0.35, -1]),
};

/** Numbers per light: position, direction, ambient, diffuse, specular, then whether it is directional, cosine and exponent of its cone. */
const lightSize = 18;

/** Highlights of less than exp(-faint) are not seen. */
const faint = 6.5;

/** x to the power of n; by squaring where n is a small whole number, as MuJoCo's 10 is. 0 for negative x. */
function power(x: number, n: number): number {
  if (x <= 0) return 0;
  if (!Number.isInteger(n) || n > 64) return x ** n;
  let result = 1;
  for (let square = x, rest = n; rest > 0; rest >>= 1, square *= square) if (rest & 1) result *= square;
  return result;
}

/** The lights of one picture, as one array: vertices are lit by the thousand. */
export class Lighting {
  readonly lights: readonly Shining[];
  readonly #values: Float64Array;
  readonly #eyeX: number;
  readonly #eyeY: number;
  readonly #eyeZ: number;

  constructor(lights: readonly Shining[], eye: Vector) {
    this.lights = lights;
    this.#eyeX = eye[0];
    this.#eyeY = eye[1];
    this.#eyeZ = eye[2];
    this.#values = Float64Array.from(
      lights.flatMap(({ position, direction, ambient, diffuse, specular, directional, spot }) => [
        ...[...position, ...direction, ...ambient, ...diffuse, ...specular],
        ...[Number(directional), spot?.cosine ?? -1, spot?.exponent ?? 0],
      ]),
    );
  }

  /**
   * Light of a point of a surface towards the eye: ambient, diffuse and Blinn-Phong highlight, at most 1, then filtered by what is
   * painted on it, as OpenGL has it. Writes red, green and blue, 0 to 1, at `at`; the normal may have any length.
   */
  shade(
    out: Float32Array | Float64Array,
    at: number,
    { color, specular, shininess, emission, tint }: Material,
    x: number,
    y: number,
    z: number,
    nx: number,
    ny: number,
    nz: number,
  ): void {
    const v = this.#values;
    const scale = 1 / (Math.sqrt(nx * nx + ny * ny + nz * nz) || 1);
    nx *= scale;
    ny *= scale;
    nz *= scale;
    let ambientRed = emission;
    let ambientGreen = emission;
    let ambientBlue = emission;
    let red = 0;
    let green = 0;
    let blue = 0;
    let ex = 0;
    let ey = 0;
    let ez = 0;
    let hasEye = false;
    for (let i = 0; i < v.length; i += lightSize) {
      let lx = v[i + 3]!;
      let ly = v[i + 4]!;
      let lz = v[i + 5]!;
      let strength = 1;
      if (v[i + 15] === 0) {
        const px = x - v[i]!;
        const py = y - v[i + 1]!;
        const pz = z - v[i + 2]!;
        const inverse = 1 / (Math.sqrt(px * px + py * py + pz * pz) || 1);
        const along = (px * lx + py * ly + pz * lz) * inverse;
        if (along < v[i + 16]!) continue;
        const exponent = v[i + 17]!;
        if (exponent !== 0) strength = power(along, exponent);
        lx = px * inverse;
        ly = py * inverse;
        lz = pz * inverse;
      }
      const facing = -(nx * lx + ny * ly + nz * lz);
      const bright = facing > 0 ? strength * facing : 0;
      ambientRed += strength * v[i + 6]! + bright * v[i + 9]!;
      ambientGreen += strength * v[i + 7]! + bright * v[i + 10]!;
      ambientBlue += strength * v[i + 8]! + bright * v[i + 11]!;
      if (specular === 0 || facing <= 0) continue;
      if (!hasEye) {
        hasEye = true;
        ex = this.#eyeX - x;
        ey = this.#eyeY - y;
        ez = this.#eyeZ - z;
        const toEye = 1 / (Math.sqrt(ex * ex + ey * ey + ez * ez) || 1);
        ex *= toEye;
        ey *= toEye;
        ez *= toEye;
      }
      let highlight = strength * specular;
      if (shininess !== 0) {
        const hx = ex - lx;
        const hy = ey - ly;
        const hz = ez - lz;
        const half = (nx * hx + ny * hy + nz * hz) / (Math.sqrt(hx * hx + hy * hy + hz * hz) || 1);
        // x^n <= exp(n (x - 1)), of which less than a byte's step is left there.
        if (half <= 0 || 128 * shininess * (1 - half) > faint) continue;
        highlight *= half ** (128 * shininess);
      }
      red += highlight * v[i + 12]!;
      green += highlight * v[i + 13]!;
      blue += highlight * v[i + 14]!;
    }
    red += color[0] * ambientRed;
    green += color[1] * ambientGreen;
    blue += color[2] * ambientBlue;
    out[at] = (red < 1 ? red : 1) * tint[0];
    out[at + 1] = (green < 1 ? green : 1) * tint[1];
    out[at + 2] = (blue < 1 ? blue : 1) * tint[2];
  }
}
