// A picture as a figure holds it: the address of a PNG that contains its pixels, a twentieth of what they are as numbers.
import { createRequire } from "node:module";
import type * as CanvasLibrary from "@napi-rs/canvas";

/** Loaded by the first figure with a picture in it. */
const library = () => createRequire(import.meta.url)("@napi-rs/canvas") as typeof CanvasLibrary;

/** `data:` address of (C, H, W), 0 to 255, three channels or one. */
export function pictureSource(data: ArrayLike<number>, [channels, height, width]: readonly [number, number, number]) {
  const { createCanvas, ImageData } = library();
  const plane = height * width;
  const rgba = Uint8ClampedArray.from({ length: 4 * plane }, (_, i) =>
    i % 4 === 3 ? 255 : data[Math.min(i % 4, channels - 1) * plane + Math.floor(i / 4)]!,
  );
  const canvas = createCanvas(width, height);
  canvas.getContext("2d").putImageData(new ImageData(rgba, width, height), 0, 0);
  return canvas.toDataURL("image/png");
}
