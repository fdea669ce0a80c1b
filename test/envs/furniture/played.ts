// One demonstrated episode of a piece of furniture.
import { openStage, playEpisode, type PlayedEpisode } from "../../../sdk/src/data/demonstrations/play.js";
import { findDemonstration } from "../../../sdk/src/envs/demonstrations.js";
import { builtInEnvironment } from "../../../sdk/src/envs/registry.js";

/** @param name e.g. "lamp_low". @param episode its number. */
export async function played(name: string, episode: number): Promise<PlayedEpisode> {
  const demonstration = findDemonstration(`furniture/${name}`);
  const stage = await openStage(demonstration, builtInEnvironment(demonstration.environment));
  try {
    return playEpisode(stage, { seed: 1000, quality: "proficient", episode });
  } finally {
    stage.demonstrator.delete();
    stage.simulation.delete();
  }
}
