// Random numbers in named, independent streams whose state is a position: the same seed and name give the same
// numbers on every machine. Counter-based generator: engine/philox.ts.
import { createHash } from "node:crypto";
import { fail } from "../errors.js";
import { philox } from "./philox.js";

const BUFFERED = 256;
const INVERSE_32 = 2 ** -32;

/** Where a stream stands: `position` counts the 32-bit words drawn so far. */
export interface RandomStreamState {
  /** Two 32-bit words, from seed and name. */
  readonly key: readonly [number, number];
  /** 32-bit words drawn so far. */
  readonly position: number;
}

/** Where all streams of a family stand. */
export interface RandomState {
  /** Of the family. */
  readonly seed: number;
  /** By name. */
  readonly streams: Readonly<Record<string, RandomStreamState>>;
}

/** A family of streams. Drawing from one never changes what another yields. */
export class Random {
  #seed: number;
  readonly #streams = new Map<string, RandomStream>();

  /** @param seed any safe integer. @throws InputError DMPO_SEED for anything else. */
  constructor(seed: number) {
    if (!Number.isSafeInteger(seed)) fail("DMPO_SEED", "seed", String(seed), "an integer, e.g. 42");
    this.#seed = seed;
  }

  /** The stream called `name`, always the same object; created at position 0. */
  stream(name: string): RandomStream {
    let stream = this.#streams.get(name);
    if (!stream) this.#streams.set(name, (stream = new RandomStream(streamKey(this.#seed, name))));
    return stream;
  }

