// Meshes and textures as they lie in files, and what is made of them: levels of detail, texture coordinates, sizes of textures.
import { createCanvas } from "@napi-rs/canvas";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deflateSync } from "node:zlib";
import { afterAll, expect, test } from "vitest";
import { box, rectangle, sphere } from "../../../sdk/src/envs/render/mesh.js";
import { readMeshFile } from "../../../sdk/src/envs/render/mesh-file.js";
import { readPng } from "../../../sdk/src/envs/render/png-file.js";
import { simplified } from "../../../sdk/src/envs/render/simplify.js";
import { cubeCoordinates, flatCoordinates } from "../../../sdk/src/envs/render/texture-coordinates.js";
import { textureOf } from "../../../sdk/src/envs/render/texture.js";

const folder = mkdtempSync(join(tmpdir(), "dmpo-render-"));
afterAll(() => rmSync(folder, { recursive: true }));
function file(name: string, contents: string | Uint8Array): string {
  writeFileSync(join(folder, name), contents);
  return join(folder, name);
}

test("an OBJ file: polygons become triangles, sharp edges keep normals of their own", () => {
  const text = `# a roof
v 0 0 0
v 1 0 0
v 1 1 0
v 0 1 0
v 0 0 1
vn 0 0 1
vn 0 -1 0
f 1//1 2//1 3//1 4//1
f 1//2 2//2 5//2`;
  const mesh = readMeshFile(file("roof.obj", text), [2, 1, 1]);
  expect(mesh.faces).toHaveLength(9);
  expect([mesh.least, mesh.most]).toEqual([[0, 0, 0], [2, 1, 1]]); // prettier-ignore
  // Corners 1 and 2 have two normals each.
  expect(mesh.positions.length / 3).toBe(7);
  expect([...mesh.normals.subarray(0, 3)]).toEqual([0, 0, 1]);
});

test("a binary STL file has equal corners once and smooth normals", () => {
  const triangles = [[0, 0, 0, 1, 0, 0, 0, 1, 0], [1, 0, 0, 1, 1, 0, 0, 1, 0]]; // prettier-ignore
  const bytes = Buffer.alloc(84 + 50 * triangles.length);
  bytes.writeUInt32LE(triangles.length, 80);
  triangles.forEach((corners, i) => corners.forEach((value, k) => bytes.writeFloatLE(value, 84 + 50 * i + 12 + 4 * k)));
  const mesh = readMeshFile(file("square.stl", bytes));
  expect([mesh.positions.length / 3, mesh.faces.length]).toEqual([4, 6]);
  expect([...mesh.normals]).toEqual([0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 0, 1]);
});

test("an MSH file brings its normals and texture coordinates", () => {
  const bytes = Buffer.alloc(16 + 4 * (9 + 9 + 6 + 3));
  [3, 3, 3, 1].forEach((count, i) => bytes.writeInt32LE(count, 4 * i));
  const floats = [0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 0.25, 1, 0, 0.5, 1];
  floats.forEach((value, i) => bytes.writeFloatLE(value, 16 + 4 * i));
  [0, 1, 2].forEach((vertex, i) => bytes.writeInt32LE(vertex, 16 + 4 * (24 + i)));
  const mesh = readMeshFile(file("one.msh", bytes));
  expect([...mesh.textureCoordinates!]).toEqual([0, 0.25, 1, 0, 0.5, 1]);
  expect(() => readMeshFile(file("short.msh", bytes.subarray(0, 100)))).toThrow(/short.msh: has 100 bytes/);
  expect(() => readMeshFile(file("a.ply", "ply"))).toThrow(/of no known kind[\s\S]*\.obj, \.stl, \.msh/);
  expect(() => readMeshFile(file("empty.obj", "v 0 0 0"))).toThrow(/no triangles/);
  expect(() => readMeshFile(file("cut.stl", Buffer.alloc(90, 1)))).toThrow(/binary STL/);
});

