// How our contestants measure: warm up, time repeated calls, print one line of JSON. The peers' twin: peers/measuring.py.
import { parseArgs } from "node:util";
import type { Measurement } from "../contest.js";

/** Options with their defaults, by keyword; numbers stay numbers. */
export function parameters<T extends Record<string, string | number>>(
  defaults: T,
): T & { threads: number; repeats: number } {
  const all: Record<string, string | number> = { threads: 1, repeats: 50, ...defaults };
  const { values } = parseArgs({
    options: Object.fromEntries(Object.keys(all).map((name) => [name, { type: "string" as const }])),
  });
  const chosen = Object.entries(all).map(([name, standard]) => {
    const given = values[name];
    return [name, given === undefined ? standard : typeof standard === "number" ? Number(given) : given];
  });
  return Object.fromEntries(chosen) as T & { threads: number; repeats: number };
}

/**
 * Prints the milliseconds of `repeats` calls, each by `parts`, of the clock and of processors, and the process's peak resident memory, and
 * ends the process.
 */
export async function report(call: () => Promise<unknown>, repeats: number, warmup = 5, parts = 1): Promise<never> {
  for (let i = 0; i < warmup; i++) await call();
  const milliseconds: number[] = [];
  const before = process.cpuUsage();
  for (let i = 0; i < repeats; i++) {
    const start = performance.now();
    await call();
    milliseconds.push((performance.now() - start) / parts);
  }
  const { user, system } = process.cpuUsage(before);
  milliseconds.sort((a, b) => a - b);
  const measurement: Measurement = {
    median: milliseconds[Math.floor(repeats / 2)]!,
    minimum: milliseconds[0]!,
    processor: (user + system) / 1000 / repeats / parts,
    peakMiB: process.resourceUsage().maxRSS / 1024,
  };
  console.log(JSON.stringify(measurement));
  process.exit();
}
