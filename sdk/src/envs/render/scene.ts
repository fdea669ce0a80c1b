// What there is to see of a simulation: shapes with meshes and colours, lights, cameras, read from MuJoCo's arrays.
// The poses come from mj_forward's arrays at once instead of mjv_updateScene's one object per shape and frame.
import { fail, nearest } from "../../errors.js";
import {
  box,
  capsule,
  cylinder,
  ellipsoid,
  meshOf,
  roundLevels,
  sphere,
  type LevelsOfDetail,
  type Mesh,
} from "./mesh.js";
import { textureOf, type Rgb, type Texture } from "./texture.js";

/** Copies of arrays of a compiled model and of the current state, by MuJoCo's names. */
export interface PhysicsArrays {
  modelArray(name: string): Float64Array;
  dataArray(name: string): Float64Array;
}

/** What can be drawn, however it is simulated. */
export interface SceneSource {
  /** @param groups of shapes that are shown, where there are groups. */
  scene(groups?: readonly number[]): Scene;
  /** As things stand now. */
  poses(): Poses;
}

/** What there is to see of a simulation in MuJoCo. */
export const physicsScene = (physics: PhysicsArrays): SceneSource => ({
  scene: (groups) => readScene(physics, groups),
  poses: () => readPoses(physics),
});

export interface Material {
  readonly color: Rgb;
  /** Mean of the picture on it, which filters all light that comes from it; white without. */
  readonly tint: Rgb;
  /** 1: opaque. */
  readonly alpha: number;
  readonly specular: number;
  /** From 0 to 1; the exponent of the highlight is 128 times that. */
  readonly shininess: number;
  readonly emission: number;
}

/** A simple shape as MuJoCo has it: sizes are radii and half lengths (m), round ones lie along z. */
export interface Shape {
  readonly type: "sphere" | "capsule" | "ellipsoid" | "cylinder" | "box";
  readonly size: readonly number[];
}

/** A body of triangles; its pose is entry `geom` of {@link Poses}. */
export interface Solid {
  readonly geom: number;
  readonly levels: LevelsOfDetail;
  readonly material: Material;
  /** What its levels are of, where that is a simple shape. */
  readonly shape?: Shape;
  /** What is painted on it, where its mesh has texture coordinates. */
  readonly texture?: Texture;
}

/** A floor or wall: the plane z = 0 of its own frame. */
export interface Plane {
  readonly geom: number;
  readonly material: Material;
  /** Half extents (m); 0: endless. */
  readonly halfSize: readonly [x: number, y: number];
  /** Repeats over the plane, centred as in MuJoCo. */
  readonly texture: Texture;
  /** Metres that one repeat covers. */
  readonly period: readonly [x: number, y: number];
}

export interface Light {
  readonly directional: boolean;
  /** Of others that shine in a cone only: the cosine of half its angle, and how fast they fade towards its edge. */
  readonly spot?: { readonly cosine: number; readonly exponent: number };
  readonly castsShadow: boolean;
  readonly ambient: Rgb;
  readonly diffuse: Rgb;
  readonly specular: Rgb;
}

export interface Scene {
  readonly solids: readonly Solid[];
  readonly planes: readonly Plane[];
  readonly lights: readonly Light[];
  readonly cameras: readonly { readonly name: string; readonly fieldOfView: number }[];
}

/**
 * Everything that moves, in world coordinates; matrices are (3, 3) with the axes as columns. Those of geoms may stretch boxes and
 * cylinders along their own axes.
 */
export interface Poses {
  readonly geomPosition: Float64Array;
  readonly geomMatrix: Float64Array;
  readonly lightPosition: Float64Array;
  readonly lightDirection: Float64Array;
  readonly cameraPosition: Float64Array;
  readonly cameraMatrix: Float64Array;
}

const shapeNames = ["plane", "hfield", "sphere", "capsule", "ellipsoid", "cylinder", "box", "mesh"] as const;

/** @param groups geom groups that are shown; MuJoCo shows 0, 1 and 2. */
export function readScene(source: PhysicsArrays, groups: readonly number[] = [0, 1, 2]): Scene {
  const physics = remembering(source);
  const types = physics.modelArray("geom_type");
  const sizes = physics.modelArray("geom_size");
  const group = physics.modelArray("geom_group");
  const readTexture = textureReader(physics);
  const readMaterial = materialReader(physics, readTexture);
  const [solids, planes]: [Solid[], Plane[]] = [[], []];
  types.forEach((type, geom) => {
    const material = readMaterial(geom);
    if (!groups.includes(group[geom]!) || material.alpha === 0) return;
    const [a, b, c] = sizes.slice(3 * geom, 3 * geom + 3) as unknown as [number, number, number];
    const shape = shapeNames[type];
    if (shape === "plane") {
      const painted = readTexture(geom) ?? { texture: checker(material.color), period: [1, 1] as const };
      planes.push({ geom, material, halfSize: [a, b], ...painted });
    } else {
      if (shape === "mesh") solids.push({ geom, levels: [{ mesh: readMesh(physics, geom), error: 0 }], material });
      else if (shape && shape !== "hfield") {
        solids.push({ geom, levels: primitive(shape, a, b, c), material, shape: { type: shape, size: [a, b, c] } });
      }
    }
  });
  const fieldsOfView = physics.modelArray("cam_fovy");
  const names = readNames(physics, "name_camadr");
  return {
    solids: solids.sort((x, y) => y.material.alpha - x.material.alpha),
    planes,
    lights: readLights(physics),
    cameras: names.map((name, i) => ({ name, fieldOfView: fieldsOfView[i]! })),
  };
}