/** A PNG file of rows that are filtered as they say. */
function png(width: number, channels: 3 | 4, rows: readonly (readonly number[])[], extra = ""): Buffer {
  const chunk = (kind: string, data: Uint8Array) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(data.length);
    return Buffer.concat([length, Buffer.from(kind, "latin1"), data, Buffer.alloc(4)]);
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(rows.length, 4);
  header.set([8, channels === 3 ? 2 : 6, 0, 0, 0], 8);
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk("IHDR", header),
    ...(extra ? [chunk(extra, Buffer.of(0))] : []),
    chunk("IDAT", deflateSync(Buffer.from(rows.flat()))),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

/** Without the mark that its colours are meant for displays. */
function unmarked(bytes: Buffer): Buffer {
  const at = bytes.indexOf("sRGB");
  if (at > 0) bytes.write("sXXX", at, "latin1");
  return bytes;
}

test("a PNG file is read as another program wrote it", () => {
  const canvas = createCanvas(37, 23);
  const context = canvas.getContext("2d");
  for (let y = 0; y < 23; y++) {
    for (let x = 0; x < 37; x++) {
      context.fillStyle = `rgb(${(7 * x * y) % 256} ${(13 * x + y) % 256} ${(x * x) % 256})`;
      context.fillRect(x, y, 1, 1);
    }
  }
  const expected = context.getImageData(0, 0, 37, 23).data.filter((_, i) => i % 4 < 3);
  const { width, height, rgb } = readPng(file("drawn.png", unmarked(canvas.toBuffer("image/png"))));
  expect([width, height]).toEqual([37, 23]);
  expect([...rgb]).toEqual([...expected]);
});

test("all filters of PNG, and what is meant for displays becomes light", () => {
  const rows = [
    [0, 10, 20, 30, 40, 50, 60],
    [1, 10, 20, 30, 5, 5, 5],
    [2, 1, 1, 1, 1, 1, 1],
    [3, 10, 10, 10, 10, 10, 10],
    [4, 1, 2, 3, 4, 5, 6],
  ];
  // By the standard's formulas; the average of left and above is rounded down, Paeth takes the nearest neighbour.
  const plain = [10, 20, 30, 40, 50, 60, 10, 20, 30, 15, 25, 35, 11, 21, 31, 16, 26, 36, 15, 20, 25, 25, 33, 40, 16, 22, 28, 29, 38, 46]; // prettier-ignore
  expect([...readPng(file("filters.png", png(2, 3, rows))).rgb]).toEqual(plain);
  const grey = readPng(file("grey.png", png(1, 4, [[0, 188, 188, 188, 0]], "sRGB"))).rgb;
  // Half of the light is shown as 188 of 255 (IEC 61966-2-1).
  expect(grey[0]! / 255).toBeCloseTo(0.5, 1);
  expect(() => readPng(file("no.png", "no"))).toThrow(/no PNG file/);
  expect(() => readPng(file("short.png", png(3, 3, [[0, 1, 2, 3]])))).toThrow(/truncated/);
});

test("a texture's sizes halve to its mean", () => {
  const rgb = Uint8Array.from({ length: 3 * 64 }, (_, i) => (Math.floor(i / 3) % 2 === 0 ? 200 : 100));
  const { levels, mean } = textureOf(8, 8, rgb);
  expect(levels.map(({ columns, rows }) => [columns, rows])).toEqual([[8, 8], [4, 4], [2, 2], [1, 1]]); // prettier-ignore
  expect(levels[1]!.texels.every((texel) => texel === 150 * 0x010101)).toBe(true);
  expect(mean[0]).toBeCloseTo(150 / 255, 2);
  // Other sizes are brought to powers of two.
  expect(textureOf(100, 3, new Uint8Array(900)).levels[0]).toMatchObject({ columns: 128, rows: 4 });
});

test("pictures lie over x and y, or on the six faces of a cube", () => {
  const flat = flatCoordinates(rectangle(1, 1), [1, 1, 1], [2, 4]);
  // The corner (-1, -1): s = 0.5 * 2 * -1 - 0.5, t = -0.5 * 4 * -1 - 0.5.
  expect([...flat.textureCoordinates!.subarray(0, 2)]).toEqual([-1.5, 1.5]);
  const cube = cubeCoordinates(box(2, 2, 2), [0.5, 0.5, 0.5]);
  const { positions, normals, textureCoordinates } = cube;
  for (let i = 0; i < positions.length / 3; i++) {
    const [s, t] = [textureCoordinates![2 * i]!, textureCoordinates![2 * i + 1]!];
    expect([0, 1]).toContain(s);
    expect([0, 1]).toContain(t);
    // On the face +x the picture's left is at +z and its top at +y.
    if (normals[3 * i] === 1)
      expect([s, t]).toEqual([positions[3 * i + 2]! > 0 ? 0 : 1, positions[3 * i + 1]! > 0 ? 0 : 1]);
  }
});

test("a simplified mesh has fewer triangles and stays within its error", async () => {
  const whole = sphere(0.05, 128);
  const pieces = await simplified(whole);
  const levels = pieces[0]!;
  expect(pieces).toHaveLength(1);
  levels.forEach(({ mesh, error }, i) => {
    if (i > 0) expect(mesh.faces.length).toBeLessThanOrEqual(levels[i - 1]!.mesh.faces.length);
    for (let face = 0; face < mesh.faces.length; face += 3) {
      const middle = [0, 1, 2].map((axis) =>
        [0, 1, 2].reduce((sum, corner) => sum + mesh.positions[3 * mesh.faces[face + corner]! + axis]! / 3, 0),
      );
      expect(Math.abs(Math.hypot(...middle) - 0.05)).toBeLessThanOrEqual(2 * error + 1e-4);
    }
  });
  expect(levels[0]!.mesh.faces.length).toBeLessThan(whole.faces.length / 2);
  // What is painted stays where it was painted.
  const painted = await simplified(flatCoordinates(whole, [20, 20, 20], [1, 1]));
  const { positions, textureCoordinates } = painted[0]!.at(-3)!.mesh;
  expect(painted[0]!.at(-3)!.mesh.faces.length).toBeLessThan(whole.faces.length / 4);
  for (let i = 0; i < positions.length / 3; i++) {
    expect(textureCoordinates![2 * i]).toBeCloseTo(10 * positions[3 * i]! - 0.5, 4);
  }
});
