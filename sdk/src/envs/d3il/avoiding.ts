// The avoiding task of D3IL (Jia et al. 2024) as DPPO's fork runs it: a Panda pushes a rod through three rows of obstacles; there
// are 24 ways, and the reward wants some of them. Observations and rewards are those of
// before the simulation, as policies were trained with.
import { dimensionNames } from "../dimension-names.js";
import { defineEnvironment, type EnvironmentDefinition } from "../environment.js";
import { contactMemory, element, toXml, type Element } from "../locomotion/model.js";
import { Simulator } from "../simulator.js";
import { CartesianController } from "./cartesian-controller.js";
import { armJoints, pandaArm, pandaMotors } from "./panda.js";

/** Milliseconds per control step, which is also engine steps. */
const substeps = 35;
const toolHeight = 0.12;
const start = [0.525, -0.28, toolHeight] as const;
/** Desired joints at the start of all recorded demonstrations, near the start posture. */
const recordedStart = [-0.3605225, 0.42923643, -0.13083838, -2.05462179, 0.09062736, 2.48072578, 0.23450374];
const openFinger = 0.04;

/** Obstacles as the rod passes them: level, then left to right. */
export const obstacles = [
  { name: "level 1", x: 0.5, y: -0.1 },
  { name: "level 2 top", x: 0.425, y: 0.08 },
  { name: "level 2 bottom", x: 0.575, y: 0.08 },
  { name: "level 3 top", x: 0.35, y: 0.26 },
  { name: "level 3 middle", x: 0.5, y: 0.26 },
  { name: "level 3 bottom", x: 0.65, y: 0.26 },
] as const;

/** Beyond this the goal region begins (y, m). */
export const finishLine = 0.35;

/** Which way the rod took: flags 0, 1 for the sides of the first obstacle, 2 to 4 for the gaps of the second row, 5 to 8 of the third. */
export type ModeFlag = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8;

/** Collects the flags of one episode; each row of obstacles counts once. */
export class ModeFlags {
  readonly #flags = new Set<ModeFlag>();
  #levels = 0;

  has(flag: ModeFlag): boolean {
    return this.#flags.has(flag);
  }

  /** Ascending, e.g. [1, 2, 5]. */
  list(): ModeFlag[] {
    return [...this.#flags].sort();
  }

  /** @param x @param y of the tool (m). */
  visit(x: number, y: number): void {
    if (Math.abs(y + 0.1) <= 0.03 && x !== 0.5) this.#latch(1, x < 0.5 ? 0 : 1);
    if (Math.abs(y - 0.08) <= 0.03) this.#latch(2, x < 0.425 ? 2 : x < 0.575 ? 3 : 4);
    if (y >= 0.26) this.#latch(4, x < 0.35 ? 5 : x < 0.5 ? 6 : x < 0.65 ? 7 : 8);
  }

  #latch(level: number, flag: ModeFlag): void {
    if (this.#levels & level) return;
    this.#levels |= level;
    this.#flags.add(flag);
  }
}

/** The arm with its rod and its controller. */
export class RodArm {
  readonly controller = new CartesianController();
  readonly #simulator: Simulator;
  readonly #tool: number;
  readonly #rod: number;
  readonly #obstacles: ReadonlySet<number>;
  #touched = false;

  private constructor(simulator: Simulator) {
    this.#simulator = simulator;
    this.#tool = simulator.indexOf("body", "tool center");
    this.#rod = simulator.indexOf("geom", "rod");
    this.#obstacles = new Set(obstacles.map(({ name }) => simulator.indexOf("geom", name)));
  }

  /** @param rearRadius of the obstacles of the second and third row (m): 0.025, but 0.03 when the demonstrations were recorded. */
  static async load(rearRadius = 0.025): Promise<RodArm> {
    return new RodArm(await Simulator.load(avoidingModel(rearRadius)));
  }

  get simulator(): Simulator {
    return this.#simulator;
  }

  /** Whether the rod has touched an obstacle since the last reset. */
  get touched(): boolean {
    return this.#touched;
  }

  /** Of the tool (m). */
  get x(): number {
    return this.#simulator.xpos[3 * this.#tool]!;
  }

  get y(): number {
    return this.#simulator.xpos[3 * this.#tool + 1]!;
  }

  /** Puts the arm into a posture; the controller's set point is `setPoint`, by default that posture. */
  reset(
    joints: ArrayLike<number>,
    velocities: ArrayLike<number> = new Float64Array(armJoints),
    setPoint = joints,
  ): void {
    const { qpos, qvel } = this.#simulator;
    this.#simulator.reset();
    for (let i = 0; i < armJoints; i++) [qpos[i], qvel[i]] = [joints[i]!, velocities[i]!];
    qpos[armJoints] = qpos[armJoints + 1] = openFinger;
    this.#simulator.forward();
    this.controller.reset(setPoint);
    this.#touched = false;
  }

