// Where the trials of a sweep run: one interface, one file for each back end.
import { z } from "zod";
import { count, optionsSchema } from "../../options.js";
import type { Job, SweepRecord } from "./record.js";

/** Where a job stands. */
export interface JobStatus {
  /** `waiting` for resources, `running`, or over, however it ended. */
  readonly state: "waiting" | "running" | "ended";
  /** Where it runs or ran. */
  readonly host?: string;
  /** Why it waits, or how it ended, in words. */
  readonly reason?: string;
  /** Of its process, where that ended by itself. */
  readonly exitCode?: number;
  /** Whether the trials of an ended job may be handed over again: false where the same would happen. Default true. */
  readonly mayRepeat?: boolean;
}

/** What a back end knows of a job. */
export interface ListedJob {
  /** The back end's own name for it. */
  readonly id: string;
  /** `<sweep>-<job>`. */
  readonly name: string;
  /** In the back end's words. */
  readonly state: string;
}

/** Runs jobs: some trials one after another in one process, which writes what comes of them into the sweep's folder. */
export interface BackEnd {
  /** As `--on` says. */
  readonly name: string;
  /** How many jobs are handed over at the same time. */
  slots(): Promise<number>;
  /** Trials of each job; undefined: few at first, then as many as take a minute. */
  readonly perJob?: number;
  /** Between two looks. */
  readonly pollSeconds: number;
  /** Hands jobs over and gives their ids, by the names of the jobs. @throws InputError saying what to do. */
  submit(sweep: SweepRecord, jobs: readonly Job[]): Promise<ReadonlyMap<string, string>>;
  /** Where jobs stand, by their ids; those that the back end does not know are left out. */
  status(ids: readonly string[]): Promise<ReadonlyMap<string, JobStatus>>;
  /** What a job said, as far as the back end keeps it. */
  logs(sweep: SweepRecord, id: string): Promise<string>;
  /** Ends jobs; those that have ended are left alone. */
  stop(ids: readonly string[]): Promise<void>;
  /** Jobs of all sweeps that it knows. */
  list(): Promise<readonly ListedJob[]>;
  /** Resolves when something may have changed; absent where looking now and then is all. */
  changed?(): Promise<void>;
  /** Whether its jobs end when the coordinator does. */
  readonly endsWithCoordinator: boolean;
}

/** What a person may say about where trials run; each back end takes what concerns it. */
export interface BackEndOptions {
  /** Jobs at the same time. */
  readonly jobs?: number;
  /** Trials of a job, one after another. */
  readonly perJob?: number;
  /** Compute threads of a trial. */
  readonly threads: number;
  /** Cores that a job asks for. Default: its threads. */
  readonly cpus?: number;
  /** GPUs that a job asks for. */
  readonly gpus?: number;
  /** Memory that a job asks for, in bytes. */
  readonly memory?: number;
  /** Ray: further resources, by their names. */
  readonly resources?: Readonly<Record<string, number>>;
  /** Ray: the address of its dashboard. */
  readonly address?: string;
  /** Slurm: further options of sbatch, such as `--partition=gpu`. */
  readonly sbatch?: readonly string[];
}

export const backEndSchema = optionsSchema<BackEndOptions>({
  ...{ jobs: count, perJob: count, threads: count, cpus: z.number().positive(), gpus: z.number().nonnegative() },
  ...{ memory: z.number().positive(), resources: z.record(z.string(), z.number().nonnegative()) },
  ...{ address: z.string(), sbatch: z.array(z.string()) },
});

/** The name of a job outside of its sweep. */
export const jobName = ({ definition: { id } }: Pick<SweepRecord, "definition">, { job }: Pick<Job, "job">) =>
  `dmpo-${id}-${job}`;

/** [0, 1, 2, 7] -> "0-2,7", as command lines have it. */
export function trialList(trials: readonly number[]): string {
  const parts: [number, number][] = [];
  for (const trial of trials) {
    const last = parts.at(-1);
    if (last && trial === last[1] + 1) last[1] = trial;
    else parts.push([trial, trial]);
  }
  return parts.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join(",");
}

/** "0-2,7" -> [0, 1, 2, 7]. */
export function trialsIn(list: string): number[] {
  return list.split(",").flatMap((part) => {
    const [first = NaN, last = first] = part.split("-").map(Number);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
}
