// Tasks of one or two arms as robosuite 1.4.1 runs them and robomimic (Mandlekar et al. 2021, "What Matters in Learning from
// Offline Human Demonstrations for Robot Manipulation") sees them: 20 Hz, 25 engine steps each, a controller in every one.
import type { RandomStream } from "../../engine/random.js";
import { InputError } from "../../errors.js";
import { assetFolder } from "../assets/assets.js";
import { defineEnvironment, type EnvironmentDefinition, type PhysicsState, type Simulation } from "../environment.js";
import { Renderer } from "../render/renderer.js";
import { Simulator, type ModelSource } from "../simulator.js";
import { composeModel, RobosuiteFiles, type Part } from "./compose.js";
import { OperationalSpaceController } from "./operational-space-controller.js";
import { pandaPart, restingArm, restingFingers, type Stand } from "./panda-part.js";
import { prepareVisible, VisibleScene } from "./visible-scene.js";

/** What of a task is its own. */
export interface ManipulationTask {
  readonly name: string;
  readonly aliases: readonly string[];
  readonly observationNames: readonly string[];
  readonly actionNames: readonly string[];
  readonly maxEpisodeSteps: number;
  /** Names of all its cameras. */
  readonly cameras: readonly string[];
  /** Names of the cameras through which published policies see it. */
  readonly seenBy: readonly string[];
  readonly stands: readonly Stand[];
  /** For contacts, per simulation. */
  readonly memoryMiB: number;
  /** Whether objects are of other sizes in every episode. */
  readonly drawsSizes: boolean;
  arena(files: RobosuiteFiles): Part;
  objects(files: RobosuiteFiles): readonly Part[];
  /** The rules for one simulation. */
  rules(simulator: Simulator, files: RobosuiteFiles): TaskRules;
}

export interface TaskRules {
  /** Draws the sizes of objects. The state is lost. */
  resize?(random: RandomStream): void;
  /** Puts the objects where an episode begins. */
  place(random: RandomStream): void;
  /** Writes the objects' part of an observation from `offset` on. @param tools of each arm. */
  observe(out: Float64Array, offset: number, tools: readonly Tool[]): void;
  succeeded(tools: readonly Tool[]): boolean;
}

/** The end of an arm, in the arrays of its simulation. */
export interface Tool {
  /** Between the fingers. */
  readonly site: number;
  /** Its rotation is the tool's. */
  readonly hand: number;
}

const substeps = 25;
/** Of the joints' angles when an episode begins (rad). */
const armNoise = 0.02;
const [armJoints, actionSize, armObservation] = [7, 7, 9];
/** Of what policies see through a camera (pixels); channels red, green and blue. */
const [pictureSide, channels] = [96, 3];
/** Of the full way that a finger's set point goes in one engine step. */
const fingerSpeed = 0.01;
const fingerReach = 0.02;

/** The model of a task, as text and files. @param folder of the package's tree. */
export function taskModel(task: ManipulationTask, folder: string): ModelSource {
  const files = new RobosuiteFiles(folder);
  const robots = task.stands.map((stand, i) => pandaPart(files, i, stand));
  return composeModel(files, [task.arena(files), ...robots, ...task.objects(files)], task.memoryMiB);
}

/** The environment of a task. */
export function defineManipulation(task: ManipulationTask): EnvironmentDefinition {
  const { name, aliases, observationNames, actionNames, maxEpisodeSteps } = task;
  return defineEnvironment({
    name,
    aliases,
    observationDimension: observationNames.length,
    actionDimension: actionSize * task.stands.length,
    observationNames,
    actionNames,
    maxEpisodeSteps,
    assets: "robosuite",
    success: { by: "best-reward", threshold: 1 },
    create: () => Manipulation.load(task, assetFolder("robosuite", "physics")),
  });
}

/**
 * The same task for policies that see: pictures of these cameras, 96 x 96, and of the state what the arms feel of themselves.
 * @param name of the environment.
 */
export function definePicturedManipulation(
  task: ManipulationTask,
  name: string,
  cameras: readonly string[],
): EnvironmentDefinition {
  const observationDimension = armObservation * task.stands.length;
  return defineEnvironment({
    ...defineManipulation(task),
    name,
    aliases: [],
    observationDimension,
    observationNames: task.observationNames.slice(0, observationDimension),
    pictures: [channels * cameras.length, pictureSide, pictureSide],
    cameras,
    assetSubset: "all",
    prepare: () => prepareVisible(task, assetFolder("robosuite", "all")),
    create: () => Manipulation.load(task, assetFolder("robosuite", "all"), cameras),
  });
}

