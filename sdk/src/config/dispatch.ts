// Hands the options of an experiment to the room that runs it.
import type { Experiment } from "./experiment.js";

export interface RunContext {
  readonly signal?: AbortSignal;
  /** One line of progress. */
  readonly onProgress?: (line: string) => void;
}

export async function runExperiment(_experiment: Experiment, _context: RunContext): Promise<void> {}
