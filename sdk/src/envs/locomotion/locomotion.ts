// What the locomotion tasks have in common: a robot is rewarded for moving along x.
// Erez, Tassa, Todorov 2011 (the robots); Brockman et al. 2016, "OpenAI Gym" (the tasks); Fu et al. 2020, "D4RL".
import type { RandomStream } from "../../engine/random.js";
import { defineEnvironment, type EnvironmentDefinition } from "../environment.js";

/** Adds a number from U(-range, range) to every entry. */
export function jitter(values: Float64Array, range: number, random: RandomStream): void {
  for (let i = 0; i < values.length; i++) values[i]! += range * (2 * random.nextUniform() - 1);
}

/** Adds a normal number of standard deviation `scale` to every entry. */
export function jitterNormal(values: Float64Array, scale: number, random: RandomStream): void {
  random.normal(new Float32Array(values.length), 0, scale).forEach((noise, i) => (values[i]! += noise));
}

export function sumSquares(values: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]! ** 2;
  return sum;
}

/** Whether every coordinate is a finite number. */
export function allFinite(values: Float64Array): boolean {
  for (let i = 0; i < values.length; i++) if (!Number.isFinite(values[i])) return false;
  return true;
}

/** Writes qpos from its coordinate `first` on, then the velocities within `limit`; returns how many numbers that are. */
export function observeState(
  { qpos, qvel }: { readonly qpos: Float64Array; readonly qvel: Float64Array },
  out: Float64Array,
  first: number,
  limit = Infinity,
): number {
  const positions = qpos.length - first;
  for (let i = 0; i < positions; i++) out[i] = qpos[first + i]!;
  for (let i = 0; i < qvel.length; i++) out[positions + i] = Math.min(limit, Math.max(-limit, qvel[i]!));
  return positions + qvel.length;
}

/** Further names of a task of Gym's, e.g. "Hopper": its own and those of the D4RL datasets recorded in it. */
export function gymNames(robot: string): string[] {
  const name = robot.toLowerCase();
  const qualities = ["random", "medium", "expert", "medium-replay", "medium-expert", "full-replay"];
  const datasets = qualities.flatMap((quality) => ["v0", "v1", "v2"].map((version) => `${name}-${quality}-${version}`));
  return [`${name}-medium-mini`, `${robot}-v2`, `${robot}-v3`, `${name}-v3`, ...datasets];
}

/** The task as in Gymnasium's version 4, e.g. "Hopper-v4": the same, up to `changes`, with capsules weighed exactly. */
export function gymnasiumV4(
  definition: EnvironmentDefinition,
  robot: string,
  changes: Partial<EnvironmentDefinition> = {},
): EnvironmentDefinition {
  return defineEnvironment({
    ...definition,
    ...changes,
    name: `${robot.toLowerCase()}-v4`,
    aliases: [`${robot}-v4`],
    inertia: "exact",
  });
}
