// Parameters of a model in one flat float32 vector: names, shapes, initial values, and views by name.
import { fail } from "../errors.js";
import type { RandomStream } from "./random.js";
import { hostTensor, type HostTensor } from "./tensor.js";

/** Writes the initial values of one parameter into `out`, which has the shape's number of elements. */
export type Initialiser = (out: Float32Array, shape: readonly number[], random: RandomStream) => void;

/** One parameter of a model. */
export interface ParameterSpec {
  /** Name in the PyTorch state_dict. */
  readonly name: string;
  /** Shape in PyTorch's layout. */
  readonly shape: readonly number[];
  /** How its first values are drawn. */
  readonly initialise: Initialiser;
  /** Name of an earlier parameter that this one starts as a copy of. It is never trained. */
  readonly copyOf?: string;
  /** Name of an earlier parameter whose first values this one takes; it is trained all the same. */
  readonly startsAs?: string;
}

/** Where a parameter lies in the flat vector, in elements. */
export interface ParameterEntry {
  /** Name in the PyTorch state_dict. */
  readonly name: string;
  /** Shape in PyTorch's layout. */
  readonly shape: readonly number[];
  /** Of its first element. */
  readonly offset: number;
  /** Number of elements. */
  readonly size: number;
}

/** PyTorch's default for weight and bias of linear and convolution layers: U(-1/sqrt(fanIn), 1/sqrt(fanIn)). */
export function torchLinear(fanIn: number): Initialiser {
  const bound = 1 / Math.sqrt(fanIn);
  return (out, _shape, random) => void random.uniform(out, -bound, bound);
}

/** Normal numbers of this deviation and mean. */
export function normal(std: number, mean = 0): Initialiser {
  return (out, _shape, random) => void random.normal(out, mean, std);
}

/** The same number everywhere. */
export function constant(value: number): Initialiser {
  return (out) => void out.fill(value);
}

/** Zeros. */
export const zeros: Initialiser = constant(0);
/** Ones. */
export const ones: Initialiser = constant(1);

/** The order and place of every parameter; densely packed in the order given. */
export class ParameterLayout {
  /** Every parameter with its place, in order. */
  readonly entries: readonly ParameterEntry[];
  /** Number of elements of the flat vector. */
  readonly size: number;

  /** @throws InputError if two parameters share a name or a dimension is not a positive integer. */
  constructor(
    /** The parameters, in order. */
    readonly specs: readonly ParameterSpec[],
  ) {
    let offset = 0;
    const names = new Set<string>();
    this.entries = specs.map(({ name, shape }) => {
      if (names.has(name)) fail("DMPO_PARAMETER", name, "used by two parameters", "a name of its own for each");
      if (!shape.every((extent) => Number.isInteger(extent) && extent > 0)) {
        fail("DMPO_PARAMETER", name, `has shape [${shape.join(", ")}]`, "positive integers");
      }
      names.add(name);
      const size = shape.reduce((product, extent) => product * extent, 1);
      const entry = { name, shape, offset, size };
      offset += size;
      return entry;
    });
    this.size = offset;
  }

  /** A new vector of initial values, drawn in the order of the parameters. */
  initialise(random: RandomStream): Float32Array {
    const vector = new Float32Array(this.size);
    const views = this.views(vector);
    this.entries.forEach(({ name, shape }, i) => {
      const { initialise, copyOf, startsAs = copyOf } = this.specs[i]!;
      const own = views[name]!.data as Float32Array;
      if (startsAs === undefined) initialise(own, shape, random);
      else own.set(views[startsAs]!.data);
    });
    return vector;
  }

  /** Those that are trained. */
  get trained(): readonly ParameterEntry[] {
    return this.entries.filter((_, i) => this.specs[i]!.copyOf === undefined);
  }

  /** Each parameter of `vector` by name, without copying. */
  views(vector: Float32Array): Record<string, HostTensor> {
    if (vector.length !== this.size) {
      fail("DMPO_PARAMETER", "vector", `has ${vector.length} elements`, `the ${this.size} of this layout`);
    }
    return Object.fromEntries(
      this.entries.map(({ name, shape, offset, size }) => [
        name,
        hostTensor(vector.subarray(offset, offset + size), shape),
      ]),
    );
  }
}
