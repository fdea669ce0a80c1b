// A task as robosuite's cameras see it, for the renderer: the visible shapes of the package, posed by the simulated bodies. There
// is no second model in the engine: meshes and textures are our own, simplified once and kept in the cache.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { deserialize, serialize } from "node:v8";
import { writeFileAtomic } from "../../files.js";
import { cacheFolder } from "../../paths.js";
import { matrixOf, quaternionAt } from "../pose.js";
import { box, cylinder, rectangle, roundLevels, type LevelsOfDetail } from "../render/mesh.js";
import { readMeshFile } from "../render/mesh-file.js";
import { readPng } from "../render/png-file.js";
import type { Light, Material, Poses, Scene, SceneSource, Solid } from "../render/scene.js";
import { simplified } from "../render/simplify.js";
import { cubeCoordinates, flatCoordinates } from "../render/texture-coordinates.js";
import { textureOf, type Texture } from "../render/texture.js";
import { normalized, type Vector } from "../render/vectors.js";
import type { Simulator } from "../simulator.js";
import { RobosuiteFiles } from "./compose.js";
import type { ManipulationTask } from "./manipulation.js";
import { visibleParts, type Fixture, type VisibleParts, type VisibleShape } from "./visible-parts.js";

/** What pictures of a task are made of, by the paths of the files that it comes from. */
interface Stock {
  /** In pieces. */
  readonly meshes: ReadonlyMap<string, readonly LevelsOfDetail[]>;
  readonly textures: ReadonlyMap<string, Texture>;
}

/** Changes with how stock is made. */
const stockVersion = 1;

const stockFile = (task: ManipulationTask) =>
  join(cacheFolder(), "visible", `robosuite-1.4.1-${task.name}-${stockVersion}.bin`);

/** Simplifies meshes and shrinks textures, once for each task. @param folder of the package's whole tree. */
export async function prepareVisible(task: ManipulationTask, folder: string): Promise<void> {
  const file = stockFile(task);
  if (existsSync(file)) return;
  const stock = readStock(
    visibleParts(task, folder, () => true),
    folder,
  );
  const meshes = new Map<string, readonly LevelsOfDetail[]>();
  for (const [path, [whole]] of stock.meshes) meshes.set(path, await simplified(whole![0]!.mesh));
  await writeFileAtomic(file, serialize({ ...stock, meshes }));
}

const known = new Map<string, Stock>();

/** Prepared, if {@link prepareVisible} has been here, and otherwise as the files have it. One for all simulations of a thread. */
function stockOf(task: ManipulationTask, parts: VisibleParts, folder: string): Stock {
  const kept = known.get(task.name);
  if (kept) return kept;
  const file = stockFile(task);
  const stock = existsSync(file) ? (deserialize(readFileSync(file)) as Stock) : readStock(parts, folder);
  known.set(task.name, stock);
  return stock;
}

function readStock({ shapes }: VisibleParts, folder: string): Stock {
  const files = new RobosuiteFiles(folder, true);
  const meshes = new Map<string, readonly LevelsOfDetail[]>();
  const textures = new Map<string, Texture>();
  for (const { mesh, surface } of shapes) {
    if (mesh && !meshes.has(mesh.file)) {
      meshes.set(mesh.file, [[{ mesh: readMeshFile(files.path(mesh.file), mesh.scale), error: 0 }]]);
    }
    const { file } = surface.texture ?? {};
    if (file === undefined || textures.has(file)) continue;
    const { width, height, rgb } = readPng(files.path(file));
    textures.set(file, textureOf(width, height, rgb));
  }
  return { meshes, textures };
}

/** Follows a simulation: {@link capture} keeps where things are, pictures show what was kept last. */
export class VisibleScene implements SceneSource {
  readonly #simulator: Simulator;
  readonly #scene: Scene;
  readonly #fixtures: readonly Placed[];
  readonly #cameras: readonly Placed[];
  readonly #poses: Poses;

  /** @param folder of the package's whole tree. */
  constructor(task: ManipulationTask, simulator: Simulator, folder: string) {
    this.#simulator = simulator;
    const parts = visibleParts(task, folder, (body) => simulator.indexOf("body", body) >= 0);
    const stock = stockOf(task, parts, folder);
    const lights = parts.lights.map(({ directional, diffuse, specular }): Light => ({
      directional,
      ...(!directional && { spot: { cosine: Math.SQRT1_2, exponent: 10 } }),
      castsShadow: false,
      ambient: [0, 0, 0],
      diffuse: diffuse as [number, number, number],
      specular: specular as [number, number, number],
    }));
    this.#scene = {
      solids: parts.shapes.flatMap((shape, geom) => solidsOf(shape, geom, stock)),
      planes: [],
      lights,
      cameras: parts.cameras.map(({ name, fieldOfView }) => ({ name, fieldOfView })),
    };
    this.#fixtures = parts.shapes.map((shape) => new Placed(shape, simulator, shape.geom));
    this.#cameras = parts.cameras.map((camera) => new Placed(camera, simulator));
    const [shapes, cameras] = [parts.shapes.length, parts.cameras.length];
    this.#poses = {
      geomPosition: new Float64Array(3 * shapes),
      geomMatrix: new Float64Array(9 * shapes),
      lightPosition: Float64Array.from(parts.lights.flatMap(({ position }) => position)),
      lightDirection: Float64Array.from(
        parts.lights.flatMap(({ direction }) => normalized(direction as unknown as Vector)),
      ),
      cameraPosition: new Float64Array(3 * cameras),
      cameraMatrix: new Float64Array(9 * cameras),
    };
    this.capture();
  }

  scene(): Scene {
    return this.#scene;
  }

  poses(): Poses {
    return this.#poses;
  }

  /** Keeps where everything is now, in the simulation's derived quantities. */
  capture(): void {
    const { geomPosition, geomMatrix, cameraPosition, cameraMatrix } = this.#poses;
    const sizes = this.#simulator.modelView("geom_size") as Float64Array;
    this.#fixtures.forEach((placed, i) => placed.write(this.#simulator, geomPosition, geomMatrix, i, sizes));
    this.#cameras.forEach((placed, i) => placed.write(this.#simulator, cameraPosition, cameraMatrix, i, sizes));
  }
}

