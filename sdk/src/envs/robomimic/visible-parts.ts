// What is to be seen of a task, as robosuite's off-screen renderer shows it (geom group 1): shapes with their surfaces where they
// are fixed, cameras and lights; from the package's XML and what robosuite builds itself.
import { element, type Attributes, type Element } from "../locomotion/model.js";
import { RobosuiteFiles, type Paint, type Part } from "./compose.js";
import type { ManipulationTask } from "./manipulation.js";
import { pandaPart } from "./panda-part.js";

/** Position (m) and rotation (w, x, y, z) in something else's frame. */
export interface Fixture {
  /** Name of the body that it is fixed to; undefined: the world. */
  readonly body: string | undefined;
  readonly position: readonly number[];
  readonly rotation: readonly number[];
}

/** What a surface is like. */
export interface Surface {
  readonly rgba: Paint;
  readonly specular: number;
  readonly shininess: number;
  /** A picture on it; its file is a path below the package's assets. */
  readonly texture?: {
    readonly file: string;
    /** How it lies: over x and y, or on six faces around. */
    readonly kind: "2d" | "cube";
    readonly repeat: readonly number[];
    /** Whether repeats are counted per metre, not per shape. */
    readonly isUniform: boolean;
  };
}

export interface VisibleShape extends Fixture {
  readonly type: "plane" | "box" | "cylinder" | "mesh";
  /** As MuJoCo has it: half sides, radius and half length (m). */
  readonly size: readonly number[];
  readonly surface: Surface;
  /** Of a mesh. */
  readonly mesh?: { readonly file: string; readonly scale: readonly [number, number, number] };
  /** Name of the simulated geom whose pose and size it has, if that may change. */
  readonly geom?: string;
}

export interface VisibleCamera extends Fixture {
  readonly name: string;
  readonly fieldOfView: number;
}

export interface VisibleLight {
  readonly directional: boolean;
  readonly position: readonly number[];
  readonly direction: readonly number[];
  readonly diffuse: readonly number[];
  readonly specular: readonly number[];
}

export interface VisibleParts {
  readonly shapes: readonly VisibleShape[];
  readonly cameras: readonly VisibleCamera[];
  readonly lights: readonly VisibleLight[];
}

/** @param folder of the package's whole tree. @param isSimulated whether the simulation has a body of this name. */
export function visibleParts(
  task: ManipulationTask,
  folder: string,
  isSimulated: (body: string) => boolean,
): VisibleParts {
  const files = new RobosuiteFiles(folder, true);
  const fixed = [task.arena(files), ...task.stands.map((stand, i) => pandaPart(files, i, stand))];
  const objects = task.objects(files);
  const surfaces = surfaceReader([...fixed, ...objects]);
  const found = { shapes: [] as VisibleShape[], cameras: [] as VisibleCamera[], lights: [] as VisibleLight[] };
  const collect = (part: Part, isObject: boolean) => {
    const walk = (parent: Element, frame: Fixture): void => {
      for (const child of parent.children) {
        const { attributes, tag } = child;
        const here = within(frame, child);
        if (tag === "body") {
          const name = String(attributes.name);
          walk(child, isSimulated(name) ? { body: name, position: [0, 0, 0], rotation: [1, 0, 0, 0] } : here);
        } else if (tag === "camera") {
          found.cameras.push({ ...here, name: String(attributes.name), fieldOfView: Number(attributes.fovy ?? 45) });
        } else if (tag === "light") {
          found.lights.push(lightOf(child));
        } else if (tag === "geom") {
          // What robosuite builds itself has no group, and is copied in the group that is shown.
          const isBuilt = isObject && attributes.group === undefined;
          if (!isBuilt && attributes.group !== "1") continue;
          found.shapes.push({
            ...here,
            ...shapeOf(child, surfaces),
            ...(isBuilt && { geom: String(attributes.name) }),
          });
        }
      }
    };
    walk(element("worldbody", {}, ...part.bodies), { body: undefined, position: [0, 0, 0], rotation: [1, 0, 0, 0] });
  };
  for (const part of fixed) collect(part, false);
  for (const part of objects) collect(part, true);
  return found;
}

/** An attribute as numbers; files have it as text. */
function numbers(value: Attributes[string], otherwise: readonly number[]): readonly number[] {
  if (value === undefined) return otherwise;
  return typeof value === "object" ? value : String(value).trim().split(/\s+/).map(Number);
}

