// Slurm with two nodes on this machine: Debian's slurm-wlm and munge, in a folder of its own, ended with the tests.
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { temporaryFolder } from "../../data/temporary-folder.js";
import { freePort } from "./free-port.js";
import { until } from "./trained-sweep.js";

const programs = ["munged", "slurmctld", "slurmd", "sbatch", "squeue", "scontrol", "scancel", "sinfo"];
const path = `${process.env.PATH}:/usr/sbin:/sbin`;

function isThere(program: string): boolean {
  try {
    execFileSync("which", [program], { env: { ...process.env, PATH: path }, stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

/** Why Slurm's tests cannot run here; undefined if they can. */
export function whyNoSlurm(): string | undefined {
  const missing = programs.filter((program) => !isThere(program));
  if (missing.length > 0) return `${missing.join(", ")} not found; Debian: apt-get install slurm-wlm munge`;
  return process.getuid?.() === 0 ? undefined : "its daemons are started as root";
}

export class SlurmCluster {
  readonly #daemons = new Map<string, ChildProcess>();
  /** For programs that use it. */
  readonly env: NodeJS.ProcessEnv;

  private constructor(private readonly folder: string) {
    this.env = { SLURM_CONF: join(folder, "slurm.conf"), PATH: path };
  }

  static async start(): Promise<SlurmCluster> {
    const folder = temporaryFolder();
    chmodSync(folder, 0o755);
    for (const name of ["state", "spool-n1", "spool-n2", "munge"]) mkdirSync(join(folder, name), { mode: 0o755 });
    const munge = (name: string) => join(folder, "munge", name);
    writeFileSync(munge("key"), randomBytes(1024), { mode: 0o400 });
    const host = hostname().split(".")[0]!;
    const [controller, first, second] = [await freePort(), await freePort(), await freePort()];
    writeFileSync(
      join(folder, "slurm.conf"),
      [
        ...["ClusterName=test", `SlurmctldHost=${host}(127.0.0.1)`, `SlurmctldPort=${controller}`],
        ...[
          "AuthType=auth/munge",
          `AuthInfo=socket=${munge("socket")},cred_expire=10`,
          "SlurmUser=root",
          "SlurmdUser=root",
        ],
        ...[
          `StateSaveLocation=${folder}/state`,
          `SlurmdSpoolDir=${folder}/spool-%n`,
          `SlurmctldPidFile=${folder}/ctld.pid`,
        ],
        ...[
          `SlurmdPidFile=${folder}/slurmd-%n.pid`,
          "ProctrackType=proctrack/pgid",
          "TaskPlugin=task/none",
          "MpiDefault=none",
        ],
        ...[
          "SelectType=select/cons_tres",
          "SelectTypeParameters=CR_CPU",
          "ReturnToService=2",
          "SlurmdTimeout=10",
          "KillWait=5",
        ],
        ...["JobAcctGatherType=jobacct_gather/none", "SchedulerParameters=sched_interval=2,batch_sched_delay=0"],
        ...[1, 2].map(
          (node) =>
            `NodeName=n${node} NodeHostname=${host} NodeAddr=127.0.0.1 Port=${node === 1 ? first : second} CPUs=1`,
        ),
        ...["PartitionName=main Nodes=n1,n2 Default=YES MaxTime=INFINITE State=UP", ""],
      ].join("\n"),
    );
    const cluster = new SlurmCluster(folder);
    const files = ["key", "socket", "pid", "log", "seed"].map(
      (name) =>
        `--${name === "pid" || name === "log" || name === "seed" || name === "key" ? `${name}-file` : name}=${munge(name)}`,
    );
    cluster.#start("munged", ["--foreground", "--force", ...files]);
    await until("munged", () => isSocket(munge("socket")));
    cluster.#start("slurmctld", ["-D"]);
    cluster.startNode(1);
    cluster.startNode(2);
    await until("two idle nodes", () => cluster.run("sinfo", "--noheader", "--format=%D %T").trim() === "2 idle");
    return cluster;
  }

  /** One of Slurm's commands; empty where it fails. */
  run(command: string, ...parameters: string[]): string {
    try {
      return execFileSync(command, parameters, {
        env: { ...process.env, ...this.env },
        encoding: "utf8",
        stdio: ["ignore", "pipe", "ignore"],
      });
    } catch {
      return "";
    }
  }

  startNode(node: 1 | 2): void {
    this.#start(`slurmd-${node}`, ["-D", "-N", `n${node}`]);
  }

  /** Kill -9 of its daemon and of everything that it runs, as when a machine goes out. */
  killNode(node: 1 | 2): void {
    this.#daemons.get(`slurmd-${node}`)!.kill("SIGKILL");
    const processes = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
    const environments = processes.map(
      (pid) => [Number(pid), textOf(`/proc/${pid}/environ`), textOf(`/proc/${pid}/cmdline`)] as const,
    );
    const own = environments.filter(([, environment]) => environment.includes(`\0SLURM_CONF=${this.env.SLURM_CONF}\0`));
    const steps = own.filter(
      ([, environment, command]) => /^slurmstepd/.test(command) && environment.includes(`/spool-n${node}`),
    );
    const trials = own.filter(([, environment]) => environment.includes(`\0SLURMD_NODENAME=n${node}\0`));
    for (const [pid] of [...steps, ...trials]) process.kill(pid, "SIGKILL");
  }

  async stop(): Promise<void> {
    this.run("scancel", "--user=root", "--full", "--signal=KILL");
    for (const name of ["slurmd-1", "slurmd-2", "slurmctld", "munged"]) {
      const daemon = this.#daemons.get(name)!;
      if (daemon.exitCode !== null || daemon.signalCode !== null) continue;
      daemon.kill("SIGTERM");
      await new Promise((resolve) => daemon.on("exit", resolve));
    }
  }

  #start(name: string, parameters: string[]): void {
    const program = name.replace(/-\d$/, "");
    const daemon = spawn(program, parameters, {
      env: { ...process.env, ...this.env },
      stdio: "ignore",
      cwd: this.folder,
    });
    this.#daemons.set(name, daemon);
  }
}

function isSocket(file: string): boolean {
  try {
    execFileSync("test", ["-S", file]);
    return true;
  } catch {
    return false;
  }
}

function textOf(file: string): string {
  try {
    return readFileSync(file, "latin1");
  } catch {
    return "";
  }
}