  /** One millisecond with the controller heading for `target` (3), m. */
  advance(target: ArrayLike<number>): void {
    this.controller.advance(target);
    const { qpos, qvel, ctrl, bias } = this.#simulator;
    this.controller.torques(qpos, qvel, bias, ctrl);
    for (let i = armJoints; i < armJoints + 2; i++) ctrl[i] = 500 * (openFinger - qpos[i]!) - 10 * qvel[i]!;
    this.#simulator.step(1);
    this.#touched ||= this.#simulator
      .contacts()
      .some((pair) => pair.includes(this.#rod) && pair.some((geom) => this.#obstacles.has(geom)));
  }
}

interface Task {
  readonly name: string;
  readonly aliases?: readonly string[];
  /** Going through this gap of the last row is worth 1 per step, crossing y = 0.4 as well; none: only crossing. */
  readonly wanted?: ModeFlag;
  /** Whether leaving the table's middle or touching an obstacle costs 0.1 per step instead; default true. */
  readonly penalty?: boolean;
  /**
   * Which set point an observation has beside the tool's position: "reference", the one before the action that was just given,
   * one step too old; "recorded" (default), that action's own, as in the demonstrations.
   */
  readonly setPoint?: "reference" | "recorded";
}

function avoiding({
  name,
  aliases = [],
  wanted,
  penalty = wanted !== undefined,
  setPoint = "recorded",
}: Task): EnvironmentDefinition {
  return defineEnvironment({
    name,
    aliases,
    observationDimension: 4,
    actionDimension: 2,
    ...dimensionNames.avoid,
    maxEpisodeSteps: 100,
    // A chunk whose every step has all there is to get: beyond the goal, by the wanted way.
    success: { by: "best-reward", threshold: wanted === undefined ? 1 : 2 },
    async create() {
      const arm = await RodArm.load();
      const posture = startPosture();
      let modes = new ModeFlags();
      const observation = new Float64Array(4);
      const desired: [number, number, number] = [0, 0, toolHeight];

      function begin(): void {
        modes = new ModeFlags();
        [desired[0], desired[1]] = [arm.x, arm.y];
        observation.set([desired[0], desired[1], arm.x, arm.y]);
      }
      function reward(): number {
        if (penalty && (arm.touched || arm.x < 0.2 || arm.x > 0.8)) return -0.1;
        return Number(wanted !== undefined && modes.has(wanted)) + Number(arm.y > 0.4);
      }
      return {
        secondsPerStep: substeps / 1000,
        reset() {
          arm.reset(posture);
          arm.advance(start);
          arm.controller.reset(arm.simulator.qpos);
          begin();
        },
        step(action) {
          const earned = reward();
          if (setPoint === "reference") observation.set(desired.slice(0, 2));
          desired[0] += action[0]!;
          desired[1] += action[1]!;
          if (setPoint === "recorded") observation.set(desired.slice(0, 2));
          observation.set([arm.x, arm.y], 2);
          for (let i = 0; i < substeps; i++) arm.advance(desired);
          modes.visit(arm.x, arm.y);
          return earned;
        },
        observe: (out) => out.set(observation),
        terminated: () => false,
        state: () => ({ qpos: arm.simulator.qpos.slice(), qvel: arm.simulator.qvel.slice() }),
        setState({ qpos, qvel }) {
          arm.reset(qpos, qvel);
          begin();
        },
        physics: arm.simulator,
        delete: () => arm.simulator.delete(),
      };
    },
  });
}

/** The published tasks, and one whose observations are those of the recordings. */
export const avoidingTasks: readonly EnvironmentDefinition[] = [
  avoiding({ name: "avoiding-m5", aliases: ["avoid_m1", "avoid_m2", "avoid_m3"], wanted: 5, setPoint: "reference" }),
  avoiding({ name: "avoiding-m6", wanted: 6, setPoint: "reference" }),
  avoiding({ name: "avoiding-m7", wanted: 7, setPoint: "reference" }),
  avoiding({ name: "avoiding-m8", wanted: 8, setPoint: "reference" }),
  // Published runs most likely never saw the penalty: their workers looked for a rod of another name.
  avoiding({ name: "avoiding-m5-without-penalty", wanted: 5, penalty: false, setPoint: "reference" }),
  avoiding({ name: "avoiding-v0", setPoint: "reference" }),
  avoiding({ name: "avoiding", aliases: ["avoid"], penalty: true }),
];

/** Joints that hold the tool at the start, from the recorded ones. */
function startPosture(): Float64Array {
  const controller = new CartesianController();
  controller.reset(recordedStart);
  for (let i = 0; i < 10; i++) controller.advance(start);
  return controller.joints.slice();
}

/** MJCF text. */
export function avoidingModel(rearRadius: number): string {
  const solid = { solimp: [0.999, 0.999, 0.001], solref: [0.002, 1], rgba: [0.85, 0.8, 0.72, 1] };
  const table = element(
    "body",
    { pos: [0.4, 0, -0.02] },
    element("geom", { name: "table", type: "box", size: [0.49, 0.98, 0.001], ...solid }),
    element("geom", { type: "box", size: [0.49, 0.98, 0.4], pos: [0, 0, -0.4], ...solid }),
  );
  const finish = element("geom", {
    type: "box",
    size: [0.5, 0.01, 0.005],
    pos: [0.4, finishLine, 0],
    contype: 0,
    conaffinity: 0,
    rgba: [0.2, 0.7, 0.3, 1],
  });
  const pillars = obstacles.map(({ name, x, y }, i) =>
    element("geom", {
      name,
      type: "cylinder",
      size: i === 0 ? [0.03, 0.07] : [rearRadius, 0.1],
      pos: [x, y, 0],
      rgba: [0.75, 0.2, 0.2, 1],
    }),
  );
  const rod: Element = element(
    "body",
    {},
    element("geom", {
      name: "rod",
      type: "cylinder",
      size: [0.01, 0.15],
      pos: [0, 0, 0.075],
      rgba: [0.2, 0.35, 0.75, 1],
    }),
  );
  const camera = { name: "front", pos: [1.35, 0.05, 0.75], xyaxes: [0, 1, 0, -0.66, 0, 0.75], fovy: 45 };
  return toXml(
    element(
      "mujoco",
      { model: "avoiding" },
      element("compiler", { angle: "radian" }),
      element("option", { timestep: 0.001, cone: "elliptic", impratio: 3, tolerance: 1e-10 }),
      contactMemory(2), // of which 0.03 are used
      element("worldbody", {}, element("camera", camera), table, finish, ...pillars, pandaArm([rod])),
      element("actuator", {}, ...pandaMotors()),
    ),
  );
}
