// The renderer beside MuJoCo's own picture of the hopper, and beside the geometry of simple scenes.
import { readFileSync } from "node:fs";
import { createCanvas, loadImage } from "@napi-rs/canvas";
import { describe, expect, test } from "vitest";
import { hopperModel } from "../../../sdk/src/envs/locomotion/hopper.js";
import { Animation, Picture } from "../../../sdk/src/envs/render/picture.js";
import { Renderer } from "../../../sdk/src/envs/render/renderer.js";
import { Simulator } from "../../../sdk/src/envs/simulator.js";
import { golden, goldenFile } from "../../shared.js";

/** A world with one camera three metres in front of the origin, looking along +y. */
async function world(content: string): Promise<Simulator> {
  const simulator = await Simulator.load(
    `<mujoco><worldbody><camera name="front" pos="0 -3 0" xyaxes="1 0 0 0 0 1" fovy="60"/>${content}</worldbody></mujoco>`,
  );
  simulator.forward();
  return simulator;
}

test("the hopper has the same silhouette as in MuJoCo's picture", async () => {
  const { state } = golden("hopper-track-256") as { state: { qpos: number[]; qvel: number[] } };
  const picture = await loadImage(readFileSync(goldenFile("hopper-track-256.png")));
  const canvas = createCanvas(256, 256).getContext("2d");
  canvas.drawImage(picture, 0, 0);
  const { data } = canvas.getImageData(0, 0, 256, 256);
  const simulator = await Simulator.load(hopperModel("exact").replace(/<geom name="floor"[^>]*>/, ""));
  simulator.qpos.set(state.qpos);
  simulator.forward();
  const fine = new Renderer(simulator, { width: 1024, height: 1024, samples: 1 }).render("track").depth;
  const coverage = (x: number, y: number) => {
    let count = 0;
    for (let i = 0; i < 16; i++) count += Number(Number.isFinite(fine[(4 * y + (i >> 2)) * 1024 + 4 * x + (i & 3)]));
    return count / 16;
  };
  let [both, either] = [0, 0];
  // Below row 232 there is only the robot's reflection. Pixels that the outline halves count for neither side.
  for (let pixel = 0; pixel < 232 * 256; pixel++) {
    const covered = coverage(pixel % 256, Math.floor(pixel / 256));
    if (Math.abs(covered - 0.5) < 0.25) continue;
    const [red, green, blue] = data.subarray(4 * pixel) as unknown as [number, number, number];
    const theirs = (red - blue) / (red + green + blue + 1) > 0.06;
    if (theirs && covered > 0.5) both++;
    if (theirs || covered > 0.5) either++;
  }
  expect(both / either).toBeGreaterThan(0.97);
  simulator.delete();
});

