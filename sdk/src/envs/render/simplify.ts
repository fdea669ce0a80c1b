// Meshes with fewer triangles, by edge collapses in the order of their quadric errors (Garland and Heckbert 1997): the door to
// meshoptimizer, compiled to WebAssembly.
import type { LevelsOfDetail, Mesh } from "./mesh.js";
import { meshOfTriangles } from "./mesh-file.js";

/** By how much the levels of a mesh may differ from it (m): a film half a metre away takes the first, 96 pixels at a metre the last. */
const errors = [0.0003, 0.0006, 0.0012, 0.0025, 0.005, 0.01, 0.02];

/** Pieces of a mesh are smaller than this (m) or have fewer corners of triangles, so that few of them are near or in sight. */
const [pieceSide, pieceCorners] = [0.15, 3000];

/** A mesh in pieces, each from fine to coarse; light and pictures lie on them as on the whole. */
export async function simplified(mesh: Mesh): Promise<readonly LevelsOfDetail[]> {
  const { MeshoptSimplifier } = await import("meshoptimizer/simplifier");
  await MeshoptSimplifier.ready;
  return pieces(mesh.positions, mesh.faces).map((own) => {
    const { faces, ...vertices } = welded(mesh, own);
    const { positions } = vertices;
    // As fine as the errors ask for, what is painted keeps its own normals.
    let last = mesh.textureCoordinates ? mesh : meshOfTriangles({ ...vertices, faces });
    return errors.map((error) => {
      const [kept] = MeshoptSimplifier.simplify(faces, positions, 3, 0, error, ["ErrorAbsolute", "Prune"]);
      // What is smaller than the error may vanish altogether; then what came before stays.
      if (kept.length > 0 && kept.length < last.faces.length) last = meshOfTriangles({ ...vertices, faces: kept });
      return { mesh: last, error };
    });
  });
}

/** A mesh as a whole with as few triangles as differ by at most `error` (m). */
export async function simplifiedWithin(mesh: Mesh, error: number): Promise<Mesh> {
  const { MeshoptSimplifier } = await import("meshoptimizer/simplifier");
  await MeshoptSimplifier.ready;
  const { faces, ...vertices } = welded(mesh, mesh.faces);
  const [kept] = MeshoptSimplifier.simplify(faces, vertices.positions, 3, 0, error, ["ErrorAbsolute"]);
  return kept.length > 0 && kept.length < mesh.faces.length ? meshOfTriangles({ ...vertices, faces: kept }) : mesh;
}

/** Halves of halves, cut across their longest side. */
function pieces(positions: Float32Array, faces: Uint32Array): Uint32Array[] {
  const middle = (face: number, axis: number) =>
    positions[3 * faces[face]! + axis]! +
    positions[3 * faces[face + 1]! + axis]! +
    positions[3 * faces[face + 2]! + axis]!;
  const starts = Array.from({ length: faces.length / 3 }, (_, i) => 3 * i);
  const extents = [0, 1, 2].map((axis) => {
    let [least, most] = [Infinity, -Infinity];
    for (const face of starts) {
      least = Math.min(least, middle(face, axis) / 3);
      most = Math.max(most, middle(face, axis) / 3);
    }
    return most - least;
  });
  const longest = extents.indexOf(Math.max(...extents));
  if (faces.length <= pieceCorners || extents[longest]! <= pieceSide) return [faces];
  starts.sort((a, b) => middle(a, longest) - middle(b, longest));
  const half = starts.length >> 1;
  return [starts.slice(0, half), starts.slice(half)].flatMap((part) =>
    pieces(positions, Uint32Array.from(part.flatMap((face) => [faces[face]!, faces[face + 1]!, faces[face + 2]!]))),
  );
}

/** Of vertices, that count as one where they are nearer (m). */
const weldDistance = 1e-5;

/** Vertices that differ in their normals alone become one: no edge between them could collapse. */
function welded({ positions, textureCoordinates }: Mesh, faces: Uint32Array) {
  const known = new Map<string, number>();
  const [points, coordinates]: [number[], number[]] = [[], []];
  const index = faces.map((vertex) => {
    const point = positions.subarray(3 * vertex, 3 * vertex + 3);
    const where = textureCoordinates?.subarray(2 * vertex, 2 * vertex + 2) ?? [];
    const key = [...point, ...where].map((value) => Math.round(value / weldDistance)).join();
    const found = known.get(key);
    if (found !== undefined) return found;
    points.push(...point);
    coordinates.push(...where);
    known.set(key, known.size);
    return known.size - 1;
  });
  return {
    positions: new Float32Array(points),
    faces: index,
    ...(textureCoordinates && { textureCoordinates: new Float32Array(coordinates) }),
  };
}
