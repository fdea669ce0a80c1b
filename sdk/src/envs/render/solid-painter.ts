// Draws bodies of triangles: picks a level of detail, turns its vertices to the picture, lights those that are seen, cuts what
// reaches behind the camera, and hands the triangles to the canvas.
import { cornerSize, type Canvas } from "./canvas.js";
import type { Lighting } from "./lighting.js";
import type { LevelsOfDetail, Mesh } from "./mesh.js";
import type { Poses, Solid } from "./scene.js";
import { nearPlane, type View } from "./view.js";

/** Red of a vertex whose light has not been computed. */
const unlit = -1;
/** A coarser mesh is drawn where it differs from the finest by less (pixels). */
const tolerance = 0.5;
/** A triangle that is cut has four corners at most. */
const spareCorners = 4;

export class SolidPainter {
  readonly #canvas: Canvas;
  /** Of the vertices of the mesh being drawn, then spare ones. */
  #corners = new Float32Array(0);
  /** From the mesh's frame to the camera's: right, up and forward, each with its offset. */
  readonly #toView = new Float64Array(12);
  readonly #color = new Float64Array(3);

  constructor(canvas: Canvas) {
    this.#canvas = canvas;
  }

  draw(solid: Solid, poses: Poses, view: View, lighting: Lighting): void {
    const { geom, levels, material, texture } = solid;
    const m = poses.geomMatrix;
    const [o, p] = [9 * geom, 3 * geom];
    const [px, py, pz] = [poses.geomPosition[p]!, poses.geomPosition[p + 1]!, poses.geomPosition[p + 2]!];
    this.#setView(m, o, px, py, pz, view);
    const mesh = this.#levelFor(levels, m, o, view);
    if (!mesh) return;
    const { positions, faces } = mesh;
    const count = positions.length / 3;
    const corners = this.#project(positions, count, view);
    const canvas = this.#canvas;
    const { width, height } = canvas;
    const { alpha } = material;
    const painted = mesh.textureCoordinates ? texture : undefined;
    for (let i = 0; i < faces.length; i += 3) {
      const a = cornerSize * faces[i]!;
      const b = cornerSize * faces[i + 1]!;
      const c = cornerSize * faces[i + 2]!;
      if (corners[a + 2]! < 0 || corners[b + 2]! < 0 || corners[c + 2]! < 0) {
        if (corners[a + 2]! > 0 || corners[b + 2]! > 0 || corners[c + 2]! > 0)
          this.#drawCut(mesh, i, count, solid, poses, view, lighting);
        continue;
      }
      const ax = corners[a]!;
      const ay = corners[a + 1]!;
      const bx = corners[b]!;
      const by = corners[b + 1]!;
      const cx = corners[c]!;
      const cy = corners[c + 1]!;
      if ((bx - ax) * (cy - ay) - (by - ay) * (cx - ax) >= 0) continue;
      // Most small triangles have no sample's middle in them.
      const left = Math.ceil((ax < bx ? (ax < cx ? ax : cx) : bx < cx ? bx : cx) - 0.5);
      const right = Math.floor((ax > bx ? (ax > cx ? ax : cx) : bx > cx ? bx : cx) - 0.5);
      if (left > right || right < 0 || left >= width) continue;
      const top = Math.ceil((ay < by ? (ay < cy ? ay : cy) : by < cy ? by : cy) - 0.5);
      const bottom = Math.floor((ay > by ? (ay > cy ? ay : cy) : by > cy ? by : cy) - 0.5);
      if (top > bottom || bottom < 0 || top >= height) continue;
      for (let corner = i; corner < i + 3; corner++) {
        const vertex = faces[corner]!;
        const at = cornerSize * vertex;
        if (corners[at + 3] !== unlit) continue;
        this.#lightVertex(mesh, vertex, solid, m, o, px, py, pz, lighting, corners, at);
        if (!painted) continue;
        corners[at + 6]! *= corners[at + 2]!;
        corners[at + 7]! *= corners[at + 2]!;
      }
      canvas.triangle(corners, a, b, c, alpha, painted);
    }
  }

