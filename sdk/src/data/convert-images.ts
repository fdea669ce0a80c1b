// Rewrites an .npz file whose pictures are compressed, so that training can read single ones: a stream, of any size.
import { createReadStream } from "node:fs";
import { createInflateRaw } from "node:zlib";
import { fail } from "../errors.js";
import { locateZipEntries, type ZipPlace } from "../zip-archive.js";
import { dataFileSize } from "./data-file.js";
import { checkImages, fileSource } from "./images.js";
import { describeNpy } from "./npy.js";
import { openNpz } from "./npz.js";
import { streamed } from "./npz-trajectories.js";
import { writeNpz, type StreamedArray } from "./npz-writer.js";

/** Copies all arrays from `from` to `to`; `images` becomes uncompressed. @throws InputError `DMPO_DATA_*`. */
export async function storeImages(from: string, to: string): Promise<void> {
  const source = fileSource(from, await dataFileSize(from));
  const file = openNpz(source, from);
  const arrays = Object.create(null) as Record<string, StreamedArray>;
  for (const entry of locateZipEntries(source, from)) {
    const key = entry.name.replace(/\.npy$/, "");
    if (key === "images") {
      arrays[key] = await imagesOf(from, entry);
      continue;
    }
    const { type, shape, data } = file.get(key);
    arrays[key] = streamed(type, shape, data);
  }
  await writeNpz(to, arrays);
}

async function imagesOf(path: string, entry: ZipPlace): Promise<StreamedArray> {
  const where = `${path}: images`;
  const head: Uint8Array[] = [];
  for await (const block of contents(path, entry)) {
    head.push(block);
    if (head.reduce((total, { length }) => total + length, 0) >= 2 ** 16) break;
  }
  const { type, shape, start, fortranOrder } = describeNpy(Buffer.concat(head), where);
  checkImages(where, type, shape);
  if (fortranOrder) fail("DMPO_DATA_FORMAT", where, "is in Fortran order", "row-major order", "np.ascontiguousarray");
  return { type, shape, blocks: behind(start, contents(path, entry)), compressed: false };
}

function contents(path: string, { stored, start, packedSize }: ZipPlace): AsyncIterable<Buffer> {
  const packed = createReadStream(path, { start, end: start + packedSize - 1, highWaterMark: 2 ** 20 });
  if (stored) return packed;
  const inflated = createInflateRaw({ chunkSize: 2 ** 20 });
  packed.on("error", (error) => inflated.destroy(error));
  return packed.pipe(inflated);
}

async function* behind(start: number, blocks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let skip = start;
  for await (const block of blocks) {
    if (skip < block.length) yield block.subarray(skip);
    skip = Math.max(0, skip - block.length);
  }
}
