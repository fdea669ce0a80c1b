// Recorded scenes: how shapes are stretched and painted, and where the ground is.
import { loadImage } from "@napi-rs/canvas";
import { expect, test } from "vitest";
import { box } from "../../../sdk/src/envs/render/mesh.js";
import type { Plane, Scene, Solid } from "../../../sdk/src/envs/render/scene.js";
import { textureOf } from "../../../sdk/src/envs/render/texture.js";
import { SceneRecorder } from "../../../sdk/src/experiments/rollouts/scene-recorder.js";

const identity = [1, 0, 0, 0, 1, 0, 0, 0, 1];
const white = [1, 1, 1] as const;
const material = { color: white, tint: white, alpha: 1, specular: 0, shininess: 0, emission: 0 };
const cube = (geom: number): Solid => ({ geom, material, levels: [{ mesh: box(0.5, 0.5, 0.5), error: 0 }] });
const paint = (size: number) => textureOf(size, size, new Uint8Array(3 * size ** 2).fill(128));
const level = (geom: number, halfSize: Plane["halfSize"]): Plane => ({
  ...{ geom, material, halfSize, texture: paint(1), period: [1, 1] },
});

/** Things that stand still, each at its height. */
function recorded(parts: Partial<Scene>, matrices: readonly (readonly number[])[], heights: readonly number[] = []) {
  const none = new Float64Array(0);
  const recorder = new SceneRecorder({
    scene: () => ({ solids: [], planes: [], lights: [], cameras: [], ...parts }),
    poses: () => ({
      ...{ lightPosition: none, lightDirection: none, cameraPosition: none, cameraMatrix: none },
      geomPosition: Float64Array.from(matrices.flatMap((_, geom) => [0, 0, heights[geom] ?? 0])),
      geomMatrix: Float64Array.from(matrices.flat()),
    }),
  });
  return recorder.recorded();
}

test("a shape is stretched where its matrix stretches it", async () => {
  const { shapes } = await recorded({ solids: [cube(0), cube(1)] }, [[2, 0, 0, 0, 1, 0, 0, 0, 3], identity]);
  expect(shapes[0]!.stretch).toEqual([2, 1, 3]);
  expect(shapes[1]).not.toHaveProperty("stretch");
});

test("the ground is the lowest level plane as large as a floor; without one there is none", async () => {
  const planes = [level(1, [0, 0]), level(2, [2, 2]), level(3, [0.2, 2])];
  const heights = [0, 1, -0.5, -3];
  const { ground } = await recorded({ solids: [cube(0)], planes }, Array<number[]>(4).fill(identity), heights);
  expect(ground).toEqual({ height: -0.5 });
  expect(await recorded({ solids: [cube(0)] }, [identity])).not.toHaveProperty("ground");
});

test("pictures on surfaces are no larger than 256 pixels", async () => {
  const solids = [64, 512].map((size, geom) => ({ ...cube(geom), texture: paint(size) }));
  const { shapes } = await recorded({ solids }, [identity, identity]);
  const pictures = await Promise.all(shapes.map(({ texture }) => loadImage(Buffer.from(texture!))));
  expect(pictures.map(({ width, height }) => [width, height])).toEqual([
    [64, 64],
    [256, 256],
  ]);
});
