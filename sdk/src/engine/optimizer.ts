// Trainable parameters and their optimiser: weights, gradient, moments and averages in one WebAssembly memory, so that
// a step is one pass of SIMD code and the compiled graphs read and write the same memory without copies.
// AdamW: Loshchilov and Hutter 2019, algorithm 2; clipping: Pascanu et al. 2013, both as in PyTorch.
import { fail } from "../errors.js";
import type { ParameterLayout } from "./parameters.js";
import { wasmLoops, type WasmLoops } from "./wasm-module.js";

const PAGE_BYTES = 65536;
// Vectors start on cache lines; the SIMD loops need lengths that are multiples of 8.
const ALIGNMENT_ELEMENTS = 16;

/** Of one step of Adam or AdamW. */
export interface AdamOptions {
  /** Step size, above 0. */
  readonly learningRate: number;
  /** Decoupled decay in `adamw`, L2 term of the gradient in `adam`. Default 0. */
  readonly weightDecay?: number;
  /** Default 0.9. */
  readonly beta1?: number;
  /** Default 0.999. */
  readonly beta2?: number;
  /** Added to the root of the corrected second moment. Default 1e-8. */
  readonly epsilon?: number;
  /** Longer gradients are shortened to this Euclidean norm over all parameters. Default off; 0 is off too. */
  readonly maxGradientNorm?: number | null;
  /** "accumulated" steps from the sum of {@link Trainable.accumulateGradient} and clears it. Default "gradient". */
  readonly from?: "gradient" | "accumulated";
}

/** What is kept beside the weights. */
export interface TrainableOptions {
  /** Keep a moving average of the weights, which starts as a copy. Default false. */
  readonly ema?: boolean;
  /** Keep a sum of gradients over micro-batches. Default false. */
  readonly accumulate?: boolean;
}

/** Everything a checkpoint needs to continue: copies of the vectors, and the number of updates made. */
export interface TrainableState {
  /** weights, first_moment, second_moment and, if kept, ema; each of the layout's size. */
  readonly vectors: Readonly<Record<string, Float32Array>>;
  /** What is no vector: optimiser steps made. */
  readonly values: { readonly updateCount: number };
}

/** Parameters under training. All vectors have `layout.size` elements and are views of one unshared memory. */
export class Trainable {
  /** Flat, in `layout`. */
  readonly weights: Float32Array;
  /** Where a compiled training step leaves the gradient. */
  readonly gradient: Float32Array;
  /** Moving average of the gradient. */
  readonly firstMoment: Float32Array;
  /** Moving average of its squares. */
  readonly secondMoment: Float32Array;
  /** Present with the option `ema`. */
  readonly ema: Float32Array | undefined;
  /** Present with the option `accumulate`. */
  readonly accumulated: Float32Array | undefined;
  /** Optimiser steps made so far. */
  updateCount = 0;

  readonly #loops: WasmLoops;
  readonly #paddedSize: number;

