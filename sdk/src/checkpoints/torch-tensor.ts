// A tensor of a PyTorch file: a view (offset, sizes, strides in elements) of a storage that others may share.
import { fail } from "../errors.js";
import { elementTypes, type ElementTypeName, type RawTensor } from "./element-types.js";

/** PyTorch's own limit. */
const MAX_RANK = 64;

export interface TorchStorage {
  readonly dtype: ElementTypeName;
  /** In elements. */
  readonly count: number;
  /** Little-endian; may only be read once the whole file is. */
  readonly bytes: () => Uint8Array;
}

export class TorchTensor implements RawTensor {
  readonly dtype: ElementTypeName;
  /** In elements. */
  readonly count: number;
  #bytes: Uint8Array | undefined;

  /** @throws InputError if the view leaves the storage. */
  constructor(
    readonly storage: TorchStorage,
    readonly offset: number,
    readonly shape: readonly number[],
    readonly strides: readonly number[],
    source: string,
  ) {
    this.dtype = storage.dtype;
    this.count = shape.reduce((product, extent) => product * extent, 1);
    const sound = [offset, ...shape, ...strides].every((value) => Number.isSafeInteger(value) && value >= 0);
    const view = `views ${shape.join(" x ")} with strides ${strides.join(", ")} from ${offset}`;
    if (!sound || shape.length !== strides.length || shape.length > MAX_RANK || !Number.isSafeInteger(this.count)) {
      fail("DMPO_TORCH", `${source}: a tensor`, view.slice(0, 200), "counts, one stride per size");
    }
    const end =
      this.count === 0 ? offset : offset + 1 + shape.reduce((sum, size, i) => sum + (size - 1) * strides[i]!, 0);
    if (end > storage.count) {
      fail("DMPO_TORCH", `${source}: a tensor`, view, `at most the ${storage.count} elements of its storage`);
    }
  }

  /** Row-major copy; a view where the storage has that order. */
  get bytes(): Uint8Array {
    return (this.#bytes ??= this.#gather());
  }

  #gather(): Uint8Array {
    const { shape, strides, count, offset } = this;
    const width = elementTypes[this.dtype].bytes;
    const storage = this.storage.bytes();
    if (this.#isContiguous()) return storage.subarray(offset * width, (offset + count) * width);
    const out = new Uint8Array(count * width);
    const index = shape.map(() => 0);
    let from = offset;
    for (let to = 0; to < out.length; to += width) {
      for (let i = 0; i < width; i++) out[to + i] = storage[from * width + i]!;
      for (let axis = shape.length - 1; axis >= 0; axis--) {
        from += strides[axis]!;
        if (++index[axis]! < shape[axis]!) break;
        from -= shape[axis]! * strides[axis]!;
        index[axis] = 0;
      }
    }
    return out;
  }

  #isContiguous(): boolean {
    let expected = 1;
    for (let axis = this.shape.length - 1; axis >= 0; axis--) {
      if (this.shape[axis] !== 1 && this.strides[axis] !== expected) return this.count === 0;
      expected *= this.shape[axis]!;
    }
    return true;
  }
}