/** The frame of an element in its parent's. */
function within({ body, position, rotation }: Fixture, { attributes }: Element): Fixture {
  const [x, y, z] = rotated(rotation, numbers(attributes.pos, [0, 0, 0]));
  const quaternion = numbers(attributes.quat, [1, 0, 0, 0]);
  const length = Math.hypot(...quaternion);
  return {
    body,
    position: [position[0]! + x, position[1]! + y, position[2]! + z],
    rotation: product(
      rotation,
      quaternion.map((value) => value / length),
    ),
  };
}

function product(p: readonly number[], q: readonly number[]): number[] {
  const [a, b, c, d] = p as [number, number, number, number];
  const [w, x, y, z] = q as [number, number, number, number];
  return [
    a * w - b * x - c * y - d * z,
    a * x + b * w + c * z - d * y,
    a * y - b * z + c * w + d * x,
    a * z + b * y - c * x + d * w,
  ];
}

function rotated(q: readonly number[], [x, y, z]: readonly number[]): [number, number, number] {
  const [w, a, b, c] = q as [number, number, number, number];
  const conjugate = [w, -a, -b, -c];
  const [, px, py, pz] = product(product(q, [0, x!, y!, z!]), conjugate);
  return [px!, py!, pz!];
}

function lightOf({ attributes }: Element): VisibleLight {
  return {
    directional: attributes.directional === "true",
    position: numbers(attributes.pos, [0, 0, 0]),
    direction: numbers(attributes.dir, [0, 0, -1]),
    diffuse: numbers(attributes.diffuse, [0.7, 0.7, 0.7]),
    specular: numbers(attributes.specular, [0.3, 0.3, 0.3]),
  };
}

type Look = Pick<VisibleShape, "type" | "size" | "surface" | "mesh">;

function shapeOf({ attributes }: Element, { surfaceOf, meshOf }: ReturnType<typeof surfaceReader>): Look {
  const type = String(attributes.type ?? "sphere") as Look["type"];
  const { rgba } = attributes;
  const given = surfaceOf(attributes.material === undefined ? undefined : String(attributes.material));
  // A colour of the shape's own counts where it has no material: what robosuite builds has both, for where there are no pictures.
  const surface = attributes.material === undefined && rgba !== undefined ? { ...given, rgba: paint(rgba) } : given;
  const size = numbers(attributes.size, []);
  return { type, size, surface, ...(attributes.mesh !== undefined && { mesh: meshOf(String(attributes.mesh)) }) };
}

const paint = (rgba: Attributes[string]) => numbers(rgba, [1, 1, 1, 1]) as unknown as Paint;

/** Of what robosuite builds itself: pictures on six faces, all equally shiny. */
const builtSurfaces: Readonly<Record<string, string>> = {
  "red-wood": "textures/red-wood.png",
  "dark-wood": "textures/dark-wood.png",
  "light-wood": "textures/light-wood.png",
  "steel-scratched": "textures/steel-scratched.png",
};

function surfaceReader(parts: readonly Part[]) {
  const assets = parts.flatMap((part) => part.assets ?? []);
  const named = (tag: string) =>
    new Map(
      assets.filter((asset) => asset.tag === tag).map((asset) => [String(asset.attributes.name), asset.attributes]),
    );
  const [materials, textures, meshes] = [named("material"), named("texture"), named("mesh")];
  const surfaceOf = (name: string | undefined): Surface => {
    const material = materials.get(name ?? "");
    const built = material || name === undefined ? undefined : builtSurfaces[name];
    if (built !== undefined) {
      const texture = { file: built, kind: "cube", repeat: [1, 1], isUniform: false } as const;
      return { rgba: [1, 1, 1, 1], specular: 0.4, shininess: 0.1, texture };
    }
    const { rgba, specular = 0.5, shininess = 0.5, texture, texrepeat, texuniform } = material ?? {};
    const picture = texture === undefined ? undefined : textures.get(String(texture));
    return {
      rgba: paint(rgba),
      specular: Number(specular),
      shininess: Number(shininess),
      ...(picture?.file !== undefined && {
        texture: {
          file: String(picture.file),
          kind: picture.type === "2d" ? "2d" : "cube",
          repeat: numbers(texrepeat, [1, 1]),
          isUniform: texuniform === "true",
        },
      }),
    };
  };
  const meshOf = (name: string) => {
    const { file, scale } = meshes.get(name)!;
    return { file: String(file), scale: numbers(scale, [1, 1, 1]) as unknown as [number, number, number] };
  };
  return { surfaceOf, meshOf };
}
