// Slurm, by its commands: arrays of jobs that are requeued when a machine is lost, and that are warned before their time is over.
// The jobs of an array have numbers below a limit of the cluster (MaxArraySize, 1001 where nobody has changed it).
import { execFile } from "node:child_process";
import { mkdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { fail } from "../../errors.js";
import { checkOptions } from "../../options.js";
import {
  backEndSchema,
  jobName,
  trialList,
  type BackEnd,
  type BackEndOptions,
  type JobStatus,
  type ListedJob,
} from "./back-end.js";
import type { Job, SweepRecord } from "./record.js";
import { remoteScript } from "./worker-command.js";

const largestArray = 1000;
/** Before the end of a job's time: enough for an iteration and a checkpoint. */
const secondsOfWarning = 120;

/** Runs one of Slurm's commands. @throws InputError where it is missing or fails. */
export async function slurm(command: string, parameters: readonly string[], input?: string): Promise<string> {
  try {
    const running = promisify(execFile)(command, parameters, { timeout: 60_000, maxBuffer: 64 << 20 });
    if (input !== undefined) running.child.stdin!.end(input);
    return (await running).stdout;
  } catch (error) {
    const { code, stderr = "" } = error as NodeJS.ErrnoException & { stderr?: string };
    if (code === "ENOENT") {
      const remedy = "log in where `sbatch` works, or use --on local or --on ray";
      return fail("DMPO_SLURM", command, "is not installed on this machine", "Slurm's commands", remedy);
    }
    const said =
      /^dmpo: .*$/m.exec(stderr)?.[0] || stderr.trim().split("\n").at(-1) || (error as Error).message.split("\n")[0]!;
    const remedy = "`dmpo doctor --slurm` looks what is missing";
    return fail(
      "DMPO_SLURM",
      `${command} ${parameters.slice(0, 4).join(" ")}`,
      said.replace(/^\w+: (error: )?/, ""),
      "a Slurm that takes it",
      remedy,
    );
  }
}

/**
 * The script of an array: each of its jobs takes its own trials.
 * @param jobs at most 1000, which end at the same iteration.
 */
export function arrayScript(
  sweep: SweepRecord,
  jobs: readonly Job[],
  { threads, cpus = threads, gpus, memory, jobs: most, sbatch = [] }: BackEndOptions,
): string {
  const options = [
    `--job-name=${jobName(sweep, { job: "array" })}`,
    `--array=0-${jobs.length - 1}${most === undefined ? "" : `%${most}`}`,
    "--requeue",
    "--open-mode=append",
    `--signal=B:USR2@${secondsOfWarning}`,
    "--ntasks=1",
    `--cpus-per-task=${Math.ceil(cpus)}`,
    ...(gpus ? [`--gpus-per-task=${gpus}`] : []),
    ...(memory ? [`--mem=${Math.ceil(memory / (1 << 20))}M`] : []),
    `--output=${join(sweep.folder, "jobs", "slurm-%A_%a.log")}`,
    ...sbatch,
  ];
  return [
    "#!/bin/bash",
    ...options.map((option) => `#SBATCH ${option}`),
    // A warning that comes before the worker listens must not end it.
    "trap '' USR2",
    `export DMPO_THREADS=${sweep.definition.threads}`,
    `all_jobs=(${jobs.map(({ job }) => job).join(" ")})`,
    `all_trials=(${jobs.map(({ trials }) => trialList(trials)).join(" ")})`,
    `job=\${all_jobs[$SLURM_ARRAY_TASK_ID]}; trials=\${all_trials[$SLURM_ARRAY_TASK_ID]}`,
    remoteScript(sweep, { job: '"$job"', trials: '"$trials"', until: jobs[0]?.until }),
    "",
  ].join("\n");
}

/** A cluster with Slurm. */
export function slurmCluster(options: BackEndOptions): BackEnd {
  checkOptions(backEndSchema, options);
  /** What came of jobs that are no longer queued does not change. */
  const ended = new Map<string, JobStatus>();
  return {
    name: "slurm",
    // The queue is Slurm's; --jobs is the array's own limit.
    slots: async () => 1_000_000,
    perJob: options.perJob ?? 1,
    pollSeconds: 5,
    endsWithCoordinator: false,
    async submit(sweep, jobs) {
      await mkdir(dirname(sweep.log("x")), { recursive: true });
      const ids = new Map<string, string>();
      for (let rest = jobs; rest.length > 0;) {
        const part = rest.filter(({ until }) => until === rest[0]!.until).slice(0, largestArray);
        rest = rest.filter((job) => !part.includes(job));
        const answer = await slurm("sbatch", ["--parsable"], arrayScript(sweep, part, options));
        const array = answer.trim().split(";")[0]!;
        part.forEach(({ job }, index) => ids.set(job, `${array}_${index}`));
      }
      return ids;
    },
    async status(ids) {
      const open = ids.filter((id) => !ended.has(id));
      const arrays = [...new Set(open.map((id) => id.split("_")[0]!))];
      const queued = queueIn(arrays.length > 0 ? await queueOf(arrays) : "");
      const gone = open.filter((id) => !queued.has(id));
      if (gone.length > 0) for (const [id, status] of await endings(gone)) ended.set(id, status);
      return new Map(ids.map((id) => [id, queued.get(id) ?? ended.get(id)!]));
    },
    logs: (sweep, id) => readFile(join(sweep.folder, "jobs", `slurm-${id}.log`), "utf8"),
    async stop(ids) {
      const arrays = [...new Set(ids.map((id) => id.split("_")[0]!))];
      const queued = queueIn(arrays.length > 0 ? await queueOf(arrays) : "");
      const open = ids.filter((id) => queued.has(id));
      // What waits is taken back, what runs is asked to save: its jobs end by themselves.
      for (let start = 0; start < open.length; start += 200) {
        const part = open.slice(start, start + 200);
        const waiting = part.filter((id) => queued.get(id)!.state === "waiting");
        const running = part.filter((id) => queued.get(id)!.state === "running");
        if (waiting.length > 0) await slurm("scancel", waiting);
        if (running.length > 0) await slurm("scancel", ["--batch", "--signal=TERM", ...running]);
      }
    },
    async list() {
      const text = await slurm("squeue", ["--me", "--noheader", "--array", "--format=%i|%j|%T"]);
      return lines(text).flatMap((line): ListedJob[] => {
        const [id, name, state] = line.split("|") as [string, string, string];
        return name.startsWith("dmpo-") ? [{ id, name, state }] : [];
      });
    },
  };
}

/** All jobs of some arrays; those that Slurm has forgotten are left out. */
async function queueOf(arrays: readonly string[]): Promise<string> {
  const format = ["--noheader", "--array", "--states=all", "--format=%i|%T|%N|%r"];
  try {
    return await slurm("squeue", [...format, `--jobs=${arrays.join(",")}`]);
  } catch (error) {
    if (!/Invalid job id/i.test(String(error))) throw error;
    // One forgotten array hides the others.
    const each = await Promise.all(
      arrays.map((array) => slurm("squeue", [...format, `--jobs=${array}`]).catch(() => "")),
    );
    return each.join("\n");
  }
}

/** What `squeue --format=%i|%T|%N|%r` says, by job: those that wait or run. */
export function queueIn(text: string): Map<string, JobStatus> {
  return new Map(
    lines(text).flatMap((line): [string, JobStatus][] => {
      const [id, state = "", host = "", reason = ""] = line.split("|") as [string, ...string[]];
      if (/^(PENDING|CONFIGURING|REQUEUED|REQUEUE_HOLD|SUSPENDED|SPECIAL_EXIT)/.test(state))
        return [[id, { state: "waiting", reason }]];
      if (/^(RUNNING|COMPLETING|STAGE_OUT|RESIZING|SIGNALING)/.test(state)) return [[id, { state: "running", host }]];
      return [];
    }),
  );
}

/** How jobs ended, by the accounting where the cluster keeps one, else as far as the controller remembers. */
async function endings(ids: readonly string[]): Promise<Map<string, JobStatus>> {
  const unknown = (): [string, JobStatus][] => ids.map((id) => [id, { state: "ended", reason: "its job is over" }]);
  const arrays = [...new Set(ids.map((id) => id.split("_")[0]!))];
  const accounted = await slurm("sacct", [
    "--noheader",
    "--parsable2",
    "--allocations",
    `--jobs=${arrays.join(",")}`,
    "--format=JobID,State,ExitCode,NodeList",
  ]).catch(() => "");
  const shown = accounted.trim()
    ? endingsIn(accounted)
    : endingsShown(
        (
          await Promise.all(
            arrays.map((array) => slurm("scontrol", ["show", "job", array, "--oneliner"]).catch(() => "")),
          )
        ).join("\n"),
      );
  return new Map([...unknown(), ...[...shown].filter(([id]) => ids.includes(id))]);
}

/** What `sacct --parsable2 --format=JobID,State,ExitCode,NodeList` says. */
export function endingsIn(text: string): Map<string, JobStatus> {
  return new Map(
    lines(text).map((line) => {
      const [id, state = "", exit = "", host = ""] = line.split("|") as [string, ...string[]];
      return [id, ending(state, exit, host)];
    }),
  );
}

/** What `scontrol show job --oneliner` says. */
export function endingsShown(text: string): Map<string, JobStatus> {
  return new Map(
    lines(text).flatMap((line): [string, JobStatus][] => {
      const field = (name: string) => new RegExp(`(?:^| )${name}=(\\S*)`).exec(line)?.[1] ?? "";
      const [array, task] = [field("ArrayJobId"), field("ArrayTaskId")];
      return array === ""
        ? []
        : [[`${array}_${task}`, ending(field("JobState"), field("ExitCode"), field("NodeList"))]];
    }),
  );
}

function ending(state: string, exit: string, host: string): JobStatus {
  const [code, signal] = exit.split(":").map(Number);
  const word = state.split(" ")[0]!;
  const isOwn = ["COMPLETED", "FAILED"].includes(word) && !signal;
  const reason =
    word === "COMPLETED"
      ? "its job is over"
      : `${word.toLowerCase().replaceAll("_", " ")}${exit && exit !== "0:0" ? ` (${exit})` : ""}`;
  return { state: "ended", reason, ...(host && { host }), ...(isOwn && { exitCode: code }) };
}

const lines = (text: string) =>
  text
    .split("\n")
    .map((line) => line.trim())
    .filter(Boolean);

/** Puts the job of this process back into the queue: it goes on where it has saved. */
export async function requeueItself(tell: (line: string) => void): Promise<void> {
  const { SLURM_JOB_ID: job, SLURM_ARRAY_JOB_ID: array, SLURM_ARRAY_TASK_ID: task } = process.env;
  if (job === undefined) return;
  const id = array === undefined ? job : `${array}_${task}`;
  await slurm("scontrol", ["requeue", id]).catch((error: unknown) =>
    tell(`dmpo: ${error instanceof Error ? error.message : String(error)}`),
  );
}
