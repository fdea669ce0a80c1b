// Pictures of the steps of a data set, read from disk when they are asked for: sets of 10 GB never lie in memory.
import { closeSync, openSync, readSync } from "node:fs";
import { fail } from "../errors.js";
import { locateZipEntries, type ZipSource } from "../zip-archive.js";
import { describeNpy } from "./npy.js";
import type { Episode } from "./trajectories.js";

/** Channels (3 per camera), height, width. */
export type ImageShape = readonly [channels: number, height: number, width: number];

/** Where pictures come from: `read` puts picture `row` into `out` at `at`. */
export interface ImageSource {
  readonly count: number;
  readonly shape: ImageShape;
  readonly read: (row: number, out: Uint8Array, at: number) => void;
}

/** Pictures of N steps, uint8 (N, C, H, W), values 0 to 255. */
export class Images {
  /** Bytes of one picture. */
  readonly size: number;

  constructor(
    readonly source: ImageSource,
    readonly rows?: Int32Array,
  ) {
    this.size = source.shape.reduce((product, extent) => product * extent, 1);
  }

  get shape(): ImageShape {
    return this.source.shape;
  }

  /** Number of pictures N. */
  get count(): number {
    return this.rows?.length ?? this.source.count;
  }

  /** Puts the picture of step `row` into `out`, from `at` on. */
  read(row: number, out: Uint8Array, at = 0): void {
    this.source.read(this.rows?.[row] ?? row, out, at);
  }

  /** Those of the given episodes, in their order. */
  select(episodes: readonly Pick<Episode, "start" | "length">[]): Images {
    const rows = episodes.flatMap(({ start, length }) =>
      Array.from({ length }, (_, i) => this.rows?.[start + i] ?? start + i),
    );
    return new Images(this.source, Int32Array.from(rows));
  }

  /** All pictures in blocks of about 4 MB. */
  *blocks(): Generator<Uint8Array> {
    const perBlock = Math.max(1, Math.floor(2 ** 22 / this.size));
    for (let row = 0; row < this.count; row += perBlock) {
      const count = Math.min(perBlock, this.count - row);
      const block = new Uint8Array(count * this.size);
      for (let i = 0; i < count; i++) this.read(row + i, block, i * this.size);
      yield block;
    }
  }
}

/**
 * Pictures of N steps that lie in memory.
 * @throws InputError `DMPO_DATA_SHAPE`.
 */
export function imagesInMemory(
  given: Images | { readonly data: Uint8Array; readonly shape: readonly number[] },
  steps: number,
  where: string,
): Images {
  if (given instanceof Images) return given;
  const { data, shape } = given;
  checkImages(where, "u1", shape);
  const [count, ...picture] = shape as [number, number, number, number];
  const size = picture.reduce((product, extent) => product * extent, 1);
  if (count !== steps || data.length !== count * size) {
    const expected = `${steps} of them, one per step, with ${steps * size} bytes`;
    fail("DMPO_DATA_SHAPE", where, `are ${count} pictures with ${data.length} bytes`, expected);
  }
  const read: ImageSource["read"] = (row, out, at) => out.set(data.subarray(row * size, (row + 1) * size), at);
  return new Images({ count, shape: picture, read });
}

/** Bytes of a file on disk, opened for each read. */
export function fileSource(path: string, size: number): ZipSource {
  return {
    size,
    read(at, length) {
      const bytes = Buffer.allocUnsafe(Math.max(0, Math.min(length, size - at)));
      const file = openSync(path, "r");
      try {
        readFully(file, bytes, 0, bytes.length, at, path);
      } finally {
        closeSync(file);
      }
      return bytes;
    },
  };
}

/**
 * The array `images` of an .npz file, where it lies uncompressed.
 * @returns undefined if there is none.
 * @throws InputError `DMPO_DATA_FORMAT` (compressed), `DMPO_DATA_SHAPE`.
 */
export function findImages(path: string, size: number): Images | undefined {
  const source = fileSource(path, size);
  const entry = locateZipEntries(source, path).find(({ name }) => name === "images.npy");
  if (!entry) return undefined;
  const where = `${path}: images`;
  if (!entry.stored) {
    const remedy = `dmpo data convert ${path} FOLDER writes it so`;
    fail("DMPO_DATA_FORMAT", where, "is compressed, so that single pictures cannot be read", "a stored array", remedy);
  }
  const head = source.read(entry.start, Math.min(entry.size, 2 ** 16));
  const { type, shape, fortranOrder, start } = describeNpy(head, where);
  checkImages(where, type, shape);
  if (fortranOrder) fail("DMPO_DATA_FORMAT", where, "is in Fortran order", "row-major order", "np.ascontiguousarray");
  const [count, ...picture] = shape as [number, number, number, number];
  const bytes = picture.reduce((product, extent) => product * extent, 1);
  if (start + count * bytes !== entry.size) fail("DMPO_DATA_FORMAT", where, "is truncated", `${count} pictures`);
  return new Images(imageFile(path, entry.start + start, count, picture));
}

/** @throws InputError `DMPO_DATA_SHAPE`. */
export function checkImages(where: string, type: string, shape: readonly number[]): void {
  const [, channels, height, width] = shape;
  const sound =
    type === "u1" && shape.length === 4 && shape.every((extent) => extent > 0) && height === width && height! % 8 === 0;
  if (sound) return;
  const remedy =
    shape.length === 4 && channels === height && width! <= 6 ? "channels come before height and width" : undefined;
  const expected = "uint8 (steps, channels, height, width), height = width, a multiple of 8";
  fail("DMPO_DATA_SHAPE", where, `has type ${type} and shape (${shape.join(", ")})`, expected, remedy);
}

const openFiles = new FinalizationRegistry<number>((file) => closeSync(file));

/** Kept open until nobody refers to it: opening takes longer than reading a picture. */
function imageFile(path: string, start: number, count: number, shape: ImageShape): ImageSource {
  const file = openSync(path, "r");
  const size = shape.reduce((product, extent) => product * extent, 1);
  const source: ImageSource = {
    count,
    shape,
    read: (row, out, at) => readFully(file, out, at, size, start + row * size, path),
  };
  openFiles.register(source, file);
  return source;
}

// A single read of more than this is refused by the system.
const longestRead = 2 ** 30;

function readFully(file: number, out: Uint8Array, at: number, length: number, position: number, path: string): void {
  let done = 0;
  while (done < length) {
    const count = readSync(file, out, at + done, Math.min(length - done, longestRead), position + done);
    if (count === 0) fail("DMPO_DATA_FORMAT", path, "became shorter while it was read", "a file that stays as it is");
    done += count;
  }
}
