// Scripted demonstrators: each plays a task through its own actions, from observations alone, with the habits of people.
import type { RandomStream } from "../engine/random.js";

/** `proficient`: as well as the script can. `mixed`: also hesitant and clumsy, with mistakes and things left undone. */
export type Quality = "proficient" | "mixed";

/** Plays one episode after the other. */
export interface Demonstrator {
  /** Begins an episode; all that varies is drawn from `random`. */
  begin(random: RandomStream, quality: Quality): void;
  /** The next action (Da) for the raw observation (Do), or undefined when all is done; overwritten by the next call. */
  act(observation: ArrayLike<number>): Float64Array | undefined;
  /** Frees what it holds. */
  delete(): void;
}

/** A task that can be demonstrated. */
export interface Demonstration {
  /** As `dmpo data make` calls it, e.g. "kitchen/mixed". */
  readonly name: string;
  /** Name of the environment. */
  readonly environment: string;
  /** Folder of its data below the data folder, e.g. "gym/kitchen-mixed-v0". */
  readonly folder: string;
  /** What is recorded as a step's reward, from the observation reached (Do); default: what the environment gives. */
  readonly label?: (observation: ArrayLike<number>) => number;
  /** Of the file: as D4RL's recordings, the default, or as robomimic's. */
  readonly layout?: "d4rl" | "robomimic";
  /** Whether an episode of this return shows the whole task. */
  readonly isWhole: (episodeReturn: number) => boolean;
  open(): Promise<Demonstrator>;
}
