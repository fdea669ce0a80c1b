import { expect, test } from "vitest";
import { hopper } from "../../sdk/src/envs/locomotion/hopper.js";
import { environmentNames, findEnvironment } from "../../sdk/src/envs/registry.js";
import external, { scripted } from "./fixtures/scripted.js";

test.each(["hopper-v2", "Hopper-v2", "hopper-medium-v2", "hopper-medium-expert-v2", "hopper-medium-replay-v2"])(
  "%s is Hopper",
  async (name) => {
    expect(await findEnvironment(name)).toBe(hopper);
  },
);

test("names are unique", () => {
  expect(new Set(environmentNames).size).toBe(environmentNames.length);
});

test("an unknown name names its nearest neighbour", async () => {
  await expect(findEnvironment("hoper-v2")).rejects.toThrow(
    'env: there is no environment "hoper-v2"\n  expected one of hopper-v2, or the name of a dataset recorded in one\n  did you mean "hopper-v2"?',
  );
  await expect(findEnvironment("doom")).rejects.toMatchObject({ code: "DMPO_ENV_UNKNOWN" });
});

test("a file URL means that module's default export", async () => {
  expect(await findEnvironment(scripted)).toBe(external);
});
