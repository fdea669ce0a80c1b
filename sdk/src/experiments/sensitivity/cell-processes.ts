// Runs of a sensitivity analysis in processes of their own: native calls hold the thread that makes them, so runs side by
// side in one process gain nothing (measured: two cells take 5.9 s that way, 5.4 s one after the other, 3.9 s in two processes).
import { fork, type ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { CellOutcome, CellTask } from "./cell-process.js";
import type { Measures } from "./measures.js";

/** The compiled program, or what starts it where the sources run uncompiled. */
const program = new URL(
  import.meta.url.endsWith(".ts") ? "./cell-process-source.mjs" : "./cell-process.js",
  import.meta.url,
);

/** Processes that all import one module and then run cells, one at a time each. */
export class CellProcesses {
  readonly #idle: ChildProcess[] = [];
  readonly #all = new Set<ChildProcess>();

  /** @param module its default export is `run`. */
  constructor(private readonly module: URL) {}

  /** Starts a process if none is idle. @throws what `run` threw; an error if the process ends. */
  async run(task: CellTask): Promise<Measures> {
    const child = this.#idle.pop() ?? this.#start();
    const outcome = await new Promise<CellOutcome>((resolve, reject) => {
      const ended = (code: number | null, signal: string | null) =>
        reject(new Error(`its process ended with ${signal ?? `code ${code}`}`));
      child.once("exit", ended);
      child.once("message", (message) => {
        child.off("exit", ended);
        resolve(message as CellOutcome);
      });
      child.send(task);
    });
    this.#idle.push(child);
    if ("measures" in outcome) return outcome.measures;
    throw Object.assign(new Error(outcome.failure.message), { stack: outcome.failure.stack });
  }

  /** Ends all processes at once; runs in progress reject. */
  close(): void {
    for (const child of this.#all) child.kill("SIGKILL");
  }

  #start(): ChildProcess {
    const child = fork(fileURLToPath(program), [this.module.href], {
      execArgv: [],
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
    this.#all.add(child);
    child.once("exit", () => this.#all.delete(child));
    child.on("error", () => child.kill("SIGKILL"));
    return child;
  }
}
