// Processes of this machine. They end with whoever coordinates them, after saving, and the sweep goes on later.
import { spawn, type ChildProcess } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { mkdir, readFile } from "node:fs/promises";
import { availableParallelism, hostname } from "node:os";
import { dirname } from "node:path";
import { checkOptions, count, optionsSchema } from "../../options.js";
import type { BackEnd, JobStatus } from "./back-end.js";
import { workerArguments } from "./worker-command.js";

/** How processes of this machine share it. */
export interface LocalOptions {
  /** Processes at the same time. Default: as many as have a core for each of their threads. */
  readonly processes?: number;
  /** Of each trial. Default 1. */
  readonly threads?: number;
  /** Trials of a process, one after another. Default: few at first, then as many as take a minute. */
  readonly perJob?: number;
}

/** Until a process that is to stop is killed. */
const secondsToSave = 60;

interface Running {
  readonly child: ChildProcess;
  status: JobStatus;
}

const schema = optionsSchema<LocalOptions>({ processes: count, threads: count, perJob: count });

/** Processes of this machine, sharing its cores. */
export function localProcesses(options: LocalOptions = {}): BackEnd {
  checkOptions(schema, options);
  const { processes, threads = 1, perJob } = options;
  const running = new Map<string, Running>();
  let wake = () => {};
  // Kept for whoever asks next: nothing that happens between two looks is missed.
  let hasChanged = false;
  const changed = () => {
    hasChanged = true;
    wake();
  };
  return {
    name: "local",
    slots: async () => processes ?? Math.max(1, Math.floor(availableParallelism() / threads)),
    perJob,
    pollSeconds: 1,
    endsWithCoordinator: true,
    async submit(sweep, jobs) {
      const ids = new Map<string, string>();
      for (const job of jobs) {
        const log = sweep.log(job.job);
        await mkdir(dirname(log), { recursive: true });
        const file = openSync(log, "a");
        // A terminal's Ctrl-C reaches the coordinator alone, which passes it on; by the channel a worker notices when that one ends.
        const child = spawn(process.execPath, workerArguments(sweep, job), {
          stdio: ["ignore", file, file, "ipc"],
          detached: true,
          windowsHide: true,
          env: { ...process.env, DMPO_THREADS: String(sweep.definition.threads) },
        });
        closeSync(file);
        const one: Running = { child, status: { state: "running", host: hostname() } };
        child.on("message", changed);
        child.on("error", (error) => {
          one.status = { state: "ended", reason: error.message, mayRepeat: false };
          changed();
        });
        child.on("exit", (code, signal) => {
          const reason = signal ? `its process was ended by ${signal}` : `its process ended with code ${code}`;
          one.status = { state: "ended", host: hostname(), reason, ...(code !== null && { exitCode: code }) };
          changed();
        });
        const id = `${child.pid ?? job.job}`;
        running.set(id, one);
        ids.set(job.job, id);
      }
      return ids;
    },
    async status(ids) {
      return new Map(ids.flatMap((id) => (running.has(id) ? [[id, running.get(id)!.status] as const] : [])));
    },
    async logs(sweep, id) {
      const job = sweep.jobs.find((one) => one.id === id)?.job;
      return job === undefined ? "" : readFile(sweep.log(job), "utf8");
    },
    async stop(ids) {
      const children = ids.flatMap((id) => running.get(id) ?? []).filter(({ status }) => status.state !== "ended");
      for (const { child } of children) {
        child.kill("SIGTERM");
        setTimeout(() => child.kill("SIGKILL"), 1000 * secondsToSave).unref();
      }
    },
    async list() {
      return [...running].flatMap(([id, { status }]) =>
        status.state === "ended" ? [] : [{ id, name: `process ${id}`, state: status.state }],
      );
    },
    async changed() {
      if (!hasChanged) await new Promise<void>((resolve) => (wake = resolve));
      hasChanged = false;
    },
  };
}
