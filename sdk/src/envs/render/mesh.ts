// Triangle meshes of MuJoCo's geometric primitives, in their own frames; MuJoCo's sizes are radii and half lengths (m).

/** Vertices with outward unit normals, and triangles as indices of three vertices. */
export interface Mesh {
  /** (V, 3). */
  readonly positions: Float32Array;
  /** (V, 3). */
  readonly normals: Float32Array;
  /** (F, 3). */
  readonly faces: Uint32Array;
  /** The greatest distance of a vertex from the origin. */
  readonly reach: number;
}

export function meshOf(positions: Float32Array, normals: Float32Array, faces: Uint32Array): Mesh {
  let reach = 0;
  for (let i = 0; i < positions.length; i += 3) {
    reach = Math.max(reach, Math.hypot(positions[i]!, positions[i + 1]!, positions[i + 2]!));
  }
  return { positions, normals, faces, reach };
}

/** A ring of a surface of revolution: radius and height of its vertices, and the normal there. */
interface Ring {
  readonly radius: number;
  readonly z: number;
  readonly outward: number;
  readonly upward: number;
}

const around = 32;
const perQuarter = 7;

export function sphere(radius: number): Mesh {
  return capsule(radius, 0);
}

/** Along z, caps outside `halfLength`. */
export function capsule(radius: number, halfLength: number): Mesh {
  const cap = (side: 1 | -1): Ring[] =>
    Array.from({ length: perQuarter + 1 }, (_, i) => {
      const angle = (Math.PI / 2) * (i / perQuarter);
      const [outward, upward] = [Math.sin(angle), side * Math.cos(angle)];
      return { radius: radius * outward, z: side * halfLength + radius * upward, outward, upward };
    });
  return revolve([...cap(-1), ...cap(1).reverse()]);
}

export function cylinder(radius: number, halfLength: number): Mesh {
  const lid = (side: 1 | -1): Ring[] =>
    [0, radius].map((r) => ({ radius: r, z: side * halfLength, outward: 0, upward: side }));
  const wall = [-1, 1].map((side) => ({ radius, z: side * halfLength, outward: 1, upward: 0 }));
  return revolve([...lid(-1), ...wall, ...lid(1).reverse()]);
}

export function ellipsoid(x: number, y: number, z: number): Mesh {
  const { positions, faces } = sphere(1);
  const scaled = Float32Array.from(positions, (value, i) => value * [x, y, z][i % 3]!);
  const normals = Float32Array.from(positions, (value, i) => value / [x, y, z][i % 3]!);
  for (let i = 0; i < normals.length; i += 3) {
    const length = Math.hypot(normals[i]!, normals[i + 1]!, normals[i + 2]!);
    for (let axis = 0; axis < 3; axis++) normals[i + axis]! /= length;
  }
  return meshOf(scaled, normals, faces);
}

export function box(x: number, y: number, z: number): Mesh {
  const [positions, normals, faces]: [number[], number[], number[]] = [[], [], []];
  const half = [x, y, z];
  for (let axis = 0; axis < 3; axis++) {
    const [u, v] = [(axis + 1) % 3, (axis + 2) % 3];
    for (const side of [-1, 1]) {
      const first = positions.length / 3;
      for (const [alongU, alongV] of [
        [-1, -1],
        [1, -1],
        [1, 1],
        [-1, 1],
      ] as const) {
        const [corner, normal] = [
          [0, 0, 0],
          [0, 0, 0],
        ];
        corner[axis] = side * half[axis]!;
        corner[u] = alongU * half[u]!;
        corner[v] = alongV * half[v]!;
        normal[axis] = side;
        positions.push(...corner);
        normals.push(...normal);
      }
      const [second, last] = side > 0 ? [first + 1, first + 3] : [first + 3, first + 1];
      faces.push(first, second, first + 2, first, first + 2, last);
    }
  }
  return meshOf(new Float32Array(positions), new Float32Array(normals), new Uint32Array(faces));
}

function revolve(rings: readonly Ring[]): Mesh {
  const [positions, normals, faces]: [number[], number[], number[]] = [[], [], []];
  for (const { radius, z, outward, upward } of rings) {
    for (let i = 0; i < around; i++) {
      const [cos, sin] = [Math.cos((2 * Math.PI * i) / around), Math.sin((2 * Math.PI * i) / around)];
      positions.push(radius * cos, radius * sin, z);
      normals.push(outward * cos, outward * sin, upward);
    }
  }
  for (let ring = 0; ring + 1 < rings.length; ring++) {
    for (let i = 0; i < around; i++) {
      const [a, b] = [ring * around + i, ring * around + ((i + 1) % around)];
      faces.push(a, b, a + around, b, b + around, a + around);
    }
  }
  return meshOf(new Float32Array(positions), new Float32Array(normals), new Uint32Array(faces));
}
