// FurnitureBench (Heo et al. 2023, arXiv 2305.12821) as DPPO fine-tunes in it (Ren et al. 2024): a Panda puts furniture together.
// Interface, starts, rewards and the gripper's rule are those of the original; contacts are not (docs/environments.md).
import type { RandomStream } from "../../engine/random.js";
import { factorize, solve } from "../cholesky.js";
import { PandaKinematics, armJoints } from "../d3il/panda.js";
import { defineEnvironment, type EnvironmentDefinition, type Simulation } from "../environment.js";
import { fail } from "../../errors.js";
import { shownValue } from "../../schema-issues.js";
import { cross, dot, type Vector } from "../render/vectors.js";
import { Simulator } from "../simulator.js";
import { isAssembled, lamp, oneLeg, roundTable, type Furniture, type Pair } from "./parts.js";
import { composed, fromEuler, relative, type Pose } from "../pose.js";
import {
  base,
  furnitureModel,
  gripForce,
  obstacleStart,
  restingPosture,
  startOf,
  substeps,
  tag,
  timestep,
  toolHeight,
  type Contacts,
} from "./scene.js";
import { Screw } from "./screw.js";

export type Randomness = "low" | "med" | "high";

/** Of the starts: joints (rad), obstacle (m), and what shifts the parts (N, N m). */
const scatter = {
  low: { joints: (5 * Math.PI) / 180, obstacle: 0.02, force: 0.2, torque: 0.007 },
  med: { joints: (10 * Math.PI) / 180, obstacle: 0.04, force: 0.5, torque: 0.01 },
  high: { joints: (13 * Math.PI) / 180, obstacle: 0.06, force: 0.75, torque: 0.015 },
} as const;

/** The gripper answers to actions beyond this. */
const gripThreshold = 0.019;
/** How long parts are shoved at the start, and how long they then slide and settle (s). */
const [shoveSeconds, settleSeconds] = [1 / 60, 1];
/** The lamp's bulb stays where it lies until the hand is this near, along each axis (m), or half of the episode is over. */
const [pinnedPart, pinDistance] = ["bulb", 0.03];
const [robotNumbers, poseNumbers] = [16, 7];

let copies = 0;

