// A thread that plays demonstrations: answers each number of an episode with the episode.
import { parentPort, workerData } from "node:worker_threads";
import { findDemonstration } from "../../envs/demonstrations.js";
import type { Quality } from "../../envs/demonstrator.js";
import { builtInEnvironment } from "../../envs/registry.js";
import { openStage, playEpisode } from "./play.js";

const { name, seed, quality } = workerData as { name: string; seed: number; quality: Quality };
const demonstration = findDemonstration(name);
const stage = await openStage(demonstration, builtInEnvironment(demonstration.environment));

parentPort!.on("message", (episode: number) => {
  parentPort!.postMessage(playEpisode(stage, { seed, quality, episode }));
});
