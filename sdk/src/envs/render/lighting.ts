// Lights, and how a surface looks in them: ambient, diffuse and Blinn-Phong highlight, as in OpenGL's fixed pipeline.
import type { Light, Material, Rgb } from "./scene.js";
import { dot, normalized, subtract, type Vector } from "./vectors.js";

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
 * painted on it, as OpenGL has it.
 */
export function shade(
  out: number[],
  { specular, shininess, emission, tint }: Material,
  surface: Rgb,
  point: Vector,
  normal: Vector,
  lights: readonly Shining[],
  eye: Vector,
): void {
  for (let c = 0; c < 3; c++) out[c] = emission * surface[c]!;
  for (const light of lights) {
    const direction = light.directional ? light.direction : normalized(subtract(point, light.position));
    const facing = Math.max(0, -dot(normal, direction));
    let highlight = 0;
    if (specular > 0 && facing > 0) {
      const toEye = normalized(subtract(eye, point));
      const half = normalized(subtract(toEye, direction));
      highlight = specular * Math.max(0, dot(normal, half)) ** (128 * shininess);
    }
    for (let c = 0; c < 3; c++) {
      out[c]! += surface[c]! * (light.ambient[c]! + facing * light.diffuse[c]!) + highlight * light.specular[c]!;
    }
  }
  for (let c = 0; c < 3; c++) out[c] = Math.min(1, out[c]!) * tint[c]!;
}
