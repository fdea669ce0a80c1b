// Tables of numbers as few bytes: each column in 65,536 steps between its least and greatest value, then the difference to the row
// before, low bytes first and high bytes after them, which gzip makes small. Runs in browsers too.

/** Numbers of a table, quantised: value = least + step * count. */
export interface Quantised {
  /** (rows, columns). */
  readonly counts: Uint16Array;
  /** By column. */
  readonly least: readonly number[];
  /** By column; 0 where all values are equal. */
  readonly step: readonly number[];
}

const most = 65_535;

/**
 * No value moves by more than half a step, which is its column's range / 131,070; equal values stay as they are. What is not finite
 * becomes what the row before has.
 */
export function quantise(values: ArrayLike<number>, columns: number): Quantised {
  const counts = new Uint16Array(values.length);
  const [leasts, steps]: [number[], number[]] = [[], []];
  for (let column = 0; column < columns; column++) {
    let [least, greatest] = [Infinity, -Infinity];
    for (let at = column; at < values.length; at += columns) {
      const value = values[at]!;
      if (!Number.isFinite(value)) continue;
      if (value < least) least = value;
      if (value > greatest) greatest = value;
    }
    const isEmpty = least > greatest;
    const step = isEmpty ? 0 : (greatest - least) / most;
    leasts.push(isEmpty ? 0 : least);
    steps.push(step);
    let count = 0;
    for (let at = column; at < values.length; at += columns) {
      const value = values[at]!;
      if (step > 0 && Number.isFinite(value)) count = Math.round((value - least) / step);
      counts[at] = count;
    }
  }
  return { counts, least: leasts, step: steps };
}

export function dequantise({ counts, least, step }: Quantised): Float32Array {
  const columns = least.length;
  return Float32Array.from(counts, (count, at) => least[at % columns]! + step[at % columns]! * count);
}

/** @param values (rows, columns). */
export function encodeColumns(values: Uint16Array, columns: number): Uint8Array {
  const count = values.length;
  const bytes = new Uint8Array(2 * count);
  let to = 0;
  for (let column = 0; column < columns; column++) {
    let last = 0;
    for (let at = column; at < count; at += columns, to++) {
      const value = values[at]!;
      const difference = ((value - last) << 16) >> 16;
      // Small steps back become small numbers too.
      const folded = ((difference << 1) ^ (difference >> 15)) & most;
      bytes[to] = folded & 255;
      bytes[count + to] = folded >> 8;
      last = value;
    }
  }
  return bytes;
}

/** What {@link encodeColumns} was given. */
export function decodeColumns(bytes: Uint8Array, columns: number): Uint16Array {
  const count = bytes.length / 2;
  const values = new Uint16Array(count);
  let from = 0;
  for (let column = 0; column < columns; column++) {
    let last = 0;
    for (let at = column; at < count; at += columns, from++) {
      const folded = bytes[from]! | (bytes[count + from]! << 8);
      last = (last + ((folded >> 1) ^ -(folded & 1))) & most;
      values[at] = last;
    }
  }
  return values;
}
