// Demonstrations made here: a scripted demonstrator plays episodes, in several threads, and what it did is written as the family's
// published recordings are. Every episode is kept as soon as it is over, so that making goes on where it was stopped.
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { readFile, rename } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { deserialize, serialize } from "node:v8";
import { Worker } from "node:worker_threads";
import { fetchFor } from "../../envs/assets/assets.js";
import { demonstrations, findDemonstration } from "../../envs/demonstrations.js";
import type { Demonstration, Quality } from "../../envs/demonstrator.js";
import type { EnvironmentDefinition } from "../../envs/environment.js";
import { builtInEnvironment, usualCameras, withCameras } from "../../envs/registry.js";
import { fail } from "../../errors.js";
import { makeFolder, writeFileAtomic } from "../../files.js";
import { withLock } from "../../hub/lock.js";
import { warn } from "../../plain-text.js";
import { dataFolder, demonstrationsFile } from "../data-folder.js";
import { writeHdf5 } from "../hdf5.js";
import { processRobomimic } from "../process-recording.js";
import { openStage, playEpisode, type PlayedEpisode } from "./play.js";
import { writeRobomimic } from "./robomimic-layout.js";

/** Image policies look for data in a folder of their own, whose name ends so, as published ones do. */
const PICTURED = "-img";

/** How many, and how. */
export interface DemonstrationOptions {
  /** Default 100. */
  readonly episodes?: number;
  /** Default "proficient", of which only episodes that show the whole task are kept. */
  readonly quality?: Quality;
  /** Default 0. Equal seeds give equal recordings, with any number of workers. */
  readonly seed?: number;
  /** Threads; default: one for each core. */
  readonly workers?: number;
  /** Cameras of robomimic's tasks whose pictures are recorded too, 96 x 96; beside the recording lies what image policies train on. */
  readonly cameras?: readonly string[];
  /** The data folder; default: the user's. */
  readonly folder?: string;
}

export interface MakeDemonstrationsOptions extends DemonstrationOptions {
  /** Told in a line how far it is; by default on standard error. */
  readonly notify?: (line: string) => void;
  /** Stops it; episodes that are over stay for the next time. */
  readonly signal?: AbortSignal;
}

/**
 * @param name e.g. "kitchen/mixed".
 * @returns path of the recording, in the folder in which the task's data is looked for.
 * @throws InputError DMPO_DEMONSTRATION, DMPO_DATA_EXISTS where data lies there already, DMPO_OPTIONS, DMPO_ASSETS_*,
 * DMPO_RENDER_CAMERA.
 */
export async function makeDemonstrations(name: string, options: MakeDemonstrationsOptions = {}): Promise<string> {
  const demonstration = findDemonstration(name);
  const environment = builtInEnvironment(demonstration.environment);
  // Names of cameras are checked before anything is locked.
  if (options.cameras?.length) withCameras(environment.name, ...options.cameras);
  return intoEmptyFolder(folderOf(demonstration, options), options, (home) => make(demonstration, home, options));
}

/**
 * Makes a recording in a folder of which one program at a time has care; the others wait.
 * @throws InputError DMPO_DATA_EXISTS where data lies there already.
 */
export function intoEmptyFolder(
  home: string,
  { signal }: Pick<MakeDemonstrationsOptions, "signal">,
  work: (home: string) => Promise<string>,
): Promise<string> {
  return alone(home, { signal }, () => {
    const existing = recordingIn(home);
    if (existing) fail("DMPO_DATA_EXISTS", existing, "exists already", "a folder without data", "move it away");
    return work(home);
  });
}

/**
 * Demonstrations in place of a data set that is nowhere: those that another program is making or has made, else new ones, which is
 * said before it begins. undefined where nobody demonstrates the task.
 * @param place of the data below the data folder, e.g. "gym/kitchen-mixed-v0".
 */
export async function demonstrationsFor(
  place: string,
  options: MakeDemonstrationsOptions = {},
): Promise<string | undefined> {
  const found = demonstrationAt(place, options);
  if (!found) return undefined;
  const { demonstration, cameras } = found;
  const { episodes = 100, notify = warn } = options;
  const making = { ...options, cameras };
  const home = folderOf(demonstration, making);
  return alone(home, options, () => {
    const existing = recordingIn(home);
    if (existing) {
      notify(`${place}: demonstrations that were made here by a script, not the published ones (${existing})`);
      return Promise.resolve(existing);
    }
    notify(
      `${place} is not in the data folder, and could not be fetched: a script makes ${episodes} demonstrations now ` +
        `(\`dmpo data make ${[demonstration.name, ...(cameras.length > 0 ? ["--cameras", cameras.join(",")] : [])].join(" ")}\`); ` +
        "stopped, it goes on where it was",
    );
    return make(demonstration, home, making);
  });
}

