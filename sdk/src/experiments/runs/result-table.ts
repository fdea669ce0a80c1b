// result.npz: the metrics of a run as columns, for NumPy.
import { encodeNpz } from "../../data/npz.js";
import { writeFileAtomic } from "../../files.js";
import type { MetricsRecord, MetricsSink } from "../../tracking/metrics-sink.js";

/** Collects the numbers of all records and writes one array (N records) per metric when closed; NaN where a record lacks it. */
export function resultTable(path: string): MetricsSink {
  const records: MetricsRecord[] = [];
  return {
    log: (record) => void records.push(record),
    async close() {
      const isNumber = ([, value]: [string, number | string]) => typeof value === "number";
      const names = new Set(
        records.flatMap((record) =>
          Object.entries(record)
            .filter(isNumber)
            .map(([name]) => name),
        ),
      );
      const column = (name: string) => Float64Array.from(records, (record) => Number(record[name] ?? NaN));
      const array = (name: string) => ({ type: "f8", shape: [records.length], data: column(name) }) as const;
      const arrays = Object.fromEntries([...names].map((name) => [name, array(name)]));
      if (names.size > 0) await writeFileAtomic(path, encodeNpz(arrays));
    },
  };
}
