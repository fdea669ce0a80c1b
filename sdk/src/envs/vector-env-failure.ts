// What is said about an environment that failed: which one, and what it was told to do.
import type { Problem } from "../errors.js";
import { chunkOf } from "./chunk-buffers.js";
import type { MemberTask } from "./vector-env-protocol.js";

/** `index`: of the environment, undefined where no single one is to blame. */
export function memberProblem(task: MemberTask, index: number | undefined, wrong: string): Omit<Problem, "remedy"> {
  const { title, count } = task;
  // What was thrown, in one line.
  wrong = wrong.replace(/InputError: /, "").replaceAll(/\n\s*/g, "; ");
  const expected = "every environment to finish its chunk";
  if (index === undefined) return { path: `env ${title}`, wrong, expected };
  const action = lastAction(task, index);
  return {
    path: `env ${title}, number ${index} of ${count} (from 0)`,
    wrong: action ? `${wrong}; last action ${action}` : wrong,
    expected,
  };
}

/** As given by the caller, "[0.25, -1]"; undefined before the first. */
function lastAction({ buffers, count, actionSteps, normalization }: MemberTask, index: number): string | undefined {
  const { actions, executedSteps } = chunkOf(buffers, count, index);
  const step = executedSteps[0]!;
  if (step === 0) return undefined;
  const size = actions.length / actionSteps;
  const values = Array.from(actions.subarray((step - 1) * size, step * size), (value) => Number(value.toPrecision(9)));
  return `[${values.join(", ")}]${normalization ? " (normalised)" : ""}`;
}
