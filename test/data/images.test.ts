// Pictures: read from disk one by one, in files of this project and of NumPy; compressed ones are converted.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { Dataset } from "../../sdk/src/data/dataset.js";
import { encodeNpz } from "../../sdk/src/data/npz.js";
import { encodeNormalization, streamed } from "../../sdk/src/data/npz-trajectories.js";
import { writeNpz } from "../../sdk/src/data/npz-writer.js";
import { WindowSampler } from "../../sdk/src/data/windows.js";
import { dmpo } from "../cli/dmpo.js";
import { hasNumpy, python } from "./python.js";
import { temporaryFolder } from "./temporary-folder.js";

const folder = temporaryFolder();
const [steps, shape, size] = [7, [3, 8, 8], 192];
const pixels = Uint8Array.from({ length: steps * size }, (_, i) => Math.floor(i / size) * 20 + (i % 7));
const bounds = {
  observationMin: Float32Array.of(0),
  observationMax: Float32Array.of(1),
  actionMin: Float32Array.of(0),
  actionMax: Float32Array.of(1),
};

async function write(
  name: string,
  options: { compressed?: boolean; type?: "u1" | "f4"; shape?: number[] } = {},
): Promise<string> {
  const { compressed = false, type = "u1" } = options;
  const path = join(folder, name, "train.npz");
  const images = { ...streamed(type, options.shape ?? [steps, ...shape], pixels), compressed };
  await writeNpz(path, {
    states: streamed("f4", [steps, 1], new Float32Array(steps)),
    actions: streamed("f4", [steps, 1], new Float32Array(steps)),
    images,
    traj_lengths: streamed("i8", [2], Int32Array.of(3, 4)),
  });
  writeFileSync(join(folder, name, "normalization.npz"), encodeNormalization(bounds));
  return path;
}

const picture = (row: number) => pixels.subarray(row * size, (row + 1) * size);

test("windows carry the pictures that led up to them; the first of an episode is repeated", async () => {
  const data = await Dataset.npz(await write("plain"));
  expect([data.images!.count, ...data.images!.shape]).toEqual([7, 3, 8, 8]);
  const sampler = new WindowSampler(data, { horizonSteps: 2, condSteps: 3, imageSteps: 2 });
  const out = new Uint8Array(2 * 2 * size);
  // Windows start at rows 0, 1 of the first episode and 3, 4, 5 of the second.
  sampler.fillImages([2, 4], out);
  expect([0, 1, 2, 3].map((i) => out[i * size])).toEqual([3, 3, 4, 5].map((row) => picture(row)[0]));
  expect(out.subarray(2 * size, 3 * size)).toEqual(picture(4));
  expect(() => sampler.fillImages([0], out)).toThrow("images: holds 768 numbers\n  expected 384");
  expect(() => sampler.fillImages([9, 0], out)).toThrow("indices[0]: 9");
  expect(() => new WindowSampler(data, { horizonSteps: 2, imageSteps: 2 })).toThrow(
    /imageSteps: 2\n {2}expected at most/,
  );
});

test("selection takes pictures along, and saving streams them", async () => {
  const data = await Dataset.npz(await write("selected"));
  const last = data.filter(({ index }) => index === 1);
  await last.save(join(folder, "saved"));
  const again = await Dataset.npz(join(folder, "saved", "train.npz"));
  const out = new Uint8Array(size);
  again.images!.read(2, out);
  expect(out).toEqual(picture(5));
  expect(again.images!.count).toBe(4);
});

test("compressed pictures are refused with the command that converts them", async () => {
  const path = await write("compressed", { compressed: true });
  await expect(Dataset.npz(path)).rejects.toThrow(/images: is compressed[^]*dmpo data convert .*train\.npz FOLDER/);
  const { code } = await dmpo("data", "convert", path, join(folder, "stored"));
  expect(code).toBe(0);
  const data = await Dataset.npz(join(folder, "stored", "train.npz"));
  const out = new Uint8Array(size);
  data.images!.read(6, out);
  expect(out).toEqual(picture(6));
  expect((await dmpo("data", "convert", path, join(folder, "stored"))).error).toMatch(/exists already/);
});

describe("other layouts", () => {
  test.each([
    ["floats", { type: "f4" as const }, /has type f4 and shape \(7, 3, 8, 8\)\n {2}expected uint8/],
    ["channels last", { shape: [7, 8, 8, 3] }, /channels come before height and width/],
    ["odd sizes", { shape: [7, 3, 4, 16] }, /height = width, a multiple of 8/],
    ["too few", { shape: [3, 7, 8, 8] }, /has 3 pictures\n {2}expected 7/],
  ])("%s are refused", async (name, options, message) => {
    await expect(Dataset.npz(await write(name, options))).rejects.toThrow(message);
  });
});

test.skipIf(!hasNumpy)("NumPy reads what is streamed, and its own files are read", async () => {
  const path = await write("numpy", { compressed: true });
  const program = `import numpy as np, sys, json
f = np.load(sys.argv[1]); x = f["images"]
np.savez(sys.argv[2], **{k: f[k] for k in f.files})
print(json.dumps([x.dtype.str, list(x.shape), int(x.astype(int).sum())]))`;
  const sum = pixels.reduce((total, value) => total + value, 0);
  const target = join(folder, "numpy", "again.npz");
  expect(python(program, path, target)).toEqual(["|u1", [7, 3, 8, 8], sum]);
  const data = await Dataset.npz(target);
  const out = new Uint8Array(size);
  data.images!.read(4, out);
  expect(out).toEqual(picture(4));
});

test("small archives of the other writer still have no pictures", async () => {
  const path = join(folder, "none.npz");
  const floats = { type: "f4" as const, shape: [2, 1], data: Float32Array.of(0, 1) };
  const lengths = { type: "i8" as const, shape: [1], data: Float64Array.of(2) };
  writeFileSync(path, encodeNpz({ states: floats, actions: floats, traj_lengths: lengths }));
  writeFileSync(join(folder, "normalization.npz"), encodeNormalization(bounds));
  const data = await Dataset.npz(path);
  expect(data.images).toBeUndefined();
  expect(() => new WindowSampler(data, { horizonSteps: 1 }).fillImages([0], new Uint8Array(1))).toThrow(
    /has no images/,
  );
});