/** Whose demonstrations belong at a place, and through which cameras: of "robomimic/lift-img" those asked for, else the usual ones. */
function demonstrationAt(place: string, { cameras = [] }: Pick<DemonstrationOptions, "cameras">) {
  const plain = demonstrations.find(({ folder }) => folder === place);
  if (plain) return { demonstration: plain, cameras };
  const seen = demonstrations.find(({ folder }) => `${folder}${PICTURED}` === place);
  const usual = seen && usualCameras(builtInEnvironment(seen.environment).name);
  return seen && usual && { demonstration: seen, cameras: cameras.length > 0 ? cameras : usual };
}

function folderOf(
  { folder: place }: Demonstration,
  { folder = dataFolder(), cameras = [] }: MakeDemonstrationsOptions,
): string {
  return join(folder, ...`${place}${cameras.length > 0 ? PICTURED : ""}`.split("/"));
}

/** A program at a time in the folder of a task; the others wait. */
const alone = (
  home: string,
  { signal }: Pick<MakeDemonstrationsOptions, "signal">,
  work: () => Promise<string>,
): Promise<string> => withLock(join(home, ".making.lock"), work, { signal });

function recordingIn(home: string): string | undefined {
  const found = readdirSync(home).find((file) => /\.(hdf5|h5|npz)$/i.test(file));
  return found && join(home, found);
}

async function make(demonstration: Demonstration, home: string, options: MakeDemonstrationsOptions): Promise<string> {
  const { episodes = 100, quality = "proficient", seed = 0, notify = warn, signal } = options;
  const { workers = availableParallelism(), cameras = [] } = options;
  for (const [option, value] of Object.entries({ episodes, workers })) {
    if (!(Number.isSafeInteger(value) && value > 0)) fail("DMPO_OPTIONS", option, String(value), "a positive integer");
  }
  const { name } = demonstration;
  const environment = builtInEnvironment(demonstration.environment);
  const seen = cameras.length > 0 ? builtInEnvironment(withCameras(environment.name, ...cameras)) : environment;
  await fetchFor(seen, { notify, signal });

  const parts = join(home, [`.making-${quality}-${seed}`, ...cameras].join("-"));
  makeFolder(parts);
  const kept: PlayedEpisode[] = [];
  const numbers = new Map<PlayedEpisode, number>();
  const partOf = (episode: number) => join(parts, `episode-${episode}`);
  const picturesOf = (episode: number) => join(parts, `pictures-${episode}`);
  const played = new Map<number, PlayedEpisode>();
  for (const file of readdirSync(parts)) {
    const [, number] = /^episode-(\d+)$/.exec(file) ?? [];
    if (number) played.set(Number(number), deserialize(await readFile(join(parts, file))) as PlayedEpisode);
  }
  if (played.size > 0) notify(`${name}: ${played.size} episodes are here from an earlier attempt`);
  const players = await openPlayers(Math.min(workers, episodes), { name, seed, quality, seen: seen.name }, environment);
  const began = performance.now();
  const before = played.size;
  let next = 0;
  /** Said at once, after the first episode, and every few seconds however long an episode takes. */
  const say = () => {
    const left = Math.max(0, episodes - count());
    const seconds = ((performance.now() - began) / 1000 / (played.size - before)) * left;
    const time = played.size > before ? `, about ${duration(seconds)} left` : "";
    if (left > 0) notify(`${name}: ${count()} of ${episodes} episodes${time}`);
  };
  const isKept = ({ episodeReturn, rewards }: PlayedEpisode) =>
    rewards.length > 0 && (quality === "mixed" || demonstration.isWhole(episodeReturn));
  /** In the order of their numbers, so that the threads do not matter. */
  const count = () => {
    kept.length = 0;
    for (let episode = 0; played.has(episode) && kept.length < episodes; episode++) {
      if (isKept(played.get(episode)!)) kept.push(played.get(episode)!);
    }
    return kept.length;
  };
  say();
  const saying = setInterval(say, signOfLife);
  try {
    await Promise.all(
      players.map(async (player) => {
        while (count() < episodes) {
          signal?.throwIfAborted();
          while (played.has(next)) next++;
          const episode = next++;
          // Starts from which nobody could do it are not held against the demonstrator, up to a point.
          const tried = [...played.values()].filter(({ rewards }) => rewards.length > 0).length;
          if (tried >= 4 * episodes + 8 || episode >= 40 * episodes + 80)
            fail("DMPO_DEMONSTRATION", name, "fails too often", "whole episodes");
          const { pictures, ...result } = await player.play(episode);
          // Pictures stay on disk: a hundred episodes have most of a gigabyte of them.
          if (pictures) await writeFileAtomic(picturesOf(episode), pictures);
          await writeFileAtomic(partOf(episode), serialize(result));
          played.set(episode, result);
          if (played.size === before + 1) say();
        }
      }),
    );
  } finally {
    clearInterval(saying);
    for (const player of players) await player.close();
  }
  const target = join(home, demonstrationsFile);
  const incomplete = `${target}.incomplete`;
  if (demonstration.layout === "robomimic") {
    for (const [number, episode] of played) numbers.set(episode, number);
    const of = (i: number) => new Uint8Array(readFileSync(picturesOf(numbers.get(kept[i]!)!)));
    const pictures = seen.pictures && { cameras, side: seen.pictures[2], of };
    await writeRobomimic(incomplete, kept, environment, pictures);
  } else await writeD4rl(incomplete, kept, environment);
  if (seen.pictures) {
    // As training reads it, a picture at a time. It looks for train.npz, which therefore comes last.
    await processRobomimic(incomplete, { folder: parts, validationSplit: 0, normalized: true, cameras });
    const files = readdirSync(parts).filter((file) => /\.(npz|log)$/.test(file));
    for (const file of files.sort((a, b) => Number(a === "train.npz") - Number(b === "train.npz"))) {
      await rename(join(parts, file), join(home, file));
    }
  }
  await rename(incomplete, target);
  rmSync(parts, { recursive: true });
  const whole = wholeOf(kept, demonstration);
  const steps = kept.reduce((sum, { rewards }) => sum + rewards.length, 0);
  const left = quality === "proficient" && leftOut([...played.values()], demonstration);
  if (left) notify(`${name}: ${left}`);
  notify(`${name}: ${kept.length} episodes, ${steps} steps, ${whole} of them whole -> ${target}`);
  return target;
}

