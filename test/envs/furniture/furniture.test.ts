// Furniture tasks: interface, starts, control and rewards, against the numbers of FurnitureBench.
import { afterEach, describe, expect, test } from "vitest";
import { furnitureTasks } from "../../../sdk/src/envs/furniture/furniture.js";
import { lamp, oneLeg } from "../../../sdk/src/envs/furniture/parts.js";
import {
  composed,
  conjugate,
  fromEuler,
  matrixOf,
  product,
  relative,
  turned,
  twist,
  type Pose,
} from "../../../sdk/src/envs/pose.js";
import { base, obstacleStart, startOf, tag } from "../../../sdk/src/envs/furniture/scene.js";
import type { Simulation } from "../../../sdk/src/envs/environment.js";
import { builtInEnvironment } from "../../../sdk/src/envs/registry.js";
import { Random } from "../../../sdk/src/engine/random.js";

let simulation: Simulation | undefined;
afterEach(() => {
  simulation?.delete();
  simulation = undefined;
});

async function begin(name: string, seed = 0) {
  const definition = builtInEnvironment(name);
  simulation = await definition.create({ inertia: "legacy" });
  simulation.reset(new Random(seed).stream("starts"));
  const observation = () => {
    const out = new Float64Array(definition.observationDimension);
    simulation!.observe(out);
    return out;
  };
  return { simulation, observation };
}

/** Staying where the tool is. */
const stay = (observation: Float64Array, grip: number) => Float64Array.from([...observation.subarray(0, 9), grip]);
const partPose = (observation: Float64Array, part: number): Pose => {
  const at = 16 + 7 * part;
  const [x, y, z, i, j, k, w] = observation.subarray(at, at + 7);
  return { position: [x!, y!, z!], rotation: [w!, i!, j!, k!] };
};

describe("poses", () => {
  test("a composed pose seen from its outer one is the inner one", () => {
    const outer: Pose = { position: [0.1, -0.2, 0.3], rotation: fromEuler([0.4, -1.1, 2.2]) };
    const inner: Pose = { position: [-0.5, 0.25, 0.75], rotation: fromEuler([-2, 0.3, 0.7]) };
    const found = relative(outer, composed(outer, inner));
    found.position.forEach((value, i) => expect(value).toBeCloseTo(inner.position[i]!, 12));
    expect(Math.abs(found.rotation.reduce((sum, value, i) => sum + value * inner.rotation[i]!, 0))).toBeCloseTo(1, 12);
  });

  test("Euler angles are turns about fixed x, then y, then z", () => {
    const turn = fromEuler([Math.PI / 2, 0, Math.PI / 2]);
    turned(turn, [0, 1, 0]).forEach((value, i) => expect(value).toBeCloseTo([0, 0, 1][i]!, 12));
    turned(turn, [1, 0, 0]).forEach((value, i) => expect(value).toBeCloseTo([0, 1, 0][i]!, 12));
    const matrix = matrixOf(turn);
    [0, 1, 2].forEach((row) => expect(matrix[3 * row + 1]).toBeCloseTo([0, 0, 1][row]!, 12));
    const spun = product(fromEuler([0, 2, 0]), fromEuler([0.05, 0, 0]));
    expect(twist(spun, [0, 1, 0])).toBeCloseTo(2, 2);
    expect(twist(conjugate(spun), [0, 1, 0])).toBeCloseTo(-2, 2);
  });
});

test("nine tasks with the sizes, limits and thresholds of the published settings", () => {
  const shown = furnitureTasks.map((task) => [
    ...[task.name, task.observationDimension, task.actionDimension, task.maxEpisodeSteps],
    (task.success as { threshold: number }).threshold,
  ]);
  expect(shown.filter(([name]) => String(name).includes("low"))).toEqual([
    ["one_leg_low_dim", 58, 10, 700, 1],
    ["lamp_low_dim", 44, 10, 1000, 2],
    ["round_table_low_dim", 44, 10, 1000, 2],
  ]);
  expect(furnitureTasks).toHaveLength(9);
  for (const task of furnitureTasks) {
    expect(task.observationNames).toHaveLength(task.observationDimension);
    expect(task.actionNames).toHaveLength(10);
  }
});

test("the tag's z axis points down, its y axis away from the robot", () => {
  turned(tag.rotation, [0, 0, 1]).forEach((value, i) => expect(value).toBeCloseTo([0, 0, -1][i]!, 12));
  turned(tag.rotation, [0, 1, 0]).forEach((value, i) => expect(value).toBeCloseTo([1, 0, 0][i]!, 12));
});

