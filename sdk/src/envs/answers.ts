// What an environment answers, looked at where it enters: whatever is no number here would spoil weights far from its cause.
import { fail } from "../errors.js";
import { shownValue } from "../schema-issues.js";

const shown = (value: unknown) =>
  value instanceof Promise ? "is a Promise, and environments answer at once" : `is ${shownValue(value)}`;

/** @param steps of the episode, this one included. @throws InputError DMPO_ENV_ANSWER for a reward that is no finite number. */
export function checkReward(reward: unknown, steps: number): asserts reward is number {
  if (typeof reward === "number" && Number.isFinite(reward)) return;
  fail("DMPO_ENV_ANSWER", `step ${steps}: reward`, shown(reward), "a finite number");
}

/** @throws InputError DMPO_ENV_ANSWER for what is neither true nor false. */
export function checkTerminated(terminated: unknown, steps: number): asserts terminated is boolean {
  if (typeof terminated === "boolean") return;
  fail("DMPO_ENV_ANSWER", `step ${steps}: terminated()`, shown(terminated), "true or false");
}

/** @param observation (Do), raw. @throws InputError DMPO_ENV_ANSWER naming the first number that is not finite. */
export function checkObservation(observation: Float64Array, steps: number): void {
  for (let i = 0; i < observation.length; i++) {
    if (Number.isFinite(observation[i])) continue;
    fail("DMPO_ENV_ANSWER", `step ${steps}: observation[${i}]`, `is ${observation[i]}`, "a finite number");
  }
}
