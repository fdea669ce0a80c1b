// Numbers of many updates as those of one iteration.

type Numbers = Readonly<Record<string, number>>;

/** Means of what was measured at every update, or extremes of what is one. */
export class Averages {
  readonly #sums: Record<string, number> = {};
  readonly #counts: Record<string, number> = {};

  constructor(
    /** Names that are combined otherwise. */
    private readonly others: Readonly<Record<string, (a: number, b: number) => number>> = {
      minValue: Math.min,
      maxValue: Math.max,
    },
  ) {}

  add(numbers: Numbers): void {
    for (const [name, value] of Object.entries(numbers)) {
      const before = this.#sums[name];
      const combine = this.others[name];
      this.#sums[name] = before === undefined ? value : combine ? combine(before, value) : before + value;
      this.#counts[name] = combine ? 1 : (this.#counts[name] ?? 0) + 1;
    }
  }

  /** Empty if nothing was added. */
  record(): Numbers {
    return Object.fromEntries(Object.entries(this.#sums).map(([name, sum]) => [name, sum / this.#counts[name]!]));
  }
}
