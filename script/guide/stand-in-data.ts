// Data for commands of the guide whose published files are out of reach and that nobody demonstrates here: a few episodes of random
// actions, and where cameras look, pictures of noise. They show that a command runs, nothing else.
import { existsSync } from "node:fs";
import { basename, dirname } from "node:path";
import type { ResolvedConfig } from "../../sdk/src/config/run/experiment.js";
import { camelCaseKeys } from "../../sdk/src/config/language/naming.js";
import { environmentIn } from "../../sdk/src/config/schema/environment-sections.js";
import { dataFolder, findLocal, substitutes } from "../../sdk/src/data/data-folder.js";
import { Dataset } from "../../sdk/src/data/dataset.js";
import { Random } from "../../sdk/src/engine/random.js";
import { demonstrations } from "../../sdk/src/envs/demonstrations.js";

const [episodes, steps] = [3, 40];

/** Writes them where the configuration looks for its data, unless there is some; what they are, or undefined. */
export async function standIn({ config, envName }: ResolvedConfig): Promise<string | undefined> {
  const path = config.train_dataset_path ?? config.offline_dataset_path;
  const home = typeof path === "string" ? dirname(path) : `${dataFolder()}/gym/${envName}`;
  const place = `${basename(dirname(home))}/${basename(home)}`;
  const isMade = demonstrations.some(({ folder }) => folder === place) || Object.hasOwn(substitutes, envName);
  if (isMade) return undefined;
  const random = new Random(0).stream("stand-in");
  const uniform = (count: number) => Array.from({ length: count }, () => 2 * random.nextUniform() - 1);
  const {
    env,
    action_dim: actions,
    obs_dim: width,
  } = config as { env: Record<string, unknown> } & Record<string, number>;
  const cameras = (env.image_keys as readonly string[] | undefined)?.length ?? 0;
  const said = cameras > 0 ? `random numbers for ${place}` : `random actions for ${place}`;
  if (existsSync(home) && findLocal(home)) return said;
  if (cameras === 0) {
    const played = environmentIn(envName, camelCaseKeys(env));
    const data = await Dataset.collect(played, () => uniform(actions!), { episodes, maxEpisodeSteps: steps });
    await data.save(home);
    return said;
  }
  const rows = Array.from({ length: episodes * steps }, () => undefined);
  const shape = [rows.length, 3 * cameras, 96, 96] as const;
  const pixels = Uint8Array.from({ length: shape.reduce((a, b) => a * b) }, () => 255 * random.nextUniform());
  const data = Dataset.from({
    observations: rows.map(() => uniform(width!)),
    actions: rows.map(() => uniform(actions!)),
    rewards: rows.map(() => 0),
    episodeLengths: Array.from({ length: episodes }, () => steps),
    images: { data: pixels, shape: [...shape] },
  });
  await data.save(home);
  return said;
}
