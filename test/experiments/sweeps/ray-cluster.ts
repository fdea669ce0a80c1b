// Ray with two machines that are one: a head and a second raylet from .venv-peers, one core each, ended with the tests.
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { rayNodes } from "../../../sdk/src/experiments/sweeps/ray.js";
import { freePort } from "./free-port.js";
import { until } from "./trained-sweep.js";

const program = fileURLToPath(new URL("../../../.venv-peers/bin/ray", import.meta.url));

/** Why Ray's tests cannot run here; undefined if they can. */
export const whyNoRay = () =>
  existsSync(program)
    ? undefined
    : 'no .venv-peers/bin/ray: python3 -m venv .venv-peers && .venv-peers/bin/pip install "ray[default]==2.60.0"';

export class RayCluster {
  #second: ChildProcess | undefined;
  /** For programs that use it. */
  readonly env: NodeJS.ProcessEnv;

  private constructor(
    readonly address: string,
    private readonly port: number,
    private readonly folder: string,
    private readonly head: ChildProcess,
  ) {
    this.env = { RAY_API_SERVER_ADDRESS: address };
  }

  static async start(): Promise<RayCluster> {
    // Short: names of sockets are.
    const folder = mkdtempSync("/tmp/ray-");
    const [port, dashboard] = [await freePort(), await freePort()];
    const head = await ray([
      "--head",
      "--node-ip-address=127.0.0.1",
      `--port=${port}`,
      `--dashboard-port=${dashboard}`,
      `--temp-dir=${folder}`,
    ]);
    const cluster = new RayCluster(`http://127.0.0.1:${dashboard}`, port, folder, head);
    await cluster.startSecond();
    return cluster;
  }

  async startSecond(): Promise<void> {
    await until("the head", () => this.#alive(1));
    this.#second = await ray([`--address=127.0.0.1:${this.port}`, "--node-ip-address=127.0.0.1"]);
    await until("the second node", () => this.#alive(2));
  }

  /** Kill -9 of the second machine's raylet. */
  killSecond(): void {
    for (const raylet of descendants(this.#second!.pid!).filter(({ name }) => name === "raylet"))
      process.kill(raylet.pid, "SIGKILL");
  }

  async stop(): Promise<void> {
    for (const process of [this.#second, this.head]) if (process) await end(process);
    rmSync(this.folder, { recursive: true, force: true });
  }

  async #alive(count: number): Promise<boolean> {
    const nodes = await rayNodes(this.address).catch(() => []);
    return nodes.filter(({ isAlive }) => isAlive).length >= count;
  }
}

async function ray(parameters: readonly string[]): Promise<ChildProcess> {
  const ports = [`--dashboard-agent-listen-port=${await freePort()}`, `--ray-client-server-port=${await freePort()}`];
  const own = parameters.includes("--head") ? ports : ports.slice(0, 1);
  // Nothing is reported to anybody.
  const env = { ...process.env, RAY_USAGE_STATS_ENABLED: "0", RAY_memory_monitor_refresh_ms: "0" };
  return spawn(
    program,
    [
      "start",
      ...parameters,
      ...own,
      "--num-cpus=1",
      "--object-store-memory=100000000",
      "--block",
      "--disable-usage-stats",
    ],
    {
      env,
      stdio: "ignore",
    },
  );
}

function descendants(pid: number): { pid: number; name: string }[] {
  const rows = execFileSync("ps", ["-eo", "pid=,ppid=,comm="], { encoding: "utf8" }).trim().split("\n");
  const all = rows
    .map((row) => row.trim().split(/\s+/))
    .map(([own, parent, name]) => ({ pid: Number(own), parent: Number(parent), name: name! }));
  const below = (parent: number): typeof all =>
    all.filter((one) => one.parent === parent).flatMap((one) => [one, ...below(one.pid)]);
  return below(pid);
}

/** Ends a process and what it has started. */
async function end(started: ChildProcess): Promise<void> {
  const all = descendants(started.pid!);
  const ended =
    started.exitCode !== null || started.signalCode !== null
      ? undefined
      : new Promise((resolve) => started.on("exit", resolve));
  started.kill("SIGTERM");
  await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 10_000))]);
  for (const { pid } of [{ pid: started.pid! }, ...all]) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It has ended.
    }
  }
}
