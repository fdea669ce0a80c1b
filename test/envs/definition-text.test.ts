// Definitions as text for threads: what goes along, what stays behind, and that they mean the same when made again.
import { runInThisContext } from "node:vm";
import { expect, test } from "vitest";
import { definitionFrom, definitionText, type DefinitionText } from "../../sdk/src/envs/definition-text.js";
import {
  defineEnvironment,
  type EnvironmentDefinition,
  type EnvironmentInput,
} from "../../sdk/src/envs/environment.js";
import { makeEnvironment } from "../../sdk/src/envs/make-environment.js";
import { rod } from "./fixtures/rod.js";

const values = { name: "toy", observationDimension: 1, actionDimension: 1, maxEpisodeSteps: 10 };
const create: EnvironmentInput["create"] = () => ({
  ...{ secondsPerStep: 1, reset() {}, observe() {} },
  step: ([push]) => 2 * push!,
  terminated: () => false,
});

/** As it arrives in another thread. */
async function sent(definition: EnvironmentDefinition): Promise<DefinitionText> {
  const text = await definitionText(definition);
  expect(text).toBeTypeOf("object");
  return structuredClone(text as DefinitionText);
}

test("what threads do not call stays behind, and may use anything", async () => {
  const outside = Promise.resolve();
  const input = { ...values, create, prepare: () => outside, pose: () => [outside as never] };
  const { functions, ...rest } = await sent(defineEnvironment(input));
  expect(rest).toEqual({ form: "environment", values });
  expect(Object.keys(functions)).toEqual(["create"]);
});

test("an object of a class does not travel, one without a prototype does", async () => {
  class Toy {
    name = "toy";
    observationDimension = 1;
    actionDimension = 1;
    maxEpisodeSteps = 10;
    create = create;
  }
  expect(await definitionText(defineEnvironment(new Toy()))).toBe("it is no plain object");
  const bare = Object.assign(Object.create(null) as object, { ...values, create });
  expect((await sent(defineEnvironment(bare))).values).toEqual(values);
});

test("a robot is a robot again, with the same numbers", async () => {
  const episodes = [];
  for (const env of [rod, definitionFrom(await sent(rod))]) {
    const environment = await makeEnvironment(env, { seed: 3 });
    episodes.push([environment.reset(), environment.step([0.5])]);
    environment.close();
  }
  expect(episodes[1]).toEqual(episodes[0]);
});

test("what compilers write into functions means the same again", async () => {
  const written = runInThisContext(`({
    async create() {
      const two = __cell__.resume(await __cell__.suspend(Promise.resolve(2)));
      let sum = 0;
      for await (const value of __cell__.suspended([3, 4])) sum += value;
      const total = __name(() => two + sum, "total");
      return { secondsPerStep: 1, reset() {}, observe() {}, step: total, terminated: () => total.name !== "total" };
    },
  })`) as Pick<EnvironmentInput, "create">;
  const simulation = await definitionFrom(await sent(defineEnvironment({ ...values, ...written }))).create({
    inertia: "legacy",
  });
  expect(simulation.step(new Float64Array(1))).toBe(2 + 3 + 4);
  expect(simulation.terminated()).toBe(false);
});
