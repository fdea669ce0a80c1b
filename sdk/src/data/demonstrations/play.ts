// One episode in which a demonstrator acts, as it is recorded.
import { Random } from "../../engine/random.js";
import type { Demonstration, Demonstrator, Quality } from "../../envs/demonstrator.js";
import type { EnvironmentDefinition, Simulation } from "../../envs/environment.js";
import { episodeStarts } from "../../envs/episode-starts.js";
import { sizeOf } from "../../space.js";

/** T steps of one episode. */
export interface PlayedEpisode {
  /** (T, Do), before each step. */
  readonly observations: Float32Array;
  /** (T, Da), as they acted. */
  readonly actions: Float32Array;
  /** (T), as the recording has them. */
  readonly rewards: Float32Array;
  /** (Do), after the last step. */
  readonly lastObservation: Float32Array;
  /** Time (s), positions and velocities before each step, one after the other. */
  readonly states: Float64Array;
  /** Sum of what the environment gave. */
  readonly episodeReturn: number;
  /** What the cameras saw before each step, (T, 3 cameras, H, W), where they were asked for. */
  readonly pictures?: Uint8Array;
}

/** What an episode depends on. */
export interface EpisodeRequest {
  readonly seed: number;
  readonly quality: Quality;
  /** Number of the episode, from 0. */
  readonly episode: number;
}

/** A demonstrator and the simulation in which it plays. */
export interface Stage {
  readonly demonstration: Demonstration;
  /** What the demonstrator observes. */
  readonly environment: EnvironmentDefinition;
  /** Pictures that are taken beside that: channels, height, width. */
  readonly pictures?: EnvironmentDefinition["pictures"];
  readonly simulation: Simulation;
  readonly demonstrator: Demonstrator;
}

/** @param seen the same task with the cameras whose pictures are recorded; its simulation also observes what the other does. */
export async function openStage(
  demonstration: Demonstration,
  environment: EnvironmentDefinition,
  seen: EnvironmentDefinition = environment,
): Promise<Stage> {
  const simulation = await seen.create({ inertia: environment.inertia ?? "legacy" });
  const { pictures } = seen;
  return {
    demonstration,
    environment,
    simulation,
    demonstrator: await demonstration.open(),
    ...(pictures && { pictures }),
  };
}

/** Until the demonstrator is done, the task is complete, or its time is over. */
export function playEpisode(stage: Stage, { seed, quality, episode }: EpisodeRequest): PlayedEpisode {
  const { demonstration, environment, simulation, demonstrator } = stage;
  const { observationDimension, actionDimension, maxEpisodeSteps } = environment;
  simulation.reset(episodeStarts(seed, 0, "demonstrations")(episode));
  demonstrator.begin(new Random(seed).stream(`demonstrator, ${quality}, episode ${episode}`), quality);
  const observation = new Float64Array(observationDimension);
  const action = new Float64Array(actionDimension);
  const [observations, actions, rewards, states]: [number[], number[], number[], number[]] = [[], [], [], []];
  const pictures: Uint8Array[] = [];
  let episodeReturn = 0;
  simulation.observe(observation);
  while (rewards.length < maxEpisodeSteps && !simulation.terminated()) {
    const chosen = demonstrator.act(observation);
    if (!chosen) break;
    // What is recorded is what acts: numbers of single precision.
    action.set(Float32Array.from(chosen));
    const { qpos, qvel } = simulation.state();
    states.push(rewards.length * simulation.secondsPerStep, ...qpos, ...qvel);
    observations.push(...observation);
    if (stage.pictures) {
      const picture = new Uint8Array(sizeOf(stage.pictures));
      simulation.look!(picture);
      pictures.push(picture);
    }
    actions.push(...action);
    const reward = simulation.step(action);
    episodeReturn += reward;
    simulation.observe(observation);
    rewards.push(demonstration.label?.(observation) ?? reward);
  }
  const arrays = { observations, actions, rewards };
  const floats = Object.entries(arrays).map(([name, values]) => [name, Float32Array.from(values)]);
  return {
    ...(Object.fromEntries(floats) as Record<keyof typeof arrays, Float32Array>),
    lastObservation: Float32Array.from(observation),
    states: Float64Array.from(states),
    episodeReturn,
    ...(stage.pictures && { pictures: new Uint8Array(Buffer.concat(pictures)) }),
  };
}