  /** Plain JSON from which {@link restore} continues exactly. */
  state(): RandomState {
    const streams = [...this.#streams].map(([name, stream]) => [name, stream.state()] as const);
    return { seed: this.#seed, streams: Object.fromEntries(streams) };
  }

  /** Continues from `state`. Streams handed out earlier follow; those that `state` lacks start again. */
  restore(state: RandomState): void {
    this.#seed = state.seed;
    for (const name of new Set([...this.#streams.keys(), ...Object.keys(state.streams)])) {
      this.stream(name).restore(state.streams[name] ?? { key: streamKey(state.seed, name), position: 0 });
    }
  }
}

/** First eight bytes, as two little-endian words, of the SHA-256 of the text "<seed>/<name>". */
function streamKey(seed: number, name: string): readonly [number, number] {
  const digest = createHash("sha256").update(`${seed}/${name}`).digest();
  return [digest.readUInt32LE(0), digest.readUInt32LE(4)];
}

/** One sequence of random numbers, made by {@link Random.stream}. Methods that take `out` fill and return it. */
export class RandomStream {
  #key: readonly [number, number];
  #chunk = -1;
  #index = BUFFERED;
  readonly #words = new Uint32Array(BUFFERED);

  constructor(key: readonly [number, number]) {
    this.#key = key;
  }

  /** Plain JSON from which {@link restore} continues exactly. */
  state(): RandomStreamState {
    return { key: this.#key, position: this.#chunk * BUFFERED + this.#index };
  }

  /** Continues from `state`. @throws InputError DMPO_RANDOM_STATE if the position is not a count. */
  restore({ key, position }: RandomStreamState): void {
    if (!Number.isSafeInteger(position) || position < 0) {
      fail("DMPO_RANDOM_STATE", "position", String(position), "a count of words drawn, 0 or more");
    }
    this.#key = key;
    this.#load(Math.floor(position / BUFFERED));
    this.#index = position % BUFFERED;
  }

  /** Uniform on [low, high) with 24 random bits each; as float32 a value may round up to `high`. */
  uniform(out: Float32Array, low = 0, high = 1): Float32Array {
    const scale = (high - low) * 2 ** -24;
    for (let i = 0; i < out.length; i++) out[i] = low + scale * (this.#next() >>> 8);
    return out;
  }

  /** Normal numbers, two per Box-Muller pair; with an odd length the last partner is dropped. */
  normal(out: Float32Array, mean = 0, std = 1): Float32Array {
    for (let i = 0; i < out.length; i += 2) {
      const radius = std * this.#radius();
      const angle = this.#angle();
      out[i] = mean + radius * Math.cos(angle);
      if (i + 1 < out.length) out[i + 1] = mean + radius * Math.sin(angle);
    }
    return out;
  }

  /** Beta(a, b) on [0, 1] for any a, b > 0, as the share of one gamma variate in the sum of two. @throws InputError DMPO_BETA. */
  beta(out: Float32Array, a: number, b: number): Float32Array {
    if (!(a > 0 && b > 0)) fail("DMPO_BETA", "beta", `a = ${a}, b = ${b}`, "positive parameters");
    for (let i = 0; i < out.length; i++) {
      const logX = this.#logGamma(a);
      out[i] = 1 / (1 + Math.exp(this.#logGamma(b) - logX));
    }
    return out;
  }

  /** sigmoid(mean + std z) with z standard normal. */
  logitNormal(out: Float32Array, mean = 0, std = 1): Float32Array {
    this.normal(out, mean, std);
    for (let i = 0; i < out.length; i++) out[i] = 1 / (1 + Math.exp(-out[i]!));
    return out;
  }

  /** Uniform on [0, 1) with 53 random bits. */
  nextUniform(): number {
    const high = this.#next() >>> 5;
    return (high * 2 ** 26 + (this.#next() >>> 6)) * 2 ** -53;
  }

  /** Uniform on 0, ..., bound - 1 without bias; 1 <= bound <= 2^32. @throws InputError DMPO_RANDOM_BOUND. */
  integer(bound: number): number {
    if (!Number.isInteger(bound) || bound < 1 || bound > 2 ** 32) {
      fail("DMPO_RANDOM_BOUND", "bound", String(bound), "an integer from 1 to 2^32");
    }
    const fair = 2 ** 32 - (2 ** 32 % bound);
    let word = this.#next();
    while (word >= fair) word = this.#next();
    return word % bound;
  }

  /** Fills `out` with {@link integer}; bound <= 2^31. @throws InputError DMPO_RANDOM_BOUND. */
  integers(out: Int32Array, bound: number): Int32Array {
    for (let i = 0; i < out.length; i++) out[i] = this.integer(bound);
    return out;
  }

  /** 0, ..., count - 1 in random order (Fisher-Yates). */
  permutation(count: number): Int32Array {
    const order = Int32Array.from({ length: count }, (_, i) => i);
    for (let i = count - 1; i > 0; i--) {
      const j = this.integer(i + 1);
      [order[i], order[j]] = [order[j]!, order[i]!];
    }
    return order;
  }

  #next(): number {
    if (this.#index === BUFFERED) this.#load(this.#chunk + 1);
    return this.#words[this.#index++]!;
  }

  #load(chunk: number): void {
    const block = (chunk * BUFFERED) / 4;
    philox(this.#words, [block >>> 0, Math.floor(block * INVERSE_32), 0, 0], this.#key);
    this.#chunk = chunk;
    this.#index = 0;
  }

  #radius(): number {
    return Math.sqrt(-2 * Math.log((this.#next() + 1) * INVERSE_32));
  }

  #angle(): number {
    return 2 * Math.PI * INVERSE_32 * this.#next();
  }

  /** Logarithm of a Gamma(shape, 1) variate, which for small shapes underflows itself. Marsaglia and Tsang 2000. */
  #logGamma(shape: number): number {
    if (shape < 1) return this.#logGamma(shape + 1) + Math.log(1 - this.nextUniform()) / shape;
    const d = shape - 1 / 3;
    for (;;) {
      const x = this.#radius() * Math.cos(this.#angle());
      const v = (1 + x / Math.sqrt(9 * d)) ** 3;
      if (v > 0 && Math.log(1 - this.nextUniform()) < x ** 2 / 2 + d * (1 - v + Math.log(v))) return Math.log(d * v);
    }
  }
}
