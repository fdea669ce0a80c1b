// A picture as a figure holds it: the address of a PNG that contains its pixels, a twentieth of what they are as numbers.
import { canvasOf } from "../../canvas.js";

/** `data:` address of (C, H, W), 0 to 255, three channels or one. */
export function pictureSource(data: ArrayLike<number>, [channels, height, width]: readonly [number, number, number]) {
  const plane = height * width;
  const rgba = Uint8ClampedArray.from({ length: 4 * plane }, (_, i) =>
    i % 4 === 3 ? 255 : data[Math.min(i % 4, channels - 1) * plane + Math.floor(i / 4)]!,
  );
  return canvasOf(width, height, rgba).toDataURL("image/png");
}