/** Copies every array of the model once: those of meshes have megabytes. */
function remembering(physics: PhysicsArrays): PhysicsArrays {
  const known = new Map<string, Float64Array>();
  return {
    modelArray(name) {
      const array = known.get(name) ?? physics.modelArray(name);
      known.set(name, array);
      return array;
    },
    dataArray: (name) => physics.dataArray(name),
  };
}

export function readPoses(physics: PhysicsArrays): Poses {
  return {
    geomPosition: physics.dataArray("geom_xpos"),
    geomMatrix: physics.dataArray("geom_xmat"),
    lightPosition: physics.dataArray("light_xpos"),
    lightDirection: physics.dataArray("light_xdir"),
    cameraPosition: physics.dataArray("cam_xpos"),
    cameraMatrix: physics.dataArray("cam_xmat"),
  };
}

/** @throws InputError DMPO_RENDER_CAMERA naming the cameras there are. */
export function cameraIndex({ cameras }: Scene, name: string): number {
  const index = cameras.findIndex((camera) => camera.name === name);
  if (index >= 0) return index;
  const names = cameras.map((camera) => camera.name);
  const near = nearest(name, names);
  return fail(
    "DMPO_RENDER_CAMERA",
    "camera",
    `"${name}"`,
    names.length > 0 ? `one of ${names.join(", ")}` : "none: this model has no cameras",
    near ? `did you mean "${near}"?` : "",
  );
}

function primitive(shape: Shape["type"], a: number, b: number, c: number): LevelsOfDetail {
  if (shape === "sphere") return roundLevels(a, (around) => sphere(a, around));
  if (shape === "capsule") return roundLevels(a, (around) => capsule(a, b, around));
  if (shape === "ellipsoid") return roundLevels(Math.max(a, b, c), (around) => ellipsoid(a, b, c, around));
  if (shape === "cylinder") return roundLevels(a, (around) => cylinder(a, b, around));
  return [{ mesh: box(a, b, c), error: 0 }];
}

/** A compiled mesh; vertices are doubled where faces that meet there have normals of their own. */
function readMesh(physics: PhysicsArrays, geom: number): Mesh {
  const id = physics.modelArray("geom_dataid")[geom]!;
  const of = (name: string) => physics.modelArray(name)[id]!;
  const part = (name: string, first: string, count: string) =>
    physics.modelArray(name).subarray(3 * of(first), 3 * (of(first) + of(count)));
  const vertices = part("mesh_vert", "mesh_vertadr", "mesh_vertnum");
  const vertexNormals = part("mesh_normal", "mesh_normaladr", "mesh_normalnum");
  const corners = part("mesh_face", "mesh_faceadr", "mesh_facenum");
  const cornerNormals = part("mesh_facenormal", "mesh_faceadr", "mesh_facenum");
  const known = new Map<number, number>();
  const [positions, normals]: [number[], number[]] = [[], []];
  const faces = Uint32Array.from(corners, (vertex, i) => {
    const normal = cornerNormals[i]!;
    const key = vertex * 2 ** 24 + normal;
    const index = known.get(key);
    if (index !== undefined) return index;
    positions.push(...vertices.subarray(3 * vertex, 3 * vertex + 3));
    normals.push(...vertexNormals.subarray(3 * normal, 3 * normal + 3));
    known.set(key, known.size);
    return known.size - 1;
  });
  return meshOf(new Float32Array(positions), new Float32Array(normals), faces);
}

/** Where a model names no colour, those of Gym's robots. */
const floorPaint = [0.8, 0.9, 0.8, 1] as const;
const solidPaint = [0.8, 0.6, 0.4, 1] as const;

