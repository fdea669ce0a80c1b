// What every long call accepts beside its own options: where it computes, what it reports, how it is stopped.
import { appendFileSync } from "node:fs";
import { join, resolve, sep } from "node:path";
import type { CompileOptions } from "../../engine/compile.js";
import { parseDevice } from "../../engine/device.js";
import { availableParallelism } from "node:os";
import { z } from "zod";
import { writeFileAtomic } from "../../files.js";
import { abortSignal, callback, checkOptions, count, optionsSchema, parseOptions, pathText } from "../../options.js";
import { consoleSink } from "../../tracking/console-sink.js";
import { jsonlSink } from "../../tracking/jsonl-sink.js";
import { combine, type MetricsRecord, type MetricsSink } from "../../tracking/metrics-sink.js";
import { notebook } from "../../tracking/notebook.js";
import { notebookSink, type NotebookSinkOptions } from "../../tracking/notebook-sink.js";
import type { Counter } from "../../tracking/progress-text.js";
import { tensorBoardSink } from "../../tracking/tensorboard-sink.js";
import { resultTable } from "./result-table.js";
import { claimForRun, createRunFolder } from "./run-folder.js";
import { writeRunDescription } from "./run-description.js";
import { plainText, warn } from "../../plain-text.js";
import { userPath } from "../../paths.js";

/** What every long call accepts beside its own options: how it is stopped, what it reports, where it computes and writes. */
export interface RunControl {
  /** Stops the run cleanly: it saves a checkpoint and returns what it has. A notebook's stop button does the same. */
  readonly signal?: AbortSignal;
  /** In a notebook, show a bar and a live curve. Default true; elsewhere nothing is shown. */
  readonly progress?: boolean;
  /** Called with the metrics of every epoch, iteration or evaluation. */
  readonly onProgress?: (record: MetricsRecord) => void;
  /** Print progress to the terminal. Default false. */
  readonly console?: boolean;
  /** Further receivers of the metrics; one that fails is warned of once and stops nothing. Default: none. */
  readonly sinks?: readonly MetricsSink[];
  /**
   * Where the run keeps its files; the folder's name with a number where another run's are. Default: a new folder below `log/` (or
   * DMPO_LOG_DIR); null: nothing is written.
   */
  readonly folder?: string | null;
  /** `cpu` (default), `cuda:N`, `webgpu`, `wasm`, `tfjs`; what is not available falls back with one warning. */
  readonly device?: string | null;
  /** Compute threads, at least 1. Default: all cores. */
  readonly threads?: number;
  /** Threads for environments besides the main one, 0 or more. Default: one per further core. */
  readonly workers?: number;
}

/** What a folder is made for. */
interface FolderUse {
  readonly task: string;
  readonly seed: number;
  readonly threads?: number;
  /** Path of a checkpoint: a run that continues in its own folder keeps it. */
  readonly resumePath?: string | null;
  /** Whether what the folder holds is continued. Default false. */
  readonly continues?: boolean;
}

/**
 * The run's folder, made if needed, with run.json; undefined where nothing is to be written. Where another run's files are, it is
 * the next free one, and says so.
 */
export async function folderOf(
  control: RunControl,
  { task, seed, threads, resumePath, continues = false }: FolderUse,
): Promise<string | undefined> {
  if (control.folder === null) return undefined;
  const wanted = control.folder === undefined ? await createRunFolder(task, seed) : userPath(control.folder);
  const isOwn = continues || (resumePath && isBelow(userPath(resumePath), wanted));
  const folder = isOwn ? wanted : await claimForRun(wanted);
  await writeRunDescription(folder, { task, seed, threads });
  if (folder !== wanted) announce(`${wanted} holds another run: this one writes to ${folder}`, folder);
  return folder;
}

const isBelow = (path: string, folder: string) => resolve(path).startsWith(resolve(folder) + sep);

export function compileOptionsOf({ device, threads }: RunControl): CompileOptions {
  return { ...parseDevice(device), threads };
}

/**
 * The control of a long call, stopped by its own signal and, in a notebook, by the stop button.
 * @throws InputError naming every wrong option.
 */
export function stoppable<Control extends RunControl>(control: Control): Control {
  checkOptions(controlSchema, takeControl(control)[0]);
  const signals = [control.signal, notebook()?.signal].filter((signal) => signal !== undefined);
  return { ...control, signal: signals.length > 1 ? AbortSignal.any(signals) : signals[0] };
}