async function createFurniture(furniture: Furniture, randomness: Randomness, contacts: Contacts): Promise<Simulation> {
  // A rule changes its model, so that each simulation has its own; surfaces take seconds to compile, and are shared.
  const isRule = contacts === "primitives";
  const simulator = await Simulator.load(furnitureModel(furniture, isRule ? copies++ : 0, contacts));
  const { parts, pairs, maxEpisodeSteps } = furniture;
  const threads = isRule ? furniture.threads : [];
  const bodies = parts.map(({ name }) => simulator.indexOf("body", name));
  const obstacle = simulator.indexOf("body", "obstacle");
  const screws = threads.map((thread) => new Screw(simulator, thread));
  const kinematics = new PandaKinematics(toolHeight);
  const firstPart = armJoints + 2;
  let assembled = new Set<Pair>();
  let grip = -1;
  let steps = 0;
  let pinned: { readonly part: number; readonly pose: Float64Array } | undefined;

  /** Seven numbers of qpos. */
  const place = (part: number) => simulator.qpos.subarray(firstPart + 7 * part, firstPart + 7 * (part + 1));
  const speed = (part: number) => simulator.qvel.subarray(firstPart + 6 * part, firstPart + 6 * (part + 1));
  const poseOf = (part: number): Pose => simulator.poseOf(bodies[part]!);
  const named = (name: string) => parts.findIndex((part) => part.name === name);

  function advance(count: number): void {
    for (let i = 0; i < count; i++) {
      if (pinned) {
        place(pinned.part).set(pinned.pose);
        speed(pinned.part).fill(0);
      }
      const taken = new Set<unknown>();
      for (const { seat } of screws) if (seat) taken.add(seat);
      simulator.dataView("qfrc_applied").fill(0);
      for (const screw of screws) screw.update(taken);
      simulator.step(1);
    }
  }

  function drive(joints: ArrayLike<number>): void {
    const { ctrl } = simulator;
    for (let i = 0; i < armJoints; i++) ctrl[i] = joints[i]!;
    ctrl[armJoints] = ctrl[armJoints + 1] = grip < 0 ? gripForce : -gripForce;
  }

  function begin(): void {
    assembled = new Set();
    [grip, steps] = [-1, 0];
    screws.forEach((screw) => screw.release());
    simulator.forward();
    kinematics.solve(simulator.qpos);
  }

  function shove(random: RandomStream): void {
    const { force, torque } = scatter[randomness];
    const applied = simulator.dataView("xfrc_applied");
    for (const [i, part] of parts.entries()) {
      const size = force * part.shove.force * random.nextUniform();
      const direction = 2 * Math.PI * random.nextUniform();
      const turn = torque * part.shove.torque * (2 * random.nextUniform() - 1);
      applied.set([size * Math.cos(direction), size * Math.sin(direction), 0, 0, 0, turn], 6 * bodies[i]!);
    }
    advance(Math.round(shoveSeconds / timestep));
    simulator.dataView("xfrc_applied").fill(0);
    advance(Math.round(settleSeconds / timestep));
  }

  /** Joint angles that bring the tool to an action's pose, by one step of inverse kinematics. */
  function jointsFor(action: ArrayLike<number>): Float64Array {
    const goal = rotationOf(action);
    const { position, rotation, jacobian } = kinematics;
    const error = [0, 1, 2].map((i) => action[i]! - position[i]!);
    error.push(...turnBetween(rotation, goal));
    const change = leastNorm(jacobian, error);
    return Float64Array.from(change, (value, i) => simulator.qpos[i]! + value);
  }

  function reward(): number {
    const found = pairs.filter(
      (pair) => !assembled.has(pair) && isAssembled(pair, poseOf(named(pair.first)), poseOf(named(pair.second))),
    );
    found.forEach((pair) => assembled.add(pair));
    return Math.min(1, found.length);
  }

  function unpin(): void {
    if (!pinned) return;
    const tool = composed(base, { position: [...kinematics.position] as unknown as Vector, rotation: [1, 0, 0, 0] });
    const isNear = tool.position.every((value, i) => Math.abs(value - pinned!.pose[i]!) <= pinDistance);
    if (isNear || steps >= maxEpisodeSteps / 2) pinned = undefined;
  }

  return {
    secondsPerStep: substeps * timestep,
    reset(random) {
      simulator.reset();
      const { joints, obstacle: spread } = scatter[randomness];
      for (const [i, angle] of restingPosture.entries())
        simulator.qpos[i] = angle + joints * (2 * random.nextUniform() - 1);
      simulator.qpos.fill(furniture.gripperWidth / 4, armJoints, firstPart);
      for (const [i, part] of parts.entries()) {
        const { position, rotation } = startOf(part);
        place(i).set([...position, ...rotation]);
      }
      const [x, y, z] = obstacleStart;
      const shifted = [x, y].map((value) => value + spread * (2 * random.nextUniform() - 1));
      simulator.dataView("mocap_pos").set([...shifted, z]);
      pinned = undefined;
      begin();
      drive(simulator.qpos);
      shove(random);
      const part = named(pinnedPart);
      if (part >= 0) pinned = { part, pose: place(part).slice() };
      begin();
    },
    step(action) {
      for (let i = 0; i < action.length; i++) action[i] = Math.min(1, Math.max(-1, action[i]!));
      const asked = action[action.length - 1]!;
      if (Math.sign(asked) !== Math.sign(grip) && Math.abs(asked) > gripThreshold) grip = asked;
      drive(jointsFor(action));
      unpin();
      advance(substeps);
      simulator.forward();
      kinematics.solve(simulator.qpos);
      steps++;
      return reward();
    },
    observe(out) {
      const { position, rotation, jacobian } = kinematics;
      out.set(position);
      out.set(rotation.subarray(0, 6), 3);
      for (let row = 0; row < 6; row++) {
        let sum = 0;
        for (let i = 0; i < armJoints; i++) sum += jacobian[armJoints * row + i]! * simulator.qvel[i]!;
        out[9 + row] = sum;
      }
      out[15] = simulator.qpos[armJoints]! + simulator.qpos[armJoints + 1]!;
      const poses = [
        ...parts.map((_, i) => poseOf(i)),
        composed(simulator.poseOf(obstacle), { position: [0, 0, 0], rotation: obstacleTurn }),
      ];
      for (const [i, pose] of poses.entries()) {
        const { position, rotation } = relative(tag, pose);
        const [w, ...xyz] = rotation;
        out.set([...position, ...xyz, w], robotNumbers + poseNumbers * i);
      }
    },
    terminated: () => false,
    state: () => ({ qpos: simulator.qpos.slice(), qvel: simulator.qvel.slice() }),
    setState({ qpos, qvel }) {
      simulator.qpos.set(qpos);
      simulator.qvel.set(qvel);
      pinned = undefined;
      begin();
    },
    physics: simulator,
    delete: () => simulator.delete(),
  };
}

