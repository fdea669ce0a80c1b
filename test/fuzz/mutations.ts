// Random damage to bytes, repeatable by its seed.

export type Random = () => number;

/** Uniform in [0, 1), the same sequence for the same seed (mulberry32). */
export function seeded(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const extremes = [0, 1, 0x7f, 0x80, 0xff];

/** A copy with one to four changes: bits, bytes, counts, pieces lost, repeated or moved, or the end cut off. */
export function mutate(bytes: Uint8Array, random: Random): Uint8Array {
  let result = new Uint8Array(bytes);
  const below = (limit: number) => Math.floor(random() * limit);
  for (let changes = 1 + below(4); changes > 0 && result.length > 0; changes--) {
    const at = below(result.length);
    const length = 1 + below(Math.min(64, result.length - at));
    const piece = result.slice(at, at + length);
    const [before, after] = [result.subarray(0, at), result.subarray(at + length)];
    const kinds: (() => Uint8Array)[] = [
      () => result.fill(result[at]! ^ (1 << below(8)), at, at + 1),
      () => result.fill(below(256), at, at + 1),
      () => result.fill(extremes[below(extremes.length)]!, at, at + [1, 2, 4, 8][below(4)]!),
      () => Buffer.concat([before, after]),
      () => Buffer.concat([before, piece, piece, after]),
      () => Buffer.concat([result.subarray(0, at), piece.reverse(), after]),
      () => Buffer.concat([after, before]),
      () => result.slice(0, random() < 0.2 ? at : result.length),
    ];
    result = new Uint8Array(kinds[below(kinds.length)]!());
  }
  return result;
}
