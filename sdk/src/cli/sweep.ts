// Runs of a sweep: one after another in this process, or several at a time in processes of their own, and a table at the end.
import { spawn, type ChildProcess } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { ResolvedConfig } from "../config/run/experiment.js";
import { expandSweep, sweptOverrides } from "../config/run/sweep.js";
import { textTable } from "../figures/text-table.js";
import { exitCodes, failureText } from "./command.js";
import { loadConfigRoom, type ConfigFlags } from "./config-flags.js";
import type { Terminal } from "./terminal.js";

interface Job {
  /** "2/4" */
  readonly number: string;
  readonly overrides: readonly string[];
  /** What tells it from the others: "seed=1 train.gamma=0.9". */
  readonly title: string;
  readonly folder: string;
  readonly resolved: ResolvedConfig;
}

interface Outcome {
  readonly code: number;
  readonly seconds: number;
}

/** Runs one job in this process and gives its exit code. */
type RunHere = (resolved: ResolvedConfig) => Promise<number>;

/**
 * Runs every combination. All of them are checked before the first starts.
 * @returns the exit code: that of the first run that did not succeed.
 */
export async function runSweep(
  flags: ConfigFlags,
  overrides: readonly string[],
  count: number,
  terminal: Terminal,
  runHere: RunHere,
): Promise<number> {
  const jobs = await plan(flags, overrides);
  const runReporting = async ({ resolved }: Job) => {
    try {
      return await runHere(resolved);
    } catch (error) {
      // One run that fails leaves the others to run.
      terminal.error(`dmpo: ${failureText(error)}`);
      return exitCodes.failure;
    }
  };
  terminal.out(`${jobs.length} runs, ${count} at a time`);
  const outcomes: Outcome[] = [];
  const children = new Set<ChildProcess>();
  const stopAll = () => children.forEach((child) => child.kill("SIGINT"));
  if (count > 1) process.on("SIGINT", stopAll).on("SIGTERM", stopAll);
  let next = 0;
  const work = async () => {
    while (next < jobs.length && !outcomes.some(({ code }) => code === exitCodes.interrupted)) {
      const index = next++;
      const job = jobs[index]!;
      terminal.out(`[${job.number}] ${job.title}`);
      const started = Date.now();
      const code = count === 1 ? await runReporting(job) : await runElsewhere(flags, job, terminal, children);
      outcomes[index] = { code, seconds: (Date.now() - started) / 1000 };
    }
  };
  try {
    await Promise.all(Array.from({ length: Math.min(count, jobs.length) }, work));
  } finally {
    process.off("SIGINT", stopAll).off("SIGTERM", stopAll);
  }
  const rows = await Promise.all(jobs.map(async (job, index) => rowOf(job, outcomes[index])));
  const titles = ["run", "overrides", "state", "seconds", "result", "folder"];
  for (const line of textTable(titles, rows, { rule: false })) terminal.out(line);
  return outcomes.find((outcome) => outcome && outcome.code !== exitCodes.ok)?.code ?? exitCodes.ok;
}

async function plan(flags: ConfigFlags, overrides: readonly string[]): Promise<Job[]> {
  const { resolveConfig } = await loadConfigRoom();
  const runs = expandSweep(overrides);
  const now = new Date();
  const resolve = (run: readonly string[]) => resolveConfig(flags.configDir, flags.configName, run, { now });
  const folders = runs.map((run) => String(resolve(run).config.logdir));
  return runs.map((run, index) => {
    // Runs that differ in what the folder's name does not show get a number.
    const folder = folders[index]!;
    const isUnique = folders.filter((other) => other === folder).length === 1;
    const own = isUnique ? folder : `${folder}_${index}`;
    // Given to the run, because a name may contain the time, and it starts later.
    const named = [...run, `logdir=${JSON.stringify(own)}`];
    const title = sweptOverrides(overrides, run).join(" ");
    return { number: `${index + 1}/${runs.length}`, overrides: named, title, folder: own, resolved: resolve(named) };
  });
}

const program = fileURLToPath(new URL("../../bin/dmpo.js", import.meta.url));

/**
 * One run in a process of its own; its lines are marked with its number. A terminal's Ctrl-C reaches this process alone, which passes
 * it on; by the channel between them the other one notices when this one ends.
 */
function runElsewhere(
  flags: ConfigFlags,
  { number, overrides }: Job,
  terminal: Terminal,
  children: Set<ChildProcess>,
): Promise<number> {
  const argv = ["run", "--config-dir", flags.configDir, "--config-name", flags.configName, ...overrides];
  const child = spawn(process.execPath, [program, ...argv], {
    stdio: ["ignore", "pipe", "pipe", "ipc"],
    detached: true,
    windowsHide: true,
  });
  children.add(child);
  createInterface({ input: child.stdout! }).on("line", (line) => terminal.out(`[${number}] ${line}`));
  createInterface({ input: child.stderr! }).on("line", (line) => terminal.error(`[${number}] ${line}`));
  return new Promise((resolve, reject) => {
    child.on("error", reject).on("close", (code, signal) => {
      children.delete(child);
      resolve(code ?? (signal === "SIGINT" ? exitCodes.interrupted : exitCodes.failure));
    });
  });
}

const states: Readonly<Record<number, string>> = {
  [exitCodes.ok]: "done",
  [exitCodes.waits]: "waits",
  [exitCodes.interrupted]: "interrupted",
};

async function rowOf({ number, title, folder }: Job, outcome: Outcome | undefined): Promise<string[]> {
  if (!outcome) return [number, title, "not started", "", "", ""];
  const state = states[outcome.code] ?? "failed";
  return [number, title, state, outcome.seconds.toFixed(0), await resultOf(folder), folder];
}

/** Losses, returns and success of the best iteration, else of the last, in the run's result.json. */
async function resultOf(folder: string): Promise<string> {
  try {
    const result = JSON.parse(await readFile(join(folder, "result.json"), "utf8")) as Record<string, object>;
    return Object.entries(result.best ?? result.last ?? {})
      .filter(([key, value]) => typeof value === "number" && /loss|return|success/i.test(key) && !/std/i.test(key))
      .map(([key, value]) => `${key} ${Number(Number(value).toPrecision(4))}`)
      .join(", ");
  } catch {
    return "";
  }
}