function materialReader(
  physics: PhysicsArrays,
  readTexture: ReturnType<typeof textureReader>,
): (geom: number) => Material {
  const types = physics.modelArray("geom_type");
  const materials = physics.modelArray("geom_matid");
  const colors = physics.modelArray("geom_rgba");
  const [specular, shininess, emission] = ["mat_specular", "mat_shininess", "mat_emission"].map((name) =>
    physics.modelArray(name),
  );
  const materialColors = physics.modelArray("mat_rgba");
  return (geom) => {
    const id = materials[geom]!;
    const has = id >= 0;
    // A colour given to the geom itself wins over its material's, as in MuJoCo; 0.5 grey is "not given".
    const own = colors.subarray(4 * geom, 4 * geom + 4);
    const isDefault = own[0] === 0.5 && own[1] === 0.5 && own[2] === 0.5 && own[3] === 1;
    const paint = types[geom] === 0 ? floorPaint : solidPaint;
    const rgba = !isDefault ? own : has ? materialColors.subarray(4 * id, 4 * id + 4) : paint;
    return {
      color: [rgba[0], rgba[1], rgba[2]],
      tint: readTexture(geom)?.texture.mean ?? [1, 1, 1],
      alpha: rgba[3],
      specular: has ? specular![id]! : 0.5,
      shininess: has ? shininess![id]! : 0.5,
      emission: has ? emission![id]! : 0,
    };
  };
}

/** What is painted on a geom's material, as seen on a plane; each picture is read once. */
function textureReader(physics: PhysicsArrays): (geom: number) => Pick<Plane, "texture" | "period"> | undefined {
  const textures = new Map<number, Texture>();
  return (geom) => {
    const material = physics.modelArray("geom_matid")[geom]!;
    if (material < 0) return undefined;
    const roles = 10;
    const ids = physics.modelArray("mat_texid").subarray(roles * material, roles * (material + 1));
    const id = ids.find((texture) => texture >= 0);
    if (id === undefined) return undefined;
    const texture = textures.get(id) ?? readTexture(physics, id);
    textures.set(id, texture);
    const repeat = physics.modelArray("mat_texrepeat").subarray(2 * material, 2 * material + 2);
    const isUniform = physics.modelArray("mat_texuniform")[material] === 1;
    const size = physics.modelArray("geom_size").subarray(3 * geom, 3 * geom + 2);
    const period = [0, 1].map((axis) => (isUniform || size[axis] === 0 ? 2 : 2 * size[axis]!) / repeat[axis]!);
    return { texture, period: period as unknown as readonly [number, number] };
  };
}

function readTexture(physics: PhysicsArrays, id: number): Texture {
  const of = (name: string) => physics.modelArray(name)[id]!;
  const [width, height, channels, start] = [of("tex_width"), of("tex_height"), of("tex_nchannel"), of("tex_adr")];
  const bytes = physics.modelArray("tex_data").subarray(start, start + width * height * channels);
  const rgb = new Uint8Array(3 * width * height);
  for (let i = 0; i < width * height; i++) {
    for (let c = 0; c < 3; c++) rgb[3 * i + c] = bytes[channels * i + (channels >= 3 ? c : 0)]!;
  }
  return textureOf(width, height, rgb);
}

/** Squares of half a metre in two shades, for floors without a picture of their own: motion shows against them. */
function checker(color: Rgb): Texture {
  const [light, dark] = [1, 0.85].map((factor) => color.map((value) => 255 * factor * Math.sqrt(value)));
  return textureOf(2, 2, Uint8Array.from([...light!, ...dark!, ...dark!, ...light!]));
}

function readLights(physics: PhysicsArrays): Light[] {
  const types = physics.modelArray("light_type");
  const active = physics.modelArray("light_active");
  const shadows = physics.modelArray("light_castshadow");
  const [ambient, diffuse, specular] = ["light_ambient", "light_diffuse", "light_specular"].map((name) =>
    physics.modelArray(name),
  );
  const [cutoff, exponent] = [physics.modelArray("light_cutoff"), physics.modelArray("light_exponent")];
  const [spot, directional] = [0, 1];
  const color = (values: Float64Array, i: number): Rgb =>
    active[i] ? [values[3 * i]!, values[3 * i + 1]!, values[3 * i + 2]!] : [0, 0, 0];
  return Array.from(types, (type, i) => ({
    directional: type === directional,
    ...(type === spot && {
      spot: { cosine: Math.cos((cutoff[i]! * Math.PI) / 180), exponent: exponent[i]! },
    }),
    castsShadow: shadows[i] === 1 && active[i] === 1,
    ambient: color(ambient!, i),
    diffuse: color(diffuse!, i),
    specular: color(specular!, i),
  }));
}

/** Names are zero-terminated in one array of characters; `addresses` says where each begins. */
function readNames(physics: PhysicsArrays, addresses: string): string[] {
  const characters = physics.modelArray("names");
  return Array.from(physics.modelArray(addresses), (start) =>
    String.fromCharCode(...characters.subarray(start, characters.indexOf(0, start))),
  );
}
