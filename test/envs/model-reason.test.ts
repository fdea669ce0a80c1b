// A model that MuJoCo does not take: the error says why, and where in the text.
import { expect, test } from "vitest";
import { Simulator } from "../../sdk/src/envs/simulator.js";

const world = (inside: string) => `<mujoco><worldbody>\n${inside}\n</worldbody></mujoco>`;

test.each([
  ["", /empty file/],
  ["<mujoco>", /XML_ERROR_MISMATCHED_ELEMENT.*Line number=1/],
  ["<nothing/>", /Unrecognized XML model type: 'nothing'/],
  [world('<geom sise="1"/>'), /unrecognized attribute: 'sise'; Element 'geom', line 2$/m],
  [world('<geom type="mesh" mesh="gripper"/>'), /mesh 'gripper' not found.*line 2$/m],
  [world("<body><joint/></body>"), /mass and inertia of moving bodies/],
  ['<mujoco><asset><mesh name="m" file="absent.obj"/></asset></mujoco>', /absent\.obj.*No such file/],
])("%j", async (source, reason) => {
  const error: unknown = await Simulator.load(source).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: "DMPO_ENV_MODEL" });
  expect((error as { problems: { wrong: string }[] }).problems[0]!.wrong).toMatch(reason);
});

test("a model after a wrong one is none the worse", async () => {
  await expect(Simulator.load("<mujoco>")).rejects.toThrow();
  const simulator = await Simulator.load(world('<body><freejoint/><geom size="1"/></body>'));
  expect(simulator.qpos).toHaveLength(7);
  simulator.delete();
});
