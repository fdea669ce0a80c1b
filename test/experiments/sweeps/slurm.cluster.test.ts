// Sweeps with a real Slurm: its arrays, a coordinator and a node that are killed, the end of a job's time, stopping.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { SweepRecord } from "../../../sdk/src/experiments/sweeps/record.js";
import { SweepReport } from "../../../sdk/src/experiments/sweeps/report.js";
import { temporaryFolder } from "../../data/temporary-folder.js";
import { SlurmCluster, whyNoSlurm } from "./slurm-cluster.js";
import { dmpo, documentedSweep, pretrainedBriefly } from "./documented.js";
import { finished, outcome, sweep, trained, until, wait } from "./trained-sweep.js";

const absent = whyNoSlurm();
if (absent) console.log(`Skipped: sweeps with Slurm (${absent}).`);

describe.skipIf(absent)("with Slurm", () => {
  const folder = temporaryFolder();
  const whole = join(folder, "whole");
  let cluster: SlurmCluster;
  beforeAll(async () => {
    cluster = await SlurmCluster.start();
    expect((await finished(sweep(trained(whole)))).code).toBe(0);
  });
  afterAll(() => cluster?.stop());

  const begin = (name: string, ...more: string[]) =>
    sweep([...trained(join(folder, name)), "--on", "slurm", ...more], cluster.env);
  const resume = (name: string, ...more: string[]) => sweep(["resume", join(folder, name), ...more], cluster.env);
  const counts = async (name: string) => new SweepReport(await SweepRecord.open(join(folder, name))).counts();
  const hasBegun = (name: string) => existsSync(join(folder, name, "trials/0001/checkpoint/last.safetensors"));

  test("a coordinator that is killed finds its jobs again; results are those of this machine to the last bit", async () => {
    const child = begin("coordinator");
    await until("the second trial", () => hasBegun("coordinator"));
    child.kill("SIGKILL");
    await wait(3000);
    const { code, out } = await finished(resume("coordinator"));
    expect(code, out).toBe(0);
    expect(await counts("coordinator")).toEqual({ done: 4 });
    expect(readFileSync(join(folder, "coordinator/jobs.jsonl"), "utf8").trim().split("\n")).toHaveLength(8);
    expect(await outcome(join(folder, "coordinator"))).toEqual(await outcome(whole));
  });

  test("a node that is lost with all it runs: its trial goes on", async () => {
    const child = finished(begin("node"));
    await until("the second trial", () => hasBegun("node"));
    cluster.killNode(1);
    await wait(15_000);
    cluster.startNode(1);
    const { code, out } = await child;
    expect(code, out).toBe(0);
    expect(await counts("node")).toEqual({ done: 4 });
    // Slurm starts it again where it notices in time, else the coordinator hands the trial over.
    const journals = readdirSync(join(folder, "node/journal")).map((name) =>
      readFileSync(join(folder, "node/journal", name), "utf8"),
    );
    const begun = journals.join("").match(/"state":"running"/g)!;
    expect(begun.length).toBeGreaterThan(4);
    expect(await outcome(join(folder, "node"))).toEqual(await outcome(whole));
  });

  test("stopped, trials save and the queue is empty; resumed elsewhere, they end as if nothing had been", async () => {
    const child = finished(begin("stopped"));
    await until("the second trial", () => hasBegun("stopped"));
    expect((await finished(sweep(["stop", join(folder, "stopped")], cluster.env))).code).toBe(0);
    expect((await child).code).toBe(1);
    expect(cluster.run("squeue", "--noheader")).toBe("");
    // One may have come to its end before it heard of it.
    const { stopped = 0, running = 0 } = await counts("stopped");
    expect([stopped >= 1, running]).toEqual([true, 0]);
    const { code, out } = await finished(resume("stopped", "--on", "local"));
    expect(code, out).toBe(0);
    expect(await outcome(join(folder, "stopped"))).toEqual(await outcome(whole));
  });

  test("what nobody has is said in one line", async () => {
    const { code, out } = await finished(begin("greedy", "--cpus", "64", "--patience", "5"));
    expect(code).toBe(1);
    expect(out).toMatch(/dmpo: slurm: no job has started for 5 s \(\w+\)\n {2}expected [^\n]*\n {2}ask for less/);
    expect((await finished(sweep(["stop", join(folder, "greedy")], cluster.env))).code).toBe(0);
    expect(cluster.run("squeue", "--noheader")).toBe("");
  });

  test("a job whose time is over saves, goes back into the queue by itself, and goes on", async () => {
    // Slurm counts minutes; of the first, half is left when it warns.
    const time = ["--sbatch=--time=1", "--sbatch=--signal=B:USR2@30", "--per-job", "4"];
    const { code, out } = await finished(
      sweep([...trained(join(folder, "time"), 400), "--on", "slurm", ...time], cluster.env),
    );
    expect(code, out).toBe(0);
    expect(out).toMatch(/stopped[^\n]* on n[12]/);
    expect(await counts("time")).toEqual({ done: 4 });
    const logs = readdirSync(join(folder, "time/jobs")).map((name) =>
      readFileSync(join(folder, "time/jobs", name), "utf8"),
    );
    expect(logs.join("")).toContain("the job's time is nearly over");
    const record = await SweepRecord.open(join(folder, "time"));
    for (const trial of [0, 1, 2, 3]) {
      const rows = readFileSync(join(record.trialFolder(trial), "metrics.jsonl"), "utf8")
        .trim()
        .split("\n");
      expect(new Set(rows.map((row) => (JSON.parse(row) as { epoch: number }).epoch)).size).toBe(400);
    }
  });

  test("the doctor finds everything, as seen by a machine of the cluster", async () => {
    const { code, out } = await dmpo(["doctor", "--slurm"], cluster.env);
    expect(code, out).toBe(0);
    expect(out).toMatch(/^ok +a machine +\S+ sees this folder and this program, Node v\d+/m);
  });

  test("the command of docs/sweeps.md runs", async () => {
    const base = await pretrainedBriefly(join(folder, "base"));
    const { code, out } = await dmpo(documentedSweep("slurm", join(folder, "documented"), base), cluster.env);
    expect(code, out).toBe(0);
    expect(await counts("documented")).toEqual({ done: 2 });
  });
});