  /** The coarsest that looks the same; none where nothing can be in the picture or something nearer hides it. */
  #levelFor(levels: LevelsOfDetail, m: Float64Array, o: number, view: View): Mesh | undefined {
    const { least, most } = levels[0]!.mesh;
    const [rx, ry, rz, r0, ux, uy, uz, u0, fx, fy, fz, f0] = this.#toView as unknown as number[];
    const { focus } = view;
    const [middleX, middleY] = view.center;
    const [limitX, limitY] = [middleX / focus, middleY / focus];
    let [left, right, top, bottom] = [Infinity, -Infinity, Infinity, -Infinity];
    let [nearest, leastAcross, mostAcross, leastUp, mostUp] = [Infinity, Infinity, -Infinity, Infinity, -Infinity];
    // How many corners of the box lie beyond each side of what the camera sees.
    let onLeft = 0;
    let onRight = 0;
    let above = 0;
    let below = 0;
    let behind = 0;
    for (let corner = 0; corner < 8; corner++) {
      const x = corner & 1 ? most[0] : least[0];
      const y = corner & 2 ? most[1] : least[1];
      const z = corner & 4 ? most[2] : least[2];
      const depth = fx! * x + fy! * y + fz! * z + f0!;
      const across = rx! * x + ry! * y + rz! * z + r0!;
      const up = ux! * x + uy! * y + uz! * z + u0!;
      if (depth < nearest) nearest = depth;
      if (across < leastAcross) leastAcross = across;
      if (across > mostAcross) mostAcross = across;
      if (up < leastUp) leastUp = up;
      if (up > mostUp) mostUp = up;
      if (depth < nearPlane) behind++;
      if (across < -limitX * depth) onLeft++;
      if (across > limitX * depth) onRight++;
      if (up > limitY * depth) above++;
      if (up < -limitY * depth) below++;
      const screenX = middleX + (focus * across) / depth;
      const screenY = middleY - (focus * up) / depth;
      if (screenX < left) left = screenX;
      if (screenX > right) right = screenX;
      if (screenY < top) top = screenY;
      if (screenY > bottom) bottom = screenY;
    }
    if (behind === 8 || onLeft === 8 || onRight === 8 || above === 8 || below === 8) return undefined;
    // What lies aside enters the picture at a distance only.
    nearest = Math.max(
      nearest,
      nearPlane,
      leastAcross / limitX,
      -mostAcross / limitX,
      leastUp / limitY,
      -mostUp / limitY,
    );
    if (behind === 0 && this.#canvas.hides(left, top, right, bottom, 1 / nearest)) return undefined;
    let stretch = 0;
    for (let axis = 0; axis < 3; axis++) {
      stretch = Math.max(stretch, m[o + axis]! ** 2 + m[o + 3 + axis]! ** 2 + m[o + 6 + axis]! ** 2);
    }
    const allowed = (tolerance * nearest * this.#canvas.samples) / (focus * Math.sqrt(stretch));
    for (let i = levels.length - 1; i > 0; i--) if (levels[i]!.error <= allowed) return levels[i]!.mesh;
    return levels[0]!.mesh;
  }

  #setView(m: Float64Array, o: number, px: number, py: number, pz: number, view: View): void {
    const to = this.#toView;
    const { position } = view;
    const [dx, dy, dz] = [px - position[0], py - position[1], pz - position[2]];
    const axes = [view.right, view.up, view.forward];
    for (let i = 0; i < 3; i++) {
      const [x, y, z] = axes[i]!;
      for (let j = 0; j < 3; j++) to[4 * i + j] = x * m[o + j]! + y * m[o + 3 + j]! + z * m[o + 6 + j]!;
      to[4 * i + 3] = x * dx + y * dy + z * dz;
    }
  }

  #project(positions: Float32Array, count: number, view: View): Float32Array {
    const size = cornerSize * (count + spareCorners);
    if (this.#corners.length < size) this.#corners = new Float32Array(size);
    const corners = this.#corners;
    const [rx, ry, rz, r0, ux, uy, uz, u0, fx, fy, fz, f0] = this.#toView as unknown as number[];
    const { focus } = view;
    const [middleX, middleY] = view.center;
    for (let i = 0, at = 0; i < 3 * count; i += 3, at += cornerSize) {
      const x = positions[i]!;
      const y = positions[i + 1]!;
      const z = positions[i + 2]!;
      const depth = fx! * x + fy! * y + fz! * z + f0!;
      if (depth < nearPlane) {
        corners[at + 2] = -1;
        continue;
      }
      const near = 1 / depth;
      corners[at] = middleX + focus * near * (rx! * x + ry! * y + rz! * z + r0!);
      corners[at + 1] = middleY - focus * near * (ux! * x + uy! * y + uz! * z + u0!);
      corners[at + 2] = near;
      corners[at + 3] = unlit;
    }
    return corners;
  }

