// What the threads of a vector environment have in common: how a member is built, and the few integers in shared memory
// through which the main thread commands the workers.
import { Random } from "../engine/random.js";
import { chunkOf, type ChunkBuffers } from "./chunk-buffers.js";
import type { Inertia } from "./environment.js";
import { MultiStep, type MultiStepOptions } from "./multi-step.js";
import { findEnvironment } from "./registry.js";

/** What every member is built from; plain data, so that it can be sent to a thread. */
export interface MemberTask extends MultiStepOptions {
  readonly env: string;
  readonly count: number;
  readonly seed: number;
  readonly inertia: Inertia;
  readonly buffers: ChunkBuffers;
}

/** A worker owns the environments `first`, ..., `end` - 1. */
export interface WorkerTask extends MemberTask {
  readonly worker: number;
  readonly first: number;
  readonly end: number;
  readonly control: Int32Array;
}

export const command = { step: 0, reset: 1, close: 2 } as const;
export type Command = (typeof command)[keyof typeof command];

/** Indices into the control words. */
export const slot = {
  command: 0,
  /** Counts commands; workers sleep on it. */
  generation: 1,
  /** Workers still busy; the main thread sleeps on it. */
  busy: 2,
} as const;

/** Index of the control word in which a worker notes the environment it is at. */
export const currentOf = (worker: number): number => 3 + worker;

/** What a worker notes there when it is done. */
export const idle = -1;

/** Control words for workers that are busy starting. */
export function controlWords(workers: number): Int32Array {
  const control = new Int32Array(new SharedArrayBuffer(4 * currentOf(workers)));
  control[slot.busy] = workers;
  return control;
}

/** Member `index` of the vector; its random numbers depend on `seed + index` only. */
export async function createMember(task: MemberTask, index: number): Promise<MultiStep> {
  const { env, count, seed, inertia, buffers, ...options } = task;
  const definition = await findEnvironment(env);
  const simulation = await definition.create({ inertia });
  const random = new Random(seed + index).stream("environment");
  return new MultiStep(definition, simulation, random, chunkOf(buffers, count, index), options);
}

/** Lets each member execute a command; `announce` hears which one is next. */
export function execute(members: readonly MultiStep[], what: Command, announce?: (member: number) => void): void {
  for (let i = 0; i < members.length; i++) {
    announce?.(i);
    if (what === command.step) members[i]!.step();
    else if (what === command.reset) members[i]!.reset();
    else members[i]!.delete();
  }
}

/** About what waking a sleeping thread costs; with 0.3 ms of work per command, spinning first gains 8 %. */
const spinMilliseconds = 0.05;

/** Returns when `control[index]` is no longer `value`, or something happened there, or after `milliseconds`. */
export function sleepWhile(control: Int32Array, index: number, value: number, milliseconds: number): void {
  const awake = performance.now() + spinMilliseconds;
  while (performance.now() < awake) if (Atomics.load(control, index) !== value) return;
  Atomics.wait(control, index, value, milliseconds);
}
