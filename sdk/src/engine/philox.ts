// Philox 4x32-10: 128-bit counter and 64-bit key to 128 random bits.
// Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3"; compiled from sdk/assembly/random.ts.
import { wasmLoops } from "./wasm-module.js";

const memory = new WebAssembly.Memory({ initial: 1 });
const loops = wasmLoops(memory);
const scratch = new Uint32Array(memory.buffer);

/**
 * Fills `out` (length a multiple of 4, at most 16384) with consecutive blocks.
 * `counter` is that of the first block, lowest word first; only its lower 64 bits count up.
 */
export function philox(out: Uint32Array, counter: readonly number[], key: readonly [number, number]): void {
  loops.philox(0, out.length / 4, ...counter, ...key);
  out.set(scratch.subarray(0, out.length));
}