  /** Colours and texture coordinates, the latter not yet divided by depth. */
  #lightVertex(
    mesh: Mesh,
    vertex: number,
    { material, texture }: Solid,
    m: Float64Array,
    o: number,
    px: number,
    py: number,
    pz: number,
    lighting: Lighting,
    out: Float32Array,
    at: number,
  ): void {
    const { positions, normals, textureCoordinates } = mesh;
    const i = 3 * vertex;
    const x = positions[i]!;
    const y = positions[i + 1]!;
    const z = positions[i + 2]!;
    const nx = normals[i]!;
    const ny = normals[i + 1]!;
    const nz = normals[i + 2]!;
    const color = this.#color;
    lighting.shade(
      color,
      0,
      material,
      m[o]! * x + m[o + 1]! * y + m[o + 2]! * z + px,
      m[o + 3]! * x + m[o + 4]! * y + m[o + 5]! * z + py,
      m[o + 6]! * x + m[o + 7]! * y + m[o + 8]! * z + pz,
      m[o]! * nx + m[o + 1]! * ny + m[o + 2]! * nz,
      m[o + 3]! * nx + m[o + 4]! * ny + m[o + 5]! * nz,
      m[o + 6]! * nx + m[o + 7]! * ny + m[o + 8]! * nz,
    );
    out[at + 3] = 255 * color[0]! + 0.5;
    out[at + 4] = 255 * color[1]! + 0.5;
    out[at + 5] = 255 * color[2]! + 0.5;
    if (!texture || !textureCoordinates) return;
    out[at + 6] = textureCoordinates[2 * vertex]!;
    out[at + 7] = textureCoordinates[2 * vertex + 1]!;
  }

  /** A triangle of which one or two corners lie behind the camera. */
  #drawCut(mesh: Mesh, face: number, count: number, solid: Solid, poses: Poses, view: View, lighting: Lighting): void {
    const { positions, faces } = mesh;
    const { geom, material, texture } = solid;
    const [px, py, pz] = [0, 1, 2].map((axis) => poses.geomPosition[3 * geom + axis]!) as [number, number, number];
    const [rx, ry, rz, r0, ux, uy, uz, u0, fx, fy, fz, f0] = this.#toView as unknown as number[];
    // [right, up, forward, red, green, blue, s, t] of each corner.
    const whole = [0, 1, 2].map((corner) => {
      const vertex = faces[face + corner]!;
      const [x, y, z] = [0, 1, 2].map((axis) => positions[3 * vertex + axis]!) as [number, number, number];
      const values = new Float32Array(cornerSize);
      this.#lightVertex(mesh, vertex, solid, poses.geomMatrix, 9 * geom, px, py, pz, lighting, values, 0);
      values[0] = rx! * x + ry! * y + rz! * z + r0!;
      values[1] = ux! * x + uy! * y + uz! * z + u0!;
      values[2] = fx! * x + fy! * y + fz! * z + f0!;
      return values;
    });
    const cut = whole.flatMap((from, i) => {
      const to = whole[(i + 1) % 3]!;
      const kept = from[2]! >= nearPlane ? [from] : [];
      if (from[2]! >= nearPlane === to[2]! >= nearPlane) return kept;
      const share = (nearPlane - from[2]!) / (to[2]! - from[2]!);
      return [...kept, from.map((value, k) => value + share * (to[k]! - value))];
    });
    const corners = this.#corners;
    const spare = cornerSize * count;
    cut.forEach((values, i) => {
      const at = spare + cornerSize * i;
      const near = 1 / values[2]!;
      corners.set(values, at);
      corners[at] = view.center[0] + view.focus * near * values[0]!;
      corners[at + 1] = view.center[1] - view.focus * near * values[1]!;
      corners[at + 2] = near;
      corners[at + 6]! *= near;
      corners[at + 7]! *= near;
    });
    const painted = mesh.textureCoordinates ? texture : undefined;
    for (let i = 1; i + 1 < cut.length; i++) {
      const [a, b, c] = [spare, spare + cornerSize * i, spare + cornerSize * (i + 1)];
      const [abX, abY] = [corners[b]! - corners[a]!, corners[b + 1]! - corners[a + 1]!];
      const [acX, acY] = [corners[c]! - corners[a]!, corners[c + 1]! - corners[a + 1]!];
      if (abX * acY - abY * acX < 0) this.#canvas.triangle(corners, a, b, c, material.alpha, painted);
    }
  }
}
