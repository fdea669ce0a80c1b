// Triangle meshes of MuJoCo's geometric primitives, in their own frames; MuJoCo's sizes are radii and half lengths (m). What is
// round has several levels of detail, of which a picture takes the coarsest that looks the same.

/** Vertices with outward unit normals, and triangles as indices of three vertices. */
export interface Mesh {
  /** (V, 3). */
  readonly positions: Float32Array;
  /** (V, 3). */
  readonly normals: Float32Array;
  /** (V, 2), in repeats of a texture, which is seen from its upper left corner. */
  readonly textureCoordinates?: Float32Array;
  /** (F, 3). */
  readonly faces: Uint32Array;
  /** Corners of a box around all of it. */
  readonly least: Corner;
  readonly most: Corner;
}

type Corner = readonly [x: number, y: number, z: number];

/** One shape as meshes from fine to coarse. */
export type LevelsOfDetail = readonly {
  readonly mesh: Mesh;
  /** By how much it differs from the shape at most (m). */
  readonly error: number;
}[];

export function meshOf(
  positions: Float32Array,
  normals: Float32Array,
  faces: Uint32Array,
  textureCoordinates?: Float32Array,
): Mesh {
  const least: [number, number, number] = [Infinity, Infinity, Infinity];
  const most: [number, number, number] = [-Infinity, -Infinity, -Infinity];
  for (let i = 0; i < positions.length; i++) {
    least[i % 3] = Math.min(least[i % 3]!, positions[i]!);
    most[i % 3] = Math.max(most[i % 3]!, positions[i]!);
  }
  return { positions, normals, faces, least, most, ...(textureCoordinates && { textureCoordinates }) };
}

/** A ring of a surface of revolution: radius and height of its vertices, and the normal there. */
interface Ring {
  readonly radius: number;
  readonly z: number;
  readonly outward: number;
  readonly upward: number;
}

/** How finely round things are divided, from fine to coarse. */
export const roundness = [32, 16, 8] as const;

/** Levels of detail of something round, as large as `radius`. */
export function roundLevels(radius: number, make: (around: number) => Mesh): LevelsOfDetail {
  // A chord's middle is off the arc by that much; the finest level passes for the shape itself.
  const error = (around: number) => (around === roundness[0] ? 0 : radius * (1 - Math.cos(Math.PI / around)));
  return roundness.map((around) => ({ mesh: make(around), error: error(around) }));
}

export function sphere(radius: number, around: number = roundness[0]): Mesh {
  return capsule(radius, 0, around);
}

/** Along z, caps outside `halfLength`. */
export function capsule(radius: number, halfLength: number, around: number = roundness[0]): Mesh {
  const perQuarter = around === roundness[0] ? 7 : around / 4;
  const cap = (side: 1 | -1): Ring[] =>
    Array.from({ length: perQuarter + 1 }, (_, i) => {
      const angle = (Math.PI / 2) * (i / perQuarter);
      const [outward, upward] = [Math.sin(angle), side * Math.cos(angle)];
      return { radius: radius * outward, z: side * halfLength + radius * upward, outward, upward };
    });
  return revolve([...cap(-1), ...cap(1).reverse()], around);
}

export function cylinder(radius: number, halfLength: number, around: number = roundness[0]): Mesh {
  const lid = (side: 1 | -1): Ring[] =>
    [0, radius].map((r) => ({ radius: r, z: side * halfLength, outward: 0, upward: side }));
  const wall = [-1, 1].map((side) => ({ radius, z: side * halfLength, outward: 1, upward: 0 }));
  return revolve([...lid(-1), ...wall, ...lid(1).reverse()], around);
}

export function ellipsoid(x: number, y: number, z: number, around: number = roundness[0]): Mesh {
  const { positions, faces } = sphere(1, around);
  const scaled = Float32Array.from(positions, (value, i) => value * [x, y, z][i % 3]!);
  const normals = Float32Array.from(positions, (value, i) => value / [x, y, z][i % 3]!);
  for (let i = 0; i < normals.length; i += 3) {
    const length = Math.hypot(normals[i]!, normals[i + 1]!, normals[i + 2]!);
    for (let axis = 0; axis < 3; axis++) normals[i + axis]! /= length;
  }
  return meshOf(scaled, normals, faces);
}

/** @param divisions of each side: light is computed at their corners. */
export function box(x: number, y: number, z: number, divisions = 1): Mesh {
  const [positions, normals, faces]: [number[], number[], number[]] = [[], [], []];
  const half = [x, y, z];
  for (let axis = 0; axis < 3; axis++) {
    for (const side of [-1, 1]) addGrid(axis, side);
  }
  return meshOf(new Float32Array(positions), new Float32Array(normals), new Uint32Array(faces));

  function addGrid(axis: number, side: number): void {
    const [u, v] = [(axis + 1) % 3, (axis + 2) % 3];
    const first = positions.length / 3;
    const along = (i: number, extent: number) => ((2 * i) / divisions - 1) * extent;
    for (let j = 0; j <= divisions; j++) {
      for (let i = 0; i <= divisions; i++) {
        const [corner, normal] = [
          [0, 0, 0],
          [0, 0, 0],
        ];
        corner[axis] = side * half[axis]!;
        corner[u] = along(i, half[u]!);
        corner[v] = along(j, half[v]!);
        normal[axis] = side;
        positions.push(...corner);
        normals.push(...normal);
      }
    }
    for (let j = 0; j < divisions; j++) {
      for (let i = 0; i < divisions; i++) {
        const a = first + j * (divisions + 1) + i;
        const [b, c, d] = [a + 1, a + divisions + 2, a + divisions + 1];
        if (side > 0) faces.push(a, b, c, a, c, d);
        else faces.push(a, d, c, a, c, b);
      }
    }
  }
}

/** The rectangle z = 0, seen from above. */
export function rectangle(x: number, y: number, divisions = 1): Mesh {
  const [positions, faces]: [number[], number[]] = [[], []];
  const along = (i: number, extent: number) => ((2 * i) / divisions - 1) * extent;
  for (let j = 0; j <= divisions; j++) {
    for (let i = 0; i <= divisions; i++) {
      positions.push(along(i, x), along(j, y), 0);
      if (i === divisions || j === divisions) continue;
      const a = j * (divisions + 1) + i;
      faces.push(a, a + 1, a + divisions + 2, a, a + divisions + 2, a + divisions + 1);
    }
  }
  const normals = Float32Array.from(positions, (_, i) => Number(i % 3 === 2));
  return meshOf(new Float32Array(positions), normals, new Uint32Array(faces));
}

function revolve(rings: readonly Ring[], around: number): Mesh {
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
