// What a sweep has found so far: a row per trial, a figure per factor, parallel coordinates.
import { join } from "node:path";
import { confidenceInterval } from "../../evaluation/confidence.js";
import { parallelCoordinates } from "../../figures/charts/parallel-coordinates.js";
import { sensitivityOverview } from "../../figures/charts/sensitivity-overview.js";
import { dataTable, type ColumnTable } from "../../figures/data-table.js";
import type { Figure } from "../../figures/figure.js";
import { formatNumber } from "../../figures/number-format.js";
import { saveFigure } from "../../figures/save-figure.js";
import { textTable } from "../../figures/text-table.js";
import { writeFileAtomic } from "../../files.js";
import { dueTrials } from "./coordinate.js";
import type { SweepRecord } from "./record.js";
import type { TrialResult } from "./trial.js";

/** One trial: its number, its value of every factor, its state, the best it has measured, its seconds, its machine. */
export type SweepRow = Readonly<Record<string, string | number>>;

/** What a sweep has found so far. */
export class SweepReport {
  readonly #results: ReadonlyMap<number, TrialResult>;

  constructor(private readonly sweep: SweepRecord) {
    this.#results = sweep.results();
  }

  /** Where the record lies. */
  get folder(): string {
    return this.sweep.folder;
  }

  /** Whether nothing is left to do. */
  get isComplete(): boolean {
    return dueTrials(this.sweep).length === 0;
  }

  /** How many trials are in each state; `waiting` are those that nobody has begun. */
  counts(): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const state of this.sweep.definition.trials.map((_, trial) => this.#stateOf(trial))) {
      counts[state] = (counts[state] ?? 0) + 1;
    }
    return counts;
  }

  /** One row per trial, in their order. */
  rows(): SweepRow[] {
    const { trials, objective } = this.sweep.definition;
    return trials.map(({ labels, seed }, trial) => {
      const { best, seconds, host, error } = this.#results.get(trial) ?? {};
      return {
        trial,
        ...labels,
        ...(seed !== undefined && { seed }),
        state: this.#stateOf(trial),
        [objective?.metric ?? "best"]: best ?? "",
        seconds: seconds === undefined ? "" : Math.round(100 * seconds) / 100,
        host: host ?? "",
        ...(error !== undefined && this.#stateOf(trial) === "failed" && { error: error.split("\n")[0]! }),
      };
    });
  }

  /** The rows as a table to filter, group and join. */
  toTable(): ColumnTable {
    return dataTable(this.rows());
  }

  /** By factor, the mean of the objective with its 95 % confidence interval over all trials that share a value; then all at once. */
  figures(): Record<string, Figure> {
    const { objective } = this.sweep.definition;
    const measured = this.#measured();
    const factors = this.#factors();
    if (!objective || measured.length < 2) return {};
    const { metric, goal } = objective;
    const byFactor = factors.map((factor): [string, Figure] => {
      const groups = grouped(measured.map(({ labels, score }) => [labels[factor]!, score]));
      const panel = {
        kind: "intervals" as const,
        title: `${metric} by ${factor}`,
        measured: groups.map(([name, values]) => ({
          name,
          ...confidenceInterval(values),
          values: spread(values, mostPoints),
        })),
      };
      const subtitle = `${measured.length} trials; whiskers: 95 % confidence intervals of the mean (Student's t)`;
      return [
        factor,
        sensitivityOverview(
          groups.map(([name]) => name),
          [panel],
          { title: this.sweep.definition.title, subtitle },
        ),
      ];
    });
    const ranked = measured.toSorted((a, b) => a.score - b.score);
    const all = spread(ranked, mostLines).map(({ labels, score }) => ({
      values: factors.map((factor) => labels[factor]!),
      score,
    }));
    const parallel = parallelCoordinates(all, {
      axes: factors,
      measure: metric,
      goal,
      title: this.sweep.definition.title,
    });
    return { ...(Object.fromEntries(byFactor) as Record<string, Figure>), "parallel coordinates": parallel };
  }

  /** Writes table.csv and the figures into the record. */
  async save(): Promise<void> {
    await writeFileAtomic(join(this.folder, "table.csv"), this.toTable().toCSV());
    for (const [name, figure] of Object.entries(this.figures())) {
      await saveFigure(figure, join(this.folder, "figures", `${name.replaceAll(/[^\w.-]+/g, "-")}.png`));
    }
  }

  /** The counts, and the best trials first. */
  toString(most = 20): string {
    const counts = Object.entries(this.counts()).map(([state, count]) => `${count} ${state}`);
    const { objective, title, trials } = this.sweep.definition;
    const metric = objective?.metric ?? "best";
    const rank = (row: SweepRow) =>
      typeof row[metric] === "number" ? (objective?.goal === "min" ? row[metric] : -row[metric]) : Infinity;
    const rows = this.rows().sort((a, b) => rank(a) - rank(b) || Number(a.trial) - Number(b.trial));
    const columns = [...new Set(rows.slice(0, most).flatMap((row) => Object.keys(row)))];
    const text = (value: string | number | undefined) =>
      typeof value === "number" ? formatNumber(value) : (value ?? "");
    return [
      `${title}: ${trials.length} trials, ${counts.join(", ")}`,
      ...textTable(
        columns,
        rows.slice(0, most).map((row) => columns.map((column) => text(row[column]))),
        { rule: false },
      ),
      ...(rows.length > most ? [`... ${rows.length - most} more in ${join(this.folder, "table.csv")}`] : []),
    ].join("\n");
  }

  #stateOf(trial: number): string {
    const state = this.#results.get(trial)?.state ?? "waiting";
    return state === "again" ? "waiting" : state;
  }

  /** Trials that have ended, and those that were left behind on the way. */
  #measured() {
    return this.sweep.definition.trials.flatMap(({ labels, seed }, trial) => {
      const { state, best } = this.#results.get(trial) ?? {};
      const isOver = state === "done" || state === "paused";
      const all: Record<string, string> = seed === undefined ? labels : { ...labels, seed: String(seed) };
      return isOver && best !== undefined && Number.isFinite(best) ? [{ labels: all, score: best }] : [];
    });
  }

  /** Those that vary; the seed is what intervals are over, unless nothing else varies. */
  #factors(): string[] {
    const names = Object.keys(this.sweep.definition.trials[0]!.labels);
    const others = names.filter((name) => name !== "seed");
    return others.length > 0 ? others : names;
  }
}

