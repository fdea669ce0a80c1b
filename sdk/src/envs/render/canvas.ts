// A z-buffered software rasteriser: triangles with a colour per vertex (Gouraud 1971), textures in perspective (Heckbert and Moreton
// 1991), depth by 1/z, which is linear on screen. A canvas may hold several samples per pixel side, averaged when it is read.
// Spans instead of a test per sample, packed colours instead of floats: 4 times the pictures per second.
import type { Texture, TextureLevel } from "./texture.js";

/** Numbers per corner: [x, y, 1/depth, red, green, blue, s/depth, t/depth]; colours from 0.5 to 255.5, s and t in repeats. */
export const cornerSize = 8;

/** By how much spans reach beyond their edges (samples), so that rounding leaves no gap between neighbours. */
const overlap = 1e-6;
/** Samples of a row between which textures are stretched evenly. */
const run = 16;
/** Repeats of a texture by which coordinates are moved to become positive. */
const manyRepeats = 1 << 10;

export class Canvas {
  /** Samples. */
  readonly width: number;
  readonly height: number;
  /** (height, width), packed as red + 256 green + 65536 blue. */
  readonly color: Uint32Array;
  /** (height, width), 1 / depth; 0: nothing there. */
  readonly nearness: Float32Array;
  /** (height, width), 1 where the plane being drawn lies in shadow. */
  readonly shadow: Uint8Array;
  /** Of each row of the triangle being drawn: the first and the last sample in it. */
  readonly #from: Int32Array;
  readonly #to: Int32Array;

  /** @param samples per pixel along each side. */
  constructor(
    readonly pixelWidth: number,
    readonly pixelHeight: number,
    readonly samples: number,
  ) {
    this.width = pixelWidth * samples;
    this.height = pixelHeight * samples;
    this.color = new Uint32Array(this.width * this.height);
    this.nearness = new Float32Array(this.width * this.height);
    this.shadow = new Uint8Array(this.width * this.height);
    this.#from = new Int32Array(this.height);
    this.#to = new Int32Array(this.height);
  }

  clear(): void {
    this.color.fill(0);
    this.nearness.fill(0);
  }

  /**
   * Fills a triangle whose corners lie in `corners` at offsets a, b and c. Transparent ones (`alpha` < 1) mix with what is behind
   * and hide nothing.
   */
  triangle(corners: Float32Array, a: number, b: number, c: number, alpha: number, texture?: Texture): void {
    const ax = corners[a]!;
    const ay = corners[a + 1]!;
    const bx = corners[b]!;
    const by = corners[b + 1]!;
    const cx = corners[c]!;
    const cy = corners[c + 1]!;
    const area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax);
    if (area === 0) return;
    const top = Math.max(0, Math.ceil(Math.min(ay, by, cy) - 0.5));
    const bottom = Math.min(this.height - 1, Math.floor(Math.max(ay, by, cy) - 0.5));
    if (top > bottom) return;
    const left = Math.max(0, Math.ceil(Math.min(ax, bx, cx) - 0.5));
    const right = Math.min(this.width - 1, Math.floor(Math.max(ax, bx, cx) - 0.5));
    if (left > right) return;
    const { width, color, nearness } = this;
    // How much of b and of c a step along x and along y brings.
    const scale = 1 / area;
    const xOfB = (cy - ay) * scale;
    const xOfC = (ay - by) * scale;
    const yOfB = (ax - cx) * scale;
    const yOfC = (bx - ax) * scale;
    const startX = 0.5 - ax;
    const startY = 0.5 - ay;
    if (left === right && top === bottom && alpha === 1 && !texture) {
      // Most triangles of robots have one sample at most.
      const ofB = (startX + left) * xOfB + (startY + top) * yOfB;
      const ofC = (startX + left) * xOfC + (startY + top) * yOfC;
      const ofA = 1 - ofB - ofC;
      if (ofA < -overlap || ofB < -overlap || ofC < -overlap) return;
      const near = ofA * corners[a + 2]! + ofB * corners[b + 2]! + ofC * corners[c + 2]!;
      const pixel = top * width + left;
      if (near <= nearness[pixel]!) return;
      nearness[pixel] = near;
      const red = ofA * corners[a + 3]! + ofB * corners[b + 3]! + ofC * corners[c + 3]!;
      const green = ofA * corners[a + 4]! + ofB * corners[b + 4]! + ofC * corners[c + 4]!;
      const blue = ofA * corners[a + 5]! + ofB * corners[b + 5]! + ofC * corners[c + 5]!;
      color[pixel] = (red & 255) | ((green & 255) << 8) | ((blue & 255) << 16);
      return;
    }
    this.#findSpans(ax, ay, bx, by, cx, cy, area, left, right, top, bottom);
    const spanFrom = this.#from;
    const spanTo = this.#to;
    let base = corners[a + 2]!;
    let db = corners[b + 2]! - base;
    let dc = corners[c + 2]! - base;
    const nearX = db * xOfB + dc * xOfC;
    const nearY = db * yOfB + dc * yOfC;
    const near0 = base + startX * nearX + startY * nearY;
    base = corners[a + 3]!;
    db = corners[b + 3]! - base;
    dc = corners[c + 3]! - base;
    const redX = db * xOfB + dc * xOfC;
    const redY = db * yOfB + dc * yOfC;
    const red0 = base + startX * redX + startY * redY;
    base = corners[a + 4]!;
    db = corners[b + 4]! - base;
    dc = corners[c + 4]! - base;
    const greenX = db * xOfB + dc * xOfC;
    const greenY = db * yOfB + dc * yOfC;
    const green0 = base + startX * greenX + startY * greenY;
    base = corners[a + 5]!;
    db = corners[b + 5]! - base;
    dc = corners[c + 5]! - base;
    const blueX = db * xOfB + dc * xOfC;
    const blueY = db * yOfB + dc * yOfC;
    const blue0 = base + startX * blueX + startY * blueY;

