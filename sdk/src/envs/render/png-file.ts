// Reads PNG files of 8 bits per channel (W3C Portable Network Graphics, 2nd edition), which textures are: decoding them needs no
// native library in every worker thread.
import { readFileSync } from "node:fs";
import { inflateSync } from "node:zlib";
import { fail } from "../../errors.js";

const channelsOf: Readonly<Record<number, number>> = { 0: 1, 2: 3, 4: 2, 6: 4 };

/** Bytes of a nonlinear display (IEC 61966-2-1) as light, 0 to 255. */
const linear = Uint8Array.from({ length: 256 }, (_, value) => {
  const shown = value / 255;
  return Math.round(255 * (shown <= 0.04045 ? shown / 12.92 : ((shown + 0.055) / 1.055) ** 2.4));
});

/**
 * A picture that says to be meant for displays (sRGB) is turned into light, as MuJoCo does since 3.3; others are taken as they are.
 * @returns (height, width, 3), 0 to 255; opacity is left out.
 * @throws InputError DMPO_ENV_TEXTURE for what is no such file.
 */
export function readPng(path: string): { readonly width: number; readonly height: number; readonly rgb: Uint8Array } {
  const bytes = readFileSync(path);
  const wrong = (what: string): never => fail("DMPO_ENV_TEXTURE", path, what, "a PNG file, 8 bits, not interlaced");
  if (bytes.length < 33 || bytes.toString("latin1", 1, 4) !== "PNG") wrong("is no PNG file");
  const [width, height] = [bytes.readUInt32BE(16), bytes.readUInt32BE(20)];
  const channels = channelsOf[bytes[25]!] ?? wrong(`has colours of type ${bytes[25]}`);
  if (bytes[24] !== 8 || bytes[28] !== 0) wrong(`has ${bytes[24]} bits per channel${bytes[28] ? ", interlaced" : ""}`);
  const parts: Buffer[] = [];
  let isForDisplays = false;
  for (let at = 8; at + 8 <= bytes.length; at += 12 + bytes.readUInt32BE(at)) {
    const kind = bytes.toString("latin1", at + 4, at + 8);
    if (kind === "sRGB") isForDisplays = true;
    if (kind === "IDAT") parts.push(bytes.subarray(at + 8, at + 8 + bytes.readUInt32BE(at)));
  }
  const filtered = inflateSync(Buffer.concat(parts));
  const stride = width * channels;
  if (filtered.length !== height * (stride + 1)) wrong("is truncated");
  const rgb = new Uint8Array(3 * width * height);
  let above = new Uint8Array(stride);
  for (let y = 0; y < height; y++) {
    const from = y * (stride + 1);
    const row = unfiltered(filtered[from]!, filtered.subarray(from + 1, from + 1 + stride), above, channels);
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < 3; c++) rgb[3 * (y * width + x) + c] = row[x * channels + (channels >= 3 ? c : 0)]!;
    }
    above = row;
  }
  return { width, height, rgb: isForDisplays ? rgb.map((value) => linear[value]!) : rgb };
}

/** A row as it was before its bytes were predicted from their neighbours. */
function unfiltered(kind: number, given: Uint8Array, above: Uint8Array, channels: number): Uint8Array<ArrayBuffer> {
  const row = Uint8Array.from(given);
  for (let i = 0; i < row.length; i++) {
    const left = i >= channels ? row[i - channels]! : 0;
    const up = above[i]!;
    if (kind === 1) row[i]! += left;
    else if (kind === 2) row[i]! += up;
    else if (kind === 3) row[i]! += (left + up) >> 1;
    else if (kind === 4) row[i]! += paeth(left, up, i >= channels ? above[i - channels]! : 0);
  }
  return row;
}

/** Of three neighbours that which is nearest to left + up - corner. */
function paeth(left: number, up: number, corner: number): number {
  const guess = left + up - corner;
  const [dl, du, dc] = [Math.abs(guess - left), Math.abs(guess - up), Math.abs(guess - corner)];
  return dl <= du && dl <= dc ? left : du <= dc ? up : corner;
}