/** All receivers of a run's metrics: files, terminal, notebook, callback. */
export function sinkOf(
  { console, progress = true, onProgress, sinks = [] }: RunControl,
  folder: string | undefined,
  shown: Omit<NotebookSinkOptions, "notebook" | "now">,
): Required<MetricsSink> {
  const page = progress ? notebook() : undefined;
  return combine(
    ...(folder ? fileSinks(folder, shown) : []),
    ...(console ? [consoleSink(counterOf(shown))] : []),
    ...(page ? [notebookSink({ ...shown, notebook: page })] : []),
    ...(onProgress ? [{ log: onProgress, close: async () => {} }] : []),
    ...sinks,
  );
}

/** What a console shows; curves are for notebooks. */
const counterOf = ({ counter, total, start, offset, shown }: Counter): Counter => ({
  ...{ counter, total, start, offset, shown },
});

/** metrics.jsonl, run.log, result.npz and tensorboard/. What cannot be opened is left out with a warning. */
function fileSinks(folder: string, shown: Counter): MetricsSink[] {
  const open = [
    () => jsonlSink(join(folder, "metrics.jsonl")),
    () => consoleSink({ ...counterOf(shown), stream: runLog(folder), silence: Infinity }),
    () => resultTable(join(folder, "result.npz")),
    () => tensorBoardSink({ folder: join(folder, "tensorboard"), counter: shown.counter }),
  ];
  return open.flatMap((sink) => {
    try {
      return [sink()];
    } catch (error) {
      warn(`metrics are incomplete: ${String(error)}`);
      return [];
    }
  });
}

/** run.log in a run's folder: what the console shows, as plain lines. */
export function runLog(folder: string): { write(text: string): void } {
  return { write: (text) => appendFileSync(join(folder, "run.log"), plainText(text)) };
}

/** Says something about a run that is no metric: on the console, apart from its output, and in its run.log. */
export function announce(line: string, folder: string | undefined): void {
  warn(line);
  if (folder) runLog(folder).write(`${line}\n`);
}

export function writeJson(path: string, value: unknown): Promise<void> {
  return writeFileAtomic(path, `${JSON.stringify(value, null, 2)}\n`);
}

/** More threads than this are a mistake: each has memory of its own. */
const mostThreads = Math.max(64, 4 * availableParallelism());

const sink = z.custom<MetricsSink>(
  (value) => typeof (value as MetricsSink | null)?.log === "function",
  "a sink, such as jsonlSink(PATH)",
);

/** For schemas of calls whose options stand beside these. */
export const controlShape = {
  signal: abortSignal,
  progress: z.boolean(),
  onProgress: callback,
  console: z.boolean(),
  sinks: z.array(sink),
  folder: pathText.nullable(),
  device: z.string().nullable(),
  threads: count.max(mostThreads),
  workers: z.int().nonnegative().max(mostThreads),
} satisfies Record<keyof RunControl, z.ZodType>;

const controlSchema = optionsSchema<RunControl>(controlShape);
/** Names of the options of every long call. */
export const controlKeys = Object.keys(controlShape) as (keyof RunControl)[];

/** Separates the options of a method, which `schema` checks, from how the run is controlled. @throws InputError naming every wrong option. */
export function splitOptions<Schema extends z.ZodObject>(
  schema: Schema,
  input: z.input<Schema> & RunControl,
): { readonly options: z.output<Schema>; readonly control: RunControl } {
  const [control, options] = takeControl(input);
  checkOptions(controlSchema, control);
  return { options: parseOptions(schema, options as z.input<Schema>, controlKeys), control };
}

/** How the run is controlled, and everything else. */
export function takeControl<T extends RunControl>(input: T): [RunControl, Omit<T, keyof RunControl>] {
  const [control, options] = take<T, keyof RunControl>(input, controlKeys);
  return [control, options];
}

/** The named entries of an object, and the others. */
export function take<T extends object, Key extends keyof T>(
  input: T,
  keys: readonly Key[],
): [Pick<T, Key>, Omit<T, Key>] {
  const entries = Object.entries(input);
  const isTaken = ([key]: [string, unknown]) => (keys as readonly string[]).includes(key);
  return [
    Object.fromEntries(entries.filter(isTaken)) as Pick<T, Key>,
    Object.fromEntries(entries.filter((entry) => !isTaken(entry))) as Omit<T, Key>,
  ];
}
