// Data for commands of the guide whose published files are out of reach and that nobody demonstrates here: a few episodes of random
// actions. They show that a command runs, nothing else. What policies see is demonstrated, with pictures, by the command itself.
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
  const demonstrated = demonstrations.some(({ folder }) => folder === place.replace(/-img$/, ""));
  const isMade = demonstrated || Object.hasOwn(substitutes, envName);
  if (isMade) return undefined;
  const random = new Random(0).stream("stand-in");
  const uniform = (count: number) => Array.from({ length: count }, () => 2 * random.nextUniform() - 1);
  const { env, action_dim: actions } = config as { env: Record<string, unknown> } & Record<string, number>;
  const said = `random actions for ${place}`;
  if (existsSync(home) && findLocal(home)) return said;
  const played = environmentIn(envName, camelCaseKeys(env));
  const data = await Dataset.collect(played, () => uniform(actions!), { episodes, maxEpisodeSteps: steps });
  await data.save(home);
  return said;
}
