// A film of a policy at work: animated GIF, which notebooks, browsers and GitHub show without a player.
import { z } from "zod";
import { writeFileAtomic } from "../files.js";
import { renderShape, type RenderOptions } from "../envs/make-environment.js";
import { Animation, type Picture } from "../envs/render/picture.js";
import { abortSignal, checkOptions, optionsSchema, pathText } from "../options.js";
import { episodeShape, watchEpisode, type EpisodeOptions } from "./play.js";
import { policyOf, type PolicySource } from "./policy-source.js";

/** What is filmed and how. `env` is by default the policy's own. */
export interface RecordOptions extends Partial<EpisodeOptions>, RenderOptions {
  /** Default 25, at most 50. Frames are taken from the simulation at this rate, so the film runs at its true speed. */
  readonly framesPerSecond?: number;
  /** Simulated time (s) after which the film ends, if neither the episode nor `maxSteps` ends it before. Default: no limit. */
  readonly maxSeconds?: number;
  /** Also writes the film to this file, as GIF. */
  readonly path?: string;
  /** Ends the film early; what was filmed is returned. */
  readonly signal?: AbortSignal;
}

const schema = optionsSchema<RecordOptions>({
  ...episodeShape,
  ...renderShape,
  framesPerSecond: z.number().positive().max(50),
  maxSeconds: z.custom((value) => typeof value === "number" && value > 0, "a number > 0"),
  path: pathText,
  signal: abortSignal,
});

/**
 * Plays one episode and films it. Default 320 x 240 pixels and at most 150 environment steps.
 * @throws InputError for an unknown environment or camera, or an environment without pictures.
 */
export async function record(source: PolicySource, options: RecordOptions = {}): Promise<Animation> {
  checkOptions(schema, options);
  const policy = await policyOf(source);
  const {
    framesPerSecond = 25,
    maxSeconds = Infinity,
    path,
    signal,
    camera,
    width = 320,
    height = 240,
    samples,
    groups,
    shadows,
    ...episode
  } = options;
  const pictures: Picture[] = [];
  const env = options.env ?? policy.environment;
  await watchEpisode(policy, { ...episode, env }, (environment, { steps }) => {
    // Frame k belongs to the first step at or after k / framesPerSecond.
    const due = Math.floor(steps * environment.secondsPerStep * framesPerSecond + 1e-9);
    if (due > pictures.length - 1 || pictures.length === 0) {
      pictures.push(environment.render({ camera, width, height, samples, groups, shadows }));
    }
    return signal?.aborted || steps * environment.secondsPerStep >= maxSeconds;
  });
  const film = new Animation(pictures, framesPerSecond);
  if (path !== undefined) await writeFileAtomic(path, film.gif());
  return film;
}
