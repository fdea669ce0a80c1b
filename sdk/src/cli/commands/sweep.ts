// `dmpo sweep`: trials of a configuration on this machine, a Ray cluster or Slurm, with a record that goes on from anywhere.
import { InvalidArgumentError, type Command } from "commander";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import type { SweepInput } from "../../config/run/sweep-plan.js";
import { fail } from "../../errors.js";
import type { BackEnd, BackEndOptions } from "../../experiments/sweeps/back-end.js";
import type { SweepRecord } from "../../experiments/sweeps/record.js";
import { count, examples, exitCodes, path, type AddCommand, type CommandContext } from "../command.js";
import { withConfigFlags } from "../config-flags.js";
import { untilInterrupted } from "../interrupt.js";

interface PlaceFlags {
  readonly on?: string;
  readonly jobs?: number;
  readonly threads?: number;
  readonly perJob?: number;
  readonly cpus?: number;
  readonly gpus?: number;
  readonly memory?: number;
  readonly resource: readonly string[];
  readonly rayAddress?: string;
  readonly sbatch: readonly string[];
  readonly patience?: number;
}

interface StartFlags extends Omit<SweepInput, "overrides">, PlaceFlags {
  readonly dryRun?: boolean;
}

export const addSweep: AddCommand = (program, context) => {
  const sweep = program
    .command("sweep")
    .description("run a configuration many times: here, on a Ray cluster or with Slurm");
  examples(sweep, {
    "sweep --config-dir=cfg/gym/pretrain/hopper-medium-v2 --config-name=pre_reflow_mlp seed=0..9 model.times.type=uniform,beta":
      "twenty runs, as many at a time as there are cores",
    "sweep --config-dir=... --config-name=... seed=0..9 --on slurm --sbatch=--partition=gpu --sbatch=--time=4:00:00 --gpus 1":
      "the same with Slurm, in arrays",
    "sweep --config-dir=... --config-name=... train.learning_rate='loguniform(1e-4,1e-2)' --search random --trials 27 --halving 5":
      "27 random points, of which the best third goes on after 5 iterations, and so forth",
    "sweep status FOLDER": "what has come of it; also `stop`, `resume`, `logs FOLDER [TRIAL]`, `list`",
  });
  addStart(sweep, context);
  addResume(sweep, context);
  addOthers(sweep, context);
  addWork(sweep, context);
};

function withPlaceFlags(command: Command): Command {
  const collect = (text: string, all: readonly string[]) => [...all, text];
  return command
    .option("--on <place>", "local (default), ray or slurm")
    .option("-j, --jobs <number>", "jobs at the same time", count)
    .option("--per-job <number>", "trials of a job, one after another", count)
    .option("--cpus <number>", "cores that a job asks for; default: the threads of a trial", amount)
    .option("--gpus <number>", "GPUs that a job asks for", amount)
    .option("--memory <bytes>", "memory that a job asks for", count)
    .option("--resource <name=amount>", "Ray: a further resource; may be repeated", collect, [])
    .option(
      "--ray-address <url>",
      "Ray: default RAY_API_SERVER_ADDRESS, else http://127.0.0.1:8265; RAY_AUTH_TOKEN is its token",
    )
    .option("--sbatch <option>", "Slurm: an option of sbatch such as --partition=gpu; may be repeated", collect, [])
    .option("--patience <seconds>", "give up when no job has started for so long (default 600)", amount);
}

