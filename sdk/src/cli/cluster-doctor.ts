// What `dmpo doctor --ray` and `--slurm` look at: everything that a sweep needs of a cluster, the last of it from one of its machines.
import { randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { InputError } from "../errors.js";
import { writeFileAtomic } from "../files.js";
import { rayAddress, rayNodes, rayVersion, tryOnRay } from "../experiments/sweeps/ray.js";
import { slurm } from "../experiments/sweeps/slurm.js";
import { machineChecks, missing } from "../experiments/sweeps/worker-command.js";
import type { Finding } from "./doctor.js";

/** Until a job that looks around has to have begun. */
const patience = 60;

/** The dashboard, its token, machines, and what one of them sees. */
export async function* examineRay(given: string | undefined): AsyncGenerator<Finding> {
  const name = "ray";
  try {
    const address = rayAddress(given);
    yield { name, state: "ok", detail: `${await rayVersion(address)} at ${address}` };
    const nodes = (await rayNodes(address)).filter(({ isAlive }) => isAlive);
    const total = (resource: string) => nodes.reduce((sum, { resources }) => sum + (resources[resource] ?? 0), 0);
    const cores = total("CPU");
    yield {
      name: "machines",
      state: cores > 0 ? "ok" : "missing",
      detail: `${nodes.length}, ${cores} cores, ${total("GPU")} GPUs`,
    };
    yield await seen(async (script, id) => {
      const ended = await tryOnRay(address, id, script, patience);
      return ended && { exitCode: ended.exitCode ?? 1, said: ended.logs || (ended.reason ?? "") };
    });
  } catch (error) {
    yield refused(name, error);
  }
}

/** The commands, the controller, nodes, accounting, and what one of the nodes sees. */
export async function* examineSlurm(): AsyncGenerator<Finding> {
  try {
    yield { name: "slurm", state: "ok", detail: (await slurm("sbatch", ["--version"])).trim() };
    for (const command of ["squeue", "scontrol", "scancel", "srun"]) await slurm(command, ["--version"]);
    const states = (await slurm("sinfo", ["--noheader", "--format=%D %T"])).trim().split("\n");
    const usable = states.some((line) => /\b(idle|mixed|allocated|completing)/.test(line));
    yield { name: "nodes", state: usable ? "ok" : "missing", detail: states.join(", ") || "none" };
    const config = await slurm("scontrol", ["show", "config"]);
    const largest = Number(/MaxArraySize\s*=\s*(\d+)/.exec(config)?.[1] ?? 1001);
    yield { name: "arrays", state: largest > 1 ? "ok" : "missing", detail: `MaxArraySize ${largest}` };
    yield await accounting();
    yield await seen(async (script) => {
      try {
        return {
          exitCode: 0,
          said: await slurm("srun", ["--ntasks=1", `--immediate=${patience}`, "bash", "-c", script]),
        };
      } catch (error) {
        const said = error instanceof InputError ? error.problems[0]!.wrong : String(error);
        return /immediate|temporarily busy/i.test(said) ? undefined : { exitCode: codeIn(said), said };
      }
    });
  } catch (error) {
    yield refused("slurm", error);
  }
}

async function accounting(): Promise<Finding> {
  const name = "accounting";
  try {
    await slurm("sacct", ["--noheader", "--allocations"]);
    return { name, state: "ok", detail: "sacct" };
  } catch {
    return { name, state: "absent", detail: "optional: why jobs of yesterday ended" };
  }
}

/** What a machine of the cluster sees of this folder, this program and Node. @param run undefined: nothing was free in time. */
async function seen(
  run: (script: string, id: string) => Promise<{ readonly exitCode: number; readonly said: string } | undefined>,
): Promise<Finding> {
  const name = "a machine";
  const id = `dmpo-doctor-${randomBytes(4).toString("hex")}`;
  const file = join(process.cwd(), `.${id}`);
  await writeFileAtomic(file, "");
  try {
    const script = [
      ...machineChecks(file),
      `echo "$(hostname) sees this folder and this program, Node $("$node" --version)"`,
    ].join("\n");
    const ended = await run(script, id);
    if (!ended) return { name, state: "absent", detail: `none was free within ${patience} s to look from` };
    const said = ended.said.trim().split("\n").at(-1) ?? "";
    if (ended.exitCode === 0) return { name, state: "ok", detail: said };
    const remedy = ended.exitCode in missing ? `; ${missing[ended.exitCode as keyof typeof missing].remedy}` : "";
    return { name, state: "missing", detail: `${said.replace(/^dmpo: /, "")}${remedy}` };
  } finally {
    rmSync(file, { force: true });
  }
}

/** srun says the exit code in words. */
function codeIn(said: string): number {
  const code = Number(/Exited with exit code (\d+)/.exec(said)?.[1]);
  const named = Object.entries(missing).find(([, { what }]) => said.includes(what));
  return named ? Number(named[0]) : code || 1;
}

function refused(name: string, error: unknown): Finding {
  if (!(error instanceof InputError)) throw error;
  const { path, wrong, remedy } = error.problems[0]!;
  return { name, state: "missing", detail: `${path} ${wrong}${remedy ? `; ${remedy}` : ""}` };
}
