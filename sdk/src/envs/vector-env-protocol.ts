// What the threads of a vector environment have in common: how a member is built, and the few integers in shared memory
// through which the main thread commands the workers.
import { chunkOf, type ChunkBuffers } from "./chunk-buffers.js";
import { definitionFrom, type DefinitionText } from "./definition-text.js";
import type { EnvironmentSource, Inertia } from "./environment.js";
import { episodeStarts } from "./episode-starts.js";
import { MultiStep, type MultiStepOptions } from "./multi-step.js";
import { findEnvironment } from "./registry.js";

/** What every member is built from; where there are workers plain data, so that it can be sent to them. */
export interface MemberTask extends MultiStepOptions {
  readonly env: EnvironmentSource | { readonly text: DefinitionText };
  /** Name of the environment. */
  readonly title: string;
  readonly count: number;
  /** Actions per chunk, Te. */
  readonly actionSteps: number;
  /** Name of the random streams. */
  readonly streams: string;
  /** Of each environment (E), with its number among those of the same seed. */
  readonly seeds: Float64Array;
  readonly places: Int32Array;
  readonly inertia: Inertia;
  readonly buffers: ChunkBuffers;
  /** (E): the number of the episode that a reset begins, or {@link leaveAlone}. */
  readonly resets: Int32Array;
}

export const leaveAlone = -1;

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

/** Member `index` of the vector; its random numbers depend on its seed and place only. */
export async function createMember(task: MemberTask, index: number): Promise<MultiStep> {
  const { env, count, streams, seeds, places, inertia, buffers, ...options } = task;
  const definition = typeof env === "object" && "text" in env ? definitionFrom(env.text) : await findEnvironment(env);
  const simulation = await definition.create({ inertia });
  const starts = (episode: number) => episodeStarts(seeds[index]!, places[index], streams)(episode);
  return new MultiStep(definition, simulation, starts, chunkOf(buffers, count, index), options);
}

/** Lets the members, of which the first has the index `first`, execute a command; `announce` hears which one is next. */
export function execute(
  members: readonly MultiStep[],
  first: number,
  what: Command,
  resets: Int32Array,
  announce?: (index: number) => void,
): void {
  for (const [i, member] of members.entries()) {
    announce?.(first + i);
    if (what === command.step) member.step();
    else if (what === command.close) member.delete();
    else if (resets[first + i] !== leaveAlone) member.reset(resets[first + i]);
  }
}

/**
 * Waking a sleeping thread takes about 0.05 ms, on a busy virtual machine several times that, so threads look around for a
 * while before they sleep. With 0.2 ms of work per command and thread that turned 1.24 times one core's rate into 1.40 times.
 */
const spinMilliseconds = 0.2;

/** Returns when `control[index]` is no longer `value`, or something happened there, or after `milliseconds`. */
export function sleepWhile(control: Int32Array, index: number, value: number, milliseconds: number): void {
  const awake = performance.now() + spinMilliseconds;
  while (performance.now() < awake) if (Atomics.load(control, index) !== value) return;
  Atomics.wait(control, index, value, milliseconds);
}
