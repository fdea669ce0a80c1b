// One episode in which a demonstrator acts, as it is recorded.
import { Random } from "../../engine/random.js";
import type { Demonstration, Demonstrator, Quality } from "../../envs/demonstrator.js";
import type { EnvironmentDefinition, Simulation } from "../../envs/environment.js";
import { episodeStarts } from "../../envs/episode-starts.js";

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
  readonly environment: EnvironmentDefinition;
  readonly simulation: Simulation;
  readonly demonstrator: Demonstrator;
}

export async function openStage(demonstration: Demonstration, environment: EnvironmentDefinition): Promise<Stage> {
  const simulation = await environment.create({ inertia: environment.inertia ?? "legacy" });
  return { demonstration, environment, simulation, demonstrator: await demonstration.open() };
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
  };
}