const mostGroups = 8;
/** What one drawing has of thousands of trials: it takes as long as it has parts, and shows no more with all of them. */
const [mostPoints, mostLines] = [60, 400];

/** As many as `most`, from the first to the last in equal steps. */
function spread<T>(all: readonly T[], most: number): readonly T[] {
  if (all.length <= most) return all;
  return Array.from({ length: most }, (_, index) => all[Math.round((index * (all.length - 1)) / (most - 1))]!);
}

/** Values by group, numbers in their order; more than eight different numbers are put into six ranges of equally many trials. */
function grouped(pairs: readonly (readonly [value: string, score: number])[]): [string, number[]][] {
  const distinct = [...new Set(pairs.map(([value]) => value))];
  const areNumbers = distinct.every((value) => value !== "" && Number.isFinite(Number(value)));
  if (areNumbers) distinct.sort((a, b) => Number(a) - Number(b));
  const byValue = new Map(distinct.map((value): [string, number[]] => [value, []]));
  for (const [value, score] of pairs) byValue.get(value)!.push(score);
  const groups = [...byValue];
  if (groups.length <= mostGroups || !areNumbers) return groups;
  const size = Math.ceil(groups.length / 6);
  return Array.from({ length: Math.ceil(groups.length / size) }, (_, index) => {
    const part = groups.slice(index * size, (index + 1) * size);
    const [first, last] = [Number(part[0]![0]), Number(part.at(-1)![0])];
    return [`${formatNumber(first)} – ${formatNumber(last)}`, part.flatMap(([, scores]) => scores)];
  });
}