/** One arm with what it was told. */
class Arm {
  readonly controller: OperationalSpaceController;
  readonly tool: Tool;
  /** Of the model's positions: the first joint's, the first finger's. */
  readonly joint: number;
  readonly finger: number;
  readonly #simulator: Simulator;
  readonly #fingerActuator: number;
  /** From -1, open, to 1, closed. */
  #grip = 0;

  constructor(simulator: Simulator, index: number) {
    this.#simulator = simulator;
    const joint = simulator.indexOf("joint", `robot${index}_joint1`);
    const positions = simulator.modelArray("jnt_qposadr");
    const site = simulator.indexOf("site", `gripper${index}_grip_site`);
    this.joint = positions[joint]!;
    this.finger = positions[simulator.indexOf("joint", `gripper${index}_finger_joint1`)]!;
    this.#fingerActuator = simulator.indexOf("actuator", `gripper${index}_gripper_finger_joint1`);
    this.tool = { site, hand: simulator.indexOf("body", `robot${index}_right_hand`) };
    this.controller = new OperationalSpaceController(simulator, {
      joint,
      velocity: simulator.modelArray("jnt_dofadr")[joint]!,
      position: this.joint,
      actuator: simulator.indexOf("actuator", `robot${index}_torq_j1`),
      site,
    });
  }

  release(): void {
    this.#grip = 0;
  }

