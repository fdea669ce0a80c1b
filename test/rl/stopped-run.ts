// A run that is stopped, for tests that continue it.
import type { DriveContext, RunState } from "../../sdk/src/learning/drive.js";
import type { IterationRecord } from "../../sdk/src/rl/iteration-record.js";

/** Stops the run that `start` makes after so many iterations. Returns a copy of its state then. */
export async function stateAfter(
  iterations: number,
  start: (context: DriveContext<IterationRecord>) => Promise<unknown>,
): Promise<RunState> {
  const stop = new AbortController();
  let state: RunState | undefined;
  await start({
    signal: stop.signal,
    onIteration(_, run) {
      if (run.curve.length < iterations) return;
      state = structuredClone(run.state());
      stop.abort();
    },
  });
  return state!;
}
