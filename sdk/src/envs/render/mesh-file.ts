// Reads triangle meshes as MuJoCo does: Wavefront OBJ, binary STL and MuJoCo's own MSH; with the normals with which it draws them.
import { readFileSync } from "node:fs";
import { extname } from "node:path";
import { fail } from "../../errors.js";
import { meshOf, type Mesh } from "./mesh.js";

/** Corners of triangles, three after three, by what they share. */
interface Triangles {
  /** (V, 3). */
  readonly positions: ArrayLike<number>;
  /** (F, 3). */
  readonly faces: ArrayLike<number>;
  /** (3 F) indices of normals, and these. */
  readonly normals?: { readonly of: ArrayLike<number>; readonly values: ArrayLike<number> };
  /** Of the vertices (V, 2). */
  readonly textureCoordinates?: ArrayLike<number>;
}

/** A normal that points away from its triangle's by more (cosine) gives way to that: the edge is meant to be sharp. */
const sharpEdge = 0.8;

/**
 * The mesh in a file, vertices doubled where neighbouring triangles differ in their normals.
 * @param scale along the axes of the file.
 * @throws InputError DMPO_ENV_MESH.
 */
export function readMeshFile(path: string, scale: readonly [number, number, number] = [1, 1, 1]): Mesh {
  const bytes = readFileSync(path);
  const read = readers[extname(path).toLowerCase()];
  if (!read) return fail("DMPO_ENV_MESH", path, "is of no known kind", `one of ${Object.keys(readers).join(", ")}`);
  const triangles = read(bytes, path);
  const positions = Float32Array.from(triangles.positions, (value, i) => value * scale[i % 3]!);
  return meshOfTriangles({ ...triangles, positions });
}

const readers: Readonly<Record<string, (bytes: Buffer, path: string) => Triangles>> = {
  ".obj": readObj,
  ".stl": readStl,
  ".msh": readMsh,
};

function readObj(bytes: Buffer, path: string): Triangles {
  const [positions, normals, faces, normalOf]: [number[], number[], number[], number[]] = [[], [], [], []];
  for (const line of bytes.toString("latin1").split("\n")) {
    const kind = line.slice(0, 2);
    if (kind !== "v " && kind !== "vn" && kind !== "f ") continue;
    const [, ...words] = line.trim().split(/\s+/);
    if (kind === "v ") positions.push(Number(words[0]), Number(words[1]), Number(words[2]));
    else if (kind === "vn") normals.push(Number(words[0]), Number(words[1]), Number(words[2]));
    else {
      const corners = words.map((word) => word.split("/"));
      for (let i = 1; i + 1 < corners.length; i++) {
        for (const corner of [corners[0]!, corners[i]!, corners[i + 1]!]) {
          faces.push(Number(corner[0]) - 1);
          normalOf.push(Number(corner[2] || 0) - 1);
        }
      }
    }
  }
  const count = positions.length / 3;
  if (faces.length === 0 || faces.some((index) => !(index >= 0 && index < count))) {
    fail("DMPO_ENV_MESH", path, "has no triangles, or some without corners", "a Wavefront OBJ file");
  }
  const hasNormals = normalOf.every((index) => index >= 0 && index < normals.length / 3);
  return { positions, faces, ...(hasNormals && { normals: { of: normalOf, values: normals } }) };
}

const [stlHeader, stlTriangle] = [84, 50];

function readStl(bytes: Buffer, path: string): Triangles {
  const count = bytes.length >= stlHeader ? bytes.readUInt32LE(stlHeader - 4) : 0;
  if (count === 0 || bytes.length !== stlHeader + count * stlTriangle) {
    fail("DMPO_ENV_MESH", path, `has ${bytes.length} bytes for ${count} triangles`, "a binary STL file");
  }
  const known = new Map<string, number>();
  const [positions, faces]: [number[], number[]] = [[], []];
  for (let i = 0; i < count; i++) {
    for (let corner = 0; corner < 3; corner++) {
      const at = stlHeader + i * stlTriangle + 12 * (corner + 1);
      const key = bytes.toString("latin1", at, at + 12);
      let index = known.get(key);
      if (index === undefined) {
        known.set(key, (index = known.size));
        for (let axis = 0; axis < 3; axis++) positions.push(bytes.readFloatLE(at + 4 * axis));
      }
      faces.push(index);
    }
  }
  return { positions, faces };
}

