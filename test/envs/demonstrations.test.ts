// The tasks that can be demonstrated, by name.
import { expect, test } from "vitest";
import { demonstrations, findDemonstration } from "../../sdk/src/envs/demonstrations.js";
import { isBuiltIn } from "../../sdk/src/envs/registry.js";

test.each(["kitchen/mixed", "robomimic/lift", "furniture/lamp_low"])("%s is found, in an environment", (name) => {
  const found = findDemonstration(name);
  expect(found.name).toBe(name);
  expect(isBuiltIn(found.environment)).toBe(true);
});

test("names are unique; an unknown one names its nearest neighbour", () => {
  expect(new Set(demonstrations.map(({ name }) => name)).size).toBe(demonstrations.length);
  expect(() => findDemonstration("robomimic/lif")).toThrow(
    expect.objectContaining({
      code: "DMPO_DEMONSTRATION",
      message: expect.stringMatching(/one of kitchen\/complete, .*\n {2}is "robomimic\/lift" meant\?$/) as string,
    }),
  );
});
