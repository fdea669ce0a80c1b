// Keeps where everything of a scene was, moment by moment, for the 3-D player: the same shapes that pictures are drawn from.
import { webp } from "../../envs/render/picture.js";
import type { Mesh } from "../../envs/render/mesh.js";
import { cameraIndex, type Poses, type Scene, type SceneSource, type Solid } from "../../envs/render/scene.js";
import { simplifiedWithin } from "../../envs/render/simplify.js";
import type { Texture } from "../../envs/render/texture.js";
import {
  axesAt,
  cross,
  dot,
  length,
  plus,
  scaled,
  subtract,
  vectorAt,
  type Vector,
} from "../../envs/render/vectors.js";
import { viewpointOf, type Viewpoint } from "../../envs/render/view.js";
import type {
  PlayedGround,
  PlayedMesh,
  PlayedRollout,
  PlayedShape,
  PlayedView,
} from "../../figures/player/recording.js";

/** A scene over time, without words and curves. */
export type RecordedScene = Pick<
  PlayedRollout,
  "frames" | "shapes" | "ground" | "poses" | "positions" | "rotations" | "view"
> & {
  /** Views through the model's cameras, as they were at first. @throws InputError DMPO_RENDER_CAMERA. */
  readonly viewThrough: (camera: string | Viewpoint) => PlayedView;
};

/** Pictures on surfaces are no larger (pixels). */
const largestTexture = 256;
/** Of pictures, see `webp`. */
const textureQuality = 80;
/** Meshes of fewer triangles stay as they are. */
const smallMesh = 400;
/** What moves less (m) stands still. */
const stillness = 1e-3;
const fieldOfView = 40;
/** Things of this size (m) are rooms, not what happens in them. */
const largeThing = 2;
/** Of what stands around (m), half its size. */
const leastContext = 0.65;

export class SceneRecorder {
  readonly #source: SceneSource;
  readonly #scene: Scene;
  /** Entries of the source's poses that are kept. */
  readonly #geoms: readonly number[];
  readonly #stretches: readonly Vector[];
  readonly #first: Poses;
  readonly #positions: number[] = [];
  readonly #rotations: number[] = [];

