// A thread that plays demonstrations: answers each number of an episode with the episode.
import { parentPort, workerData } from "node:worker_threads";
import { findDemonstration } from "../../envs/demonstrations.js";
import type { Quality } from "../../envs/demonstrator.js";
import { builtInEnvironment } from "../../envs/registry.js";
import { openStage, playEpisode } from "./play.js";

const { name, seed, quality, seen } = workerData as { name: string; seed: number; quality: Quality; seen: string };
const demonstration = findDemonstration(name);
const stage = await openStage(demonstration, builtInEnvironment(demonstration.environment), builtInEnvironment(seen));

parentPort!.on("message", (episode: number) => {
  const played = playEpisode(stage, { seed, quality, episode });
  parentPort!.postMessage(played, played.pictures ? [played.pictures.buffer as ArrayBuffer] : []);
});
