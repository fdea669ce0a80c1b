// The command line of the process that runs a job, and what its exit codes tell.
import { fileURLToPath } from "node:url";
import { trialList } from "./back-end.js";
import type { Job, SweepRecord } from "./record.js";

/** The `dmpo` command, or what starts it where the sources run uncompiled. */
const program = fileURLToPath(
  new URL(import.meta.url.endsWith(".ts") ? "../../cli/program-source.mjs" : "../../../bin/dmpo.js", import.meta.url),
);

/** Arguments of Node, but for the job. */
function fixedArguments({ folder }: Pick<SweepRecord, "folder">, until: number | undefined): string[] {
  return [program, "sweep", "work", folder, ...(until === undefined ? [] : ["--until", String(until)])];
}

/** Arguments of Node. */
export function workerArguments(sweep: SweepRecord, { job, trials, until }: Job): string[] {
  return [...fixedArguments(sweep, until), "--job", job, "--trials", trialList(trials)];
}

/** What ends a job before it begins, on a machine that lacks something. */
export const missing = {
  71: {
    what: "does not see the working folder or the sweep's folder",
    remedy: "put both on a file system that all machines mount, and give --folder",
  },
  72: {
    what: "has no Node 20.19 or newer",
    remedy: "install it there, or put it on the PATH of jobs; DMPO_NODE names its program",
  },
  73: { what: "does not see this program", remedy: "install it on a file system that all machines mount" },
} as const;

/** Quotes for a POSIX shell. */
export const quoted = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;

/**
 * Shell lines for another machine: they go to the working folder, look for what is needed there, and become the worker.
 * @param job its name and its trials as words of a shell.
 */
export function remoteScript(
  sweep: Pick<SweepRecord, "folder">,
  { job, trials, until }: { readonly job: string; readonly trials: string; readonly until?: number },
): string {
  // One process, so that signals reach it and it notices when its parent is another.
  const parameters = `${fixedArguments(sweep, until).map(quoted).join(" ")} --job ${job} --trials ${trials}`;
  return [...machineChecks(`${sweep.folder}/sweep.json`), `exec "$node" ${parameters}`].join("\n");
}

/**
 * Shell lines that look on another machine for the working folder, a file of this one, this program and Node, which is `$node` then.
 * They end with one line on standard error and the exit code of what is missing.
 */
export function machineChecks(file: string): string[] {
  const stop = (code: keyof typeof missing, seen: string) =>
    `{ echo "dmpo: $(hostname) ${missing[code].what}: "${quoted(seen)} >&2; exit ${code}; }`;
  const isNewEnough = `"$node" -e ${quoted('const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)')}`;
  return [
    `cd ${quoted(process.cwd())} 2>/dev/null || ${stop(71, process.cwd())}`,
    `[ -f ${quoted(file)} ] || ${stop(71, file)}`,
    `[ -f ${quoted(program)} ] || ${stop(73, program)}`,
    `node=\${DMPO_NODE:-${quoted(process.execPath)}}; [ -x "$node" ] || node=$(command -v node) || ${stop(72, "no node on its PATH")}`,
    `${isNewEnough} || ${stop(72, "it has an older one")}`,
  ];
}