  /** Moves the fingers' set point; 0 leaves it where it is. */
  squeeze(command: number): void {
    this.#grip = Math.max(-1, Math.min(1, this.#grip + fingerSpeed * Math.sign(command)));
    const { ctrl } = this.#simulator;
    ctrl[this.#fingerActuator] = fingerReach - fingerReach * this.#grip;
    ctrl[this.#fingerActuator + 1] = -fingerReach + fingerReach * this.#grip;
  }

  /** Position of the grip, rotation of the hand (x, y, z, w), positions of the fingers: nine numbers. */
  observe(out: Float64Array, offset: number): void {
    const { sitePosition, xquat, qpos } = this.#simulator;
    const { site, hand } = this.tool;
    for (let i = 0; i < 3; i++) out[offset + i] = sitePosition[3 * site + i]!;
    for (let i = 0; i < 4; i++) out[offset + 3 + i] = xquat[4 * hand + ((i + 1) % 4)]!;
    for (let i = 0; i < 2; i++) out[offset + 7 + i] = qpos[this.finger + i]!;
  }
}

/** One running task. */
export class Manipulation implements Simulation {
  readonly secondsPerStep = 0.05;
  readonly #simulator: Simulator;
  readonly #rules: TaskRules;
  readonly #arms: readonly Arm[];
  readonly #tools: readonly Tool[];
  readonly #observation: Float64Array;
  readonly #task: ManipulationTask;
  readonly #cameras: readonly string[];
  #visible: VisibleScene | "absent" | undefined;
  #renderer: Renderer | undefined;
  /** Engine step of a control step after which observations are taken, counted from 0. */
  #sampled = substeps - 1;
  /** Whether the next engine step is the first since a reset, for which the controllers have weighed the arms already. */
  #hasWeighed = false;

  /** @param cameras through which {@link look} sees. */
  constructor(task: ManipulationTask, simulator: Simulator, files: RobosuiteFiles, cameras: readonly string[] = []) {
    this.#task = task;
    this.#cameras = cameras;
    this.#simulator = simulator;
    this.#rules = task.rules(simulator, files);
    this.#arms = task.stands.map((_, i) => new Arm(simulator, i));
    this.#tools = this.#arms.map(({ tool }) => tool);
    this.#observation = new Float64Array(task.observationNames.length);
  }

  /** @param folder of the package's tree. */
  static async load(task: ManipulationTask, folder: string, cameras?: readonly string[]): Promise<Manipulation> {
    const simulator = await Simulator.load(taskModel(task, folder), { ownsModel: task.drawsSizes });
    return new Manipulation(task, simulator, new RobosuiteFiles(folder), cameras);
  }

  get physics(): Simulator {
    return this.#simulator;
  }

  /** What robosuite's cameras see, where all files of the package are here; it is loaded with the first picture. */
  get scene(): VisibleScene | undefined {
    this.#visible ??= this.#loadVisible();
    return this.#visible === "absent" ? undefined : this.#visible;
  }

  /** Writes (3 cameras, 96, 96), as things stood when the observation was taken. */
  look(out: Uint8Array): void {
    if (!this.#renderer) {
      // A second attempt says what is missing.
      const scene = this.scene ?? new VisibleScene(this.#task, this.#simulator, assetFolder("robosuite", "all"));
      this.#renderer = new Renderer(scene, { width: pictureSide, height: pictureSide });
    }
    const size = channels * pictureSide ** 2;
    this.#cameras.forEach((camera, i) => this.#renderer!.look(out, i * size, camera));
  }

  reset(random: RandomStream): void {
    const simulator = this.#simulator;
    this.#rules.resize?.(random);
    simulator.reset();
    const noise = new Float32Array(armJoints);
    for (const { joint } of this.#arms) {
      random.normal(noise, 0, armNoise);
      for (let i = 0; i < armJoints; i++) simulator.qpos[joint + i] = restingArm[i]! + noise[i]!;
    }
    for (const { finger } of this.#arms) simulator.qpos.set(restingFingers, finger);
    this.#rules.place(random);
    this.#begin(substeps - 1);
  }

  step(action: Float64Array): number {
    const simulator = this.#simulator;
    for (let substep = 0; substep < substeps; substep++) {
      simulator.beginStep();
      this.#arms.forEach((arm, i) => {
        if (substep === 0) arm.controller.aim(action, actionSize * i);
        if (!this.#hasWeighed) arm.controller.weigh();
        arm.controller.drive();
        arm.squeeze(action[actionSize * i + actionSize - 1]!);
      });
      this.#hasWeighed = false;
      simulator.endStep();
      if (substep === this.#sampled) this.#observe();
    }
    return Number(this.#rules.succeeded(this.#tools));
  }

  observe(out: Float64Array): void {
    out.set(this.#observation.subarray(0, out.length));
  }

  /** Episodes go on after success, as long as they may. */
  terminated(): boolean {
    return false;
  }

  state(): PhysicsState {
    return { qpos: this.#simulator.qpos.slice(), qvel: this.#simulator.qvel.slice() };
  }

  /**
   * As robomimic does with a stored state: the arms hold this posture, the fingers stay.
   * @param observesEarly whether observations are taken one engine step earlier than after a reset until the next one; robosuite
   * does so wherever it was asked for an observation in between, which robomimic does here. Default true.
   */
  setState({ qpos, qvel }: PhysicsState, observesEarly = true): void {
    this.#simulator.reset();
    this.#simulator.qpos.set(qpos);
    this.#simulator.qvel.set(qvel);
    this.#begin(substeps - (observesEarly ? 2 : 1));
  }

  delete(): void {
    this.#simulator.delete();
  }

  #begin(sampled: number): void {
    const simulator = this.#simulator;
    // robosuite's controllers weigh their arms before the fingers go to where they begin, and not again before the first torque.
    const fingers = this.#arms.map(({ finger }) => simulator.qpos.slice(finger, finger + 2));
    for (const { finger } of this.#arms) simulator.qpos.set([0, 0], finger);
    simulator.forward();
    for (const { controller } of this.#arms) controller.weigh();
    this.#arms.forEach(({ finger }, i) => simulator.qpos.set(fingers[i]!, finger));
    simulator.forward();
    for (const arm of this.#arms) {
      arm.controller.reset();
      arm.release();
    }
    this.#hasWeighed = true;
    this.#sampled = sampled;
    this.#observe();
  }

  /** Poses are those before the last engine step, positions of joints those after it: nothing is computed anew. */
  #observe(): void {
    this.#arms.forEach((arm, i) => arm.observe(this.#observation, armObservation * i));
    this.#rules.observe(this.#observation, armObservation * this.#arms.length, this.#tools);
    if (this.#visible && this.#visible !== "absent") this.#visible.capture();
  }

  #loadVisible(): VisibleScene | "absent" {
    try {
      return new VisibleScene(this.#task, this.#simulator, assetFolder("robosuite", "all"));
    } catch (error) {
      if (error instanceof InputError && error.code === "DMPO_ASSETS_MISSING") return "absent";
      throw error;
    }
  }
}
