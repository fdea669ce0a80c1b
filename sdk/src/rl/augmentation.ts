// Pictures of a rollout moved at random, each its own way, once per iteration: what policy and critic are then trained on. Laskin
// et al. 2020 (arXiv 2004.14990), as the release does it.
import type { RandomStream } from "../engine/random.js";
import { fillShifts, SHIFT } from "../nn/vision-encoder.js";

/**
 * Moves every picture of (rows, [frames,] C, H, W) in place by up to {@link SHIFT} pixels; what lies outside is its nearest pixel.
 *
 * @param shape of one picture, [..., C, H, W].
 */
export function shiftPictures(pictures: Uint8Array, shape: readonly number[], random: RandomStream): void {
  const [channels, height, width] = shape.slice(-3) as [number, number, number];
  const size = channels * height * width;
  const offsets = new Float32Array((2 * pictures.length) / size);
  fillShifts(offsets, random);
  const before = new Uint8Array(size);
  const inside = (at: number, extent: number) => Math.min(Math.max(at, 0), extent - 1);
  for (let picture = 0; picture < pictures.length / size; picture++) {
    const [down, right] = [offsets[2 * picture]! - SHIFT, offsets[2 * picture + 1]! - SHIFT];
    const own = pictures.subarray(picture * size, (picture + 1) * size);
    before.set(own);
    // The part of a row that stays inside, and how many pixels beyond either edge are repeated.
    const [left, over] = [Math.max(0, -right), Math.max(0, right)];
    for (let row = 0; row < channels * height; row++) {
      const from = (row - (row % height) + inside((row % height) + down, height)) * width;
      const to = row * width;
      own.set(before.subarray(from + over, from + width - left), to + left);
      own.fill(before[from]!, to, to + left);
      own.fill(before[from + width - 1]!, to + width - over, to + width);
    }
  }
}