  /** @param initial copied into `weights` (and `ema`). */
  constructor(
    /** Names, shapes and places of the parameters. */
    readonly layout: ParameterLayout,
    initial: Float32Array,
    { ema = false, accumulate = false }: TrainableOptions = {},
  ) {
    const vectors = 4 + Number(ema) + Number(accumulate);
    this.#paddedSize = Math.ceil(layout.size / ALIGNMENT_ELEMENTS) * ALIGNMENT_ELEMENTS;
    const memory = new WebAssembly.Memory({ initial: Math.ceil((vectors * 4 * this.#paddedSize) / PAGE_BYTES) });
    this.#loops = wasmLoops(memory);
    let next = 0;
    const vector = () => new Float32Array(memory.buffer, 4 * this.#paddedSize * next++, layout.size);
    this.weights = vector();
    this.gradient = vector();
    this.firstMoment = vector();
    this.secondMoment = vector();
    this.ema = ema ? vector() : undefined;
    this.accumulated = accumulate ? vector() : undefined;
    this.#copy("weights", initial, this.weights);
    this.copyToEma();
  }

  /** One AdamW step. Returns the gradient's norm before clipping. @throws InputError if the norm is not finite; nothing is changed then. */
  adamw(options: AdamOptions): { gradientNorm: number } {
    const { learningRate, weightDecay = 0 } = options;
    return this.#adam(options, { l2: 0, keep: 1 - learningRate * weightDecay });
  }

  /** One Adam step; like {@link adamw}, but the decay enters the gradient (after clipping). */
  adam(options: AdamOptions): { gradientNorm: number } {
    return this.#adam(options, { l2: options.weightDecay ?? 0, keep: 1 });
  }

  /** accumulated += scale * gradient; with k micro-batches a scale of 1/k gives their mean. */
  accumulateGradient(scale: number): void {
    const target = this.accumulated ?? missing("accumulated", "accumulate");
    this.#loops.blend(target.byteOffset, this.gradient.byteOffset, this.#paddedSize, 1, scale);
  }

  /** ema = decay * ema + (1 - decay) * weights. */
  updateEma(decay: number): void {
    const target = this.ema ?? missing("ema", "ema");
    this.#loops.blend(target.byteOffset, this.weights.byteOffset, this.#paddedSize, decay, 1 - decay);
  }

  /** ema = weights; without an average it does nothing. */
  copyToEma(): void {
    this.ema?.set(this.weights);
  }

  /** Copies of all that {@link restore} needs to continue exactly. */
  state(): TrainableState {
    const vectors = Object.entries(this.#stored()).map(([name, vector]) => [name, vector.slice()]);
    return {
      vectors: Object.fromEntries(vectors) as TrainableState["vectors"],
      values: { updateCount: this.updateCount },
    };
  }

  /** Continues from `state`. @throws InputError if a vector is missing or has another size. */
  restore(state: TrainableState): void {
    for (const [name, vector] of Object.entries(this.#stored())) this.#copy(name, state.vectors[name], vector);
    this.updateCount = state.values.updateCount;
  }

  #stored(): Record<string, Float32Array> {
    const { weights, firstMoment, secondMoment, ema } = this;
    return { weights, first_moment: firstMoment, second_moment: secondMoment, ...(ema && { ema }) };
  }

  #copy(name: string, source: Float32Array | undefined, target: Float32Array): void {
    if (source?.length !== target.length) {
      const found = source ? `has ${source.length} elements` : "is missing";
      fail(
        "DMPO_TRAINABLE",
        name,
        found,
        `${target.length} elements`,
        "use the state of a model with the same options",
      );
    }
    target.set(source);
  }

  #adam(options: AdamOptions, { l2, keep }: { l2: number; keep: number }): { gradientNorm: number } {
    const { learningRate, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, maxGradientNorm, from } = options;
    const source = from === "accumulated" ? (this.accumulated ?? missing("accumulated", "accumulate")) : this.gradient;
    const gradientNorm = Math.sqrt(this.#loops.sumOfSquares(source.byteOffset, this.#paddedSize));
    if (!Number.isFinite(gradientNorm)) this.#failNonFinite(source, gradientNorm);

    const frozen = keep === 1 ? [] : this.#frozen();
    const step = ++this.updateCount;
    this.#loops.adam(
      this.weights.byteOffset,
      source.byteOffset,
      this.firstMoment.byteOffset,
      this.secondMoment.byteOffset,
      this.#paddedSize,
      maxGradientNorm ? Math.min(1, maxGradientNorm / (gradientNorm + 1e-6)) : 1,
      l2,
      beta1,
      1 - beta1,
      beta2,
      1 - beta2,
      keep,
      learningRate / (1 - beta1 ** step),
      1 / Math.sqrt(1 - beta2 ** step),
      epsilon,
    );
    for (const { offset, values } of frozen) this.weights.set(values, offset);
    if (from === "accumulated") source.fill(0);
    return { gradientNorm };
  }

  /** What decay would change although it is not trained. */
  #frozen() {
    const { entries, trained } = this.layout;
    return entries
      .filter((entry) => !trained.includes(entry))
      .map(({ offset, size }) => ({ offset, values: this.weights.slice(offset, offset + size) }));
  }

  #failNonFinite(source: Float32Array, norm: number): never {
    const at = source.findIndex((value) => !Number.isFinite(value));
    const culprit = this.layout.entries.find(({ offset, size }) => at < offset + size)!;
    fail(
      "DMPO_NON_FINITE_GRADIENT",
      `gradient of ${culprit.name}`,
      `contains ${source[at]} (norm of all gradients ${norm}) at update ${this.updateCount + 1}`,
      "finite numbers",
      "lower the learning rate, set a maximum gradient norm, or look for non-finite values in the batch; the weights are unchanged",
    );
  }
}

function missing(vector: string, option: string): never {
  fail("DMPO_TRAINABLE", vector, "is not kept", `a Trainable made with { ${option}: true }`);
}