describe("geometry", () => {
  test("a sphere has its size and its distance", async () => {
    const simulator = await world('<geom type="sphere" size="0.5"/>');
    const { depth } = new Renderer(simulator, { width: 101, height: 101, samples: 1 }).render("front");
    expect(depth[50 * 101 + 50]).toBeCloseTo(2.5, 3);
    // Its outline is where rays touch it: at tan(asin(0.5 / 3)) of the distance.
    const radius = (Math.tan(Math.asin(0.5 / 3)) * 50.5) / Math.tan(Math.PI / 6);
    const area = depth.filter((value) => value < Infinity).length;
    expect(area / (Math.PI * radius ** 2)).toBeCloseTo(1, 1);
    simulator.delete();
  });

  test.each([
    ["box", "0.4 0.3 0.2", 2.7],
    ["cylinder", "0.4 0.3", 2.6],
    ["capsule", "0.4 0.3", 2.6],
    ["ellipsoid", "0.4 0.3 0.2", 2.7],
  ])("a %s is as near as its size says", async (type, size, nearest) => {
    const simulator = await world(`<geom type="${type}" size="${size}"/>`);
    const { depth } = new Renderer(simulator, { width: 101, height: 101, samples: 1 }).render("front");
    expect(depth[50 * 101 + 50]).toBeCloseTo(nearest, 2);
    simulator.delete();
  });

  test("a mesh is drawn from its triangles", async () => {
    const simulator = await Simulator.load(
      `<mujoco><asset><mesh name="m" vertex="-1 0 -1  1 0 -1  0 0 1  0 1 0"/></asset><worldbody>
      <camera name="front" pos="0 -3 0" xyaxes="1 0 0 0 0 1"/><geom type="mesh" mesh="m"/></worldbody></mujoco>`,
    );
    simulator.forward();
    const { depth } = new Renderer(simulator, { width: 100, height: 100, samples: 1 }).render("front");
    const area = depth.filter((value) => value < Infinity).length;
    // Base 2, height 2 at a distance of 3, seen at 45 degrees over 100 pixels.
    expect(area / (2 * (50 / Math.tan(Math.PI / 8) / 3) ** 2)).toBeCloseTo(1, 1);
    expect(Math.min(...depth)).toBeCloseTo(3, 1);
    simulator.delete();
  });

  test("what is nearer hides what is farther, and transparent things let it through", async () => {
    const red = (alpha: number) => `<geom type="box" size=".5 .1 .5" pos="0 -1 0" rgba="1 0 0 ${alpha}"/>`;
    const blue = '<geom type="box" size="1 .1 1" pos="0 1 0" rgba="0 0 1 1"/>';
    const colorThrough = async (alpha: number) => {
      const simulator = await world(red(alpha) + blue);
      const { rgb } = new Renderer(simulator, { width: 11, height: 11 }).render("front");
      simulator.delete();
      return [...rgb.subarray(3 * 60, 3 * 60 + 3)] as [number, number, number];
    };
    const [solidRed, , solidBlue] = await colorThrough(1);
    const [mixedRed, , mixedBlue] = await colorThrough(0.5);
    expect(solidRed).toBeGreaterThan(solidBlue);
    expect(mixedRed).toBeLessThan(solidRed);
    expect(mixedBlue).toBeGreaterThan(solidBlue);
  });

  test("a floor lies where it should, and darker under a box", async () => {
    const light = '<light directional="true" dir="0 0 -1"/>';
    const floor = '<geom type="plane" size="0 0 1" pos="0 0 -1"/>';
    const box = '<geom type="box" size=".3 .3 .1" pos="0 0 -.3"/>';
    const simulator = await world(light + floor + box);
    const options = { width: 120, height: 120 };
    const { depth, rgb } = new Renderer(simulator, options).render("front");
    const bottom = 119 * 120 + 60;
    expect(depth[bottom]).toBeCloseTo(Math.sqrt(3), 1);
    const without = new Renderer(simulator, { ...options, shadows: false }).render("front").rgb;
    const darker = rgb.filter((value, i) => value < without[i]! - 20).length / 3;
    // The shadow is a square of 0.6 x 0.6 m, seen flat at a distance of about 3 m.
    expect(darker).toBeGreaterThan(100);
    expect(darker).toBeLessThan(600);
    simulator.delete();
  });
});

test("what is painted on a thing filters its highlight too, as in OpenGL", async () => {
  const shiny = async (texture: string) => {
    const simulator = await Simulator.load(
      `<mujoco><asset><texture name="t" type="2d" builtin="flat" rgb1="${texture}" width="8" height="8"/>
      <material name="m" texture="t" specular="1" shininess=".1"/></asset><worldbody>
      <camera name="front" pos="0 -3 0" xyaxes="1 0 0 0 0 1"/><geom type="box" size=".5 .5 .5" material="m"/></worldbody></mujoco>`,
    );
    simulator.forward();
    const { rgb } = new Renderer(simulator, { width: 11, height: 11, groups: [0] }).render("front");
    simulator.delete();
    return [...rgb.subarray(3 * 60, 3 * 60 + 3)];
  };
  const [white] = await shiny("1 1 1");
  expect(white).toBeGreaterThan(200);
  expect(await shiny("1 0 0")).toEqual([white, 0, 0]);
});

