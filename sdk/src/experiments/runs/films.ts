// Films beside a run's metrics: some episodes of the policy as it is, each an animated GIF in <folder>/render.
import { join } from "node:path";
import { makeFolder, writeFileAtomic } from "../../files.js";
import type { TrainedPolicy } from "../../policies/trained-policy.js";
import { announce, compileOptionsOf, type RunControl } from "./control.js";
import type { EpisodeOptions } from "../play.js";
import { record } from "../record.js";

/** What is filmed: the first seconds of so many episodes. */
export interface FilmSettings extends Omit<EpisodeOptions, "maxSteps" | "seed" | "compile"> {
  readonly episodes: number;
  /** Of all episodes, each with random numbers of its own. The same episodes begin every film of a run. */
  readonly seed: number;
  readonly maxEpisodeSteps?: number;
}

/** Writes `<name>_trial-<k>.gif` for k = 0, 1, ... */
export type FilmMaker = (policy: TrainedPolicy, name: string) => Promise<void>;

const SIZE = 256;
const SECONDS = 10;

/**
 * Films episodes in environments of their own, with random numbers of their own, so that a run is the same with and without.
 * What cannot be filmed is said once, and never stops a run.
 */
export function filmMaker(
  folder: string,
  { episodes, seed, maxEpisodeSteps, ...episode }: FilmSettings,
  control: RunControl,
): FilmMaker {
  const { signal } = control;
  let isPossible = true;
  return async (policy, name) => {
    try {
      for (let trial = 0; trial < episodes && isPossible; trial++) {
        const film = await record(policy, {
          ...episode,
          seed,
          streams: `film ${trial}`,
          maxSteps: maxEpisodeSteps ?? Infinity,
          maxSeconds: SECONDS,
          width: SIZE,
          height: SIZE,
          compile: compileOptionsOf(control),
          signal,
        });
        if (signal?.aborted) return;
        makeFolder(join(folder, "render"));
        await writeFileAtomic(join(folder, "render", `${name}_trial-${trial}.gif`), film.gif());
      }
    } catch (error) {
      isPossible = false;
      announce(
        `no films: ${error instanceof Error ? error.message.replaceAll(/\s*\n\s*/g, "; ") : String(error)}`,
        folder,
      );
    }
  };
}
