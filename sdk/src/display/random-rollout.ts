// What an environment looks like: one episode of random actions in a fresh copy, so that the one shown is left alone.
import { Random } from "../engine/random.js";
import { fetchFor } from "../envs/assets/assets.js";
import type { EnvironmentDefinition } from "../envs/environment.js";
import { episodeStarts } from "../envs/episode-starts.js";
import { Environment } from "../envs/make-environment.js";
import { Animation, type Picture } from "../envs/render/picture.js";
import { learningCurve } from "../figures/charts/learning-curve.js";
import type { Figure } from "../figures/figure.js";
import type { Film } from "./panel.js";

const mostSteps = 60;
const mostLines = 12;
const filmSize = { width: 240, height: 180 } as const;
const framesPerSecond = 25;

/** A film where the environment can be seen, else its observations over time. */
export async function randomRollout(
  definition: EnvironmentDefinition,
): Promise<{ readonly films: readonly Film[] } | { readonly figures: readonly Figure[] }> {
  await fetchFor(definition);
  const simulation = await definition.create({ inertia: definition.inertia ?? "legacy" });
  const random = new Random(0).stream("actions");
  const environment = new Environment(definition, simulation, episodeStarts(0));
  const action = new Float32Array(definition.actionDimension);
  const { secondsPerStep } = environment;
  const isVisible = simulation.physics !== undefined || definition.pose !== undefined;
  const pictures: Picture[] = [];
  const observations: Float64Array[] = [];
  try {
    observations.push(environment.reset());
    for (let ended = false; !ended && observations.length < mostSteps;) {
      const due = Math.floor((observations.length - 1) * secondsPerStep * framesPerSecond);
      if (isVisible && due >= pictures.length) pictures.push(environment.render(filmSize));
      const { observation, terminated, truncated } = environment.step(random.uniform(action, -1, 1));
      observations.push(observation);
      ended = terminated || truncated;
    }
  } finally {
    environment.close();
  }
  const title = `${definition.name}, ${observations.length - 1} random actions`;
  return pictures.length > 0
    ? { films: [{ title, animation: new Animation(pictures, framesPerSecond) }] }
    : { figures: [observationLines(observations, secondsPerStep, title)] };
}

function observationLines(observations: readonly Float64Array[], secondsPerStep: number, title: string): Figure {
  const dimension = observations[0]!.length;
  const lines = Array.from({ length: Math.min(mostLines, dimension) }, (_, at) => ({
    name: String(at),
    x: observations.map((_, step) => step * secondsPerStep),
    y: observations.map((observation) => observation[at]!),
  }));
  const subtitle = dimension > mostLines ? `the first ${mostLines} of ${dimension} numbers` : undefined;
  return learningCurve(lines, { title, subtitle, x: "time (s)", y: "observation" });
}
