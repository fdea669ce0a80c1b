// Slurm's commands, as far as text goes: the script of an array, and lines in the formats of squeue, sacct and scontrol (22.05.8).
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { SweepRecord } from "../../../sdk/src/experiments/sweeps/record.js";
import {
  arrayScript,
  endingsIn,
  endingsShown,
  queueIn,
  slurmCluster,
} from "../../../sdk/src/experiments/sweeps/slurm.js";
import { temporaryFolder } from "../../data/temporary-folder.js";
import { smallSweep } from "./small-sweep.js";

let folder: string;
let sweep: SweepRecord;
beforeEach(async () => {
  folder = temporaryFolder();
  sweep = await smallSweep(folder, "slurm", 4);
});
afterEach(() => void vi.unstubAllEnvs());

const jobs = [
  { job: "j0001", trials: [0, 1] },
  { job: "j0002", trials: [2] },
];

test("a script asks for what trials need, is requeued, is warned, and each of its jobs becomes the worker of its own trials", () => {
  const script = arrayScript(sweep, jobs, {
    threads: 2,
    gpus: 1,
    jobs: 8,
    memory: 3 << 20,
    sbatch: ["--partition=gpu"],
  });
  expect(script).toMatch(/\S\n$/);
  const options = script.split("\n").filter((line) => line.startsWith("#SBATCH"));
  expect(options).toEqual(
    [
      ...[
        "--job-name=dmpo-0123abcd-array",
        "--array=0-1%8",
        "--requeue",
        "--open-mode=append",
        "--signal=B:USR2@120",
        "--ntasks=1",
      ],
      ...[
        "--cpus-per-task=2",
        "--gpus-per-task=1",
        "--mem=3M",
        `--output=${sweep.folder}/jobs/slurm-%A_%a.log`,
        "--partition=gpu",
      ],
    ].map((option) => `#SBATCH ${option}`),
  );
  expect(arrayScript(sweep, jobs, { threads: 2 })).toContain("#SBATCH --array=0-1\n");
  // The shell's own view, with a program in Node's place that says what it was given.
  const told = (task: number, node: string) => {
    const program = join(folder, `node-${task}`);
    writeFileSync(program, node);
    chmodSync(program, 0o755);
    const env = { ...process.env, SLURM_ARRAY_TASK_ID: String(task), DMPO_NODE: program };
    return execFileSync("bash", ["-c", script], { env, encoding: "utf8" }).trim().split("\n");
  };
  const echo = '#!/bin/bash\n[ "$1" = -e ] || printf "%s\\n" "$@" "$DMPO_THREADS"\n';
  expect(told(0, echo).slice(1)).toEqual(["sweep", "work", sweep.folder, "--job", "j0001", "--trials", "0-1", "2"]);
  expect(told(1, echo).slice(1)).toEqual(["sweep", "work", sweep.folder, "--job", "j0002", "--trials", "2", "2"]);
  // An older Node.
  expect(() => told(0, "#!/bin/bash\nexit 1\n")).toThrow(/has no Node 20\.19 or newer/);
});

test("a machine without the folder says so, with an exit code of its own", () => {
  const script = arrayScript({ ...sweep, folder: "/nowhere/sweep" } as SweepRecord, jobs, { threads: 1 });
  const run = () =>
    execFileSync("bash", ["-c", script], { env: { ...process.env, SLURM_ARRAY_TASK_ID: "0" }, stdio: "pipe" });
  expect(run).toThrow(
    expect.objectContaining({ status: 71, message: expect.stringContaining("/nowhere/sweep/sweep.json") }),
  );
});

test("squeue, recorded", () => {
  const queue = queueIn(
    "12_0|RUNNING|n1|None\n12_1|PENDING||Resources\n12_2|PENDING||BeginTime\n12_3|COMPLETED|n2|None\n12_4|COMPLETING|n2|None\n",
  );
  expect([...queue]).toEqual([
    ["12_0", { state: "running", host: "n1" }],
    ["12_1", { state: "waiting", reason: "Resources" }],
    ["12_2", { state: "waiting", reason: "BeginTime" }],
    ["12_4", { state: "running", host: "n2" }],
  ]);
});

test("sacct, and scontrol where there is no accounting, recorded: own failures are told from a machine's", () => {
  const ended = endingsIn(
    "12_0|COMPLETED|0:0|n1\n12_1|FAILED|3:0|n2\n12_2|NODE_FAIL|0:0|n1\n12_3|CANCELLED by 0|0:15|n2\n12_4|FAILED|0:9|n2\n",
  );
  expect(ended.get("12_0")).toEqual({ state: "ended", reason: "its job is over", host: "n1", exitCode: 0 });
  expect(ended.get("12_1")).toEqual({ state: "ended", reason: "failed (3:0)", host: "n2", exitCode: 3 });
  expect(ended.get("12_2")).toEqual({ state: "ended", reason: "node fail", host: "n1" });
  expect(ended.get("12_3")).not.toHaveProperty("exitCode");
  expect(ended.get("12_4")).not.toHaveProperty("exitCode");
  const line =
    "JobId=14 ArrayJobId=12 ArrayTaskId=1 JobName=dmpo-x-array UserId=root(0) JobState=FAILED Reason=NonZeroExitCode Requeue=1 Restarts=0 ExitCode=3:0 NodeList=n2 BatchHost=n2";
  expect(endingsShown(line).get("12_1")).toEqual(ended.get("12_1"));
});

