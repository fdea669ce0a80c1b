// What a sensitivity analysis found: rows, means with confidence intervals, and one figure of everything.
import { confidenceInterval, type ConfidenceInterval } from "../../evaluation/confidence.js";
import {
  sensitivityOverview,
  type Measured,
  type SensitivityPanel,
} from "../../figures/charts/sensitivity-overview.js";
import { dataTable, type ColumnTable } from "../../figures/data-table.js";
import type { Figure } from "../../figures/figure.js";
import { formatNumber } from "../../figures/number-format.js";
import type { Series } from "../../figures/series.js";
import { timeDensity } from "../../policies/time-density.js";
import { timeDistribution, type TimeDistribution } from "../../policies/time-sampling.js";
import { comparisonTable } from "../../figures/text-table.js";
import type { FinishedCell } from "./cell-store.js";
import { variationName } from "./grid.js";
import type { Curve } from "./measures.js";

export interface SensitivityOutcome {
  /** Whether runs are missing because it was stopped; the same call with `folder` continues. */
  readonly interrupted: boolean;
  /** Where the runs are stored; undefined if nothing was written. */
  readonly folder: string | undefined;
  readonly confidence?: number;
}

/** One line of the summary: a variation, and every measured number with its interval over the seeds. */
export interface SensitivitySummary {
  /** The choices in words, e.g. "beta, flowRatio 0.5". */
  readonly variation: string;
  /** The same by factor: the name of its chosen value. */
  readonly labels: Readonly<Record<string, string>>;
  /** Number of finished runs. */
  readonly seeds: number;
  /** By the name of the measure; curves and what only some runs measured are left out. */
  readonly measures: Readonly<Record<string, ConfidenceInterval>>;
}

/** What a sensitivity analysis found: rows, means with intervals, one figure of everything. */
export class SensitivityReport {
  /** Whether runs are missing because it was stopped. */
  readonly interrupted: boolean;
  /** Where the runs are stored; undefined if nothing was written. */
  readonly folder: string | undefined;
  /** Share of the intervals, in (0, 1): Student's t over seeds, see evaluation/confidence.ts. */
  readonly confidence: number;

  constructor(
    /** Finished runs, seed by seed: choices, measures and seconds of each. */
    readonly cells: readonly FinishedCell[],
    { interrupted, folder, confidence = 0.95 }: SensitivityOutcome,
  ) {
    this.interrupted = interrupted;
    this.folder = folder;
    this.confidence = confidence;
  }

  /** One row per run: the names of its choices, its seed, its measured numbers, and how long it took (s). */
  rows(): Record<string, number | string>[] {
    return this.cells.map(({ labels, seed, measures, seconds }) => ({
      ...labels,
      seed,
      ...Object.fromEntries(Object.entries(measures).filter(([, measure]) => typeof measure === "number")),
      seconds,
    }));
  }

  /** The rows as a table to filter, group and join. */
  toTable(): ColumnTable {
    return dataTable(this.rows());
  }