    if (alpha === 1 && !texture) {
      for (let y = top; y <= bottom; y++) {
        const from = spanFrom[y]!;
        const to = spanTo[y]!;
        if (from > to) continue;
        let near = near0 + from * nearX + y * nearY;
        let red = red0 + from * redX + y * redY;
        let green = green0 + from * greenX + y * greenY;
        let blue = blue0 + from * blueX + y * blueY;
        for (let pixel = y * width + from, end = y * width + to; pixel <= end; pixel++) {
          if (near > nearness[pixel]!) {
            nearness[pixel] = near;
            color[pixel] = (red & 255) | ((green & 255) << 8) | ((blue & 255) << 16);
          }
          near += nearX;
          red += redX;
          green += greenX;
          blue += blueX;
        }
      }
      return;
    }

    base = corners[a + 6]!;
    db = corners[b + 6]! - base;
    dc = corners[c + 6]! - base;
    const sX = db * xOfB + dc * xOfC;
    const sY = db * yOfB + dc * yOfC;
    const s0 = base + startX * sX + startY * sY;
    base = corners[a + 7]!;
    db = corners[b + 7]! - base;
    dc = corners[c + 7]! - base;
    const tX = db * xOfB + dc * xOfC;
    const tY = db * yOfB + dc * yOfC;
    const t0 = base + startX * tX + startY * tY;
    const level = texture ? this.#levelOf(texture, corners, a, b, c, scale) : plain;
    const { texels, columns, rows, shift } = level;
    const [columnMask, rowMask] = [columns - 1, rows - 1];
    for (let y = top; y <= bottom; y++) {
      const to = spanTo[y]!;
      let x = spanFrom[y]!;
      let near = near0 + x * nearX + y * nearY;
      let depth = 1 / near;
      let column = ((s0 + x * sX + y * sY) * depth + manyRepeats) * columns;
      let row = ((t0 + x * tX + y * tY) * depth + manyRepeats) * rows;
      let red = (red0 + x * redX + y * redY) * (1 / 255);
      let green = (green0 + x * greenX + y * greenY) * (1 / 255);
      let blue = (blue0 + x * blueX + y * blueY) * (1 / 255);
      let pixel = y * width + x;
      while (x <= to) {
        // Perspective at every so many samples; between them texture coordinates are as good as linear.
        const count = x + run <= to + 1 ? run : to + 1 - x;
        x += count;
        depth = 1 / (near0 + x * nearX + y * nearY);
        const columnStep = (((s0 + x * sX + y * sY) * depth + manyRepeats) * columns - column) / count;
        const rowStep = (((t0 + x * tX + y * tY) * depth + manyRepeats) * rows - row) / count;
        for (const end = pixel + count; pixel < end; pixel++) {
          if (near > nearness[pixel]!) {
            const texel = texels[((row & rowMask) << shift) | (column & columnMask)]!;
            const r = (texel & 255) * red;
            const g = ((texel >> 8) & 255) * green;
            const b = ((texel >> 16) & 255) * blue;
            if (alpha === 1) {
              nearness[pixel] = near;
              color[pixel] = (r & 255) | ((g & 255) << 8) | ((b & 255) << 16);
            } else color[pixel] = mixed(color[pixel]!, r, g, b, alpha);
          }
          near += nearX;
          column += columnStep;
          row += rowStep;
          red += redX * (1 / 255);
          green += greenX * (1 / 255);
          blue += blueX * (1 / 255);
        }
      }
    }
  }

  /** Marks a triangle with corners (x, y) in the shadow mask. */
  shadowTriangle(ax: number, ay: number, bx: number, by: number, cx: number, cy: number): void {
    const area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax);
    if (area === 0) return;
    const top = Math.max(0, Math.ceil(Math.min(ay, by, cy) - 0.5));
    const bottom = Math.min(this.height - 1, Math.floor(Math.max(ay, by, cy) - 0.5));
    const left = Math.max(0, Math.ceil(Math.min(ax, bx, cx) - 0.5));
    const right = Math.min(this.width - 1, Math.floor(Math.max(ax, bx, cx) - 0.5));
    if (top > bottom || left > right) return;
    this.#findSpans(ax, ay, bx, by, cx, cy, area, left, right, top, bottom);
    for (let y = top; y <= bottom; y++) {
      const [from, to] = [this.#from[y]!, this.#to[y]!];
      if (from <= to) this.shadow.fill(1, y * this.width + from, y * this.width + to + 1);
    }
  }

  /** Samples of each row whose middles lie in the triangle; none where the first is larger than the last. */
  #findSpans(
    ax: number,
    ay: number,
    bx: number,
    by: number,
    cx: number,
    cy: number,
    area: number,
    left: number,
    right: number,
    top: number,
    bottom: number,
  ): void {
    const spanFrom = this.#from;
    const spanTo = this.#to;
    for (let y = top; y <= bottom; y++) {
      spanFrom[y] = left;
      spanTo[y] = right;
    }
    const side = area > 0 ? 1 : -1;
    for (let edge = 0; edge < 3; edge++) {
      const px = edge === 0 ? ax : edge === 1 ? bx : cx;
      const py = edge === 0 ? ay : edge === 1 ? by : cy;
      const qx = edge === 0 ? bx : edge === 1 ? cx : ax;
      const qy = edge === 0 ? by : edge === 1 ? cy : ay;
      // Inside is where slope x + rise y + start >= 0.
      const slope = side * (py - qy);
      const rise = side * (qx - px);
      const start = (0.5 - px) * slope + (0.5 - py) * rise;
      if (slope === 0) {
        for (let y = top; y <= bottom; y++) if (rise * y + start < 0) spanTo[y] = -1;
        continue;
      }
      const step = -rise / slope;
      const first = -start / slope;
      if (slope > 0) {
        for (let y = top; y <= bottom; y++) {
          const bound = Math.ceil(first + step * y - overlap);
          if (bound > spanFrom[y]!) spanFrom[y] = bound;
        }
      } else {
        for (let y = top; y <= bottom; y++) {
          const bound = Math.floor(first + step * y + overlap);
          if (bound < spanTo[y]!) spanTo[y] = bound;
        }
      }
    }
  }

  /** The level of which about one texel falls on a pixel. */
  #levelOf(texture: Texture, corners: Float32Array, a: number, b: number, c: number, scale: number): TextureLevel {
    const [ax, ay] = [corners[a]!, corners[a + 1]!];
    const [abX, abY, acX, acY] = [corners[b]! - ax, corners[b + 1]! - ay, corners[c]! - ax, corners[c + 1]! - ay];
    let [across, down] = [0, 0];
    for (let k = 6; k < 8; k++) {
      const own = corners[a + k]! / corners[a + 2]!;
      const [ab, ac] = [corners[b + k]! / corners[b + 2]! - own, corners[c + k]! / corners[c + 2]! - own];
      const size = k === 6 ? texture.levels[0]!.columns : texture.levels[0]!.rows;
      across += (size * (ab * acY - ac * abY) * scale) ** 2;
      down += (size * (ac * abX - ab * acX) * scale) ** 2;
    }
    const texels = this.samples * Math.sqrt(Math.max(across, down));
    const wanted = texels > 1 ? Math.floor(Math.log2(texels)) : 0;
    return texture.levels[Math.min(wanted, texture.levels.length - 1)]!;
  }

  /** Whether something nearer hides all of a rectangle (samples) at this distance. */
  hides(left: number, top: number, right: number, bottom: number, near: number): boolean {
    const { width, nearness } = this;
    for (let y = Math.max(0, Math.floor(top)); y <= Math.min(this.height - 1, bottom); y++) {
      const end = y * width + Math.min(width - 1, Math.floor(right));
      for (let at = y * width + Math.max(0, Math.floor(left)); at <= end; at++) if (nearness[at]! <= near) return false;
    }
    return true;
  }

  /** (height, width, 3) of the pixels, 0 to 255. */
  readRgb(): Uint8Array {
    const pixels = this.pixelWidth * this.pixelHeight;
    const rgb = new Uint8Array(3 * pixels);
    this.#average(rgb, 0, 3, 1);
    return rgb;
  }

  /** Writes (3, height, width) of the pixels, 0 to 255, from `offset` on. */
  writeChannels(out: Uint8Array, offset: number): void {
    this.#average(out, offset, 1, this.pixelWidth * this.pixelHeight);
  }

  /** Means of the samples; bytes of one pixel are `channelStride` apart, those of neighbours `pixelStride`. */
  #average(out: Uint8Array, offset: number, pixelStride: number, channelStride: number): void {
    const { pixelWidth, pixelHeight, samples, width, color } = this;
    const count = samples * samples;
    // Red and blue are summed in one number, 16 bits each: at most 16 samples of 8 bits.
    const [half, scale] = [count >> 1, 1 / count];
    let at = offset;
    for (let y = 0; y < pixelHeight; y++) {
      for (let x = 0; x < pixelWidth; x++, at += pixelStride) {
        let redBlue = 0;
        let green = 0;
        let row = y * samples * width + x * samples;
        for (let dy = 0; dy < samples; dy++, row += width) {
          for (let sample = row; sample < row + samples; sample++) {
            const packed = color[sample]!;
            redBlue += packed & 0xff00ff;
            green += packed & 0x00ff00;
          }
        }
        out[at] = ((redBlue & 0xffff) + half) * scale;
        out[at + channelStride] = ((green >> 8) + half) * scale;
        out[at + 2 * channelStride] = ((redBlue >>> 16) + half) * scale;
      }
    }
  }

  /** (height, width) of the pixels: metres along the viewing direction to what is nearest; Infinity where nothing is. */
  readDepth(): Float32Array {
    const { pixelWidth, pixelHeight, samples, width, nearness } = this;
    const depth = new Float32Array(pixelWidth * pixelHeight);
    const middle = Math.floor(samples / 2) * (width + 1);
    for (let y = 0, pixel = 0; y < pixelHeight; y++) {
      const row = y * samples * width + middle;
      for (let x = 0; x < pixelWidth; x++) depth[pixel++] = 1 / nearness[row + x * samples]!;
    }
    return depth;
  }
}

/** What lies behind, seen through a colour. */
function mixed(behind: number, red: number, green: number, blue: number, alpha: number): number {
  const rest = 1 - alpha;
  const r = alpha * red + rest * (behind & 255);
  const g = alpha * green + rest * ((behind >> 8) & 255);
  const b = alpha * blue + rest * ((behind >> 16) & 255);
  return (r & 255) | ((g & 255) << 8) | ((b & 255) << 16);
}

/** White, where there is no texture. */
const plain: TextureLevel = { columns: 1, rows: 1, shift: 0, texels: Uint32Array.of(0xffffff) };
