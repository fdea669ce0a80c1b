// The record of a sweep: a folder that says what is tried and what came of it. It can be read, copied, and continued from anywhere.
//   sweep.json         what is tried, complete before anything is handed to a back end
//   config.yaml        the configuration before overrides (of a sweep over a configuration)
//   jobs.jsonl         what was handed to back ends, and their numbers for it
//   journal/JOB.jsonl  what the trials of a job report
//   jobs/JOB.log       what a job said
//   trials/0007/       the files of trial 7; leases/0007.json while somebody works on it
//   stop               somebody wants it to stop
//   table.csv, figures/
import { existsSync } from "node:fs";
import { readFile, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { z } from "zod";
import { fail } from "../../errors.js";
import { writeFileAtomic } from "../../files.js";
import { systemError } from "../../system-errors.js";
import { writeJson } from "../runs/control.js";
import { appendLine, JournalReader } from "./journal.js";
import { objective, report, resultOf, trial, type TrialReport, type TrialResult } from "./trial.js";

const count = z.int().positive();

/** What a trial is a run of. */
const work = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("configuration"),
    configDir: z.string(),
    configName: z.string(),
    /** Those that all trials share. */
    overrides: z.array(z.string()),
  }),
  z.object({
    kind: z.literal("module"),
    /** URL of the module whose default export is the run. */
    module: z.string(),
    settings: z.unknown().optional(),
    device: z.string().nullable().optional(),
    /** Folder of the analysis that its cells are stored in. */
    store: z.string(),
  }),
]);

const search = z.discriminatedUnion("kind", [
  z.object({ kind: z.enum(["grid", "random", "latin"]) }),
  z.object({ kind: z.literal("halving"), eta: z.int().min(2), first: count }),
]);

const definition = z.object({
  version: z.literal(1),
  /** Unique, part of the names of jobs. */
  id: z.string().regex(/^[a-z0-9]{8}$/),
  title: z.string(),
  created: z.iso.datetime(),
  /** What a trial is a run of. */
  work,
  /** How trials were chosen, and whether some are left behind on the way. */
  search,
  objective: objective.nullable(),
  /** Of each trial: part of what decides the last bits of its numbers. */
  threads: count,
  /** Whether the checkpoints of a trial stay when it is done. */
  keepsCheckpoints: z.boolean().default(true),
  /** Where it was begun; the place may change, as the record goes on elsewhere. */
  backEnd: z.object({ name: z.string(), options: z.record(z.string(), z.unknown()) }),
  trials: z.array(trial).min(1),
});

/** All that is known of a sweep before it runs. */
export type SweepDefinition = z.output<typeof definition>;
export type SweepWork = SweepDefinition["work"];
export type SweepSearch = SweepDefinition["search"];

const jobLine = z.object({
  /** Its name within the sweep. */
  job: z.string(),
  backEnd: z.string(),
  trials: z.array(z.int()),
  until: z.number().optional(),
  /** The back end's own name for it, once it has one. */
  id: z.string().optional(),
});

/** Some trials that one process runs one after another. */
export type Job = Pick<z.output<typeof jobLine>, "job" | "trials" | "until">;
/** A job as `jobs.jsonl` has it. */
export type SubmittedJob = z.output<typeof jobLine>;

/** The number of a trial as its files are named. */
export const trialName = (trial: number) => String(trial).padStart(4, "0");

/** The folder of a sweep. */
export class SweepRecord {
  readonly #reader = new JournalReader(report);
  readonly #jobReader = new JournalReader(jobLine);
  readonly #reports = new Map<number, TrialReport[]>();
  readonly #results = new Map<number, TrialResult>();
  /** Trials with reports that are not yet in the results. */
  readonly #changed = new Set<number>();
  readonly #jobs = new Map<string, SubmittedJob>();

  private constructor(
    /** Absolute. */
    readonly folder: string,
    /** What is tried. */
    readonly definition: SweepDefinition,
  ) {}

