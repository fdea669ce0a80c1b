// The back ends by name, and what can be said to each of them.
import { fail, nearest } from "../../errors.js";
import type { BackEnd } from "./back-end.js";
import { localProcesses } from "./local.js";
import { rayCluster } from "./ray.js";
import { slurmCluster } from "./slurm.js";

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

/** By the name that `--on` takes. */
export const backEnds: Readonly<Record<string, (options: BackEndOptions) => BackEnd>> = {
  local: ({ jobs: processes, ...options }) => localProcesses({ processes, ...options }),
  ray: rayCluster,
  slurm: slurmCluster,
};

/** @throws InputError `DMPO_SWEEP` for an unknown name. */
export function backEndOf(name: string, options: BackEndOptions): BackEnd {
  const make = Object.hasOwn(backEnds, name) ? backEnds[name] : undefined;
  const names = Object.keys(backEnds);
  const close = nearest(name, names);
  return (
    make?.(options) ??
    fail("DMPO_SWEEP", "--on", `"${name}" is unknown`, `one of ${names.join(", ")}`, close && `did you mean ${close}?`)
  );
}
