// What an error of ours says about where it came from.
import { expect, test } from "vitest";
import { makeEnvironment } from "../sdk/src/envs/make-environment.js";
import { InputError } from "../sdk/src/errors.js";

test("the stack of an error about an input begins where the package was called", async () => {
  const error = (await makeEnvironment("hoper").catch((thrown: unknown) => thrown)) as InputError;
  expect(error).toBeInstanceOf(InputError);
  const [first] = error
    .stack!.slice(error.stack!.indexOf(error.message) + error.message.length)
    .trim()
    .split("\n");
  expect(first).toContain("errors.test.ts:");
  expect(error.stack).toMatch(/^InputError: env: there is no environment "hoper"/);
});

test("the limit of stacks stays what it was", () => {
  const before = Error.stackTraceLimit;
  new InputError("DMPO_X", [{ path: "a", wrong: "b", expected: "c" }]);
  expect(Error.stackTraceLimit).toBe(before);
});