test("what lies outside of the picture is not drawn, what reaches into it is", async () => {
  const seen = async (x: number) => {
    const simulator = await world(`<geom type="sphere" size="0.5" pos="${x} 0 0"/>`);
    const { depth } = new Renderer(simulator, { width: 50, height: 50 }).render("front");
    simulator.delete();
    return depth.some((value) => value < Infinity);
  };
  // The picture ends at x = 3 tan(30°) = 1.73, the sphere's outline 0.5 / cos(30°) = 0.58 beside its middle.
  expect([await seen(2.2), await seen(-2.2), await seen(2.4), await seen(-2.4)]).toEqual([true, true, false, false]);
});

test("errors name what was wrong", async () => {
  const simulator = await world('<geom type="sphere" size="0.5"/>');
  expect(() => new Renderer(simulator).render("frnt")).toThrow(/"frnt"[\s\S]*front/);
  expect(() => new Renderer(simulator, { width: 0 })).toThrow(/width: 0/);
  expect(() => new Animation([], 25)).toThrow(/pictures: none/);
  const [low, high] = [20, 30].map((height) => new Renderer(simulator, { width: 10, height }).render()) as [
    Picture,
    Picture,
  ];
  expect(() => new Animation([low, high], 25)).toThrow(/picture 1: 10 x 30 pixels[\s\S]*10 x 20 pixels, as the first/);
  expect(() => Picture.row([low, high])).toThrow(/picture 1: 30 pixels high/);
  simulator.delete();
});

test("a row has its pictures side by side", async () => {
  const simulator = await world('<geom type="sphere" size="0.5"/>');
  const [narrow, wide] = [10, 30].map((width) => new Renderer(simulator, { width, height: 20 }).render()) as [
    Picture,
    Picture,
  ];
  const row = Picture.row([narrow, wide]);
  expect([row.width, row.height, row.rgb.length, row.depth.length]).toEqual([40, 20, 3 * 40 * 20, 40 * 20]);
  for (const [x, y] of [
    [0, 0],
    [5, 10],
    [29, 19],
  ] as const) {
    const [from, to] = [30 * y + x, 40 * y + 10 + x];
    expect(row.depth[to]).toBe(wide.depth[from]);
    expect(row.rgb.subarray(3 * to, 3 * to + 3)).toEqual(wide.rgb.subarray(3 * from, 3 * from + 3));
  }
  expect(row.depth.subarray(400, 410)).toEqual(narrow.depth.subarray(100, 110));
  simulator.delete();
});

test("animations are GIFs with every picture, repeated for ever", async () => {
  const simulator = await world('<geom type="sphere" size="0.5"/>');
  const renderer = new Renderer(simulator, { width: 40, height: 30 });
  const bytes = new Animation([renderer.render(), renderer.render(), renderer.render()], 25).gif();
  expect(Buffer.from(bytes.subarray(0, 6)).toString()).toBe("GIF89a");
  expect(new DataView(bytes.buffer, bytes.byteOffset).getUint16(6, true)).toBe(40);
  expect(Buffer.from(bytes).includes("NETSCAPE2.0")).toBe(true);
  expect(countFrames(bytes)).toBe(3);
  simulator.delete();
});

/** Walks the blocks of a GIF (specification 89a). */
function countFrames(bytes: Uint8Array): number {
  const table = (flags: number) => (flags & 0x80 ? 3 * 2 ** ((flags & 7) + 1) : 0);
  let [at, frames] = [13 + table(bytes[10]!), 0];
  const skipBlocks = () => {
    while (bytes[at]! > 0) at += bytes[at]! + 1;
    at++;
  };
  for (; bytes[at] !== 0x3b;) {
    if (bytes[at] === 0x2c) {
      frames++;
      at += 11 + table(bytes[at + 9]!);
    } else at += 2;
    skipBlocks();
  }
  return frames;
}
