// A Ray cluster, by the REST interface of its jobs (Ray 2). Through node:http: Ray refuses Node's `fetch` as a browser. A job that asks
// for nothing runs on the head node, so cores are always asked for. Ray does not repeat a job whose machine was lost: the coordinator
// hands its trials over again, as a job with another name.
import { setTimeout as sleep } from "node:timers/promises";
import { fail } from "../../errors.js";
import { request, UnreachableError } from "../../hub/request.js";
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

/** Of Ray's answers, as far as they are used. */
interface RayJob {
  readonly submission_id: string;
  readonly status: "PENDING" | "RUNNING" | "SUCCEEDED" | "FAILED" | "STOPPED";
  readonly message?: string | null;
  readonly error_type?: string | null;
  readonly driver_exit_code?: number | null;
  readonly driver_node_id?: string | null;
}

/** Ray's machines and what they have in total. */
export interface RayNode {
  readonly host: string;
  readonly isAlive: boolean;
  readonly resources: Readonly<Record<string, number>>;
}

/** Ray gives up jobs that have waited for 15 minutes: few more are handed over than can run. */
const spare = 2;
const largestAnswer = 64 << 20;

/** Where the dashboard is: the given address, RAY_API_SERVER_ADDRESS, RAY_ADDRESS where it is one, or this machine. @throws InputError. */
export function rayAddress(given: string | undefined): string {
  const { RAY_API_SERVER_ADDRESS, RAY_ADDRESS } = process.env;
  const fromRay = RAY_ADDRESS?.startsWith("http") ? RAY_ADDRESS : undefined;
  const address = given ?? RAY_API_SERVER_ADDRESS ?? fromRay ?? "http://127.0.0.1:8265";
  if (!/^https?:\/\/[^/]/.test(address)) {
    fail("DMPO_RAY", "--ray-address", `"${address}"`, "the address of Ray's dashboard, such as http://127.0.0.1:8265");
  }
  return address.replace(/\/+$/, "");
}

/** One request to Ray and its JSON; undefined where Ray does not know what is asked for. @throws InputError saying what to do. */
export async function askRay<T>(
  address: string,
  method: "GET" | "POST" | "DELETE",
  path: string,
  body?: object,
): Promise<T | undefined> {
  const token = process.env.RAY_AUTH_TOKEN;
  const headers = {
    ...(body && { "Content-Type": "application/json" }),
    ...(token && { Authorization: `Bearer ${token}` }),
  };
  // Ray's "500" also means "no such log" and "there is one of that name": asking again changes nothing.
  const answer = await request(`${address}${path}`, {
    ...{ method, headers, attempts: 1, returnsErrors: true, leaveHost: false },
    ...(body && { body: JSON.stringify(body) }),
  }).catch((error: unknown) => {
    if (!(error instanceof UnreachableError)) throw error;
    const remedy = "start it (`ray start --head`), or give its address: --ray-address, RAY_API_SERVER_ADDRESS";
    return fail("DMPO_RAY", address, `no cluster answers (${error.message})`, "the dashboard of a Ray cluster", remedy);
  });
  const text = await answer.body.text(largestAnswer);
  const { status } = answer;
  if (status === 401 || status === 403) {
    const wrong = token
      ? "does not accept the token in RAY_AUTH_TOKEN"
      : "wants a token, and RAY_AUTH_TOKEN is not set";
    fail("DMPO_RAY", address, wrong, "the token of the cluster", "export RAY_AUTH_TOKEN=...");
  }
  if (status === 404) return undefined;
  if (status >= 400) {
    const said = text.trim().split("\n").at(-1)!.slice(0, 300);
    fail(
      "DMPO_RAY",
      `${address}${path}`,
      `answers ${status}: ${said}`,
      "an answer",
      "look at the cluster's dashboard and its logs",
    );
  }
  try {
    return (text ? JSON.parse(text) : {}) as T;
  } catch {
    return fail(
      "DMPO_RAY",
      address,
      "answers with what is no JSON",
      "the dashboard of a Ray cluster",
      "check the address",
    );
  }
}

/** Its version. @throws InputError as {@link askRay}. */
export async function rayVersion(address: string): Promise<string> {
  return (await askRay<{ ray_version: string }>(address, "GET", "/api/version"))?.ray_version ?? "unknown";
}

/** Runs a shell command as a job of one core. @returns how it ended and what it said; undefined if it did not begin in time. */
export async function tryOnRay(address: string, name: string, entrypoint: string, seconds: number) {
  const path = `/api/jobs/${encodeURIComponent(name)}`;
  await askRay(address, "POST", "/api/jobs/", { submission_id: name, entrypoint, entrypoint_num_cpus: 1 });
  for (const began = Date.now(); ; await sleep(500)) {
    const job = await askRay<RayJob>(address, "GET", path);
    const status = job && jobStatus(job);
    if (status?.state === "ended") {
      const logs = (await askRay<{ logs: string }>(address, "GET", `${path}/logs`))?.logs ?? "";
      return { exitCode: job!.status === "SUCCEEDED" ? 0 : status.exitCode, logs, reason: status.reason };
    }
    if (Date.now() - began < 1000 * seconds) continue;
    await askRay(address, "POST", `${path}/stop`);
    return undefined;
  }
}

