// Where pictures lie on shapes that have no texture coordinates of their own: as MuJoCo has OpenGL generate them from positions.
import { meshOf, type Mesh } from "./mesh.js";

/** A picture over x and y, in the middle of it. @param scale from positions to where the shape reaches from -1 to 1. */
export function flatCoordinates(mesh: Mesh, scale: readonly number[], repeat: readonly number[]): Mesh {
  const { positions, normals, faces } = mesh;
  const coordinates = new Float32Array((2 * positions.length) / 3);
  for (let i = 0; i < coordinates.length / 2; i++) {
    coordinates[2 * i] = 0.5 * repeat[0]! * scale[0]! * positions[3 * i]! - 0.5;
    coordinates[2 * i + 1] = -0.5 * repeat[1]! * scale[1]! * positions[3 * i + 1]! - 0.5;
  }
  return meshOf(positions, normals, faces, coordinates);
}

/**
 * The same picture on the six faces of a cube around the shape, seen from its middle (OpenGL 4.6, table 8.19). Each triangle lies on
 * the face of its own middle, so that no two share vertices. @param scale as of {@link flatCoordinates}.
 */
export function cubeCoordinates({ positions, normals, faces }: Mesh, scale: readonly number[]): Mesh {
  const count = faces.length;
  const [points, directions, coordinates] = [
    new Float32Array(3 * count),
    new Float32Array(3 * count),
    new Float32Array(2 * count),
  ];
  for (let face = 0; face < count; face += 3) {
    const corners = [0, 1, 2].map((corner) =>
      [0, 1, 2].map((axis) => scale[axis]! * positions[3 * faces[face + corner]! + axis]!),
    );
    const middle = [0, 1, 2].map((axis) => corners.reduce((sum, corner) => sum + corner[axis]!, 0));
    const axis = middle.reduce((best, value, i) => (Math.abs(value) > Math.abs(middle[best]!) + 1e-9 ? i : best), 0);
    const side = Math.sign(middle[axis]!) || 1;
    corners.forEach(([x, y, z], corner) => {
      const at = face + corner;
      for (let k = 0; k < 3; k++) {
        points[3 * at + k] = positions[3 * faces[at]! + k]!;
        directions[3 * at + k] = normals[3 * faces[at]! + k]!;
      }
      const [across, down] = [
        [-side * z!, -y!],
        [x!, side * z!],
        [side * x!, -y!],
      ][axis]!;
      const along = Math.max(1e-6, side * [x!, y!, z!][axis]!);
      coordinates[2 * at] = (across! / along + 1) / 2;
      coordinates[2 * at + 1] = (down! / along + 1) / 2;
    });
  }
  return meshOf(
    points,
    directions,
    Uint32Array.from({ length: count }, (_, i) => i),
    coordinates,
  );
}
