// A picture of a simulation, and sequences of them as animated GIF, the format that every viewer of notebooks shows and that
// an encoder already among the dependencies writes.
import { canvasLibrary, canvasOf } from "../../canvas.js";
import { fail } from "../../errors.js";

/** Contents of a WebP file, a fifth of a PNG's size. @param rgba (height, width, 4). @param quality to 100, which is nearly exact. */
export function webp(width: number, height: number, rgba: Uint8Array, quality: number): Uint8Array {
  return canvasOf(width, height, rgba).toBuffer("image/webp", quality);
}

/** A picture with the distance of every pixel; shows itself in notebooks. */
export class Picture {
  constructor(
    /** Pixels. */
    readonly width: number,
    /** Pixels. */
    readonly height: number,
    /** (height, width, 3), 0 to 255, first row on top. */
    readonly rgb: Uint8Array,
    /** (height, width), metres along the viewing direction; Infinity where nothing is. */
    readonly depth: Float32Array,
  ) {}

  /**
   * Pictures of equal height side by side.
   * @throws InputError DMPO_RENDER_FRAMES without pictures, or for different heights.
   */
  static row(pictures: readonly Picture[]): Picture {
    const height = requireEqual(pictures, ({ height }) => height, "pixels high");
    const width = pictures.reduce((sum, picture) => sum + picture.width, 0);
    const row = new Picture(width, height, new Uint8Array(3 * width * height), new Float32Array(width * height));
    let left = 0;
    for (const { width: own, rgb, depth } of pictures) {
      for (let y = 0; y < height; y++) {
        row.rgb.set(rgb.subarray(3 * own * y, 3 * own * (y + 1)), 3 * (width * y + left));
        row.depth.set(depth.subarray(own * y, own * (y + 1)), width * y + left);
      }
      left += own;
    }
    return row;
  }

  /** The contents of a PNG file, without the depth. */
  png(): Uint8Array {
    return canvasOf(this.width, this.height, this.rgba()).toBuffer("image/png");
  }

  /** What Jupyter shows. */
  [Symbol.for("Jupyter.display")](): Record<string, string> {
    return { "image/png": Buffer.from(this.png()).toString("base64"), "text/plain": this.toString() };
  }

  toString(): string {
    return `Picture, ${this.width} x ${this.height}`;
  }

  /** (height, width, 4), as canvases take it. */
  rgba(): Uint8Array {
    const rgba = new Uint8Array(4 * this.width * this.height);
    for (let i = 0; i < this.width * this.height; i++) {
      for (let c = 0; c < 3; c++) rgba[4 * i + c] = this.rgb[3 * i + c]!;
      rgba[4 * i + 3] = 255;
    }
    return rgba;
  }
}

/** Pictures of equal size, one after another; shows itself in notebooks. */
export class Animation {
  /** @throws InputError DMPO_RENDER_FRAMES without pictures, or for pictures of different sizes. */
  constructor(
    /** At least one, in order of time. */
    readonly pictures: readonly Picture[],
    /** Viewers show at most 50. */
    readonly framesPerSecond: number,
  ) {
    requireEqual(pictures, ({ width, height }) => `${width} x ${height}`, "pixels");
  }

  /** The contents of a GIF file that repeats for ever; durations are rounded to hundredths of a second. */
  gif(): Uint8Array {
    const { width, height } = this.pictures[0]!;
    // GIF counts in hundredths of a second.
    const delay = Math.max(2, Math.round(100 / this.framesPerSecond)) * 10;
    const encoder = new (canvasLibrary().GifEncoder)(width, height, { repeat: 0, quality: 10 });
    for (const picture of this.pictures) encoder.addFrame(picture.rgba(), width, height, { delay });
    return encoder.finish();
  }

  /** What Jupyter shows. */
  [Symbol.for("Jupyter.display")](): Record<string, string> {
    return { "image/gif": Buffer.from(this.gif()).toString("base64"), "text/plain": this.toString() };
  }

  toString(): string {
    const { width, height } = this.pictures[0]!;
    return `Animation of ${this.pictures.length} pictures, ${width} x ${height}`;
  }
}

/** What all pictures have in common. */
function requireEqual<T extends string | number>(
  pictures: readonly Picture[],
  measure: (picture: Picture) => T,
  unit: string,
): T {
  const [first] = pictures;
  if (!first) return fail("DMPO_RENDER_FRAMES", "pictures", "none", "at least one");
  const expected = measure(first);
  const odd = pictures.findIndex((picture) => measure(picture) !== expected);
  if (odd < 0) return expected;
  const found = `${measure(pictures[odd]!)} ${unit}`;
  return fail("DMPO_RENDER_FRAMES", `picture ${odd}`, found, `${expected} ${unit}, as the first`);
}
