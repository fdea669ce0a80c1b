// Says that a command goes on where it would be silent for long: while it loads, compiles, draws, or waits for processes. A thread
// says it, as what takes long often keeps the program's own from speaking.
import { Worker } from "node:worker_threads";
import { isAsking } from "./terminal.js";

/** Files do not count what is written to them, and need no sign of life. */
type CountedStream = Pick<Partial<NodeJS.WriteStream>, "bytesWritten">;

export interface HeartbeatOptions {
  /** Whatever is written to one of them counts. Default: standard output and error. */
  readonly streams?: readonly CountedStream[];
  /** Where the sign of life goes: a file descriptor. Default: standard error. */
  readonly target?: number;
  /** Milliseconds of silence before it. Default 4500. */
  readonly silence?: number;
}

/** @returns what ends it. */
export function heartbeat(options: HeartbeatOptions = {}): () => void {
  const { streams = [process.stdout, process.stderr], target = 2, silence = 4500 } = options;
  if (streams.some(({ bytesWritten }) => bytesWritten === undefined)) return () => {};
  const seen = new Int32Array(new SharedArrayBuffer(8));
  const began = Date.now();
  let turns = 0;
  let thread: Worker | undefined;
  const timer = setInterval(() => {
    const bytes = streams.reduce((sum, { bytesWritten = 0 }) => sum + bytesWritten, isAsking() ? ++turns : turns);
    Atomics.store(seen, 0, bytes % 2 ** 31);
    // Short commands do without the thread.
    thread ??= started({ seen, target, silence, began });
  }, silence / 20).unref();
  return () => {
    clearInterval(timer);
    Atomics.store(seen, 1, 1);
    Atomics.notify(seen, 1);
  };
}

interface Watch {
  readonly seen: Int32Array;
  readonly target: number;
  readonly silence: number;
  readonly began: number;
}

function started(watch: Watch): Worker {
  const thread = new Worker(program, { eval: true, workerData: watch, stdout: false, stderr: false });
  thread.on("error", () => {}); // nothing depends on it
  thread.unref();
  return thread;
}

/** `seen` holds how much has been written, and whether it is over. */
const program = `
const { writeSync } = require("node:fs");
const { seen, target, silence, began } = require("node:worker_threads").workerData;
let [bytes, since] = [Atomics.load(seen, 0), Date.now()];
while (Atomics.wait(seen, 1, 0, silence / 20) === "timed-out") {
  const now = Date.now();
  const written = Atomics.load(seen, 0);
  if (written !== bytes) [bytes, since] = [written, now];
  if (now - since < silence) continue;
  since = now;
  const seconds = Math.round((now - began) / 1000);
  const [minutes, rest] = [Math.floor(seconds / 60), String(seconds % 60).padStart(2, "0")];
  try {
    writeSync(target, "still running, " + minutes + ":" + rest + "\\n");
  } catch {}
}`;