const wholeOf = (episodes: readonly PlayedEpisode[], { isWhole }: Demonstration) =>
  episodes.filter(({ episodeReturn }) => isWhole(episodeReturn)).length;

/** How often a proficient demonstrator fails; undefined where every episode shows the whole task. */
function leftOut(episodes: readonly PlayedEpisode[], demonstration: Demonstration): string | undefined {
  const begun = episodes.filter(({ rewards }) => rewards.length > 0);
  const whole = wholeOf(begun, demonstration);
  if (whole === episodes.length) return undefined;
  const meanReturn = begun.reduce((sum, { episodeReturn }) => sum + episodeReturn, 0) / begun.length;
  const starts = begun.length < episodes.length ? `; ${episodes.length - begun.length} starts could not be played` : "";
  return `${whole} of ${begun.length} episodes played show the whole task, mean return ${meanReturn.toFixed(2)}${starts}`;
}

/** Milliseconds between two lines about how far it is. */
const signOfLife = 4500;

const duration = (seconds: number) =>
  seconds < 90 ? `${Math.ceil(seconds / 5) * 5} s` : `${Math.ceil(seconds / 60)} min`;

/** D4RL's layout; the last step of each demonstration is marked in `terminals`, as in its kitchen recordings. */
async function writeD4rl(
  target: string,
  episodes: readonly PlayedEpisode[],
  { observationDimension, actionDimension }: EnvironmentDefinition,
): Promise<void> {
  const steps = episodes.reduce((sum, { rewards }) => sum + rewards.length, 0);
  const joined = (key: "observations" | "actions" | "rewards", width: number) => {
    const all = new Float32Array(steps * width);
    let at = 0;
    for (const episode of episodes) {
      all.set(episode[key], at);
      at += episode[key].length;
    }
    return all;
  };
  const terminals = new Uint8Array(steps);
  let end = 0;
  for (const { rewards } of episodes) terminals[(end += rewards.length) - 1] = 1;
  await writeHdf5(target, {
    observations: { data: joined("observations", observationDimension), shape: [steps, observationDimension] },
    actions: { data: joined("actions", actionDimension), shape: [steps, actionDimension] },
    rewards: { data: joined("rewards", 1), shape: [steps] },
    terminals: { data: terminals, shape: [steps] },
  });
}

interface Player {
  play(episode: number): Promise<PlayedEpisode>;
  close(): Promise<void>;
}

interface Task {
  readonly name: string;
  readonly seed: number;
  readonly quality: Quality;
  /** Name of the environment with the cameras that are recorded. */
  readonly seen: string;
}

/** One plays in this thread, several in threads of their own. */
async function openPlayers(count: number, task: Task, environment: EnvironmentDefinition): Promise<Player[]> {
  if (count > 1) return Array.from({ length: count }, () => threadPlayer(task));
  const stage = await openStage(findDemonstration(task.name), environment, builtInEnvironment(task.seen));
  return [
    {
      play: async (episode) => playEpisode(stage, { ...task, episode }),
      async close() {
        stage.demonstrator.delete();
        stage.simulation.delete();
      },
    },
  ];
}

function threadPlayer(task: Task): Player {
  const worker = new Worker(workerModule, { workerData: task });
  let settle: { readonly done: (episode: PlayedEpisode) => void; readonly failed: (cause: Error) => void } | undefined;
  worker.on("message", (episode: PlayedEpisode) => settle?.done(episode));
  worker.on("error", (cause) => settle?.failed(cause));
  worker.on("exit", (code) => settle?.failed(new Error(`a thread that plays ${task.name} ended with code ${code}`)));
  return {
    play: (episode) =>
      new Promise((done, failed) => {
        settle = { done, failed };
        worker.postMessage(episode);
      }),
    async close() {
      await worker.terminate();
    },
  };
}

/** The compiled worker, or what starts it where the sources run uncompiled. */
const workerModule = new URL(
  new URL(import.meta.url).pathname.endsWith(".ts") ? "./worker-source.mjs" : "./worker.js",
  import.meta.url,
);
