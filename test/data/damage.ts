// Damages files in repeatable ways: whatever comes of it must be a result or an InputError.
import { expect } from "vitest";
import { InputError } from "../../sdk/src/errors.js";

/** The file cut at every 1/50 of its length. */
export function truncations(bytes: Uint8Array): Uint8Array[] {
  return Array.from({ length: 50 }, (_, i) => bytes.slice(0, Math.floor((bytes.length * i) / 50)));
}

/** Copies with one to four bits flipped, anywhere or, with `positions`, at one of those bytes. */
export function* bitFlips(bytes: Uint8Array, count: number, positions?: readonly number[]): Generator<Uint8Array> {
  let seed = 1;
  const random = () => (seed = (seed * 48271) % 0x7fffffff) / 0x7fffffff;
  for (let i = 0; i < count; i++) {
    const copy = new Uint8Array(bytes);
    for (let flips = 1 + Math.floor(random() * 4); flips > 0; flips--) {
      const at = Math.floor(random() * (positions?.length ?? bytes.length));
      copy[positions?.[at] ?? at]! ^= 1 << Math.floor(random() * 8);
    }
    yield copy;
  }
}

/** What reading came to. Anything thrown but an InputError fails the test. */
export async function outcome(read: () => unknown): Promise<"read" | "refused"> {
  try {
    await read();
    return "read";
  } catch (error) {
    expect(error).toBeInstanceOf(InputError);
    return "refused";
  }
}
