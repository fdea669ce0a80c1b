// The process in which cells run, as the kernel process sees it: what it reports, what it and its children print, and why
// it ended.
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import type { Readable, Writable } from "node:stream";
import { StringDecoder } from "node:string_decoder";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { getHeapStatistics } from "node:v8";
import {
  descriptors,
  stoppedReport,
  type FromCells,
  type Outcome,
  type RunMessage,
  type StreamName,
  type Stuck,
  type ToCells,
} from "../channel.js";
import { encodeFrame, FrameReader } from "../frames.js";
import { endGroup } from "./process-group.js";

interface Listener {
  publish(request: number, type: string, content: string): void;
  stream(request: number, name: StreamName, text: string): void;
  /** Output of the process or of its children that went past JavaScript. */
  rawStream(name: StreamName, text: string): void;
  /** The process ended while no cell ran. */
  onEnd(ending: Ending): void;
}

/** Why the process is no more. */
export interface Ending {
  readonly status: "ended";
  readonly ename: string;
  readonly evalue: string;
}

interface Running {
  readonly request: number;
  resolve(outcome: Outcome | Ending): void;
}

/** Milliseconds from the stop button to the end of a process whose own link thread does not act. */
const stopLimit = 20_000;
/** Milliseconds that children get to end after SIGTERM. */
const groupPatience = 500;
/** Milliseconds to read what a dead process has written. */
const drainPatience = 300;
/** Milliseconds from the beginning of a fatal report to the end of the process, if it is one. */
const fatalPatience = 3000;

/** How Node, V8 and C++ begin their last words: pages about themselves, in place of which the user is told the reason. */
const lastWords =
  /\s*<--- Last few GCs --->|FATAL ERROR: |#\s+# Fatal (?:error|JavaScript)|terminate called (?:after|without)|----- Native stack trace/;

const entry = fileURLToPath(new URL("../cell-process/entry.js", import.meta.url));

export class CellProcess {
  #child: ChildProcess | undefined;
  #running: Running | undefined;
  /** What `lastWords` begins, held back until the process has ended. */
  #fatal = "";
  #isKilledForStop = false;
  #isDamaged = false;
  /** Grows with each new process: what was told to an earlier one is forgotten. */
  generation = 0;

  constructor(private readonly listener: Listener) {}