function addStart(sweep: Command, { terminal, exitWith }: CommandContext): void {
  withPlaceFlags(
    withConfigFlags(sweep.command("start", { isDefault: true }).description("begin a sweep (what `dmpo sweep` does)")),
  )
    .option("--threads <number>", "compute threads of a trial", count)
    .option(
      "--search <kind>",
      "grid (every combination), random or latin (hypercube)",
      oneOf("grid", "random", "latin"),
      "grid",
    )
    .option("--trials <number>", "points of a random or latin search", count)
    .option("--search-seed <number>", "of the points of a search", whole, 0)
    .option("--halving <iterations>", "successive halving: all run for so many iterations, the best go on", count)
    .option("--eta <number>", "of so many, one goes on", count, 3)
    .option("--metric <name>", "what trials are compared by, as in metrics.jsonl")
    .option("--goal <goal>", "min or max", oneOf("min", "max"))
    .option("--folder <path>", "where the record lies; default: <log root>/sweeps/<name>/<time>", path)
    .option("--no-checkpoints", "remove the checkpoints of a trial when it is done")
    .option("--dry-run", "check everything and list the trials")
    .action(async (overrides: string[], flags: StartFlags) => {
      const { plan } = await import("../../config/run/sweep-plan.js");
      const planned = plan({ ...flags, overrides });
      const { points, objective, notices } = planned;
      for (const notice of notices) terminal.error(`dmpo: ${notice}`);
      terminal.out(`${points.length} trials, compared by ${objective.metric} (${objective.goal})`);
      if (flags.dryRun) {
        for (const point of points)
          terminal.out(
            Object.entries(point)
              .map(([key, value]) => `${key}=${value}`)
              .join(" "),
          );
        return;
      }
      const name = flags.on ?? "local";
      const threads = flags.threads ?? threadsFor(name, points.length, flags);
      const options = optionsOf(flags, threads);
      const backEnd = await backEndOf(name, options);
      const record = await planned.create({ threads, backEnd: { name, options: { ...options } } });
      terminal.out(`record: ${record.folder}`);
      exitWith(await run(record, backEnd, flags.patience, terminal));
    });
}

function addResume(sweep: Command, { terminal, exitWith }: CommandContext): void {
  withPlaceFlags(
    sweep
      .command("resume")
      .description("go on with a sweep, where it was or elsewhere")
      .argument("<folder>", "its record", path),
  )
    .option("--retry-failed", "try again what has failed")
    .action(async (folder: string, flags: PlaceFlags & { readonly retryFailed?: boolean }) => {
      const record = await openRecord(folder);
      const { name, options: stored } = record.definition.backEnd;
      const isElsewhere = flags.on !== undefined && flags.on !== name;
      const given = Object.fromEntries(
        Object.entries(optionsOf(flags, record.definition.threads)).filter(([, value]) => value !== undefined),
      );
      const options = { ...(isElsewhere ? {} : stored), ...given } as unknown as BackEndOptions;
      if (flags.retryFailed) {
        for (const [trial, { state }] of record.results())
          if (state === "failed") record.report({ trial, state: "again" });
        await record.refresh();
      }
      exitWith(await run(record, await backEndOf(flags.on ?? name, options), flags.patience, terminal));
    });
}

function addOthers(sweep: Command, { terminal, exitWith }: CommandContext): void {
  sweep
    .command("status")
    .description("what has come of a sweep: its best trials, or all")
    .argument("<folder>", "its record", path)
    .option("--all", "every trial")
    .action(async (folder: string, { all }: { readonly all?: boolean }) => {
      const record = await openRecord(folder);
      const { SweepReport } = await import("../../experiments/sweeps/report.js");
      const report = new SweepReport(record);
      terminal.out(report.toString(all ? Infinity : 20));
      await report.save();
      terminal.out(`table and figures: ${record.folder}`);
    });
  sweep
    .command("stop")
    .description("stop a sweep: its trials save and end; `resume` goes on")
    .argument("<folder>", "its record", path)
    .action(async (folder: string) => {
      const record = await openRecord(folder);
      await record.wantStop(true);
      const { name, options } = record.definition.backEnd;
      const backEnd = await backEndOf(name, options as unknown as BackEndOptions);
      const ids = record.jobs.flatMap(({ id, backEnd: place }) => (id !== undefined && place === name ? [id] : []));
      if (!backEnd.endsWithCoordinator) await backEnd.stop(ids);
      terminal.out(`${record.folder}: stopping; what runs saves first, within seconds`);
    });
  sweep
    .command("logs")
    .description("what a trial said, or all jobs")
    .argument("<folder>", "the sweep's record", path)
    .argument("[trial]", "its number", whole)
    .action(async (folder: string, trial: number | undefined) => {
      const { sweepLogs } = await import("../../experiments/sweeps/logs.js");
      const record = await openRecord(folder);
      const { name, options } = record.definition.backEnd;
      for await (const text of sweepLogs(record, await backEndOf(name, options as unknown as BackEndOptions), trial))
        terminal.out(text);
    });
  withPlaceFlags(
    sweep.command("list").description("the sweeps of this machine; with --on, the jobs that a back end knows"),
  ).action(async (flags: PlaceFlags) => {
    if (flags.on !== undefined) {
      const jobs = await (await backEndOf(flags.on, optionsOf(flags, 1))).list();
      for (const { id, name, state } of jobs) terminal.out(`${state.padEnd(10)}  ${name}  ${id}`);
      if (jobs.length === 0) terminal.out(`${flags.on} knows no job of a sweep`);
      return;
    }
    const { sweepsHere, sweepsFolder } = await import("../../experiments/sweeps/sweeps-here.js");
    const { SweepReport } = await import("../../experiments/sweeps/report.js");
    const folders = await sweepsHere();
    for (const folder of folders) {
      try {
        const record = await openRecord(folder);
        const counts = Object.entries(new SweepReport(record).counts()).map(([state, number]) => `${number} ${state}`);
        terminal.out(`${folder}  ${counts.join(", ")}`);
      } catch (error) {
        terminal.error(`dmpo: ${error instanceof Error ? error.message : String(error)}`);
        exitWith(exitCodes.failure);
      }
    }
    if (folders.length === 0) terminal.out(`no sweeps in ${sweepsFolder()}`);
  });
}

