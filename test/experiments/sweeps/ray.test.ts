// Ray by its REST interface, played by a server of our own: what is asked for, lost machines, tokens, resources that nobody has.
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { coordinate } from "../../../sdk/src/experiments/sweeps/coordinate.js";
import { appendLine } from "../../../sdk/src/experiments/sweeps/journal.js";
import { jobStatus, rayAddress, rayCluster, tryOnRay } from "../../../sdk/src/experiments/sweeps/ray.js";
import { SweepRecord } from "../../../sdk/src/experiments/sweeps/record.js";
import { trialsIn } from "../../../sdk/src/experiments/sweeps/back-end.js";
import type { TrialState } from "../../../sdk/src/experiments/sweeps/trial.js";
import { temporaryFolder } from "../../data/temporary-folder.js";
import { smallSweep } from "./small-sweep.js";
import { RayStub } from "./ray-stub.js";

let ray: RayStub;
let sweep: SweepRecord;
beforeEach(async () => {
  ray = await RayStub.start();
  sweep = await smallSweep(temporaryFolder(), "ray", 3);
});
afterEach(() => {
  ray.close();
  vi.unstubAllEnvs();
});

const cluster = (more: object = {}) => ({
  ...rayCluster({ threads: 2, perJob: 1, address: ray.address, ...more }),
  pollSeconds: 0.02,
});

/** The job and the trials of an entrypoint, as its worker would read them. */
function told(entrypoint: string) {
  const [, job, trials] = /--job (\w+) --trials ([\d,-]+)$/.exec(entrypoint)!;
  return { job: job!, trials: trialsIn(trials!) };
}

/** Reports in the name of a worker. */
function report(entrypoint: string, state: TrialState) {
  const { job, trials } = told(entrypoint);
  for (const trial of trials) appendLine(sweep.journal(job), { trial, state, time: Date.now(), job, best: trial });
}