/** Long obstacles lie across. */
const obstacleTurn = fromEuler([0, 0, Math.PI / 2]);

/** The rotation (3, 3) whose first two rows an action names, made orthonormal. */
function rotationOf(action: ArrayLike<number>): number[] {
  const row = (at: number): Vector => [action[at]!, action[at + 1]!, action[at + 2]!];
  const length = (v: Vector) => Math.max(1e-12, Math.hypot(...v));
  const first = row(3).map((value) => value / length(row(3))) as unknown as Vector;
  const along = dot(first, row(6));
  const rest = row(6).map((value, i) => value - along * first[i]!) as unknown as Vector;
  const second = rest.map((value) => value / length(rest)) as unknown as Vector;
  return [...first, ...second, ...cross(first, second)];
}

/** Axis times angle of the rotation (3, 3) that turns `from` into `to`. */
function turnBetween(from: ArrayLike<number>, to: ArrayLike<number>): Vector {
  const entry = (i: number, j: number) => [0, 1, 2].reduce((sum, k) => sum + to[3 * i + k]! * from[3 * j + k]!, 0);
  const trace = entry(0, 0) + entry(1, 1) + entry(2, 2);
  const angle = Math.acos(Math.min(1, Math.max(-1, (trace - 1) / 2)));
  const axis = [entry(2, 1) - entry(1, 2), entry(0, 2) - entry(2, 0), entry(1, 0) - entry(0, 1)];
  if (angle < 1e-9) return [0, 0, 0];
  if (angle > Math.PI - 1e-4) {
    // Half a turn: the axis is in the symmetric part.
    const diagonal = [0, 1, 2].map((i) => Math.sqrt(Math.max(0, (entry(i, i) + 1) / 2)));
    const largest = diagonal.indexOf(Math.max(...diagonal));
    return [0, 1, 2].map((i) =>
      i === largest
        ? angle * diagonal[i]!
        : (angle * (entry(i, largest) + entry(largest, i))) / (4 * diagonal[largest]!),
    ) as unknown as Vector;
  }
  const scale = angle / (2 * Math.sin(angle));
  return axis.map((value) => scale * value) as unknown as Vector;
}

