// What a sweep of short trials costs beyond them: `node script/sweep-overhead.mjs [trials] [seconds]` runs so many that wait so long, on this
// machine, one process a core. The figures of docs/scale.md.
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { sensitivity } from "../sdk/dist/bundle/index.js";

const [trials = 1000, seconds = 2] = process.argv.slice(2).map(Number);
const folder = mkdtempSync(join(tmpdir(), "dmpo-overhead-"));
const run = join(folder, "run.mjs");
writeFileSync(
  run,
  `export default ({ factor }) => new Promise((done) => setTimeout(done, ${1000 * seconds}, { factor }));\n`,
);
const began = performance.now();
const report = await sensitivity({
  vary: { factor: Array.from({ length: Math.ceil(trials / 10) }, (_, n) => n) },
  seeds: Array.from({ length: 10 }, (_, n) => n),
  ...{ run, on: "local", folder: join(folder, "sweep"), progress: false },
});
const took = (performance.now() - began) / 1000;
const ideal = (report.cells.length * seconds) / availableParallelism();
const [record] = readdirSync(join(folder, "sweep", "sweeps"));
const processes = readdirSync(join(folder, "sweep", "sweeps", record, "jobs")).length;
console.log(
  `${report.cells.length} trials of ${seconds} s in ${processes} processes on ${availableParallelism()} cores: ${took.toFixed(1)} s instead of ` +
    `${ideal.toFixed(1)}, ${(100 * (took / ideal - 1)).toFixed(1)} % more; load ${loadavg()[0].toFixed(1)}`,
);
rmSync(folder, { recursive: true });
