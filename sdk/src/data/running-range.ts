// Smallest and largest value per column of rows that arrive in blocks.
import { fail } from "../errors.js";

export class RunningRange {
  readonly min: Float32Array;
  readonly max: Float32Array;
  #rows = 0;

  /** @param where how errors name the table. */
  constructor(
    readonly width: number,
    readonly where: string,
  ) {
    this.min = new Float32Array(width).fill(Infinity);
    this.max = new Float32Array(width).fill(-Infinity);
  }

  /** The next rows. @throws InputError `DMPO_DATA_VALUES` with row and column (NaN or infinite as float32). */
  add(values: ArrayLike<number>): this {
    const { min, max, width } = this;
    for (let i = 0, column = 0; i < values.length; i++, column = column + 1 === width ? 0 : column + 1) {
      const value = Math.fround(values[i]!);
      if (!Number.isFinite(value)) this.#refuse(value, this.#rows + Math.floor(i / width), column);
      if (value < min[column]!) min[column] = value;
      if (value > max[column]!) max[column] = value;
    }
    this.#rows += values.length / width;
    return this;
  }

  #refuse(value: number, row: number, column: number): never {
    const place = `row ${row}` + (this.width > 1 ? `, column ${column}` : "");
    const wrong = `is ${value} at ${place}`;
    fail("DMPO_DATA_VALUES", this.where, wrong, "finite float32 numbers", "remove or repair the episode");
  }
}