function readMsh(bytes: Buffer, path: string): Triangles {
  const [vertices, normals, coordinates, faces] = [0, 4, 8, 12].map((at) => bytes.readInt32LE(at)) as [
    number,
    number,
    number,
    number,
  ];
  const expected = 16 + 4 * (3 * vertices + 3 * normals + 2 * coordinates + 3 * faces);
  if (bytes.length !== expected) fail("DMPO_ENV_MESH", path, `has ${bytes.length} bytes`, `${expected}, as it says`);
  const values = (from: number, count: number) =>
    Float32Array.from({ length: count }, (_, i) => bytes.readFloatLE(from + 4 * i));
  const end = 16 + 4 * (3 * vertices + 3 * normals + 2 * coordinates);
  const corners = Uint32Array.from({ length: 3 * faces }, (_, i) => bytes.readInt32LE(end + 4 * i));
  return {
    positions: values(16, 3 * vertices),
    faces: corners,
    ...(normals === vertices && { normals: { of: corners, values: values(16 + 12 * vertices, 3 * normals) } }),
    ...(coordinates === vertices && {
      textureCoordinates: values(16 + 12 * (vertices + normals), 2 * coordinates),
    }),
  };
}

/**
 * Every combination of position and normal that occurs becomes a vertex. Where no normals are given, surfaces are round but for
 * sharp edges.
 */
export function meshOfTriangles({ positions, faces, normals, textureCoordinates }: Triangles): Mesh {
  const given = normals ?? { of: faces, values: smoothNormals(positions, faces) };
  // MuJoCo leaves normals as they are where there are texture coordinates.
  const maySharpen = !normals || !textureCoordinates;
  const known = new Map<number, number>();
  const [points, directions, coordinates]: [number[], number[], number[]] = [[], [], []];
  const out: number[] = [];
  for (let face = 0; face + 2 < faces.length; face += 3) {
    const own = faceNormal(positions, faces[face]!, faces[face + 1]!, faces[face + 2]!);
    if (!own) continue;
    for (let corner = face; corner < face + 3; corner++) {
      const [vertex, at] = [faces[corner]!, 3 * given.of[corner]!];
      let [nx, ny, nz] = [given.values[at]!, given.values[at + 1]!, given.values[at + 2]!];
      const scale = 1 / (Math.hypot(nx, ny, nz) || 1);
      [nx, ny, nz] = [nx * scale, ny * scale, nz * scale];
      if (maySharpen && nx * own[0] + ny * own[1] + nz * own[2] < sharpEdge) [nx, ny, nz] = own;
      const packed = (Math.round(100 * nx + 100) * 256 + Math.round(100 * ny + 100)) * 256 + Math.round(100 * nz + 100);
      const key = vertex * 2 ** 24 + packed;
      let index = known.get(key);
      if (index === undefined) {
        known.set(key, (index = known.size));
        points.push(positions[3 * vertex]!, positions[3 * vertex + 1]!, positions[3 * vertex + 2]!);
        directions.push(nx, ny, nz);
        if (textureCoordinates) coordinates.push(textureCoordinates[2 * vertex]!, textureCoordinates[2 * vertex + 1]!);
      }
      out.push(index);
    }
  }
  return meshOf(
    new Float32Array(points),
    new Float32Array(directions),
    new Uint32Array(out),
    textureCoordinates && new Float32Array(coordinates),
  );
}

/** Of a triangle; undefined where it has no area. */
function faceNormal(
  positions: ArrayLike<number>,
  a: number,
  b: number,
  c: number,
): [number, number, number] | undefined {
  const [ux, uy, uz] = [0, 1, 2].map((k) => positions[3 * b + k]! - positions[3 * a + k]!) as [number, number, number];
  const [vx, vy, vz] = [0, 1, 2].map((k) => positions[3 * c + k]! - positions[3 * a + k]!) as [number, number, number];
  const [x, y, z] = [uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx];
  const length = Math.hypot(x, y, z);
  return length > 0 ? [x / length, y / length, z / length] : undefined;
}

/** Of each vertex: the mean of its triangles', larger ones counting more. */
function smoothNormals(positions: ArrayLike<number>, faces: ArrayLike<number>): Float64Array {
  const sums = new Float64Array(positions.length);
  for (let face = 0; face < faces.length; face += 3) {
    const [a, b, c] = [faces[face]!, faces[face + 1]!, faces[face + 2]!];
    const [ux, uy, uz] = [0, 1, 2].map((k) => positions[3 * b + k]! - positions[3 * a + k]!) as [
      number,
      number,
      number,
    ];
    const [vx, vy, vz] = [0, 1, 2].map((k) => positions[3 * c + k]! - positions[3 * a + k]!) as [
      number,
      number,
      number,
    ];
    const area = [uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx];
    for (const vertex of [a, b, c]) for (let k = 0; k < 3; k++) sums[3 * vertex + k]! += area[k]!;
  }
  return sums;
}