/** The shortest x (7) with J x = b (6), for J (6, 7) row by row. */
function leastNorm(jacobian: Float64Array, b: readonly number[]): Float64Array {
  const size = b.length;
  const gram = new Float64Array(size * size);
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < size; j++) {
      // A trace of damping, where the arm is stretched.
      let sum = i === j ? 1e-8 : 0;
      for (let k = 0; k < armJoints; k++) sum += jacobian[armJoints * i + k]! * jacobian[armJoints * j + k]!;
      gram[size * i + j] = sum;
    }
  }
  const weights = Float64Array.from(b);
  factorize(gram, size, gram);
  solve(gram, size, weights);
  return new Float64Array(armJoints).map((_, k) =>
    weights.reduce((sum, weight, i) => sum + jacobian[armJoints * i + k]! * weight, 0),
  );
}

/** What follows the name of a task whose threads are surfaces. */
const surfaced = "@sdf";

function task(furniture: Furniture, randomness: Randomness, contacts: Contacts = "primitives"): EnvironmentDefinition {
  const axes = (what: string) => ["x", "y", "z"].map((axis) => `${what} ${axis}`);
  const pose = (what: string) => [...axes(what), ...["x", "y", "z", "w"].map((part) => `${what} orientation ${part}`)];
  const rows = ["first row", "second row"].flatMap((row) => axes(`tool rotation ${row}`));
  const seen = [...furniture.parts.map(({ name }) => name), "obstacle"];
  return defineEnvironment({
    name: `${furniture.name}_${randomness}_dim${contacts === "sdf" ? surfaced : ""}`,
    aliases: contacts === "sdf" ? [] : [`${furniture.name}_${randomness}`],
    observationDimension: robotNumbers + poseNumbers * seen.length,
    actionDimension: 10,
    observationNames: [
      ...[...axes("tool"), ...rows, ...axes("tool velocity"), ...axes("tool angular velocity"), "gripper width"],
      ...seen.flatMap(pose),
    ],
    actionNames: [...axes("tool"), ...rows, "gripper"],
    // Parts that lay still in all demonstrations, to the last micrometre, will be moved.
    observationBound: 5,
    maxEpisodeSteps: furniture.maxEpisodeSteps,
    success: { by: "return", threshold: furniture.pairs.length },
    create: () => createFurniture(furniture, randomness, contacts),
  });
}

const settings = [oneLeg, lamp, roundTable].flatMap((furniture) =>
  (["low", "med", "high"] as const).map((randomness) => [furniture, randomness] as const),
);

/** Each piece of furniture with each randomness of the starts. */
export const furnitureTasks: readonly EnvironmentDefinition[] = settings.map((setting) => task(...setting));

/** The same with threads that are surfaces, by the names of those that follow a rule. */
const surfacedTasks = new Map(settings.map((setting, i) => [furnitureTasks[i]!, task(...setting, "sdf")] as const));

const taskCalled = (name: string) => furnitureTasks.find((one) => one.name === name || one.aliases.includes(name));

/** The environment called e.g. "one_leg_low_dim@sdf"; undefined for names of another form. */
export function surfacedFurniture(name: string): EnvironmentDefinition | undefined {
  const found = name.endsWith(surfaced) ? taskCalled(name.slice(0, -surfaced.length)) : undefined;
  return found && surfacedTasks.get(found);
}

/**
 * Name of the environment in which threads are that: "primitives", plain shapes and a rule, or "sdf", surfaces that meet.
 * @throws InputError DMPO_ENV_UNKNOWN for what is no furniture, DMPO_OPTIONS for contacts of another name.
 */
export function withContacts(furniture: string, contacts: Contacts): string {
  const found = taskCalled(furniture);
  if (!found) {
    const known = furnitureTasks.map(({ name }) => name).join(", ");
    return fail("DMPO_ENV_UNKNOWN", "furniture", `${shownValue(furniture)} has no threads`, `one of ${known}`);
  }
  if (!["primitives", "sdf"].includes(contacts))
    fail("DMPO_OPTIONS", "contacts", shownValue(contacts), '"primitives" or "sdf"');
  return contacts === "sdf" ? surfacedTasks.get(found)!.name : found.name;
}
