// A z-buffered software rasteriser: triangles with a colour per vertex (Gouraud 1971), depth by 1/z, which is linear on screen.
// A canvas may hold several samples per pixel side, averaged when it is read.

export class Canvas {
  /** Samples. */
  readonly width: number;
  readonly height: number;
  /** (height, width, 3), 0 to 1. */
  readonly color: Float32Array;
  /** (height, width), 1 / depth; 0: nothing there. */
  readonly nearness: Float32Array;
  /** (height, width), 1 where the plane being drawn lies in shadow. */
  readonly shadow: Uint8Array;

  /** @param samples per pixel along each side. */
  constructor(
    readonly pixelWidth: number,
    readonly pixelHeight: number,
    readonly samples: number,
  ) {
    this.width = pixelWidth * samples;
    this.height = pixelHeight * samples;
    this.color = new Float32Array(3 * this.width * this.height);
    this.nearness = new Float32Array(this.width * this.height);
    this.shadow = new Uint8Array(this.width * this.height);
  }

  clear(): void {
    this.color.fill(0);
    this.nearness.fill(0);
  }

  /** Whether the middle of any sample can lie in the triangle: that of most small ones cannot. */
  coversSamples(corners: Float32Array, a: number, b: number, c: number): boolean {
    const [ax, bx, cx] = [corners[a]!, corners[b]!, corners[c]!];
    const [ay, by, cy] = [corners[a + 1]!, corners[b + 1]!, corners[c + 1]!];
    const [left, right, top, bottom] = this.#extent(ax, ay, bx, by, cx, cy);
    return left <= right && top <= bottom;
  }

  /**
   * Fills a triangle given by corners [x, y, 1/depth, red, green, blue] in `corners`, at offsets a, b and c. Transparent
   * ones (`alpha` < 1) mix with what is behind and hide nothing.
   */
  triangle(corners: Float32Array, a: number, b: number, c: number, alpha: number): void {
    const { width, color, nearness } = this;
    const [ax, ay, bx, by] = [corners[a]!, corners[a + 1]!, corners[b]!, corners[b + 1]!];
    const [cx, cy] = [corners[c]!, corners[c + 1]!];
    const area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax);
    if (area === 0) return;
    const [left, right, top, bottom] = this.#extent(ax, ay, bx, by, cx, cy);
    if (left > right || top > bottom) return;
    const scale = 1 / area;
    // Barycentric coordinates of b and c at (x, y); that of a is what remains.
    const [bAcross, cAcross] = [(cy - ay) * scale, -(by - ay) * scale];
    const [bDown, cDown] = [-(cx - ax) * scale, (bx - ax) * scale];
    const [startX, startY] = [left + 0.5 - ax, top + 0.5 - ay];
    let rowB = startX * bAcross + startY * bDown;
    let rowC = startX * cAcross + startY * cDown;
    const [wa, wb, wc] = [corners[a + 2]!, corners[b + 2]! - corners[a + 2]!, corners[c + 2]! - corners[a + 2]!];
    const [ra, rb, rc] = [corners[a + 3]!, corners[b + 3]! - corners[a + 3]!, corners[c + 3]! - corners[a + 3]!];
    const [ga, gb, gc] = [corners[a + 4]!, corners[b + 4]! - corners[a + 4]!, corners[c + 4]! - corners[a + 4]!];
    const [la, lb, lc] = [corners[a + 5]!, corners[b + 5]! - corners[a + 5]!, corners[c + 5]! - corners[a + 5]!];
    for (let y = top; y <= bottom; y++) {
      let [u, v] = [rowB, rowC];
      let pixel = y * width + left;
      for (let x = left; x <= right; x++, pixel++) {
        if (u >= 0 && v >= 0 && u + v <= 1) {
          const near = wa + u * wb + v * wc;
          if (near > nearness[pixel]!) {
            const at = 3 * pixel;
            const [red, green, blue] = [ra + u * rb + v * rc, ga + u * gb + v * gc, la + u * lb + v * lc];
            if (alpha === 1) {
              nearness[pixel] = near;
              color[at] = red;
              color[at + 1] = green;
              color[at + 2] = blue;
            } else {
              color[at] = color[at]! + alpha * (red - color[at]!);
              color[at + 1] = color[at + 1]! + alpha * (green - color[at + 1]!);
              color[at + 2] = color[at + 2]! + alpha * (blue - color[at + 2]!);
            }
          }
        }
        u += bAcross;
        v += cAcross;
      }
      rowB += bDown;
      rowC += cDown;
    }
  }

  /** Marks a triangle with corners (x, y) in the shadow mask. */
  shadowTriangle(ax: number, ay: number, bx: number, by: number, cx: number, cy: number): void {
    const area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax);
    if (area === 0) return;
    const { width, shadow } = this;
    const [left, right, top, bottom] = this.#extent(ax, ay, bx, by, cx, cy);
    for (let y = top; y <= bottom; y++) {
      for (let x = left; x <= right; x++) {
        const [px, py] = [x + 0.5 - ax, y + 0.5 - ay];
        const u = (px * (cy - ay) - py * (cx - ax)) / area;
        const v = (py * (bx - ax) - px * (by - ay)) / area;
        if (u >= 0 && v >= 0 && u + v <= 1) shadow[y * width + x] = 1;
      }
    }
  }

  /** Columns and rows of the samples whose middles may lie in a triangle; none where the first is larger than the last. */
  #extent(ax: number, ay: number, bx: number, by: number, cx: number, cy: number): [number, number, number, number] {
    return [
      Math.max(0, Math.ceil(Math.min(ax, bx, cx) - 0.5)),
      Math.min(this.width - 1, Math.floor(Math.max(ax, bx, cx) - 0.5)),
      Math.max(0, Math.ceil(Math.min(ay, by, cy) - 0.5)),
      Math.min(this.height - 1, Math.floor(Math.max(ay, by, cy) - 0.5)),
    ];
  }

  /** (height, width, 3) of the pixels, 0 to 255. */
  readRgb(): Uint8Array {
    const { pixelWidth, pixelHeight, samples, width, color } = this;
    const rgb = new Uint8Array(3 * pixelWidth * pixelHeight);
    const scale = 255 / samples ** 2;
    let out = 0;
    for (let y = 0; y < pixelHeight; y++) {
      for (let x = 0; x < pixelWidth; x++) {
        let [red, green, blue] = [0, 0, 0];
        for (let dy = 0; dy < samples; dy++) {
          let at = 3 * ((y * samples + dy) * width + x * samples);
          for (let dx = 0; dx < samples; dx++, at += 3) {
            red += Math.min(1, color[at]!);
            green += Math.min(1, color[at + 1]!);
            blue += Math.min(1, color[at + 2]!);
          }
        }
        rgb[out++] = red * scale + 0.5;
        rgb[out++] = green * scale + 0.5;
        rgb[out++] = blue * scale + 0.5;
      }
    }
    return rgb;
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
