// The InputError that an action throws, for tests that look into its problems.
import { InputError } from "../../sdk/src/errors.js";

export function inputErrorOf(action: () => unknown): InputError {
  try {
    action();
  } catch (error) {
    if (error instanceof InputError) return error;
    throw error;
  }
  throw new Error("no error was thrown");
}
