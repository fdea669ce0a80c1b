// Smallest and largest value per column of rows that arrive in blocks, in the precision of the rows.
import { fail } from "../errors.js";
import { boundsOf, type Bounds } from "../normalization.js";

export class RunningRange {
  readonly #min: Float64Array;
  readonly #max: Float64Array;
  #rows = 0;

  /** @param where how errors name the table. */
  constructor(
    readonly width: number,
    readonly where: string,
  ) {
    this.#min = new Float64Array(width).fill(Infinity);
    this.#max = new Float64Array(width).fill(-Infinity);
  }

  get min(): Bounds {
    return boundsOf(this.#min);
  }

  get max(): Bounds {
    return boundsOf(this.#max);
  }

  /** The next rows. @throws InputError `DMPO_DATA_VALUES` with row and column (NaN or infinite as float32). */
  add(values: ArrayLike<number>): this {
    const [min, max, width] = [this.#min, this.#max, this.width];
    for (let i = 0, column = 0; i < values.length; i++, column = column + 1 === width ? 0 : column + 1) {
      const value = values[i]!;
      if (!Number.isFinite(Math.fround(value))) this.#refuse(value, this.#rows + Math.floor(i / width), column);
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
