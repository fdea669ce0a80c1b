// Ctrl-C: the first asks a run to stop and save, the second ends the process at once.
import { exitCodes } from "./command.js";
import { type Terminal } from "./terminal.js";

/**
 * Runs `work` with a signal that aborts on SIGINT or SIGTERM, or when the process that waits for this one has ended; true if that
 * happened.
 */
export async function untilInterrupted(
  terminal: Terminal,
  work: (signal: AbortSignal) => Promise<void>,
): Promise<boolean> {
  const controller = new AbortController();
  const onSignal = () => {
    if (controller.signal.aborted) process.exit(exitCodes.interrupted);
    terminal.error("dmpo: stopping after the current step; press Ctrl-C again to stop at once");
    controller.abort();
  };
  const onOrphaned = () => {
    terminal.error("dmpo: whoever started this run has ended; stopping after the current step");
    controller.abort();
  };
  process.on("SIGINT", onSignal).on("SIGTERM", onSignal).on("disconnect", onOrphaned);
  try {
    await work(controller.signal);
  } catch (error) {
    if (!controller.signal.aborted || !isAbort(error)) throw error;
  } finally {
    process.off("SIGINT", onSignal).off("SIGTERM", onSignal).off("disconnect", onOrphaned);
  }
  return controller.signal.aborted;
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === "AbortError";
}
