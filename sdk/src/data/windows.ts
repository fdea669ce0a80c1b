// Training samples: every window of Ta actions inside an episode, with the To observations that led up to it.
// History before an episode's first frame repeats that frame; action windows never cross an episode's end.
import { z } from "zod";
import { fail } from "../errors.js";
import { checkOptions, optionsSchema } from "../options.js";
import type { Trajectories } from "./trajectories.js";

/** How windows are cut from episodes. */
export interface WindowOptions {
  /** Actions per window, Ta. */
  readonly horizonSteps: number;
  /** Observations per window, To; the last is the one at the first action. Default 1. */
  readonly condSteps?: number;
  /** Pictures per window, Ti, at most `condSteps`. Default 1. */
  readonly imageSteps?: number;
}

/** Their names; what they may be depends on the data. */
const schema = optionsSchema<WindowOptions>({
  horizonSteps: z.unknown(),
  condSteps: z.unknown(),
  imageSteps: z.unknown(),
});

/** All windows of a data set, addressed by 0 <= index < count. */
export class WindowSampler {
  readonly #data: Trajectories;
  readonly #horizonSteps: number;
  readonly #condSteps: number;
  readonly #imageSteps: number;
  /** Row of each window's first action. */
  readonly #starts: Int32Array;
  /** Row of the first frame of each window's episode. */
  readonly #episodeStarts: Int32Array;

  /** @throws InputError `DMPO_DATA_WINDOWS` for options outside their range, or if no episode is `horizonSteps` long. */
  constructor(data: Trajectories, options: WindowOptions) {
    checkOptions(schema, options);
    const { horizonSteps, condSteps = 1, imageSteps = 1 } = options;
    requirePositive({ horizonSteps, condSteps, imageSteps });
    if (imageSteps > condSteps) {
      fail("DMPO_DATA_WINDOWS", "imageSteps", String(imageSteps), `at most condSteps, ${condSteps}`);
    }
    const count = data.episodeLengths.reduce((total, length) => total + Math.max(0, length - horizonSteps + 1), 0);
    if (count === 0) {
      const longest = data.episodeLengths.reduce((most, length) => Math.max(most, length), 0);
      fail(
        "DMPO_DATA_WINDOWS",
        "horizonSteps",
        String(horizonSteps),
        `at most ${longest}, the length of the longest episode`,
      );
    }
    this.#data = data;
    this.#horizonSteps = horizonSteps;
    this.#condSteps = condSteps;
    this.#imageSteps = imageSteps;
    this.#starts = new Int32Array(count);
    this.#episodeStarts = new Int32Array(count);
    let [window, episodeStart] = [0, 0];
    for (const length of data.episodeLengths) {
      for (let i = 0; i <= length - horizonSteps; i++, window++) {
        this.#starts[window] = episodeStart + i;
        this.#episodeStarts[window] = episodeStart;
      }
      episodeStart += length;
    }
  }

  /** Number of windows: `length - Ta + 1` of every episode that is long enough. */
  get count(): number {
    return this.#starts.length;
  }

  /**
   * Writes the windows at `indices` (B) one after the other, allocating nothing.
   * @param actions (B, Ta, Da). @param observations (B, To, Do), oldest first.
   * @throws InputError `DMPO_DATA_WINDOWS` for an index out of range or a buffer of another size.
   */
  fill(indices: ArrayLike<number>, actions: Float32Array, observations: Float32Array): void {
    const { observationDimension, actionDimension } = this.#data;
    const actionSize = this.#horizonSteps * actionDimension;
    requireSize("actions", actions, indices.length * actionSize);
    requireSize("observations", observations, indices.length * this.#condSteps * observationDimension);
    let target = 0;
    for (let b = 0; b < indices.length; b++) {
      const start = this.#start(indices, b);
      copy(this.#data.actions, start * actionDimension, actions, b * actionSize, actionSize);
      const first = this.#episodeStarts[indices[b]!]!;
      for (let back = this.#condSteps - 1; back >= 0; back--, target += observationDimension) {
        const row = Math.max(start - back, first);
        copy(this.#data.observations, row * observationDimension, observations, target, observationDimension);
      }
    }
  }

  /**
   * Writes the pictures of the windows at `indices` (B), read from disk.
   * @param out (B, Ti, C, H, W), values 0 to 255, oldest first.
   * @throws InputError `DMPO_DATA_KEY` without pictures, `DMPO_DATA_WINDOWS` as {@link fill}.
   */
  fillImages(indices: ArrayLike<number>, out: Uint8Array): void {
    const { images } = this.#data;
    if (!images) fail("DMPO_DATA_KEY", "data set", "has no images", "an array `images` beside the states");
    requireSize("images", out, indices.length * this.#imageSteps * images.size);
    let target = 0;
    for (let b = 0; b < indices.length; b++) {
      const start = this.#start(indices, b);
      const first = this.#episodeStarts[indices[b]!]!;
      for (let back = this.#imageSteps - 1; back >= 0; back--, target += images.size) {
        images.read(Math.max(start - back, first), out, target);
      }
    }
  }

  #start(indices: ArrayLike<number>, b: number): number {
    const start = this.#starts[indices[b]!];
    return start ?? fail("DMPO_DATA_WINDOWS", `indices[${b}]`, String(indices[b]), `0 to ${this.count - 1}`);
  }
}

/**
 * Random split of the windows 0 to `count` - 1.
 * @param trainSplit share used for training, in (0, 1]; 1 leaves the validation part empty.
 */
export function splitWindows(
  count: number,
  trainSplit: number,
  stream: { permutation(count: number): Int32Array },
): { readonly train: Int32Array; readonly validation: Int32Array } {
  if (!(trainSplit > 0 && trainSplit <= 1)) {
    fail("DMPO_DATA_WINDOWS", "trainSplit", String(trainSplit), "a share in (0, 1]");
  }
  const order = stream.permutation(count);
  const split = Math.floor(count * trainSplit);
  return { train: order.subarray(0, split), validation: order.subarray(split) };
}

function copy(from: Float32Array, at: number, to: Float32Array, target: number, count: number): void {
  // For a few dozen numbers faster than set(subarray()), which makes an object.
  for (let i = 0; i < count; i++) to[target + i] = from[at + i]!;
}

function requirePositive(sizes: Readonly<Record<string, number>>): void {
  for (const [name, size] of Object.entries(sizes)) {
    if (!Number.isInteger(size) || size < 1) fail("DMPO_DATA_WINDOWS", name, String(size), "a positive integer");
  }
}

function requireSize(name: string, buffer: Float32Array | Uint8Array, size: number): void {
  if (buffer.length !== size) fail("DMPO_DATA_WINDOWS", name, `holds ${buffer.length} numbers`, String(size));
}