test("an episode begins near the published poses, on the table, and alike with one seed", async () => {
  const { simulation, observation } = await begin("one_leg_low_dim");
  const first = observation();
  oneLeg.parts.forEach((part, i) => {
    const { position } = partPose(first, i);
    const wanted = relative(tag, startOf(part)).position;
    // What is shoved slides: a top of 151 g by at most 12 cm, legs by 1 or 2.
    expect(Math.hypot(position[0] - wanted[0], position[1] - wanted[1])).toBeLessThan(i === 0 ? 0.13 : 0.03);
    expect(position[2]).toBeCloseTo(wanted[2], 2);
  });
  const obstacle = partPose(first, 5);
  const wanted = relative(tag, { position: obstacleStart, rotation: fromEuler([0, 0, Math.PI / 2]) });
  obstacle.position.forEach((value, i) =>
    expect(Math.abs(value - wanted.position[i]!)).toBeLessThan(i < 2 ? 0.02 : 1e-9),
  );
  expect(Math.abs(obstacle.rotation.reduce((sum, value, i) => sum + value * wanted.rotation[i]!, 0))).toBeCloseTo(1, 9);
  simulation.reset(new Random(0).stream("starts"));
  expect(observation()).toEqual(first);
  simulation.reset(new Random(1).stream("starts"));
  expect(observation()).not.toEqual(first);
});

test("the tool goes where an action says, rows of its rotation made orthonormal", async () => {
  const { simulation, observation } = await begin("round_table_low_dim");
  const start = observation();
  const target = stay(start, -1);
  target[0] = 0.5;
  target[1] = 0.05;
  target[2] = 0.25;
  // Straight down, twice as long, and not quite at right angles.
  target.set([2, 0, 0, 0.3, -1, 0], 3);
  for (let i = 0; i < 40; i++) simulation.step(target.slice());
  const reached = observation();
  [0.5, 0.05, 0.25, 1, 0, 0, 0, -1, 0].forEach((value, i) => expect(reached[i]).toBeCloseTo(value, 2));
  expect(Math.hypot(...reached.subarray(9, 15))).toBeLessThan(0.01);
  // Beyond 1 m is 1 m.
  const far = target.slice();
  far[2] = 7;
  simulation.step(far);
  expect(far[2]).toBe(1);
});

test("the gripper follows the sign of actions beyond 0.019, and keeps its state otherwise", async () => {
  const { simulation, observation } = await begin("one_leg_low_dim");
  const first = observation();
  const high = stay(first, -1);
  high[2] = 0.3;
  const width = (grip: number) => {
    high[9] = grip;
    for (let i = 0; i < 8; i++) simulation.step(high.slice());
    return observation()[15]!;
  };
  expect(width(-0.5)).toBeCloseTo(oneLeg.gripperWidth, 2);
  expect(width(0.015)).toBeCloseTo(oneLeg.gripperWidth, 2);
  expect(width(0.02)).toBeCloseTo(0, 2);
  expect(width(-0.015)).toBeCloseTo(0, 2);
  expect(width(-0.02)).toBeCloseTo(oneLeg.gripperWidth, 2);
});

test("a leg in its seat earns 1 once", async () => {
  const { simulation, observation } = await begin("one_leg_low_dim");
  const action = stay(observation(), -1);
  action[2] = 0.35;
  for (let i = 0; i < 20; i++) expect(simulation.step(action.slice())).toBe(0);
  const { qpos, qvel } = simulation.state();
  const at = (part: number) => 9 + 7 * part;
  const values = [...qpos];
  const top: Pose = {
    position: values.slice(at(0), at(0) + 3) as unknown as Pose["position"],
    rotation: values.slice(at(0) + 3, at(0) + 7) as unknown as Pose["rotation"],
  };
  const seated = composed(top, oneLeg.pairs[0]!.targets[2]!);
  values.splice(at(4), 7, ...seated.position, ...seated.rotation);
  simulation.setState({ qpos: values, qvel: [...qvel].fill(0) });
  expect(simulation.step(action.slice())).toBe(1);
  for (let i = 0; i < 5; i++) expect(simulation.step(action.slice())).toBe(0);
});

test("the lamp's bulb lies still until the hand is near", async () => {
  const { simulation, observation } = await begin("lamp_low_dim", 3);
  const first = observation();
  const bulb = partPose(first, 1).position;
  const away = stay(first, -1);
  away[2] = 0.4;
  for (let i = 0; i < 10; i++) simulation.step(away.slice());
  partPose(observation(), 1).position.forEach((value, i) => expect(value).toBeCloseTo(bulb[i]!, 4));
  expect(lamp.maxEpisodeSteps).toBe(1000);
  expect(base.position[2]).toBe(0.415);
});