test("every job asks for cores, says where it goes and what it is, and a machine without what it needs says so", async () => {
  ray.onSubmit = ({ entrypoint }) => {
    report(entrypoint, "done");
    return { status: "SUCCEEDED", driver_exit_code: 0 };
  };
  expect(await coordinate(sweep, { backEnd: cluster({ gpus: 1, resources: { fast: 2 } }) })).toBe(false);
  expect(ray.submitted.map(({ submission_id }) => submission_id)).toEqual([
    "dmpo-0123abcd-j0001",
    "dmpo-0123abcd-j0002",
    "dmpo-0123abcd-j0003",
  ]);
  expect(ray.submitted[0]).toMatchObject({
    ...{ entrypoint_num_cpus: 2, entrypoint_num_gpus: 1, entrypoint_resources: { fast: 2 } },
    runtime_env: { env_vars: { DMPO_THREADS: "2" } },
    metadata: { sweep: sweep.folder },
  });
  const { entrypoint } = ray.submitted[0]!;
  expect(entrypoint).toContain(`cd '${process.cwd()}' 2>/dev/null ||`);
  expect(entrypoint).toContain(`sweep' 'work' '${sweep.folder.replace("'", `'\\''`)}' --job j0001 --trials 0`);
  expect(entrypoint).toMatch(/\nexec "\$node" '/);
  expect(sweep.results().size).toBe(3);
});

test("a lost machine: its trial is handed over again under a new name; three times in a row without getting on, and it has failed", async () => {
  ray.onSubmit = ({ entrypoint }) => {
    const { trials } = told(entrypoint);
    const isCursed = trials.includes(1);
    report(entrypoint, isCursed || ray.submitted.length === 1 ? "running" : "done");
    const lost = {
      status: "FAILED",
      error_type: "JOB_SUPERVISOR_ACTOR_DIED",
      message: "Job supervisor actor died: ...",
    };
    return isCursed || ray.submitted.length === 1 ? lost : { status: "SUCCEEDED", driver_exit_code: 0 };
  };
  expect(await coordinate(sweep, { backEnd: cluster() })).toBe(false);
  const results = sweep.results();
  expect([0, 1, 2].map((trial) => results.get(trial)!.state)).toEqual(["done", "failed", "done"]);
  expect(results.get(1)!.error).toBe("3 times in a row: its machine was lost");
  expect(new Set(ray.submitted.map(({ submission_id }) => submission_id)).size).toBe(ray.submitted.length);
  expect(ray.submitted.map(({ entrypoint }) => told(entrypoint).trials[0])).toEqual(
    expect.arrayContaining([0, 0, 1, 1, 1, 2]),
  );
});

test("jobs that wait for what nobody has are said to, in one line", async () => {
  ray.onSubmit = () => ({ status: "PENDING", message: "may be waiting for resources" });
  const running = coordinate(sweep, { backEnd: cluster({ gpus: 8 }), patience: 0.1 });
  await expect(running).rejects.toThrow(
    /ray: no job has started for 0\.1 s \(may be waiting for resources\)[^]*--gpus[^]*--patience/,
  );
});

test("no more jobs are handed over than fit and two, as Ray gives up those that wait long", async () => {
  ray.cores = [5, 3];
  expect(await cluster().slots()).toBe(2 + 1 + 2);
  expect(await cluster({ gpus: 1 }).slots()).toBe(2);
  expect(await cluster({ jobs: 7 }).slots()).toBe(7);
});

test("a machine that lacks something ends the sweep with what it lacks and the remedy", async () => {
  ray.onSubmit = () => ({
    status: "FAILED",
    driver_exit_code: 72,
    error_type: "JOB_ENTRYPOINT_COMMAND_ERROR",
    driver_node_id: "n7",
  });
  await expect(coordinate(sweep, { backEnd: cluster() })).rejects.toThrow(
    /n7: log of dmpo-0123abcd-j0001[^]*install it there/,
  );
  // When that has been put right, the jobs of then are no obstacle.
  ray.onSubmit = ({ entrypoint }) => {
    report(entrypoint, "done");
    return { status: "SUCCEEDED", driver_exit_code: 0 };
  };
  const again = await SweepRecord.open(sweep.folder);
  expect(await coordinate(again, { backEnd: cluster() })).toBe(false);
  expect([...again.results().values()].map(({ state }) => state)).toEqual(["done", "done", "done"]);
});

test("tokens, addresses, and no cluster at all: one problem each, with the remedy", async () => {
  ray.token = "secret";
  await expect(cluster().list()).rejects.toThrow(/RAY_AUTH_TOKEN is not set[^]*export RAY_AUTH_TOKEN/);
  vi.stubEnv("RAY_AUTH_TOKEN", "wrong");
  await expect(cluster().list()).rejects.toMatchObject({
    code: "DMPO_RAY",
    message: expect.stringContaining("does not accept the token"),
  });
  vi.stubEnv("RAY_AUTH_TOKEN", "secret");
  expect(await cluster().list()).toEqual([]);
  ray.close();
  const nobody = rayCluster({ threads: 1, address: "http://127.0.0.1:9" });
  await expect(nobody.list()).rejects.toMatchObject({
    code: "DMPO_RAY",
    message: expect.stringMatching(/no cluster answers[^]*ray start --head/),
  });
  expect(() => rayAddress("127.0.0.1:8265")).toThrow("the address of Ray's dashboard");
  vi.stubEnv("RAY_ADDRESS", "http://10.0.0.1:8265/");
  expect(rayAddress(undefined)).toBe("http://10.0.0.1:8265");
});

test("a job that was handed over by a coordinator that then died is not one too many; stopping leaves ended ones alone", async () => {
  const backEnd = cluster();
  const job = { job: "j0001", trials: [0] };
  expect(await backEnd.submit(sweep, [job])).toEqual(new Map([["j0001", "dmpo-0123abcd-j0001"]]));
  await backEnd.submit(sweep, [job]);
  expect(ray.submitted).toHaveLength(1);
  ray.jobs.set("other", { status: "RUNNING" });
  expect(await backEnd.list()).toEqual([{ id: "dmpo-0123abcd-j0001", name: "dmpo-0123abcd-j0001", state: "PENDING" }]);
  await backEnd.stop(["dmpo-0123abcd-j0001", "gone"]);
  await backEnd.stop(["dmpo-0123abcd-j0001"]);
  expect(ray.requests.filter((request) => request.endsWith("/stop"))).toHaveLength(1);
});

test("Ray's words", () => {
  const of = (job: object) => jobStatus({ submission_id: "x", ...job } as Parameters<typeof jobStatus>[0]);
  expect(of({ status: "RUNNING", driver_node_id: "n1" })).toEqual({ state: "running", host: "n1" });
  expect(
    of({ status: "FAILED", driver_exit_code: 3, message: "Job entrypoint command failed with exit code 3\nlog" }),
  ).toEqual({
    ...{ state: "ended", exitCode: 3, reason: "failed: Job entrypoint command failed with exit code 3" },
  });
  // Killed by somebody: may go on elsewhere.
  expect(of({ status: "FAILED", driver_exit_code: 137 })).not.toHaveProperty("exitCode");
});

test("a command tried as a job of one core: how it ended, what it said; one that does not begin in time is stopped", async () => {
  ray.onSubmit = ({ submission_id }) =>
    submission_id.includes("bad") ? { status: "FAILED", driver_exit_code: 7, message: "x" } : { status: "SUCCEEDED" };
  expect(await tryOnRay(ray.address, "a-look", "true", 5)).toMatchObject({ exitCode: 0, logs: "log of a-look\n" });
  expect(ray.submitted.at(-1)).toEqual({ submission_id: "a-look", entrypoint: "true", entrypoint_num_cpus: 1 });
  expect(await tryOnRay(ray.address, "bad", "false", 5)).toMatchObject({ exitCode: 7 });
  ray.onSubmit = () => ({ status: "PENDING" });
  expect(await tryOnRay(ray.address, "never", "true", 0)).toBeUndefined();
  expect(ray.requests.at(-1)).toBe("POST /api/jobs/never/stop");
});
