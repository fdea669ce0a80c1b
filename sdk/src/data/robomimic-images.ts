// What the cameras of a robomimic recording saw, for policies that look: from HDF5, a demonstration at a time.
import { fail } from "../errors.js";
import type { Hdf5File } from "./hdf5.js";
import { checkImages, Images } from "./images.js";
import { demonstrationsOf } from "./robomimic.js";

/**
 * What the cameras saw in the demonstrations of the given lengths: `obs/<camera>_image`, uint8 (T, H, W, 3), becomes
 * (N, 3 cameras, H, W). One demonstration at a time is in memory; the file must stay open while pictures are read.
 * @returns undefined where the file has pictures of none of them.
 * @throws InputError `DMPO_DATA_KEY` (some are missing), `DMPO_DATA_SHAPE`.
 */
export function robomimicImages(file: Hdf5File, cameras: readonly string[], lengths: Int32Array): Images | undefined {
  const demonstrations = demonstrationsOf(file).slice(0, lengths.length);
  const keys = cameras.map((camera) => `${camera}_image`);
  if (!file.keys(`${demonstrations[0]}/obs`).some((key) => keys.includes(key))) return undefined;
  const paths = demonstrations.map((group) => keys.map((key) => `${group}/obs/${key}`));
  const wanted = Object.fromEntries(keys.map((key) => [key, { rank: 4 }]));
  demonstrations.forEach((group) => file.check(wanted, `${group}/obs`));
  const [, height, width] = file.node(paths[0]![0]!).shape as [number, number, number];
  for (const [i, path] of paths.flat().entries()) {
    const { type = "none", shape } = file.node(path);
    checkImages(`${file.path}: ${path}`, type, [shape![0]!, shape![3]!, shape![1]!, shape![2]!]);
    const expected = [lengths[Math.floor(i / keys.length)]!, height, width, 3].join(", ");
    const found = shape!.join(", ");
    if (found !== expected) fail("DMPO_DATA_SHAPE", `${file.path}: ${path}`, `has shape (${found})`, `(${expected})`);
  }
  const starts = lengths.map((_, i) => lengths.subarray(0, i).reduce((total, length) => total + length, 0));
  const shape = [3 * keys.length, height, width] as const;
  const size = shape[0] * height * width;
  let loaded: { demonstration: number; pictures: Uint8Array } | undefined;
  return new Images({
    count: lengths.reduce((total, length) => total + length, 0),
    shape,
    read(row, out, at) {
      const demonstration = starts.findLastIndex((start) => start <= row);
      if (loaded?.demonstration !== demonstration) {
        loaded = { demonstration, pictures: channelsFirst(file, paths[demonstration]!, size) };
      }
      const first = (row - starts[demonstration]!) * size;
      out.set(loaded.pictures.subarray(first, first + size), at);
    },
  });
}

/** (T, H, W, 3) of each path to (T, 3 paths, H, W). */
function channelsFirst(file: Hdf5File, paths: readonly string[], size: number): Uint8Array {
  const steps = file.node(paths[0]!).shape![0]!;
  const pictures = new Uint8Array(steps * size);
  const pixels = size / (3 * paths.length);
  paths.forEach((path, camera) => {
    for (const { row, values } of file.blocks(path)) {
      for (let i = 0; i < values.length; i++) {
        const [pixel, channel] = [Math.floor(i / 3), i % 3];
        const step = row + Math.floor(pixel / pixels);
        pictures[step * size + (3 * camera + channel) * pixels + (pixel % pixels)] = values[i]!;
      }
    }
  });
  return pictures;
}
