// What an environment does: one episode of random actions in a fresh copy, so that the one shown is left alone.
import { Random } from "../engine/random.js";
import { fetchFor } from "../envs/assets/assets.js";
import type { EnvironmentDefinition } from "../envs/environment.js";
import { episodeStarts } from "../envs/episode-starts.js";
import { Environment } from "../envs/make-environment.js";
import { Player } from "../experiments/rollouts/player.js";
import { EpisodeRecorder, type Rollout } from "../experiments/rollouts/rollout.js";
import { learningCurve } from "../figures/charts/learning-curve.js";
import type { Figure } from "../figures/figure.js";

const mostSteps = 60;
const mostLines = 12;

/** A scene that plays where the environment can be seen, else its observations over time. */
export async function randomRollout(
  definition: EnvironmentDefinition,
): Promise<{ readonly players: readonly Player[] } | { readonly figures: readonly Figure[] }> {
  await fetchFor(definition);
  const simulation = await definition.create({ inertia: definition.inertia ?? "legacy" });
  const random = new Random(0).stream("actions");
  const environment = new Environment(definition, simulation, episodeStarts(0));
  const action = new Float32Array(definition.actionDimension);
  const recorder = new EpisodeRecorder();
  try {
    recorder.begin(environment, environment.reset());
    for (let [ended, step] = [false, 1]; !ended && step < mostSteps; step++) {
      const taken = environment.step(random.uniform(action, -1, 1));
      recorder.step(environment, taken);
      ended = taken.terminated || taken.truncated;
    }
    const steps = (name: string) => `${name}, ${recorder.steps} random actions`;
    const rollout = await recorder.rollout(steps);
    return rollout.scene ? { players: [new Player(rollout)] } : { figures: [observationLines(rollout)] };
  } finally {
    environment.close();
  }
}

function observationLines({ observations, secondsPerStep, title }: Rollout): Figure {
  const dimension = observations[0]!.length;
  const lines = Array.from({ length: Math.min(mostLines, dimension) }, (_, at) => ({
    name: String(at),
    x: observations.map((_, step) => step * secondsPerStep),
    y: observations.map((observation) => observation[at]!),
  }));
  const subtitle = dimension > mostLines ? `the first ${mostLines} of ${dimension} numbers` : undefined;
  return learningCurve(lines, { title, subtitle, x: "time (s)", y: "observation" });
}