function addWork(sweep: Command, { terminal, exitWith }: CommandContext): void {
  sweep
    .command("work", { hidden: true })
    .argument("<folder>", "the sweep's record")
    .requiredOption("--job <name>", "whose journal is written")
    .requiredOption("--trials <list>", "such as 0-3,7")
    .option("--until <iterations>", "pause after so many", count)
    .action(async (folder: string, { job, trials, until }: { job: string; trials: string; until?: number }) => {
      const { runJob } = await import("../sweep-worker.js");
      exitWith(await runJob(folder, { job, trials, until }, terminal));
    });
}

async function run(
  record: SweepRecord,
  backEnd: BackEnd,
  patience: number | undefined,
  terminal: CommandContext["terminal"],
): Promise<number> {
  const { runSweep } = await import("../../experiments/sweeps/sweep.js");
  let report: Awaited<ReturnType<typeof runSweep>> | undefined;
  const interrupted = await untilInterrupted(terminal, async (signal) => {
    report = await runSweep(record, { backEnd, patience, signal, onLine: (line) => terminal.out(line) });
  });
  if (report) terminal.out(report.toString());
  if (report?.isComplete) return report.counts().failed ? exitCodes.failure : exitCodes.ok;
  const goesOn = backEnd.endsWithCoordinator ? "" : "; its jobs go on without this command";
  terminal.error(`dmpo: not all trials are done${goesOn}: \`dmpo sweep resume ${record.folder}\` goes on`);
  return interrupted ? exitCodes.interrupted : exitCodes.failure;
}

/** On this machine the cores are shared; a cluster is asked for what a trial needs. */
function threadsFor(name: string, trials: number, { jobs, cpus }: PlaceFlags): number {
  if (name !== "local") return Math.max(1, Math.floor(cpus ?? 1));
  return Math.max(1, Math.floor(availableParallelism() / Math.min(jobs ?? Infinity, trials, availableParallelism())));
}

function optionsOf(
  { jobs, perJob, cpus, gpus, memory, resource, rayAddress: address, sbatch }: PlaceFlags,
  threads: number,
): BackEndOptions {
  const resources = Object.fromEntries(
    resource.map((text): [string, number] => {
      const [, name, number] = /^([^=]+)=(\d+(?:\.\d+)?)$/.exec(text) ?? [];
      return name === undefined
        ? fail("DMPO_SWEEP", "--resource", `"${text}"`, "name=amount, such as fast=1")
        : [name, Number(number)];
    }),
  );
  return {
    ...{ jobs, perJob, threads, cpus, gpus, memory, address },
    ...(resource.length > 0 && { resources }),
    ...(sbatch.length > 0 && { sbatch }),
  };
}

async function backEndOf(name: string, options: BackEndOptions): Promise<BackEnd> {
  const backEnds = await import("../../experiments/sweeps/back-ends.js");
  return backEnds.backEndOf(name, options);
}

async function openRecord(folder: string): Promise<SweepRecord> {
  const { SweepRecord: record } = await import("../../experiments/sweeps/record.js");
  return record.open(join(folder));
}

function whole(text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 0) throw new InvalidArgumentError("It must be a whole number, 0 or more.");
  return number;
}

function amount(text: string): number {
  const number = Number(text);
  if (!(number >= 0 && number < Infinity) || text.trim() === "")
    throw new InvalidArgumentError("It must be a number, 0 or more.");
  return number;
}

function oneOf<Name extends string>(...names: readonly Name[]) {
  return (text: string): Name => {
    if (!(names as readonly string[]).includes(text))
      throw new InvalidArgumentError(`It must be one of ${names.join(", ")}.`);
    return text as Name;
  };
}
