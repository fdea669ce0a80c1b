// A run that blows up stops, and says what blew up, when, and what usually helps. Its last checkpoint is from before.
import { InputError } from "../errors.js";

/** Beyond this a loss or a value means nothing any more. */
const EXPLODED = 1e10;

const remedy =
  "the last checkpoint of the run is from the iteration before and can be resumed; lower learning rates, a maximum gradient norm, " +
  "smaller rewards (scale_reward_factor) or, of critics, layer normalisation usually help";

type Numbers = Readonly<Record<string, number>>;

/** @throws InputError `DMPO_DIVERGED` naming every number that is not finite, or too large to mean anything. */
export function expectSound(numbers: Numbers = {}, iteration: number, before: Numbers = {}): void {
  const problems = Object.entries(numbers).flatMap(([name, value]) => {
    if (Math.abs(value) <= EXPLODED) return [];
    const was = before[name] === undefined ? "" : `, after ${before[name].toPrecision(4)} in the last`;
    return [{ path: name, wrong: `is ${value} in iteration ${iteration}${was}`, expected: "a finite number", remedy }];
  });
  if (problems.length > 0) throw new InputError("DMPO_DIVERGED", problems);
}

/** The error of an optimiser whose gradient is not finite as one of the run; any other error as it is. */
export function diverged(error: unknown, iteration: number): unknown {
  if (!(error instanceof InputError) || error.code !== "DMPO_NON_FINITE_GRADIENT") return error;
  const problems = error.problems.map((problem) => ({
    ...problem,
    wrong: `${problem.wrong}, in iteration ${iteration}`,
    remedy,
  }));
  return new InputError("DMPO_DIVERGED", problems, { cause: error });
}