  /** Keeps things as they stand now as the first frame. */
  constructor(source: SceneSource) {
    this.#source = source;
    this.#scene = source.scene();
    const { solids, planes } = this.#scene;
    this.#geoms = [...new Set([...solids, ...planes].map(({ geom }) => geom))];
    const poses = source.poses();
    this.#first = {
      ...poses,
      cameraPosition: poses.cameraPosition.slice(),
      cameraMatrix: poses.cameraMatrix.slice(),
      geomPosition: poses.geomPosition.slice(),
      geomMatrix: poses.geomMatrix.slice(),
    };
    this.#stretches = this.#geoms.map((geom) => axesAt(poses.geomMatrix, geom).map(length) as unknown as Vector);
    this.#keep(poses);
  }

  /** Keeps things as they stand now as the next frame. */
  capture(): void {
    this.#keep(this.#source.poses());
  }

  async recorded(): Promise<RecordedScene> {
    const [positions, rotations] = [Float64Array.from(this.#positions), Float64Array.from(this.#rotations)];
    const poses = this.#geoms.length;
    const frames = poses === 0 ? 1 : positions.length / (3 * poses);
    const view = this.#view(positions, frames);
    const shapes: PlayedShape[] = [];
    for (const solid of this.#scene.solids) shapes.push(await this.#shape(solid, view.radius / 400));
    const ground = this.#ground();
    return {
      ...{ frames, shapes, poses, positions, rotations, view },
      ...(ground && { ground }),
      viewThrough: (camera) => this.#viewThrough(camera, view),
    };
  }

  #keep({ geomPosition, geomMatrix }: Poses): void {
    for (const geom of this.#geoms) {
      this.#positions.push(...geomPosition.subarray(3 * geom, 3 * geom + 3));
      this.#rotations.push(...quaternionOf(axesAt(geomMatrix, geom)));
    }
  }

  async #shape({ geom, levels, material, shape, texture }: Solid, tolerance: number): Promise<PlayedShape> {
    const pose = this.#geoms.indexOf(geom);
    const { color, tint, alpha, specular, shininess, emission } = material;
    const stretch = this.#stretches[pose]!;
    // The coarsest that looks the same.
    const mesh = levels.findLast(({ error }) => error <= tolerance)?.mesh ?? levels[0]!.mesh;
    return {
      pose,
      solid: shape && !texture ? shape : await solidOf(mesh, levels.length === 1, tolerance),
      ...(stretch.some((factor) => Math.abs(factor - 1) > 1e-6) && { stretch }),
      color: [color[0] * tint[0], color[1] * tint[1], color[2] * tint[2], alpha],
      gloss: Math.min(1, specular) * Math.min(1, shininess),
      emission,
      ...(texture && { texture: pictureOf(texture) }),
    };
  }

  /** The lowest of the level planes that are as large as a floor. */
  #ground(): PlayedGround | undefined {
    const heights = this.#scene.planes
      .filter(({ geom, halfSize }) => {
        const [, , normal] = axesAt(this.#first.geomMatrix, geom);
        return normal[2] > 0.99 && halfSize.every((size) => size === 0 || size >= 1);
      })
      .map(({ geom }) => vectorAt(this.#first.geomPosition, geom)[2]);
    return heights.length > 0 ? { height: Math.min(...heights) } : undefined;
  }

  /**
   * What moves with some of what stands around it, from where the model's first camera is, else from the side; never flat, and a
   * little from above.
   */
  #view(positions: Float64Array, frames: number): PlayedView {
    const { solids } = this.#scene;
    const moving = solids.filter(({ geom }) => this.#moves(geom, positions, frames));
    const small = solids.filter((solid) => this.#size([solid]) < largeThing);
    const context = [[...new Set([...moving, ...small])], solids].find((some) => some.length > 0) ?? [];
    const core = moving.length > 0 ? moving : context;
    const [half, most] = [this.#size(core) / 2, this.#size(context) / 2];
    const radius = Math.max(0.05, Math.min(most, Math.max(1.3 * half, leastContext)));
    const around = this.#around(context).middle;
    const middle = radius < most ? scaled(plus(this.#around(core).middle, around), 0.5) : around;
    const [camera] = this.#scene.cameras;
    const from: Vector = camera ? subtract(vectorAt(this.#first.cameraPosition, 0), middle) : [0.3, -1, 0.35];
    const flat = Math.hypot(from[0], from[1]);
    const azimuth = (flat > 1e-6 ? Math.atan2(from[1], from[0]) : -Math.PI / 2) + Math.PI / 8;
    const elevation = Math.min(Math.PI / 6, Math.max(Math.PI / 12, Math.atan2(from[2], flat)));
    const distance = (1.15 * radius) / Math.sin((fieldOfView * Math.PI) / 360);
    const direction: Vector = [
      Math.cos(elevation) * Math.cos(azimuth),
      Math.cos(elevation) * Math.sin(azimuth),
      Math.sin(elevation),
    ];
    return { position: plus(middle, scaled(direction, distance)), target: middle, fieldOfView, radius };
  }

  #viewThrough(camera: string | Viewpoint, { target, radius }: PlayedView): PlayedView {
    const { position, right, up, fieldOfView: angle } = typeof camera === "string" ? this.#viewpoint(camera) : camera;
    const forward = cross(up, right);
    const distance = Math.max(radius / 2, dot(subtract(target, position), forward));
    return { position, target: plus(position, scaled(forward, distance)), fieldOfView: angle, radius };
  }

  #viewpoint(name: string): Viewpoint {
    return viewpointOf(this.#scene, this.#first, cameraIndex(this.#scene, name));
  }

  #moves(geom: number, positions: Float64Array, frames: number): boolean {
    const [pose, poses] = [this.#geoms.indexOf(geom), this.#geoms.length];
    const first = vectorAt(positions, pose);
    for (let frame = 1; frame < frames; frame++) {
      if (length(subtract(vectorAt(positions, frame * poses + pose), first)) > stillness) return true;
    }
    return false;
  }

  #size(solids: readonly Solid[]): number {
    const { least, most } = this.#around(solids);
    return solids.length > 0 ? length(subtract(most, least)) : 1;
  }

  /** A box around solids, as they stood at first. */
  #around(solids: readonly Solid[]) {
    const least = [Infinity, Infinity, Infinity];
    const most = [-Infinity, -Infinity, -Infinity];
    for (const { geom, levels } of solids) {
      const axes = axesAt(this.#first.geomMatrix, geom);
      const center = vectorAt(this.#first.geomPosition, geom);
      const { least: low, most: high } = levels[0]!.mesh;
      for (let corner = 0; corner < 8; corner++) {
        const at = [0, 1, 2].reduce<Vector>(
          (sum, axis) => plus(sum, scaled(axes[axis]!, ((corner >> axis) & 1 ? high : low)[axis]!)),
          center,
        );
        for (let axis = 0; axis < 3; axis++) {
          least[axis] = Math.min(least[axis]!, at[axis]!);
          most[axis] = Math.max(most[axis]!, at[axis]!);
        }
      }
    }
    const box = { least: least as unknown as Vector, most: most as unknown as Vector };
    return { ...box, middle: solids.length > 0 ? scaled(plus(box.least, box.most), 0.5) : ([0, 0, 0] as Vector) };
  }
}

const simple = new WeakMap<Mesh, Promise<Mesh>>();

/** @param isWhole whether the mesh has not been simplified before. */
async function solidOf(mesh: Mesh, isWhole: boolean, tolerance: number): Promise<PlayedMesh> {
  let shown = mesh;
  if (isWhole && mesh.faces.length > 3 * smallMesh) {
    const made = simple.get(mesh) ?? simplifiedWithin(mesh, tolerance);
    simple.set(mesh, made);
    shown = await made;
  }
  const { positions, normals, faces, textureCoordinates } = shown;
  return { type: "mesh", positions, normals, faces, ...(textureCoordinates && { textureCoordinates }) };
}

const pictures = new WeakMap<Texture, Uint8Array>();

function pictureOf(texture: Texture): Uint8Array {
  const known = pictures.get(texture);
  if (known) return known;
  const level = texture.levels.find(({ columns, rows }) => Math.max(columns, rows) <= largestTexture)!;
  const { columns, rows, texels } = level;
  const rgba = new Uint8Array(4 * texels.length);
  texels.forEach((texel, i) => rgba.set([texel & 255, (texel >> 8) & 255, texel >> 16, 255], 4 * i));
  const picture = webp(columns, rows, rgba, textureQuality);
  pictures.set(texture, picture);
  return picture;
}

/**
 * Of the rotation that carries x, y, z into the directions of three axes, w first (Shepperd 1978, "Quaternion from rotation matrix":
 * of four square roots the largest).
 */
function quaternionOf(axes: readonly [Vector, Vector, Vector]): [number, number, number, number] {
  const [x, y, z] = axes.map((axis) => scaled(axis, 1 / (length(axis) || 1))) as [Vector, Vector, Vector];
  const squares = [1 + x[0] + y[1] + z[2], 1 + x[0] - y[1] - z[2], 1 - x[0] + y[1] - z[2], 1 - x[0] - y[1] + z[2]];
  const largest = squares.indexOf(Math.max(...squares));
  const twice = Math.sqrt(squares[largest]!);
  const products = [
    [squares[0]!, y[2] - z[1], z[0] - x[2], x[1] - y[0]],
    [y[2] - z[1], squares[1]!, x[1] + y[0], z[0] + x[2]],
    [z[0] - x[2], x[1] + y[0], squares[2]!, y[2] + z[1]],
    [x[1] - y[0], z[0] + x[2], y[2] + z[1], squares[3]!],
  ];
  return products[largest]!.map((value) => value / (2 * twice)) as [number, number, number, number];
}
