// The robots of version 4 step by step beside Gymnasium, where a Python has it.
import { spawnSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { Random } from "../../../sdk/src/engine/random.js";
import { findEnvironment } from "../../../sdk/src/envs/registry.js";
import { pythonWith } from "../../python.js";

const python = pythonWith("gymnasium", "mujoco", "numpy");

/** Reads { env, qpos, qvel, actions } and prints what each action, taken from that state, leads to. */
const program = `
import json, sys, warnings
warnings.simplefilter("ignore")
import gymnasium, numpy
gymnasium.logger.min_level = gymnasium.logger.ERROR
task = json.load(sys.stdin)
environment = gymnasium.make(task["env"]).unwrapped
outcomes = []
for action in task["actions"]:
    environment.reset(seed=0)
    environment.set_state(numpy.array(task["qpos"]), numpy.array(task["qvel"]))
    observation, reward, terminated, _, _ = environment.step(numpy.array(action))
    outcomes.append({"observation": observation.tolist(), "reward": float(reward), "terminated": bool(terminated)})
print(json.dumps(outcomes))
`;

interface Outcome {
  readonly observation: number[];
  readonly reward: number;
  readonly terminated: boolean;
}

describe.skipIf(!python).each(["Hopper-v4", "Walker2d-v4", "HalfCheetah-v4", "Ant-v4"])("%s", (env) => {
  test("observations, rewards and ends are Gymnasium's", async () => {
    const definition = await findEnvironment(env);
    const simulation = await definition.create({ inertia: definition.inertia! });
    simulation.reset(new Random(4).stream("environment"));
    const state = simulation.state();
    const actions = Array.from({ length: 20 }, (_, n) =>
      Array.from({ length: definition.actionDimension }, (_, i) => Math.sin(n + 2 * i)),
    );
    const task = { env, qpos: Array.from(state.qpos), qvel: Array.from(state.qvel), actions };
    const { stdout, stderr } = spawnSync(python!, ["-c", program], { input: JSON.stringify(task), encoding: "utf8" });
    expect(stdout, stderr).not.toBe("");
    const outcomes = JSON.parse(stdout.trim().split("\n").at(-1)!) as Outcome[];
    outcomes.forEach((outcome, n) => {
      simulation.setState(state);
      const reward = simulation.step(Float64Array.from(actions[n]!));
      const observation = new Float64Array(definition.observationDimension);
      simulation.observe(observation);
      expect(observation).toHaveLength(outcome.observation.length);
      // Another version of the engine, whose solver stops elsewhere within its tolerance.
      outcome.observation.forEach((value, i) => expect(observation[i]).toBeCloseTo(value, 5));
      expect(reward).toBeCloseTo(outcome.reward, 5);
      expect(simulation.terminated()).toBe(outcome.terminated);
    });
    simulation.delete();
  });
});
