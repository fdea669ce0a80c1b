// Pictures on surfaces, in sizes of powers of two and each also half as large, a quarter and so on (Williams 1983, "Pyramidal
// parametrics"), of which is used the one whose texels are about as large as pixels.

/** Colours from 0 to 1. */
export type Rgb = readonly [red: number, green: number, blue: number];

/** One size of a picture. */
export interface TextureLevel {
  /** Powers of two. */
  readonly columns: number;
  readonly rows: number;
  /** The logarithm of `columns` to the base 2. */
  readonly shift: number;
  /** (rows, columns), packed as red + 256 green + 65536 blue. */
  readonly texels: Uint32Array;
}

/** Repeats in both directions. */
export interface Texture {
  /** From the largest to a single texel. */
  readonly levels: readonly TextureLevel[];
  /** From 0 to 1, over the whole picture. */
  readonly mean: Rgb;
}

/** No side is larger: no picture of ours shows more of a surface than that. */
const largestSide = 512;

/** @param rgb (height, width, 3), 0 to 255. */
export function textureOf(width: number, height: number, rgb: Uint8Array): Texture {
  const [columns, rows] = [width, height].map((side) => Math.min(largestSide, 2 ** Math.round(Math.log2(side))));
  const levels = [resampled(width, height, rgb, columns!, rows!)];
  for (let last = levels[0]!; last.columns > 1 || last.rows > 1; last = levels.at(-1)!) levels.push(halved(last));
  const mean = levels.at(-1)!.texels[0]!;
  return { levels, mean: [(mean & 255) / 255, ((mean >> 8) & 255) / 255, (mean >> 16) / 255] };
}

const pack = (red: number, green: number, blue: number) =>
  Math.round(red) | (Math.round(green) << 8) | (Math.round(blue) << 16);

const levelOf = (columns: number, rows: number, texels: Uint32Array): TextureLevel => ({
  columns,
  rows,
  shift: Math.log2(columns),
  texels,
});

/** Each texel is the mean of what it covers. */
function resampled(width: number, height: number, rgb: Uint8Array, columns: number, rows: number): TextureLevel {
  const texels = new Uint32Array(columns * rows);
  for (let row = 0; row < rows; row++) {
    const [top, bottom] = [Math.floor((row * height) / rows), Math.ceil(((row + 1) * height) / rows)];
    for (let column = 0; column < columns; column++) {
      const [left, right] = [Math.floor((column * width) / columns), Math.ceil(((column + 1) * width) / columns)];
      let [red, green, blue] = [0, 0, 0];
      for (let y = top; y < bottom; y++) {
        for (let at = 3 * (y * width + left); at < 3 * (y * width + right); at += 3) {
          red += rgb[at]!;
          green += rgb[at + 1]!;
          blue += rgb[at + 2]!;
        }
      }
      const count = (bottom - top) * (right - left);
      texels[row * columns + column] = pack(red / count, green / count, blue / count);
    }
  }
  return levelOf(columns, rows, texels);
}

function halved({ columns, rows, texels }: TextureLevel): TextureLevel {
  const [half, halfRows] = [Math.max(1, columns / 2), Math.max(1, rows / 2)];
  const [right, below] = [columns > 1 ? 1 : 0, rows > 1 ? columns : 0];
  const out = new Uint32Array(half * halfRows);
  for (let row = 0; row < halfRows; row++) {
    for (let column = 0; column < half; column++) {
      const at = row * (rows > 1 ? 2 : 1) * columns + column * (columns > 1 ? 2 : 1);
      let [red, green, blue] = [0, 0, 0];
      for (const texel of [texels[at]!, texels[at + right]!, texels[at + below]!, texels[at + below + right]!]) {
        red += texel & 255;
        green += (texel >> 8) & 255;
        blue += texel >> 16;
      }
      out[row * half + column] = pack(red / 4, green / 4, blue / 4);
    }
  }
  return levelOf(half, halfRows, out);
}