  /** Makes the record of a new sweep. @throws InputError `DMPO_SWEEP_FOLDER` where the folder holds one. */
  static async create(folder: string, definition: SweepDefinition, config?: string): Promise<SweepRecord> {
    const path = resolve(folder);
    if (existsSync(join(path, "sweep.json"))) {
      const remedy = `\`dmpo sweep resume ${folder}\` continues it; --folder takes another`;
      fail("DMPO_SWEEP_FOLDER", folder, "holds a sweep already", "a new folder", remedy);
    }
    if (config !== undefined) await writeFileAtomic(join(path, "config.yaml"), config);
    await writeJson(join(path, "sweep.json"), definition);
    return new SweepRecord(path, definition);
  }

  /** Reads what is known so far. @throws InputError `DMPO_SWEEP_FOLDER` for a folder without a sound sweep.json. */
  static async open(folder: string): Promise<SweepRecord> {
    const path = resolve(folder);
    const file = join(path, "sweep.json");
    const refuse = (wrong: string) =>
      fail("DMPO_SWEEP_FOLDER", file, wrong, "the record of a sweep", "`dmpo sweep list` shows those of this machine");
    let text;
    try {
      text = await readFile(file, "utf8");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return refuse("does not exist");
      throw systemError(error, file) ?? error;
    }
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      return refuse("is no JSON");
    }
    const parsed = definition.safeParse(value);
    if (!parsed.success) return refuse(`has no sound "${parsed.error.issues[0]!.path.join(".")}"`);
    const record = new SweepRecord(path, parsed.data);
    await record.refresh();
    return record;
  }

  /** Takes in what was reported since: by the named jobs, or by all. */
  async refresh(jobs?: Iterable<string>): Promise<void> {
    for (const line of await this.#jobReader.file(join(this.folder, "jobs.jsonl"))) {
      this.#jobs.set(line.job, { ...this.#jobs.get(line.job), ...line });
    }
    const names = jobs && [...jobs].map((job) => `${job}.jsonl`);
    for (const line of await this.#reader.folder(join(this.folder, "journal"), names)) this.#take(line);
  }

  /** What is known of each trial that was begun. */
  results(): ReadonlyMap<number, TrialResult> {
    for (const trial of this.#changed) this.#results.set(trial, resultOf(this.#reports.get(trial)!)!);
    this.#changed.clear();
    return new Map(this.#results);
  }

  /** All that were handed to a back end, in this order. */
  get jobs(): readonly SubmittedJob[] {
    return [...this.#jobs.values()];
  }

  /** A report of the coordinator, which has a journal of its own. */
  report(line: Omit<TrialReport, "time" | "job">, job = "coordinator"): void {
    appendLine(this.journal("coordinator"), { ...line, job, time: Date.now() });
  }

  /** Keeps what is about to be handed over or, with its `id`, has been. */
  keepJob(job: SubmittedJob): void {
    appendLine(join(this.folder, "jobs.jsonl"), job);
    this.#jobs.set(job.job, job);
  }

  /** Where a job reports. */
  journal(job: string): string {
    return join(this.folder, "journal", `${job}.jsonl`);
  }

  /** Where a job of this machine writes what it says. */
  log(job: string): string {
    return join(this.folder, "jobs", `${job}.log`);
  }

  /** The folder of the trial's run. */
  trialFolder(trial: number): string {
    return join(this.folder, "trials", trialName(trial));
  }

  /** Who works on a trial, or coordinates the sweep. */
  lease(name: number | "coordinator"): string {
    return join(this.folder, "leases", `${typeof name === "number" ? trialName(name) : name}.json`);
  }

  /** Whether somebody wants it to stop. */
  get isToStop(): boolean {
    return existsSync(join(this.folder, "stop"));
  }

  /** Makes or takes back the wish to stop, which all of its processes see. */
  async wantStop(wanted: boolean): Promise<void> {
    const path = join(this.folder, "stop");
    if (wanted) await writeFileAtomic(path, `${new Date().toISOString()}\n`);
    else await rm(path, { force: true });
  }

  #take(line: TrialReport): void {
    if (line.trial >= this.definition.trials.length) return;
    const reports = this.#reports.get(line.trial);
    this.#changed.add(line.trial);
    if (reports) reports.push(line);
    else this.#reports.set(line.trial, [line]);
  }
}
