import { describe, expect, test } from "vitest";
import { namesFor } from "../../sdk/src/envs/dimension-names.js";
import { antModel } from "../../sdk/src/envs/locomotion/ant.js";
import { halfCheetahModel } from "../../sdk/src/envs/locomotion/half-cheetah.js";
import { hopper, hopperModel } from "../../sdk/src/envs/locomotion/hopper.js";
import { humanoidModel } from "../../sdk/src/envs/locomotion/humanoid.js";
import { walker2dModel } from "../../sdk/src/envs/locomotion/walker2d.js";
import { makeEnvironment } from "../../sdk/src/envs/make-environment.js";
import { environmentNames, findEnvironment } from "../../sdk/src/envs/registry.js";

test("every environment names each of its numbers once", async () => {
  for (const name of environmentNames) {
    const { observationNames, actionNames, observationDimension, actionDimension } = await findEnvironment(name);
    expect(new Set(observationNames).size, name).toBe(observationDimension);
    expect(new Set(actionNames).size, name).toBe(actionDimension);
  }
});

const robots: [string, string, number, number][] = [
  ["hopper-medium-v2", hopperModel("legacy"), 11, 3],
  ["walker2d-v2", walker2dModel("legacy"), 17, 6],
  ["halfcheetah-v2", halfCheetahModel("legacy"), 17, 6],
  ["ant-v2", antModel("legacy"), 111, 8],
  ["Humanoid-medium-v3", humanoidModel("legacy"), 376, 17],
];
describe.each(robots)("%s", (name, xml, observationDimension, actionDimension) => {
  const named = (tag: string, attribute: string) =>
    [...xml.matchAll(new RegExp(`<${tag} [^>]*${attribute}="([^"]*)"`, "g"))].map(([, found]) =>
      found!.replace("_joint", "").replace(/^([bf])(?=thigh|shin|foot)/, (side) => (side === "b" ? "back_" : "front_")),
    );
  const { observationNames, actionNames } = namesFor(name, { observationDimension, actionDimension })!;

  test("joints and motors are in the model's order", () => {
    const hinges = named("joint", "name")
      .filter((joint) => !joint.startsWith("root"))
      .map((joint) => joint.replaceAll("_", " "));
    const suffixed = (suffix: string) => hinges.map((joint) => `${joint} ${suffix}`);
    expect(observationNames.filter((one) => suffixed("angle").includes(one))).toEqual(suffixed("angle"));
    expect(observationNames.filter((one) => suffixed("velocity").includes(one))).toEqual(suffixed("velocity"));
    expect(actionNames).toEqual(named("motor", "joint").map((joint) => `${joint.replaceAll("_", " ")} torque`));
  });
});

test("a number stands where its name says", async () => {
  const environment = await makeEnvironment("hopper-v2");
  environment.reset();
  environment.setState({ qpos: [9, 1.25, 0.1, -0.2, -0.3, 0.4], qvel: [1, 2, 3, 4, 5, 6] });
  const seen: number[] = [];
  const original = environment.step([0, 0, 0]);
  seen.push(...original.observation);
  const { qpos, qvel } = environment.state();
  const at = (name: string) => seen[hopper.observationNames!.indexOf(name)];
  expect([at("height"), at("torso angle"), at("foot angle")]).toEqual([qpos[1], qpos[2], qpos[5]]);
  expect([at("forward velocity"), at("thigh velocity")]).toEqual([qvel[0], qvel[3]]);
  environment.close();
});

test("what is of another size has no names", () => {
  expect(namesFor("hopper-v2", { observationDimension: 12, actionDimension: 3 })).toBeUndefined();
  expect(namesFor("ant-v4", { observationDimension: 27, actionDimension: 8 })?.observationNames).toHaveLength(27);
  expect(namesFor("kitchen-mixed-v0", { observationDimension: 59, actionDimension: 9 })).toBeUndefined();
});
