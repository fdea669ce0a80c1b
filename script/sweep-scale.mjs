// What a sweep's record costs: `node script/sweep-scale.mjs [trials] [trials per job]` makes one as it is after its end, and times what
// the coordinator does with it. The figures of docs/scale.md.
import { appendFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { dueTrials } from "../sdk/dist/experiments/sweeps/coordinate.js";
import { SweepRecord } from "../sdk/dist/experiments/sweeps/record.js";
import { SweepReport } from "../sdk/dist/experiments/sweeps/report.js";

const [trials = 10_000, perJob = 30] = process.argv.slice(2).map(Number);
const folder = mkdtempSync(join(tmpdir(), "dmpo-scale-"));
const labels = (n) => ({
  seed: String(n % 10),
  "model.times.type": n % 20 < 10 ? "uniform" : "beta",
  "train.learning_rate": String(1e-4 * (1 + Math.floor(n / 20))),
});
writeFileSync(
  join(folder, "sweep.json"),
  `${JSON.stringify(
    {
      ...{ version: 1, id: "0123abcd", title: "pre_reflow_mlp", created: new Date().toISOString(), threads: 1 },
      work: { kind: "configuration", configDir: "", configName: "pre_reflow_mlp", overrides: [] },
      search: { kind: "grid" },
      objective: { metric: "loss", goal: "min" },
      backEnd: { name: "slurm", options: {} },
      trials: Array.from({ length: trials }, (_, n) => ({ labels: labels(n) })),
    },
    null,
    2,
  )}\n`,
);
mkdirSync(join(folder, "journal"));
for (let first = 0, job = 1; first < trials; first += perJob, job++) {
  const name = `j${String(job).padStart(4, "0")}`;
  const own = Array.from({ length: Math.min(perJob, trials - first) }, (_, i) => first + i);
  for (const more of [{}, { id: `1234_${job}` }])
    appendFileSync(
      join(folder, "jobs.jsonl"),
      `${JSON.stringify({ job: name, backEnd: "slurm", trials: own, ...more })}\n`,
    );
  const lines = own.flatMap((trial) => [
    { trial, state: "running", job: name, host: "node-17", time: Date.now() },
    {
      seconds: 1234.56789,
      trial,
      state: "done",
      iterations: 300,
      best: Math.random(),
      job: name,
      host: "node-17",
      time: Date.now(),
    },
  ]);
  writeFileSync(join(folder, "journal", `${name}.jsonl`), lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
}

const timed = async (what, work) => {
  const began = performance.now();
  const result = await work();
  console.log(`${what}: ${Math.round(performance.now() - began)} ms`);
  return result;
};
const record = await timed("open the record", () => SweepRecord.open(folder));
await timed("one look: reports of 100 jobs, results, what is due", async () => {
  await record.refresh(record.jobs.slice(0, 100).map(({ job }) => job));
  dueTrials(record);
});
const report = new SweepReport(record);
await timed("the table", () => report.toString());
await timed("table.csv and figures", () => report.save());
const size = (...names) => names.reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
const journals = readdirSync(join(folder, "journal")).map((name) => `journal/${name}`);
console.log(
  `sweep.json ${size("sweep.json")}, jobs.jsonl ${size("jobs.jsonl")}, ${journals.length} journals ${size(...journals)}, table.csv ${size("table.csv")} bytes`,
);
console.log(`memory ${Math.round(process.memoryUsage().rss / 2 ** 20)} MiB`);
rmSync(folder, { recursive: true });
