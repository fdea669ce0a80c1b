// Successive halving: all trials run for a few iterations, the best share goes on for `eta` times as many, and so forth.
// Jamieson and Talwalkar 2016; ASHA (Li et al. 2020) without promoting early, so that what goes on does not depend on which
// machine was faster. A trial that goes on continues from its checkpoint: the survivors are, to the last bit, the runs of a grid.
import { fail } from "../../../errors.js";
import type { Objective, TrialResult } from "../trial.js";

export interface Halving {
  /** One in so many goes on, at least 2. */
  readonly eta: number;
  /** Iterations of the first rung. */
  readonly first: number;
}

/** A trial to run until so many iterations are done; without `until`, to its end. */
export interface Assignment {
  readonly trial: number;
  readonly until?: number;
}

/**
 * What is left of the rung in progress; empty when every trial has ended or been left behind.
 * @throws InputError DMPO_SWEEP_RUNG where nothing was measured of any trial that reached a rung.
 */
export function halve(
  trials: number,
  results: ReadonlyMap<number, TrialResult>,
  { eta, first }: Halving,
  { metric, goal }: Objective,
): Assignment[] {
  let members = Array.from({ length: trials }, (_, trial) => trial);
  for (let until = first; ; until *= eta) {
    const isLast = members.length < eta;
    const goesTo = (trial: number): Assignment => (isLast ? { trial } : { trial, until });
    const isThere = (trial: number) => {
      const result = results.get(trial);
      if (result?.state === "done" || result?.state === "failed") return true;
      return !isLast && Object.keys(result?.rungs ?? {}).some((reached) => Number(reached) >= until);
    };
    const open = members.filter((trial) => !isThere(trial));
    if (open.length > 0 || isLast) return open.map(goesTo);
    const ranked = bestAt(members, until, results, goal);
    if (ranked.length === 0 && members.some((trial) => results.get(trial)?.state !== "failed")) {
      const wrong = `no trial has a "${metric}" after ${until} iterations`;
      const remedy = `a new sweep with a larger --halving, or --metric for what is measured by then (\`loss\`, in \`metrics.jsonl\`)`;
      fail("DMPO_SWEEP_RUNG", "successive halving", wrong, "a measurement to choose by", remedy);
    }
    members = ranked.slice(0, Math.ceil(members.length / eta));
  }
}

/** Best first; ties in the order of their numbers; trials that failed are out. */
function bestAt(
  members: readonly number[],
  until: number,
  results: ReadonlyMap<number, TrialResult>,
  goal: Objective["goal"],
): number[] {
  const scored = members.flatMap((trial) => {
    const { state, rungs, best } = results.get(trial)!;
    const score = rungs?.[until] ?? best;
    return state === "failed" || !Number.isFinite(score) ? [] : [{ trial, score: goal === "max" ? -score! : score! }];
  });
  return scored.sort((a, b) => a.score - b.score || a.trial - b.trial).map(({ trial }) => trial);
}
