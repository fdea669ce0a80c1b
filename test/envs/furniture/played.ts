// One demonstrated episode of a piece of furniture.
import { expect } from "vitest";
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

/** Of furniture with two pairs of parts: both are put together in time, by valid actions. */
export function expectAssembled({ rewards, actions, observations, episodeReturn }: PlayedEpisode): void {
  expect(episodeReturn).toBe(2);
  // One step for each pair; the last is the end.
  expect(rewards.filter((reward) => reward === 1).length).toBe(2);
  expect(rewards.at(-1)).toBe(1);
  expect(rewards.length).toBeGreaterThan(200);
  expect(rewards.length).toBeLessThan(1000);
  expect(observations.length).toBe(44 * rewards.length);
  expect(actions.length).toBe(10 * rewards.length);
  expect(actions.every((value) => Math.abs(value) <= 1)).toBe(true);
}
