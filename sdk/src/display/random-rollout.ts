// What an environment looks like: one episode of random actions in a fresh copy, so that the one shown is left alone.
import { Random } from "../engine/random.js";
import type { EnvironmentDefinition } from "../envs/environment.js";
import { Environment } from "../envs/make-environment.js";
import { learningCurve } from "../figures/charts/learning-curve.js";
import { rolloutStrip } from "../figures/charts/rollout-strip.js";
import type { Pose } from "../figures/charts/silhouette.js";
import type { Figure } from "../figures/figure.js";

const mostSteps = 60;
const mostLines = 12;

/** Pictures of the robot where it can be drawn, else its observations over time. */
export async function randomRolloutFigure(definition: EnvironmentDefinition): Promise<Figure> {
  const simulation = await definition.create({ inertia: definition.inertia ?? "legacy" });
  const random = new Random(0);
  const environment = new Environment(definition, simulation, random.stream("environment"));
  const action = new Float32Array(definition.actionDimension);
  const poses: Pose[] = [];
  const observations: Float64Array[] = [];
  try {
    observations.push(environment.reset());
    for (let ended = false; !ended && observations.length < mostSteps;) {
      poses.push({ time: poses.length * environment.secondsPerStep, capsules: environment.pose() });
      const { observation, terminated, truncated } = environment.step(random.stream("actions").uniform(action, -1, 1));
      observations.push(observation);
      ended = terminated || truncated;
    }
    const title = `${definition.name}, ${poses.length} random actions`;
    if (poses.every(({ capsules }) => capsules.length > 0)) return rolloutStrip(poses, { title });
    return observationLines(observations, environment.secondsPerStep, title);
  } finally {
    environment.close();
  }
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