test("without Slurm, and where sbatch refuses, one problem with the remedy", async () => {
  const programs = join(folder, "bin");
  vi.stubEnv("PATH", programs);
  await expect(slurmCluster({ threads: 1 }).submit(sweep, jobs)).rejects.toThrow(
    /sbatch: is not installed on this machine[^]*--on local/,
  );
  mkdirSync(programs);
  writeFileSync(
    join(programs, "sbatch"),
    `#!${process.execPath}\nconsole.error("sbatch: error: invalid partition specified: gpu\\nsbatch: error: Batch job submission failed: Invalid partition name specified");\nprocess.exit(1);\n`,
  );
  chmodSync(join(programs, "sbatch"), 0o755);
  await expect(slurmCluster({ threads: 1 }).submit(sweep, jobs)).rejects.toThrow(
    /sbatch --parsable: Batch job submission failed: Invalid partition name specified[^]*dmpo doctor --slurm/,
  );
});

test("jobs are submitted, looked after, stopped and listed by Slurm's own commands", async () => {
  const programs = join(folder, "bin");
  mkdirSync(programs);
  const asked = join(folder, "asked");
  /** A command that keeps what it is given and answers with the output of a script. */
  const command = (name: string, script: string) => {
    writeFileSync(
      join(programs, name),
      `#!/bin/bash\necho "${name} $*" >> '${asked.replaceAll("'", "'\\''")}'\n${script}\n`,
    );
    chmodSync(join(programs, name), 0o755);
  };
  const calls = () => readFileSync(asked, "utf8").trim().split("\n");
  vi.stubEnv("PATH", `${programs}:${process.env.PATH}`);
  command("sbatch", "cat > /dev/null; echo '12;cluster'");
  // What has ended is no longer in the queue; an array that is forgotten hides the others.
  command(
    "squeue",
    `case "$*" in
  *--me*) printf '12_0|dmpo-0123abcd-array|RUNNING\\n13|other|PENDING\\n' ;;
  *--jobs=12,99*) echo 'slurm_load_jobs error: Invalid job id specified' >&2; exit 1 ;;
  *--jobs=99*) exit 1 ;;
  *) printf '12_0|RUNNING|n1|None\\n12_1|PENDING||Resources\\n' ;;
esac`,
  );
  command("sacct", "printf '12_2|FAILED|3:0|n2\\n99_0|COMPLETED|0:0|n1\\n12_7|FAILED|1:0|n1\\n'");
  command("scancel", "");
  const cluster = slurmCluster({ threads: 1 });
  expect(await cluster.submit(sweep, [...jobs, { job: "j0003", trials: [3], until: 9 }])).toEqual(
    new Map([
      ["j0001", "12_0"],
      ["j0002", "12_1"],
      ["j0003", "12_0"],
    ]),
  );
  // Jobs that end at different iterations are arrays of their own.
  expect(calls().filter((line) => line.startsWith("sbatch"))).toEqual(["sbatch --parsable", "sbatch --parsable"]);
  const statuses = await cluster.status(["12_0", "12_1", "12_2", "99_0", "12_3"]);
  expect([...statuses]).toEqual([
    ["12_0", { state: "running", host: "n1" }],
    ["12_1", { state: "waiting", reason: "Resources" }],
    ["12_2", { state: "ended", reason: "failed (3:0)", host: "n2", exitCode: 3 }],
    ["99_0", { state: "ended", reason: "its job is over", host: "n1", exitCode: 0 }],
    ["12_3", { state: "ended", reason: "its job is over" }],
  ]);
  expect(calls().filter((line) => line.startsWith("squeue"))[0]).toBe(
    "squeue --noheader --array --states=all --format=%i|%T|%N|%r --jobs=12,99",
  );
  const before = calls().length;
  // How jobs ended is not asked twice.
  expect((await cluster.status(["12_2", "99_0"])).get("12_2")).toEqual(statuses.get("12_2"));
  expect(calls()).toHaveLength(before);
  await cluster.stop(["12_0", "12_1", "12_2"]);
  expect(calls().filter((line) => line.startsWith("scancel"))).toEqual([
    "scancel 12_1",
    "scancel --batch --signal=TERM 12_0",
  ]);
  await cluster.stop([]);
  expect(await cluster.list()).toEqual([{ id: "12_0", name: "dmpo-0123abcd-array", state: "RUNNING" }]);
  // Without accounting, what the controller remembers.
  command("sacct", "exit 1");
  command("scontrol", "echo 'JobId=14 ArrayJobId=12 ArrayTaskId=5 JobState=COMPLETED ExitCode=0:0 NodeList=n2'");
  expect([...(await cluster.status(["12_5"]))]).toEqual([
    ["12_5", { state: "ended", reason: "its job is over", host: "n2", exitCode: 0 }],
  ]);
});