  /** One entry per variation, in the order of the grid. @throws InputError DMPO_CONFIDENCE for a share outside (0, 1). */
  summary(): SensitivitySummary[] {
    return [...this.#byVariation()].map(([variation, cells]) => ({
      variation,
      labels: cells[0]!.labels,
      seeds: cells.length,
      measures: Object.fromEntries(
        this.#names("number").map((name) => [name, confidenceInterval(numbers(cells, name), this.confidence)]),
      ),
    }));
  }

  /**
   * Densities of the varied time distributions, if there are any; every measured curve, the mean over seeds with its
   * interval as a band; every measured number with its interval. @throws InputError DMPO_FIGURE_DATA without any run.
   */
  figure(title = "Sensitivity analysis"): Figure {
    const groups = this.#byVariation();
    const seeds = new Set(this.cells.map(({ seed }) => seed)).size;
    const interval = `${formatNumber(100 * this.confidence)} % confidence intervals of the mean (Student's t)`;
    const subtitle = `${seeds} ${seeds === 1 ? "seed" : `seeds; bands and whiskers: ${interval}`}${this.interrupted ? "; incomplete" : ""}`;
    return sensitivityOverview([...groups.keys()], this.#panels(groups), { title, subtitle });
  }

  /** The summary as text. */
  toString(): string {
    const summary = this.summary();
    const names = this.#names("number");
    const shown = ({ mean, halfWidth }: ConfidenceInterval) =>
      halfWidth === undefined ? formatNumber(mean) : `${formatNumber(mean)} ± ${formatNumber(halfWidth)}`;
    return comparisonTable(
      ["variation", "seeds", ...names],
      summary.map(({ variation, seeds, measures }) => [
        variation,
        String(seeds),
        ...names.map((name) => shown(measures[name]!)),
      ]),
    );
  }

  #byVariation(): Map<string, FinishedCell[]> {
    const groups = new Map<string, FinishedCell[]>();
    for (const cell of this.cells) {
      const name = variationName(cell);
      groups.set(name, [...(groups.get(name) ?? []), cell]);
    }
    return groups;
  }

  /** Names of the measures of one kind that all runs have. */
  #names(kind: "number" | "object"): string[] {
    const [first, ...others] = this.cells.map(({ measures }) => measures);
    return Object.keys(first ?? {}).filter((name) => [first!, ...others].every((each) => typeof each[name] === kind));
  }

  #panels(groups: ReadonlyMap<string, readonly FinishedCell[]>): SensitivityPanel[] {
    const densities = [...groups].flatMap(([name, [cell]]) => densityOf(name, cell!) ?? []);
    return [
      ...(densities.length
        ? [
            {
              kind: "lines",
              title: "density of the drawn times",
              x: "time (0 data, 1 noise)",
              series: densities,
            } as const,
          ]
        : []),
      ...this.#names("object").map((measure) => ({
        kind: "lines" as const,
        title: measure,
        x: (this.cells[0]!.measures[measure] as Curve).over ?? "epoch",
        logarithmic: true,
        series: [...groups].map(([name, cells]) => this.#meanCurve(name, cells, measure)),
      })),
      ...this.#names("number").map((measure) => ({
        kind: "intervals" as const,
        title: measure,
        measured: [...groups].map(([name, cells]): Measured => {
          const values = numbers(cells, measure);
          const { mean, halfWidth } = confidenceInterval(values, this.confidence);
          return { name, values, mean, halfWidth };
        }),
      })),
    ];
  }

  /** Over the points that all seeds have. */
  #meanCurve(name: string, cells: readonly FinishedCell[], measure: string): Series {
    const curves = cells.map(({ measures }) => measures[measure] as Curve);
    const length = Math.min(...curves.map(({ x }) => x.length));
    const points = Array.from({ length }, (_, i) =>
      confidenceInterval(
        curves.map(({ y }) => y[i]!),
        this.confidence,
      ),
    );
    return {
      name,
      x: Array.from(curves[0]!.x).slice(0, length),
      y: points.map(({ mean }) => mean),
      ...(cells.length > 1 && { spread: points.map(({ halfWidth }) => halfWidth!) }),
    };
  }
}

const numbers = (cells: readonly FinishedCell[], name: string) => cells.map(({ measures }) => measures[name] as number);

/** The density of one draw, where a choice of the cell is a distribution of times. */
function densityOf(name: string, { values }: FinishedCell): Series | undefined {
  const distribution = Object.values(values).find(isTimeDistribution);
  if (!distribution) return undefined;
  const x = Array.from({ length: 199 }, (_, i) => (i + 1) / 200);
  return { name, x, y: x.map(timeDensity(distribution)) };
}

function isTimeDistribution(value: unknown): value is TimeDistribution {
  return typeof value === "object" && value !== null && "type" in value && timeDistribution.safeParse(value).success;
}
