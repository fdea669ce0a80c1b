// The numbers that go into and come out of one action chunk, for many environments side by side.
import { fail } from "../errors.js";
import { emptyObservations, type Observations, type Space } from "../space.js";

/** Sizes: E environments, Te actions per chunk, To observations of history, Do and Da numbers each. */
export interface ChunkShape {
  readonly count: number;
  readonly actionSteps: number;
  readonly condSteps: number;
  readonly observationDimension: number;
  readonly actionDimension: number;
  /** Pictures Ti of history with their channels, height and width; absent where none are taken. */
  readonly rgb?: readonly number[];
}

/** What is seen of environments of such a shape. */
export const seenOf = ({ condSteps, observationDimension, rgb }: ChunkShape): Pick<Space, "state" | "rgb"> => ({
  state: [condSteps, observationDimension],
  ...(rgb && { rgb }),
});

export interface ChunkBuffers {
  /** (E, Te, Da), in. */
  readonly actions: Float32Array;
  /** E rows; of the next episode where one ended. */
  readonly observations: Observations;
  /** E rows, the last ones of an episode; written only where one ended. */
  readonly finalObservations: Observations;
  /** (E), summed over the chunk. */
  readonly rewards: Float32Array;
  /** (E), 1 where a terminal state was reached. */
  readonly terminated: Uint8Array;
  /** (E), 1 where the time limit cut the episode off. */
  readonly truncated: Uint8Array;
  /** (E), actions executed: less than Te where an episode ended early. */
  readonly executedSteps: Int32Array;
}

type Allocate = (bytes: number) => ArrayBufferLike;

/** Zeroed buffers, by default in memory of their own. */
export function chunkBuffers(shape: ChunkShape, allocate: Allocate = (bytes) => new ArrayBuffer(bytes)): ChunkBuffers {
  const { count, actionSteps, actionDimension } = shape;
  const floats = (size: number) => new Float32Array(allocate(4 * size));
  const observations = () => emptyObservations(seenOf(shape), count, allocate);
  return {
    actions: floats(count * actionSteps * actionDimension),
    observations: observations(),
    finalObservations: observations(),
    rewards: floats(count),
    terminated: new Uint8Array(allocate(count)),
    truncated: new Uint8Array(allocate(count)),
    executedSteps: new Int32Array(allocate(4 * count)),
  };
}

/** Views of what belongs to the environment `index` of `count`. */
export function chunkOf(buffers: ChunkBuffers, count: number, index: number): ChunkBuffers {
  const part = <T extends Float32Array | Uint8Array | Int32Array>(whole: T): T => {
    const size = whole.length / count;
    return whole.subarray(index * size, (index + 1) * size) as T;
  };
  const observations = ({ state, rgb }: Observations) => ({ state: part(state), ...(rgb && { rgb: part(rgb) }) });
  return {
    actions: part(buffers.actions),
    observations: observations(buffers.observations),
    finalObservations: observations(buffers.finalObservations),
    rewards: part(buffers.rewards),
    terminated: part(buffers.terminated),
    truncated: part(buffers.truncated),
    executedSteps: part(buffers.executedSteps),
  };
}

/** @throws InputError DMPO_ENV_ACTION if `actions` are not (E, Te, Da) finite numbers. */
export function checkActions(
  actions: Float32Array,
  { count, actionSteps, actionDimension }: Omit<ChunkShape, "condSteps" | "observationDimension">,
): void {
  const expected = count * actionSteps * actionDimension;
  const shape = `(${count}, ${actionSteps}, ${actionDimension})`;
  if (actions.length !== expected) {
    fail("DMPO_ENV_ACTION", "actions", `${actions.length} numbers`, `${expected} of shape ${shape}`);
  }
  for (let i = 0; i < expected; i++) {
    if (Number.isFinite(actions[i])) continue;
    const index = Math.floor((i * count) / expected);
    fail("DMPO_ENV_ACTION", `actions[${i}]`, `${actions[i]} for environment ${index}`, "finite numbers");
  }
}
