// Viewpoints and the perspective of a picture taken from one.
import type { Canvas } from "./canvas.js";
import type { Poses, Scene } from "./scene.js";
import { axesAt, cross, dot, normalized, subtract, vectorAt, type Vector } from "./vectors.js";

/** Where a picture is taken from. */
export interface Viewpoint {
  /** World coordinates (m). */
  readonly position: Vector;
  /** Unit vector to the picture's right, in world coordinates. */
  readonly right: Vector;
  /** Unit vector to the picture's top, at right angles to `right`. */
  readonly up: Vector;
  /** Vertical angle of view (degrees). */
  readonly fieldOfView: number;
}

/** What is nearer is not shown (m). */
export const nearPlane = 0.01;

/** A viewpoint with the arithmetic of its perspective. */
export class View {
  readonly position: Vector;
  readonly forward: Vector;
  readonly right: Vector;
  readonly up: Vector;
  /** Samples per unit of a ray's slope. */
  readonly focus: number;
  /** How a ray changes from one sample to the next in its row. */
  readonly across: Vector;
  /** Angle between neighbouring samples, radians. */
  readonly sampleAngle: number;
  /** Of the picture, in samples. */
  readonly center: readonly [x: number, y: number];

  constructor({ position, right, up, fieldOfView }: Viewpoint, { width, height }: Canvas) {
    this.position = position;
    this.right = right;
    this.up = up;
    this.forward = cross(up, right);
    this.focus = height / 2 / Math.tan((fieldOfView * Math.PI) / 360);
    this.sampleAngle = 1 / this.focus;
    this.across = [right[0] / this.focus, right[1] / this.focus, right[2] / this.focus];
    this.center = [width / 2, height / 2];
  }

  /** Writes [x, y, 1/depth] at `at`; 1/depth is negative behind the camera. */
  project(point: Vector, out: Float32Array, at: number): void {
    const seen = subtract(point, this.position);
    const depth = dot(this.forward, seen);
    const near = depth >= nearPlane ? 1 / depth : -1;
    out[at] = this.center[0] + this.focus * dot(this.right, seen) * near;
    out[at + 1] = this.center[1] - this.focus * dot(this.up, seen) * near;
    out[at + 2] = near;
  }

  /** The way a sample looks, of length 1 along the viewing direction. */
  ray(x: number, y: number): Vector {
    const [right, down] = [(x + 0.5 - this.center[0]) / this.focus, (y + 0.5 - this.center[1]) / this.focus];
    const along = (axis: 0 | 1 | 2) => this.forward[axis] + right * this.right[axis] - down * this.up[axis];
    return [along(0), along(1), along(2)];
  }
}

/** Where one of the model's cameras is, by its index. */
export function viewpointOf({ cameras }: Scene, poses: Poses, index: number): Viewpoint {
  const [right, up] = axesAt(poses.cameraMatrix, index);
  return { position: vectorAt(poses.cameraPosition, index), right, up, fieldOfView: cameras[index]!.fieldOfView };
}

/** Where to stand to see everything that is not a floor, from the side. */
export function sideView({ solids }: Scene, poses: Poses): Viewpoint {
  const centers = solids.map(({ geom }) => vectorAt(poses.geomPosition, geom));
  const middle = [0, 1, 2].map((axis) => {
    const values = centers.map((center) => center[axis]!);
    return values.length > 0 ? (Math.min(...values) + Math.max(...values)) / 2 : 0;
  }) as unknown as Vector;
  const reach = Math.max(0.5, ...centers.map((center) => Math.hypot(...subtract(center, middle))));
  const position: Vector = [middle[0], middle[1] - 4 * reach, middle[2] + reach];
  const forward = normalized(subtract(middle, position));
  return { position, right: [1, 0, 0], up: cross([1, 0, 0], forward), fieldOfView: 45 };
}
