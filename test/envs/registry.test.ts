import { expect, test } from "vitest";
import { ant, antV4 } from "../../sdk/src/envs/locomotion/ant.js";
import { halfCheetah } from "../../sdk/src/envs/locomotion/half-cheetah.js";
import { hopper, hopperV4 } from "../../sdk/src/envs/locomotion/hopper.js";
import { humanoid } from "../../sdk/src/envs/locomotion/humanoid.js";
import { walker2d } from "../../sdk/src/envs/locomotion/walker2d.js";
import { can } from "../../sdk/src/envs/robomimic/can.js";
import { lift } from "../../sdk/src/envs/robomimic/lift.js";
import { square } from "../../sdk/src/envs/robomimic/square.js";
import { transport } from "../../sdk/src/envs/robomimic/transport.js";
import { makeEnvironment } from "../../sdk/src/envs/make-environment.js";
import { builtInNames, environmentNames, findEnvironment } from "../../sdk/src/envs/registry.js";
import external, { scripted } from "./fixtures/scripted.js";

test.each([
  { robot: hopper, names: ["hopper-v2", "Hopper-v2", "Hopper-v3", "hopper-medium-v2", "hopper-medium-replay-v2"] },
  { robot: hopperV4, names: ["hopper-v4", "Hopper-v4"] },
  { robot: walker2d, names: ["walker2d-v2", "Walker2d-v2", "walker2d-medium-v2"] },
  { robot: halfCheetah, names: ["halfcheetah-v2", "HalfCheetah-v3", "halfcheetah-medium-v2"] },
  { robot: ant, names: ["ant-v2", "Ant-v2", "ant-medium-expert-v0", "ant-medium-expert-v2"] },
  { robot: antV4, names: ["Ant-v4"] },
  { robot: humanoid, names: ["Humanoid-v3", "humanoid-medium-v3", "Humanoid-medium-v3", "Humanoid-expert-v3"] },
  { robot: lift, names: ["Lift"] },
  { robot: can, names: ["PickPlaceCan"] },
  { robot: square, names: ["NutAssemblySquare"] },
  { robot: transport, names: ["TwoArmTransport"] },
])("names of $robot.name", async ({ robot, names }) => {
  for (const name of [robot.name, ...names]) expect(await findEnvironment(name), name).toBe(robot);
});

test("whatever contains Humanoid is one", async () => {
  expect(await findEnvironment("my-Humanoid-data-v7")).toBe(humanoid);
});

test("version 4 weighs capsules exactly", async () => {
  const rewards = [];
  for (const env of ["Hopper-v3", "Hopper-v4"]) {
    const environment = await makeEnvironment(env);
    environment.setState({ qpos: [0, 1.2, 0, 0, 0, 0], qvel: [0, 0, 0, 0, 0, 0] });
    rewards.push(environment.step([1, 1, 1]).reward);
    environment.close();
  }
  expect(rewards[0]).not.toBeCloseTo(rewards[1]!, 4);
});

test("names are unique", () => {
  expect(new Set(environmentNames).size).toBe(environmentNames.length);
});

test("an unknown name names its nearest neighbour", async () => {
  await expect(findEnvironment("hoper-v2")).rejects.toThrow(
    `env: there is no environment "hoper-v2"\n  expected one of ${builtInNames.join(", ")}, or the name of a dataset recorded in one\n  did you mean "hopper-v2"?`,
  );
  await expect(findEnvironment("doom")).rejects.toMatchObject({ code: "DMPO_ENV_UNKNOWN" });
});

test("a file URL means that module's default export", async () => {
  expect(await findEnvironment(scripted)).toBe(external);
});
