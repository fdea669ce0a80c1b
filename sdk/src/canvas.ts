// The canvas of @napi-rs/canvas, loaded by the first picture that becomes a file: a native library of 27 MB.
import { createRequire } from "node:module";
import type * as CanvasLibrary from "@napi-rs/canvas";
import type { Canvas } from "@napi-rs/canvas";

export const canvasLibrary = () => createRequire(import.meta.url)("@napi-rs/canvas") as typeof CanvasLibrary;

/** @param rgba (height, width, 4), 0 to 255. */
export function canvasOf(width: number, height: number, rgba: Uint8Array | Uint8ClampedArray): Canvas {
  const { createCanvas, ImageData } = canvasLibrary();
  const canvas = createCanvas(width, height);
  canvas.getContext("2d").putImageData(new ImageData(new Uint8ClampedArray(rgba), width, height), 0, 0);
  return canvas;
}
