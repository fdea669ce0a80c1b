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
    // Made of parts, none of which is missing.
    for (const one of [...observationNames!, ...actionNames!]) expect(one, name).toMatch(/^\S+( \S+)*$/);
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

const axes = (what: string) => ["x", "y", "z"].map((axis) => `${what} ${axis}`);
const turns = (what: string) => ["x", "y", "z", "w"].map((axis) => `${what} orientation ${axis}`);
const pose = (what: string) => [...axes(what), ...turns(what)];
const arm = (which = "") => [...pose(`${which}gripper`), `${which}left finger`, `${which}right finger`];

test("the Franka kitchen: arm, things, and the goal of each", () => {
  const { observationNames, actionNames } = namesFor("kitchen-mixed-v0", {
    observationDimension: 60,
    actionDimension: 9,
  })!;
  const armJoints = [1, 2, 3, 4, 5, 6, 7].map((n) => `arm joint ${n}`);
  const knobs = ["bottom right", "bottom left", "top right", "top left"].flatMap((at) => [
    `${at} knob`,
    `${at} burner`,
  ]);
  const things = [
    ...[...knobs, "light switch", "light block", "slide cabinet", "left hinge door", "right hinge door"],
    ...["microwave door", ...axes("kettle"), "kettle orientation w"],
    ...["x", "y", "z"].map((axis) => `kettle orientation ${axis}`),
  ];
  const now = [...armJoints, "left finger", "right finger", ...things];
  expect(observationNames).toEqual([...now, ...now.map((name) => `${name} goal`)]);
  expect(actionNames).toEqual([...armJoints, "left finger", "right finger"].map((name) => `${name} velocity`));
});

test("robomimic's tasks, as its files have them", () => {
  const sizes = { observationDimension: 23, actionDimension: 7 };
  const lift = [...arm(), ...pose("cube"), ...axes("gripper from cube")];
  expect(namesFor("lift", { ...sizes, observationDimension: 19 })!.observationNames).toEqual(lift);
  for (const [task, object] of [
    ["can", "can"],
    ["square", "nut"],
  ] as const) {
    const wanted = [...arm(), ...pose(object), ...pose(`${object} from gripper`)];
    expect(namesFor(task, sizes)!.observationNames).toEqual(wanted);
  }
  const transport = namesFor("transport", { observationDimension: 59, actionDimension: 14 })!;
  expect(transport.observationNames.slice(0, 18)).toEqual([...arm("first "), ...arm("second ")]);
  expect(transport.observationNames.slice(18, 45)).toEqual([
    ...[...pose("hammer"), ...pose("trash"), ...pose("lid handle")],
    ...[...axes("target bin"), ...axes("trash bin")],
  ]);
  expect(transport.observationNames.slice(45, 57)).toEqual([
    ...[...axes("hammer from first gripper"), ...axes("lid handle from first gripper")],
    ...[...axes("hammer from second gripper"), ...axes("trash from second gripper")],
  ]);
  expect(transport.actionNames.slice(7)).toEqual(
    transport.actionNames.slice(0, 7).map((name) => name.replace("first", "second")),
  );
});