  /** Starts the process if there is none. */
  start(): void {
    if (this.#child) return;
    this.generation++;
    this.#fatal = "";
    this.#isKilledForStop = this.#isDamaged = false;
    const child = spawn(process.execPath, [...process.execArgv, entry], {
      stdio: ["ignore", "pipe", "pipe", "pipe", "pipe"],
      detached: true,
    });
    this.#child = child;
    for (const name of ["stdout", "stderr"] as const) {
      const decoder = new StringDecoder("utf8");
      child[name]!.on("data", (chunk: Buffer) => this.#raw(name, decoder.write(chunk)));
    }
    this.#read(child, descriptors.reports, (message) => this.#onReport(message as FromCells));
    this.#read(child, descriptors.link, (message) => this.#onStuck(message as Stuck));
    // A process that has just died cannot be written to.
    (child.stdio[descriptors.link] as Writable).on("error", () => undefined);
    child.once("error", () => undefined);
    child.once("exit", (code, signal) => void this.#onExit(child, code, signal));
    preferForMemory(child.pid);
  }

  /** Runs a cell; the promise is never rejected. */
  async run(message: RunMessage): Promise<Outcome | Ending> {
    this.start();
    return new Promise((resolve) => {
      this.#running = { request: message.request, resolve };
      this.#send(message);
    });
  }

  /** The stop button. */
  interrupt(request: number): void {
    this.#send({ kind: "interrupt", request, at: Date.now() });
    const child = this.#child;
    setTimeout(() => {
      if (child === this.#child && this.#running?.request === request) this.#kill();
    }, stopLimit).unref();
  }

  /** Ends the process and its children. */
  async end(): Promise<void> {
    const child = this.#child;
    child?.removeAllListeners("exit");
    if (child) await endFamily(child);
  }

  #send(message: ToCells): void {
    (this.#child?.stdio[descriptors.link] as Writable | undefined)?.write(encodeFrame(message));
  }

  #read(child: ChildProcess, descriptor: number, take: (message: unknown) => void): void {
    const frames = new FrameReader();
    const pipe = child.stdio[descriptor] as Readable;
    pipe.on("data", (chunk: Buffer) => {
      const messages: unknown[] = [];
      try {
        for (const message of frames.read(chunk)) messages.push(message);
      } catch {
        // A cell has written to the kernel's own pipe.
        this.#isDamaged = true;
        child.kill("SIGKILL");
      }
      // What the process printed before went through other pipes, which are read in the same turn.
      setImmediate(() => messages.forEach(take));
    });
    pipe.on("error", () => undefined);
  }

  #onReport(message: FromCells): void {
    switch (message.kind) {
      case "publish":
        return this.listener.publish(message.request, message.type, message.content);
      case "stream":
        return this.listener.stream(message.request, message.name, message.text);
      case "done":
        if (this.#running?.request === message.request) this.#settle(message.outcome);
    }
  }

  #onStuck({ request }: Stuck): void {
    // Also when the cell itself has ended: what it left behind blocks all that follow.
    if (this.#running === undefined || this.#running.request >= request) this.#kill();
  }

  #kill(): void {
    this.#isKilledForStop = true;
    this.#child?.kill("SIGKILL");
  }

  #raw(name: StreamName, text: string): void {
    if (name === "stdout") return this.listener.rawStream(name, text);
    const begin = this.#fatal === "" ? text.search(lastWords) : 0;
    if (begin !== 0) this.listener.rawStream(name, begin < 0 ? text : text.slice(0, begin));
    if (begin < 0) return;
    if (this.#fatal === "") {
      const child = this.#child;
      setTimeout(() => {
        // Somebody only quoted such words.
        if (child !== this.#child) return;
        const held = this.#fatal;
        this.#fatal = "";
        this.listener.rawStream(name, held);
      }, fatalPatience).unref();
    }
    this.#fatal += text.slice(begin);
  }

  async #onExit(child: ChildProcess, code: number | null, signal: NodeJS.Signals | null): Promise<void> {
    const closed = once(child, "close");
    await endFamily(child);
    await Promise.race([closed, sleep(drainPatience)]);
    // One more turn, for the messages that were read last.
    await new Promise((resolve) => setImmediate(resolve));
    const ending = this.#ending(code, signal);
    this.#child = undefined;
    if (this.#running) this.#settle(ending);
    else this.listener.onEnd(ending);
  }

  #ending(code: number | null, signal: NodeJS.Signals | null): Ending {
    const ended = (evalue: string, ename = "ProcessEnded"): Ending => ({ status: "ended", ename, evalue });
    if (this.#isKilledForStop)
      return ended(`${stoppedReport.evalue}; it did not end by itself, so its process was ended`, stoppedReport.ename);
    if (this.#isDamaged) return ended("a cell has written to the kernel's own pipe, so its process was ended");
    if (/heap out of memory/.test(this.#fatal)) {
      const limit = Math.round(getHeapStatistics().heap_size_limit / 2 ** 20);
      return ended(
        `the JavaScript heap is full (its limit is ${limit} MB), or the system has no memory left. ` +
          "NODE_OPTIONS=--max-old-space-size=MEGABYTES in Jupyter's environment raises the limit",
      );
    }
    if (/bad_alloc|out of memory|allocation failed/i.test(this.#fatal)) return ended("there is not enough memory");
    if (signal === "SIGKILL")
      return ended("the system ended the process of the cells (SIGKILL), most likely because memory ran out");
    const words = /(?:FATAL ERROR: |# |what\(\):\s*)(Fatal JavaScript.*|[A-Za-z].*)/.exec(this.#fatal)?.[1];
    if (signal !== null) return ended(`the process of the cells crashed (${signal}${words ? `: ${words}` : ""})`);
    return ended(`the process of the cells ended with exit code ${code}`);
  }

  #settle(outcome: Outcome | Ending): void {
    const running = this.#running;
    this.#running = undefined;
    running?.resolve(outcome);
  }
}

/** Ends the process and what it has started: politely, then by force. */
async function endFamily(child: ChildProcess): Promise<void> {
  if (child.pid === undefined) return;
  endGroup(child.pid, "SIGTERM");
  for (const end = Date.now() + groupPatience; Date.now() < end && endGroup(child.pid, 0);) await sleep(10);
  endGroup(child.pid, "SIGKILL");
}

/** Where memory runs out, the system should choose the cells, not the kernel or the Jupyter server. */
function preferForMemory(pid: number | undefined): void {
  if (process.platform !== "linux" || pid === undefined) return;
  try {
    writeFileSync(`/proc/${pid}/oom_score_adj`, "500");
  } catch (error) {
    // It has ended already, or the system does not let us.
    if (!(error instanceof Error && "code" in error)) throw error;
  }
}
