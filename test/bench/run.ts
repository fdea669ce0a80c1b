// `npm run bench`: measures this project beside its peers. Every *.bench file is a topic that exports measure(context).
//   --only NAME        topics whose name contains NAME
//   --threads 1,2      numbers of threads, one or two of them by default as the machine allows
//   --rounds 3         turns of each contestant
//   --json FILE        writes [{ name, unit, ours, peer, peerName, ratio, threads }]
import { readdirSync, writeFileSync } from "node:fs";
import { availableParallelism, loadavg } from "node:os";
import { parseArgs } from "node:util";
import type { Context, Row } from "./contest.js";

interface Topic {
  readonly measure: (context: Context) => Promise<Row[]>;
}

const { values: options } = parseArgs({
  options: {
    only: { type: "string", default: "" },
    threads: { type: "string", default: availableParallelism() > 1 ? "1,2" : "1" },
    rounds: { type: "string", default: "3" },
    json: { type: "string" },
  },
});
const context: Context = { threads: options.threads.split(",").map(Number), rounds: Number(options.rounds) };

const topics = readdirSync(new URL(".", import.meta.url)).filter(
  (file) => /\.bench\.m?[jt]s$/.test(file) && file.includes(options.only),
);
if (topics.length === 0) throw new Error(`no topic contains "${options.only}"`);

const rows: Row[] = [];
for (const file of topics) {
  console.log(
    `\n${file.replace(/\.bench.*/, "")} (load ${loadavg()[0]!.toFixed(1)} on ${availableParallelism()} cores)`,
  );
  const { measure } = (await import(new URL(file, import.meta.url).href)) as Topic;
  const measured = (await measure(context)).filter(({ threads }) => context.threads.includes(threads));
  console.table(measured.map(readable));
  for (const message of new Set(measured.map((row) => row.message))) if (message) console.log(`  no peer: ${message}`);
  rows.push(...measured);
}
if (options.json) {
  const fields = rows.map(({ name, unit, ours, peer, peerName, ratio, threads }) => ({
    name,
    unit,
    ours,
    peer,
    peerName,
    ratio,
    threads,
  }));
  writeFileSync(options.json, `${JSON.stringify(fields, null, 2)}\n`);
}

function readable({ name, unit, ours, peer, peerName, ratio, threads, bestRatio, processorRatio }: Row) {
  const shown = (value: number | null | undefined) => (value ? Number(value.toPrecision(3)) : "-");
  return {
    name,
    threads,
    ours: shown(ours),
    peer: shown(peer),
    unit,
    ratio: shown(ratio),
    "ratio of best": shown(bestRatio),
    ...(processorRatio !== undefined && { "of processor time": shown(processorRatio) }),
    peerName,
  };
}
