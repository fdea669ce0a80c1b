// `fast_dev_run`, as Lightning's option of that name: a run from beginning to end in seconds, to see whether everything is there.
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { toSnakeCase } from "../language/naming.js";

type Values = Readonly<Record<string, unknown>>;

/** Each user's own. */
const folder = join(tmpdir(), ["dmpo-fast-dev-run", process.getuid?.() ?? []].flat().join("-"));

/** Where demonstrations made for such runs are kept, so that real runs do not take the few of them for theirs. */
export const fastDevRunData = join(folder, "data");

/** Chunks of an episode, and of a rollout: some episodes end. */
const CHUNKS = 8;

/** The most that a key may be. What a configuration does not have is left alone. */
const most: Readonly<Record<string, number>> = {
  maxNEpisodes: 3,
  nDemonstrations: 3,
  nEpisodes: 2,
  renderNum: 1,
  "env.nEnvs": 4,
  "train.nEpochs": 2,
  "train.batchSize": 32,
  "train.epochStartEma": 1,
  "train.testFreq": 2,
  "train.saveModelFreq": 2,
  "train.render.num": 1,
  // The first and the last evaluate.
  "train.nTrainItr": 4,
  "train.nSteps": CHUNKS,
  "train.nCriticWarmupItr": 1,
  "train.evaluationEpisodes": 2,
  "train.nEvalEpisode": 2,
  "train.nExploreSteps": CHUNKS,
  "train.offlineSteps": CHUNKS,
  "train.numUpdate": CHUNKS,
  "train.nGroups": 2,
  "train.updateEpochs": 2,
  "train.repeatSamples": 2,
  "train.gradAccumulate": 2,
  "train.replayRatio": 4,
  "train.criticReplayRatio": 4,
  "train.actorReplayRatio": 4,
  "train.criticNumUpdate": 2,
};

const inYaml = (path: string) => path.split(".").map(toSnakeCase).join(".");

/** As configurations write them. */
export const shortenedKeys: readonly string[] = Object.keys(most).map(inYaml);

/**
 * A valid configuration with few of everything, in a temporary folder.
 * @param keepsFolder its own folder was asked for.
 * @returns it, and the dotted paths of the keys that have other values, as the YAML has them.
 */
export function shortened(
  config: Values,
  keepsFolder: boolean,
): { readonly config: Values; readonly changed: string[] } {
  const { name, logdir, horizonSteps, actSteps = horizonSteps } = config as Record<string, string | number>;
  const limits = { ...most, "env.maxEpisodeSteps": CHUNKS * Number(actSteps) };
  const short = structuredClone(config) as Record<string, unknown>;
  const changed: string[] = [];
  const set = (section: Record<string, unknown>, key: string, path: string, value: unknown) => {
    section[key] = value;
    changed.push(inYaml(path));
  };
  for (const [path, limit] of Object.entries(limits)) {
    const keys = path.split(".");
    const last = keys.pop()!;
    const section = keys.reduce<unknown>((node, key) => (node as Values | undefined)?.[key], short);
    if (typeof section !== "object" || section === null || !(last in section)) continue;
    const value = (section as Values)[last];
    // Null stands for all.
    const isMore = typeof value === "number" ? value > limit : value === null && path === "maxNEpisodes";
    if (isMore) set(section as Record<string, unknown>, last, path, limit);
  }
  // A try is not published; files for later are what was asked for.
  const { wandb } = config as { readonly wandb: { readonly offlineMode: boolean } | null };
  if (wandb && !wandb.offlineMode) set(short, "wandb", "wandb", null);
  if (!keepsFolder) set(short, "logdir", "logdir", join(folder, "log", String(name), basename(String(logdir))));
  return { config: short, changed };
}
