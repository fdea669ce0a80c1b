// Sweeps with a real Ray: a coordinator and a machine that are killed, stopping, resources that nobody has.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { SweepRecord } from "../../../sdk/src/experiments/sweeps/record.js";
import { SweepReport } from "../../../sdk/src/experiments/sweeps/report.js";
import { temporaryFolder } from "../../data/temporary-folder.js";
import { RayCluster, whyNoRay } from "./ray-cluster.js";
import { dmpo, documentedSweep, pretrainedBriefly } from "./documented.js";
import { finished, outcome, sweep, trained, until, wait, workers } from "./trained-sweep.js";

const absent = whyNoRay();
if (absent) console.log(`Skipped: sweeps with Ray (${absent}).`);

describe.skipIf(absent)("with Ray", () => {
  const folder = temporaryFolder();
  const whole = join(folder, "whole");
  let cluster: RayCluster;
  beforeAll(async () => {
    cluster = await RayCluster.start();
    expect((await finished(sweep(trained(whole)))).code).toBe(0);
  });
  afterAll(() => cluster?.stop());

  const begin = (name: string, ...more: string[]) =>
    sweep([...trained(join(folder, name)), "--on", "ray", ...more], cluster.env);
  const resume = (name: string, ...more: string[]) => sweep(["resume", join(folder, name), ...more], cluster.env);
  const counts = async (name: string) => new SweepReport(await SweepRecord.open(join(folder, name))).counts();
  const hasBegun = (name: string) =>
    [0, 1].every((trial) => existsSync(join(folder, name, `trials/000${trial}/checkpoint/last.safetensors`)));
  const jobs = (name: string) =>
    readFileSync(join(folder, name, "jobs.jsonl"), "utf8")
      .trim()
      .split("\n");

  test("a coordinator that is killed finds its jobs again; results are those of this machine to the last bit", async () => {
    const child = begin("coordinator", "--per-job", "1");
    await until("two trials", () => hasBegun("coordinator"));
    child.kill("SIGKILL");
    await wait(3000);
    const { code, out } = await finished(resume("coordinator"));
    expect(code, out).toBe(0);
    expect(await counts("coordinator")).toEqual({ done: 4 });
    expect(jobs("coordinator")).toHaveLength(8);
    expect(await outcome(join(folder, "coordinator"))).toEqual(await outcome(whole));
  });

  test("a machine whose raylet is killed: its trial goes on as another job, and the orphan leaves it alone", async () => {
    const child = finished(begin("machine"));
    await until("two trials", () => hasBegun("machine"));
    cluster.killSecond();
    const { code, out } = await child;
    expect(code, out).toBe(0);
    expect(out).toMatch(/trial \d [^\n]*: (lost, its machine was lost|stopped)/);
    expect(await counts("machine")).toEqual({ done: 4 });
    expect(await workers(join(folder, "machine"))).toEqual([]);
    expect(await outcome(join(folder, "machine"))).toEqual(await outcome(whole));
    await cluster.startSecond();
  });

  test("stopped, trials save; resumed elsewhere, they end as if nothing had been", async () => {
    const child = finished(begin("stopped"));
    await until("two trials", () => hasBegun("stopped"));
    expect((await finished(sweep(["stop", join(folder, "stopped")], cluster.env))).code).toBe(0);
    expect((await child).code).toBe(1);
    expect(await workers(join(folder, "stopped"))).toEqual([]);
    // One may have come to its end before it heard of it.
    const { stopped = 0, running = 0 } = await counts("stopped");
    expect([stopped >= 1, running]).toEqual([true, 0]);
    const { code, out } = await finished(resume("stopped", "--on", "local"));
    expect(code, out).toBe(0);
    expect(await outcome(join(folder, "stopped"))).toEqual(await outcome(whole));
  });

  test("what nobody has is said in one line", async () => {
    const { code, out } = await finished(begin("greedy", "--gpus", "1", "--patience", "5"));
    expect(code).toBe(1);
    expect(out).toMatch(
      /dmpo: ray: no job has started for 5 s [^\n]*resources[^\n]*\n {2}expected [^\n]*\n {2}ask for less/,
    );
    expect((await finished(sweep(["stop", join(folder, "greedy")], cluster.env))).code).toBe(0);
    // Ray lists what never began as pending until it gives it up; nothing of it runs.
    expect((await finished(sweep(["list", "--on", "ray"], cluster.env))).out).not.toMatch(/RUNNING/);
  });

  test("the doctor finds everything, as seen by a machine of the cluster", async () => {
    const { code, out } = await dmpo(["doctor", "--ray", cluster.env.RAY_API_SERVER_ADDRESS!], cluster.env);
    expect(code, out).toBe(0);
    expect(out).toMatch(/^ok +a machine +\S+ sees this folder and this program, Node v\d+/m);
  });

  test("the command of docs/sweeps.md runs", async () => {
    const base = await pretrainedBriefly(join(folder, "base"));
    const { code, out } = await dmpo(documentedSweep("ray", join(folder, "documented"), base), cluster.env);
    expect(code, out).toBe(0);
    expect(await counts("documented")).toEqual({ done: 2 });
  });
});
