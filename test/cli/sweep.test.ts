// `dmpo sweep` and the doctor of clusters: the lines of the documentation, what is refused, and what is shown of a record.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, expect, test, vi } from "vitest";
import { appendLine } from "../../sdk/src/experiments/sweeps/journal.js";
import { SweepRecord } from "../../sdk/src/experiments/sweeps/record.js";
import { temporaryFolder } from "../data/temporary-folder.js";
import { RayStub } from "../experiments/sweeps/ray-stub.js";
import { dmpo } from "./dmpo.js";

afterEach(() => void vi.unstubAllEnvs());

const config = ["--config-dir=cfg/gym/pretrain/hopper-medium-v2", "--config-name=pre_reflow_mlp"];

/** The words of a line as a shell makes them, without variables. */
const words = (line: string) => [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare!);

test("the sweeps of docs/sweeps.md are valid", async () => {
  const text = readFileSync(fileURLToPath(new URL("../../docs/sweeps.md", import.meta.url)), "utf8");
  const lines = [...text.matchAll(/^npx dmpo (sweep --config.*)$/gm)].map(([, line]) => line!);
  expect(lines).toHaveLength(5);
  const counts = [];
  for (const line of lines) {
    const { code, out, error } = await dmpo(...words(line), "--dry-run");
    expect(code, error).toBe(0);
    counts.push(out.split("\n")[0]);
  }
  expect(counts).toEqual([
    "2 trials, compared by eval/avg episode reward (max)",
    "10 trials, compared by eval/avg episode reward (max)",
    "10 trials, compared by eval/avg episode reward (max)",
    "30 trials, compared by testReturn (max)",
    "27 trials, compared by loss (min)",
  ]);
});

test.each([
  ["an unknown factor", ["sede=0..3"], 2, /sede: unknown key[^]*did you mean "seed"/],
  ["an unknown value", ["model.times.type=uniform,bata"], 2, /"bata"[^]*did you mean beta/],
  ["a range in a grid", ["train.learning_rate=uniform(0,1)"], 1, /is a range[^]*--search random --trials 20/],
  ["a search without a number", ["seed=0,1", "--search", "random"], 1, /--trials: is not given/],
  ["an unknown place", ["seed=0,1", "--on", "slrum"], 1, /"slrum" is unknown[^]*did you mean slurm/],
  ["a wrong resource", ["seed=0,1", "--on", "ray", "--resource", "fast"], 1, /--resource: "fast"[^]*fast=1/],
  ["a wrong address", ["seed=0,1", "--on", "ray", "--ray-address", "head:8265"], 1, /the address of Ray's dashboard/],
])("%s is refused before anything is written", async (_, parameters, expected, message) => {
  const folder = join(temporaryFolder(), "sweep");
  const { code, error } = await dmpo("sweep", ...config, ...parameters, "--folder", folder);
  expect(code).toBe(expected);
  expect(error).toMatch(message);
  expect(existsSync(folder)).toBe(false);
});

async function recorded() {
  const root = temporaryFolder();
  const record = await SweepRecord.create(join(root, "sweeps/pre/2026-01-01"), {
    ...{
      version: 1,
      id: "0123abcd",
      title: "pre",
      created: "2026-01-01T00:00:00.000Z",
      threads: 1,
      keepsCheckpoints: true,
    },
    work: { kind: "configuration", configDir: "", configName: "pre", overrides: [] },
    search: { kind: "grid" },
    objective: { metric: "loss", goal: "min" },
    backEnd: { name: "local", options: { threads: 1 } },
    trials: [0, 1, 2, 3, 4, 5].map((n) => ({ labels: { seed: String(n % 3), rate: n < 3 ? "0.1" : "0.2" } })),
  });
  const report = (trial: number, line: object) =>
    appendLine(record.journal("j1"), { trial, job: "j1", host: "a", time: trial, ...line });
  for (const trial of [0, 1, 3]) report(trial, { state: "done", best: 1 + trial, seconds: 2.5 });
  report(2, { state: "failed", error: "too far\n  at somewhere" });
  return { root, record };
}

test("status: counts, the best first, a table and a figure per factor; list, logs, stop", async () => {
  const { root, record } = await recorded();
  const { code, out } = await dmpo("sweep", "status", record.folder);
  expect(code).toBe(0);
  const lines = out.split("\n");
  expect(lines[0]).toBe("pre: 6 trials, 3 done, 1 failed, 2 waiting");
  expect(lines[2]).toMatch(/^0 +0 +0\.1 +done +1 +2\.5 +a$/);
  expect(out).toContain("too far");
  const table = readFileSync(join(record.folder, "table.csv"), "utf8").trim().split("\n");
  expect(table[0]).toBe("trial,seed,rate,state,loss,seconds,host,error");
  expect(table).toHaveLength(7);
  for (const name of ["rate", "parallel-coordinates"])
    expect(existsSync(join(record.folder, `figures/${name}.png`)), name).toBe(true);

  vi.stubEnv("DMPO_LOG_DIR", root);
  expect((await dmpo("sweep", "list")).out).toBe(`${record.folder}  3 done, 1 failed, 2 waiting`);
  expect((await dmpo("sweep", "logs", record.folder, "2")).out).toContain("trial 2: too far");
  expect((await dmpo("sweep", "logs", record.folder, "9")).error).toMatch(
    /9: is no trial of this sweep\n {2}expected 0 to 5/,
  );
  expect((await dmpo("sweep", "stop", record.folder)).code).toBe(0);
  expect(record.isToStop).toBe(true);
  expect((await dmpo("sweep", "status", root)).error).toMatch(/sweep\.json: does not exist[^]*dmpo sweep list/);
});

test("the doctor of a Ray cluster: version, machines, what one of them sees", async () => {
  const ray = await RayStub.start();
  ray.onSubmit = () => ({ status: "SUCCEEDED", driver_exit_code: 0 });
  const well = await dmpo("doctor", "--ray", ray.address);
  expect(well.code).toBe(0);
  expect(well.out).toMatch(
    /ok +ray +2\.60\.0 at http[^]*ok +machines +2, 3 cores, 0 GPUs\n[^]*ok +a machine +log of dmpo-doctor-/,
  );
  ray.onSubmit = () => ({ status: "FAILED", driver_exit_code: 72 });
  const ill = await dmpo("doctor", "--ray", ray.address);
  expect(ill.code).toBe(1);
  expect(ill.out).toMatch(/MISSING +a machine +log of [^\n]*; install it there/);
  ray.token = "secret";
  expect((await dmpo("doctor", "--ray", ray.address)).out).toMatch(
    /MISSING +ray +http\S+ wants a token, and RAY_AUTH_TOKEN is not set; export/,
  );
  ray.close();
  expect((await dmpo("doctor", "--ray", "http://127.0.0.1:9")).out).toMatch(
    /MISSING +ray +http:\/\/127\.0\.0\.1:9 no cluster answers/,
  );
});
