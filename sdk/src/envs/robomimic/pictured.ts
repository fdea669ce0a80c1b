// robomimic's tasks for policies that see: the cameras are part of an environment's name, so that it can be made wherever it is
// named: in a configuration, a checkpoint, a worker thread.
import { fail, nearest } from "../../errors.js";
import { shownValue } from "../../schema-issues.js";
import type { EnvironmentDefinition } from "../environment.js";
import { canTask } from "./can.js";
import { liftTask } from "./lift.js";
import { definePicturedManipulation, type ManipulationTask } from "./manipulation.js";
import { squareTask } from "./square.js";
import { transportTask } from "./transport.js";

const tasks: readonly ManipulationTask[] = [liftTask, canTask, squareTask, transportTask];

const made = new Map<string, EnvironmentDefinition>();

function definitionOf(task: ManipulationTask, cameras: readonly string[]): EnvironmentDefinition {
  const isUsual = cameras.join() === task.seenBy.join();
  const name = isUsual ? `${task.name}-img` : `${task.name}@${cameras.join("+")}`;
  const definition = made.get(name) ?? definePicturedManipulation(task, name, cameras);
  made.set(name, definition);
  return definition;
}

/** Each task as published policies see it: "lift-img", "can-img", "square-img", "transport-img". */
export const picturedManipulations: readonly EnvironmentDefinition[] = tasks.map((task) =>
  definitionOf(task, task.seenBy),
);

/** The cameras that published policies see a task through; undefined for tasks without any. */
export const usualCameras = (task: string): readonly string[] | undefined =>
  tasks.find(({ name }) => name === task)?.seenBy;

/**
 * The environment called e.g. "can@agentview+robot0_eye_in_hand"; undefined for names of another form.
 * @throws InputError DMPO_RENDER_CAMERA for a camera that the task does not have.
 */
export function pictured(name: string): EnvironmentDefinition | undefined {
  const [, taskName, list] = /^(\w+)@([\w+]+)$/.exec(name) ?? [];
  const task = tasks.find((one) => one.name === taskName);
  return task && definitionOf(task, checkCameras(task, list!.split("+")));
}

/**
 * Name of the environment that shows a task of robomimic through these cameras; without any, as published policies see it.
 * @throws InputError DMPO_ENV_UNKNOWN for another task, DMPO_RENDER_CAMERA for a camera that the task does not have.
 */
export function withCameras(task: string, ...cameras: readonly string[]): string {
  const names = tasks.map(({ name }) => name);
  const found = tasks.find(({ name, aliases }) => name === task || aliases.includes(task));
  if (!found)
    return fail("DMPO_ENV_UNKNOWN", "task", `"${task}" has no cameras for policies`, `one of ${names.join(", ")}`);
  return definitionOf(found, cameras.length > 0 ? checkCameras(found, cameras) : found.seenBy).name;
}

function checkCameras({ name, cameras: known }: ManipulationTask, cameras: readonly string[]): readonly string[] {
  const odd = cameras.find((camera, i) => !known.includes(camera) || cameras.indexOf(camera) !== i);
  if (odd === undefined) return cameras;
  const isTwice = known.includes(odd);
  const near = isTwice || typeof odd !== "string" ? undefined : nearest(odd, known);
  return fail(
    "DMPO_RENDER_CAMERA",
    `cameras of ${name}`,
    isTwice ? `"${odd}" twice` : shownValue(odd),
    `of ${known.join(", ")}, each once`,
    near ? `did you mean "${near}"?` : "",
  );
}