/** Where something is, from the body that it is fixed to or the geom that it stands for. */
class Placed {
  readonly #body: number;
  readonly #geom: number;
  readonly #isRound: boolean;
  readonly #position: readonly number[];
  readonly #matrix: readonly number[];

  constructor(fixture: Fixture & { readonly type?: VisibleShape["type"] }, simulator: Simulator, geom?: string) {
    const { body, position, rotation } = fixture;
    this.#body = body === undefined ? 0 : simulator.indexOf("body", body);
    this.#geom = geom === undefined ? -1 : simulator.indexOf("geom", geom);
    this.#isRound = fixture.type === "cylinder";
    this.#position = position;
    this.#matrix = matrixOf(quaternionAt(rotation, 0));
  }

  write(
    { xpos, xquat, geomPosition, geomMatrix }: Simulator,
    positions: Float64Array,
    matrices: Float64Array,
    index: number,
    sizes: Float64Array,
  ): void {
    const [p, m] = [3 * index, 9 * index];
    if (this.#geom >= 0) {
      const g = this.#geom;
      const [x, y, z] = [sizes[3 * g]!, sizes[3 * g + 1]!, sizes[3 * g + 2]!];
      const scale = this.#isRound ? [x, x, y] : [x, y, z];
      for (let i = 0; i < 3; i++) positions[p + i] = geomPosition[3 * g + i]!;
      for (let i = 0; i < 9; i++) matrices[m + i] = geomMatrix[9 * g + i]! * scale[i % 3]!;
      return;
    }
    const own = this.#matrix;
    const body = matrixOf(quaternionAt(xquat, this.#body));
    for (let row = 0; row < 3; row++) {
      const [a, b, c] = [body[3 * row]!, body[3 * row + 1]!, body[3 * row + 2]!];
      const [x, y, z] = this.#position;
      positions[p + row] = xpos[3 * this.#body + row]! + a * x! + b * y! + c * z!;
      for (let column = 0; column < 3; column++) {
        matrices[m + 3 * row + column] = a * own[column]! + b * own[3 + column]! + c * own[6 + column]!;
      }
    }
  }
}

/** As often MuJoCo divides the faces of boxes, at whose corners light is computed. */
const divisions = 4;
/** Boxes that are smaller (m) and not shiny look the same undivided. */
const largeSide = 0.3;
/** Floors are larger. */
const floorDivisions = 12;

function solidsOf(shape: VisibleShape, geom: number, { meshes, textures }: Stock): Solid[] {
  const { surface, mesh } = shape;
  const { rgba, specular, shininess, texture: picture } = surface;
  const [red, green, blue, alpha] = rgba;
  const material = { color: [red, green, blue] as const, alpha, specular, shininess, emission: 0 };
  const texture = picture && textures.get(picture.file);
  if (mesh) {
    return meshes.get(mesh.file)!.map((levels) => {
      const isPainted = texture !== undefined && levels[0]!.mesh.textureCoordinates !== undefined;
      const look = tinted(material, isPainted ? undefined : texture);
      return { geom, levels, material: look, ...(isPainted && { texture }) };
    });
  }
  const size = shape.geom === undefined ? shape.size : [1, 1, 1];
  const plain = primitive(shape, size);
  if (!picture || !texture) {
    const simple = shape.type === "box" || shape.type === "cylinder" ? { type: shape.type, size } : undefined;
    return [{ geom, levels: plain, material: tinted(material, undefined), ...(simple && { shape: simple }) }];
  }
  const unitSize = shape.type === "cylinder" ? [size[0]!, size[0]!, size[1]!] : size;
  const scale = picture.isUniform ? [1, 1, 1] : unitSize.map((value) => (value ? 1 / value : 1));
  const levels = plain.map(({ mesh: whole, error }) => ({
    mesh: picture.kind === "cube" ? cubeCoordinates(whole, scale) : flatCoordinates(whole, scale, picture.repeat),
    error,
  }));
  return [{ geom, levels, material: tinted(material, undefined), texture }];
}

/** What cannot be painted has the colour of its picture. */
const tinted = (material: Omit<Material, "tint">, texture: Texture | undefined): Material => ({
  ...material,
  tint: texture?.mean ?? [1, 1, 1],
});

function primitive({ type, geom, surface }: VisibleShape, size: readonly number[]): LevelsOfDetail {
  const [a, b, c] = size as [number, number, number];
  if (type === "plane") return [{ mesh: rectangle(a, b, floorDivisions), error: 0 }];
  if (type === "cylinder") return roundLevels(a, (around) => cylinder(a, b, around));
  const isShiny = surface.specular > 0.5 && surface.shininess > 0.5;
  const isLarge = geom === undefined && Math.max(a, b, c) >= largeSide;
  return [{ mesh: box(a, b, c, isShiny || isLarge ? divisions : 1), error: 0 }];
}
