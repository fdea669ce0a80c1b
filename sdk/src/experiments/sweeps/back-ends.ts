// The back ends by name, and what can be said to each of them.
import { fail, nearest } from "../../errors.js";
import type { BackEnd, BackEndOptions } from "./back-end.js";
import { localProcesses } from "./local.js";
import { rayCluster } from "./ray.js";
import { slurmCluster } from "./slurm.js";

/** By the name that `--on` takes. */
export const backEnds: Readonly<Record<string, (options: BackEndOptions) => BackEnd>> = {
  local: ({ jobs: processes, threads, perJob }) => localProcesses({ processes, threads, perJob }),
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