/** The machines of the cluster. */
export async function rayNodes(address: string): Promise<RayNode[]> {
  interface Summary {
    readonly data: {
      readonly summary: readonly {
        hostname?: string;
        raylet?: { state?: string; resourcesTotal?: Record<string, number> };
      }[];
    };
  }
  const answer = await askRay<Summary>(address, "GET", "/nodes?view=summary");
  return (answer?.data.summary ?? []).map(({ hostname = "?", raylet }) => ({
    host: hostname,
    isAlive: raylet?.state === "ALIVE",
    resources: raylet?.resourcesTotal ?? {},
  }));
}

/** A Ray cluster. A job asks for as many cores as its trials have threads, where `cpus` says nothing else. */
export function rayCluster(options: BackEndOptions): BackEnd {
  checkOptions(backEndSchema, options);
  const { jobs: most, perJob, threads, cpus = threads, gpus, memory, resources, address: given } = options;
  const address = rayAddress(given);
  const demand = {
    entrypoint_num_cpus: cpus,
    entrypoint_num_gpus: gpus,
    entrypoint_memory: memory,
    entrypoint_resources: resources,
  };
  let live = 0;
  const jobPath = (id: string) => `/api/jobs/${encodeURIComponent(id)}`;

  const submitOne = async (sweep: SweepRecord, job: Job): Promise<string> => {
    const id = jobName(sweep, job);
    const command = remoteScript(sweep, { ...job, trials: trialList(job.trials) });
    await askRay(address, "POST", "/api/jobs/", {
      submission_id: id,
      entrypoint: command,
      ...demand,
      runtime_env: { env_vars: { DMPO_THREADS: String(sweep.definition.threads) } },
      metadata: { sweep: sweep.folder },
    }).catch(async (error: unknown) => {
      // A coordinator that was killed may have handed it over without having kept that.
      if ((await askRay<RayJob>(address, "GET", jobPath(id))) === undefined) throw error;
    });
    return id;
  };

  const statusOf = async (id: string): Promise<[string, JobStatus] | undefined> => {
    const job = await askRay<RayJob>(address, "GET", jobPath(id));
    return job && [id, jobStatus(job)];
  };

  return {
    name: "ray",
    perJob,
    // At most ten requests a second: what trials report lies in the record, and a lost machine is known some seconds later.
    get pollSeconds() {
      return Math.max(2, live / 10);
    },
    endsWithCoordinator: false,
    async slots() {
      if (most !== undefined) return most;
      const nodes = (await rayNodes(address)).filter(({ isAlive }) => isAlive);
      const wanted = { CPU: cpus, GPU: gpus ?? 0, memory: memory ?? 0, ...resources };
      const fitting = nodes.map((node) =>
        Math.min(
          ...Object.entries(wanted).map(([name, amount]) =>
            amount > 0 ? Math.floor((node.resources[name] ?? 0) / amount) : Infinity,
          ),
        ),
      );
      return spare + fitting.reduce((sum, fits) => sum + (Number.isFinite(fits) ? fits : 0), 0);
    },
    async submit(sweep, jobs) {
      const ids = new Map<string, string>();
      for (const job of jobs) ids.set(job.job, await submitOne(sweep, job));
      return ids;
    },
    async status(ids) {
      live = ids.length;
      const statuses = new Map<string, JobStatus>();
      // A few at a time: each is a request of its own, as the list of all jobs grows with the cluster's history.
      for (let start = 0; start < ids.length; start += 8) {
        for (const entry of await Promise.all(ids.slice(start, start + 8).map(statusOf)))
          if (entry) statuses.set(...entry);
      }
      return statuses;
    },
    async logs(_, id) {
      return (await askRay<{ logs: string }>(address, "GET", `${jobPath(id)}/logs`))?.logs ?? "";
    },
    async stop(ids) {
      for (const id of ids) {
        const job = await askRay<RayJob>(address, "GET", jobPath(id));
        if (job?.status === "PENDING" || job?.status === "RUNNING")
          await askRay(address, "POST", `${jobPath(id)}/stop`);
      }
    },
    async list() {
      const jobs = (await askRay<RayJob[]>(address, "GET", "/api/jobs/")) ?? [];
      return jobs
        .filter(({ submission_id: id }) => id?.startsWith("dmpo-"))
        .map(({ submission_id: id, status }): ListedJob => ({ id, name: id, state: status }));
    },
  };
}

/** Ray's words as ours. */
export function jobStatus({
  status,
  message,
  error_type: kind,
  driver_exit_code: code,
  driver_node_id: node,
}: RayJob): JobStatus {
  const host = node ? { host: node } : {};
  if (status === "PENDING") return { state: "waiting", reason: message ?? undefined };
  if (status === "RUNNING") return { state: "running", ...host };
  const said = message?.trim().split("\n")[0];
  const reason =
    kind === "JOB_SUPERVISOR_ACTOR_DIED" ? "its machine was lost" : `${status.toLowerCase()}${said ? `: ${said}` : ""}`;
  // 137 and the like: somebody killed the process.
  const ended = typeof code === "number" && code >= 0 && code < 128 ? { exitCode: code } : {};
  return { state: "ended", reason, ...host, ...ended };
}
