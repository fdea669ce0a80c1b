// What a run says about itself: told at once, and kept in the run's log as soon as there is one.
import { runLog } from "../../experiments/runs/control.js";

export class Journal {
  readonly #tell: (line: string) => void;
  #early: string[] = [];
  #log: ReturnType<typeof runLog> | undefined;

  constructor(tell: (line: string) => void) {
    this.#tell = tell;
  }

  readonly report = (line: string): void => {
    this.#tell(line);
    this.keep(line);
  };

  /** For the log alone: the terminal has it otherwise. */
  readonly keep = (line: string): void => {
    if (this.#log) this.#log.write(`${line}\n`);
    else this.#early.push(line);
  };

  /** From now on, and for what was said so far, run.log in this folder. */
  keepIn(folder: string): void {
    this.#log = runLog(folder);
    for (const line of this.#early) this.#log.write(`${line}\n`);
    this.#early = [];
  }
}
