// Contests between this project and its peers: every contestant is a process of its own, pinned to as many cores as it may
// use; they take turns, several rounds long, and the median round counts.
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);

/** One figure of `npm run bench`. */
export interface Row {
  readonly name: string;
  readonly unit: string;
  readonly ours: number;
  /** Null where the peer could not run; `message` says how to get it. */
  readonly peer: number | null;
  readonly peerName: string;
  /** ours / peer. */
  readonly ratio: number | null;
  readonly threads: number;
  /** The same from the fastest call of each instead of the median. */
  readonly bestRatio?: number | null;
  /** The same from the processors' time. */
  readonly processorRatio?: number | null;
  readonly message?: string;
}

export interface Context {
  readonly threads: readonly number[];
  readonly rounds: number;
}

/** A program of test/bench and its options; it prints one line of JSON, a {@link Measurement}. */
export interface Contestant {
  readonly file: string;
  readonly options?: Readonly<Record<string, string | number>>;
}

export interface Peer extends Contestant {
  readonly name: string;
}

/** Milliseconds per call, and the peak resident memory of the process. */
export interface Measurement {
  readonly median: number;
  readonly minimum: number;
  /** Of all processors together, in the mean: what other programs on the machine disturb least. */
  readonly processor?: number;
  readonly peakMiB: number;
}

export interface Result {
  readonly ours: Measurement;
  readonly peers: readonly {
    readonly name: string;
    readonly measured: Measurement | null;
    readonly message?: string;
  }[];
}

const python = process.env.DMPO_BENCH_PYTHON ?? "python3";
const advice = "needs Python with PyTorch: `pip install torch`, and DMPO_BENCH_PYTHON if that is not `python3`";

/** Runs `ours` and the peers in turns. */
export async function contest(
  { rounds }: Pick<Context, "rounds">,
  threads: number,
  ours: Contestant,
  peers: readonly Peer[],
): Promise<Result> {
  const mine: Measurement[] = [];
  const theirs = peers.map(() => [] as Measurement[]);
  const messages = new Map<Peer, string>();
  for (let round = 0; round < rounds; round++) {
    mine.push(await measured(process.execPath, ["--import", "tsx"], ours, threads));
    for (const [i, peer] of peers.entries()) {
      if (messages.has(peer)) continue;
      try {
        theirs[i]!.push(await measured(python, [], peer, threads));
      } catch (error) {
        messages.set(peer, `${advice} (${lastLine((error as { stderr?: string }).stderr || String(error))})`);
      }
    }
  }
  return {
    ours: summary(mine),
    peers: peers.map((peer, i) => ({
      name: peer.name,
      measured: messages.has(peer) ? null : summary(theirs[i]!),
      message: messages.get(peer),
    })),
  };
}

/** A row for each peer; `figure` picks what is compared, the milliseconds by default. */
export function rows(
  name: string,
  threads: number,
  { ours, peers }: Result,
  { unit = "ms", figure = "median" }: { unit?: string; figure?: Exclude<keyof Measurement, "processor"> } = {},
): Row[] {
  return peers.map(({ name: peerName, measured: peer, message }) => ({
    name,
    unit,
    ours: ours[figure],
    peer: peer && peer[figure],
    peerName,
    ratio: peer && ours[figure] / peer[figure],
    threads,
    ...(figure === "median" && { bestRatio: peer && ours.minimum / peer.minimum }),
    ...(ours.processor && { processorRatio: peer?.processor ? ours.processor / peer.processor : null }),
    ...(message && { message }),
  }));
}

const canPin = run("taskset", ["-c", "0", "true"]).then(
  () => true,
  () => false,
);

async function measured(
  program: string,
  flags: readonly string[],
  { file, options = {} }: Contestant,
  threads: number,
): Promise<Measurement> {
  const path = fileURLToPath(new URL(file, import.meta.url));
  const named = Object.entries({ threads, ...options }).flatMap(([key, value]) => [`--${key}`, String(value)]);
  return JSON.parse(await lastPrinted([program, ...flags, path, ...named], threads)) as Measurement;
}

/** The last line that a program prints, which runs on so many cores where `taskset` exists. */
export async function lastPrinted(
  command: readonly string[],
  threads: number,
  options: { readonly timeout?: number; readonly env?: NodeJS.ProcessEnv } = {},
): Promise<string> {
  const pinned = (await canPin) ? ["taskset", "-c", `0-${threads - 1}`, ...command] : command;
  const { stdout } = await run(pinned[0]!, pinned.slice(1), options);
  return lastLine(stdout);
}

export const lastLine = (text: string) => text.trim().split("\n").at(-1)!;

function summary(measurements: readonly Measurement[]): Measurement {
  const median = (values: number[]) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
  const processor = measurements.flatMap((one) => one.processor ?? []);
  return {
    median: median(measurements.map((one) => one.median)),
    minimum: Math.min(...measurements.map((one) => one.minimum)),
    peakMiB: median(measurements.map((one) => one.peakMiB)),
    ...(processor.length > 0 && { processor: median(processor) }),
  };
}
