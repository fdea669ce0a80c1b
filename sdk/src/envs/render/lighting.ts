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

/**
 * Light of a point of a surface towards the eye: ambient, diffuse and Blinn-Phong highlight, at most 1, then filtered by what is
 * painted on it, as OpenGL has it. Writes red, green and blue, 0 to 1, at `at`; the normal may have any length.
 */
export function shade(
  out: Float32Array | Float64Array,
  at: number,
  { color, specular, shininess, emission, tint }: Material,
  lights: readonly Shining[],
  eye: Vector,
  x: number,
  y: number,
  z: number,
  nx: number,
  ny: number,
  nz: number,
): void {
  const scale = 1 / (Math.sqrt(nx * nx + ny * ny + nz * nz) || 1);
  nx *= scale;
  ny *= scale;
  nz *= scale;
  let [red, green, blue] = [emission * color[0], emission * color[1], emission * color[2]];
  for (let i = 0; i < lights.length; i++) {
    const light = lights[i]!;
    let [lx, ly, lz] = light.direction;
    let strength = 1;
    if (!light.directional) {
      const [px, py, pz] = [x - light.position[0], y - light.position[1], z - light.position[2]];
      const inverse = 1 / (Math.sqrt(px * px + py * py + pz * pz) || 1);
      const along = (px * lx + py * ly + pz * lz) * inverse;
      const { spot } = light;
      if (spot) strength = along < spot.cosine ? 0 : Math.max(0, along) ** spot.exponent;
      lx = px * inverse;
      ly = py * inverse;
      lz = pz * inverse;
      if (strength === 0) continue;
    }
    const facing = -(nx * lx + ny * ly + nz * lz);
    const { ambient, diffuse } = light;
    const bright = strength * Math.max(0, facing);
    red += color[0] * (strength * ambient[0] + bright * diffuse[0]);
    green += color[1] * (strength * ambient[1] + bright * diffuse[1]);
    blue += color[2] * (strength * ambient[2] + bright * diffuse[2]);
    if (specular === 0 || facing <= 0) continue;
    const [ex, ey, ez] = [eye[0] - x, eye[1] - y, eye[2] - z];
    const toEye = 1 / (Math.sqrt(ex * ex + ey * ey + ez * ez) || 1);
    const [hx, hy, hz] = [ex * toEye - lx, ey * toEye - ly, ez * toEye - lz];
    const half = (nx * hx + ny * hy + nz * hz) / (Math.sqrt(hx * hx + hy * hy + hz * hz) || 1);
    const highlight = strength * specular * (shininess === 0 ? 1 : Math.max(0, half) ** (128 * shininess));
    red += highlight * light.specular[0];
    green += highlight * light.specular[1];
    blue += highlight * light.specular[2];
  }
  out[at] = Math.min(1, red) * tint[0];
  out[at + 1] = Math.min(1, green) * tint[1];
  out[at + 2] = Math.min(1, blue) * tint[2];
}
