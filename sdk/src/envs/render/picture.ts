// A picture of a simulation, and sequences of them as animated GIF, the format that every viewer of notebooks shows and that
// an encoder already among the dependencies writes.
import { createCanvas, GifEncoder, ImageData, type Canvas } from "@napi-rs/canvas";
import { fail } from "../../errors.js";

export class Picture {
  constructor(
    readonly width: number,
    readonly height: number,
    /** (height, width, 3), 0 to 255, first row on top. */
    readonly rgb: Uint8Array,
    /** (height, width), metres along the viewing direction; Infinity where nothing is. */
    readonly depth: Float32Array,
  ) {}

  png(): Uint8Array {
    return this.#canvas().toBuffer("image/png");
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

  #canvas(): Canvas {
    const canvas = createCanvas(this.width, this.height);
    canvas
      .getContext("2d")
      .putImageData(new ImageData(new Uint8ClampedArray(this.rgba().buffer), this.width, this.height), 0, 0);
    return canvas;
  }
}

/** Pictures of equal size, one after another. */
export class Animation {
  /** @param framesPerSecond viewers show at most 50. @throws InputError DMPO_RENDER_FRAMES. */
  constructor(
    readonly pictures: readonly Picture[],
    readonly framesPerSecond: number,
  ) {
    const [first] = pictures;
    if (!first) fail("DMPO_RENDER_FRAMES", "animation", "no pictures", "at least one");
    const odd = pictures.findIndex(({ width, height }) => width !== first.width || height !== first.height);
    if (odd >= 0) {
      const { width, height } = pictures[odd]!;
      const expected = `${first.width} x ${first.height}, as the first`;
      fail("DMPO_RENDER_FRAMES", `picture ${odd}`, `${width} x ${height}`, expected);
    }
  }

  /** Repeats for ever. */
  gif(): Uint8Array {
    const { width, height } = this.pictures[0]!;
    // GIF counts in hundredths of a second.
    const delay = Math.max(2, Math.round(100 / this.framesPerSecond)) * 10;
    const encoder = new GifEncoder(width, height, { repeat: 0, quality: 10 });
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
