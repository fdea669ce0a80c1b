// SAC from scratch, and RLPD from hopper's demonstrations, single actions and an update for every environment step: the cases of
// `npm run study -- sac`, and what is reported of them.
import { join } from "node:path";
import { Dataset, figures, Gaussian, RLPD, SAC } from "../../sdk/dist/bundle/index.js";
import { evaluationCurve, freshEpisodes, keptRun, named, table, whole } from "./measuring.mjs";

/** Of a thousand steps each in one environment, and after every ten an evaluation of ten episodes. */
const iterations = { environments: 1, steps: 1000, valFreq: 11, evaluationEpisodes: 10, saveEvery: 10 };

/** What SAC begins with, for RLPD, whose default takes chunks of four actions. */
const single = Gaussian.standard({ tanhOutput: true }).withNetwork({
  ...{ horizonSteps: 1, mlpDims: [256, 256], activationType: "ReLU", tanhOutput: false },
  ...{ stdMin: 6.7e-3, stdMax: 7.3891 },
});

/** `budget`: environment steps of training; `mark`: the return aimed at. */
const runs = {
  "hopper-sac": { env: "hopper-v2", budget: 300_000, mark: 2500, learn: (input) => SAC.train(input) },
  "halfcheetah-sac": { env: "halfcheetah-v2", budget: 200_000, mark: 6000, learn: (input) => SAC.train(input) },
  "hopper-rlpd": {
    ...{ env: "hopper-v2", budget: 100_000 },
    learn: async (input) => {
      const data = await Dataset.bundled("hopper-medium-mini");
      const options = { policy: single, explorationSteps: 1000, criticNumUpdate: 2, nCritics: 4 };
      return RLPD.train({ ...input, data, ...options });
    },
  },
};

async function learn(name, seed, { folder, ...control }) {
  const { env, budget, learn: train } = runs[name];
  const { kept, seconds } = keptRun(join(folder, `sac/${name}-${seed}`), `${name}, seed ${seed}`);
  const training = budget / iterations.steps;
  const run = await train({
    ...{ env, seed, ...iterations, iterations: training + training / (iterations.valFreq - 1) + 1, ...control },
    ...kept,
  });
  const settings = { env, denoisingSteps: 1, initialNoise: "zero" };
  const { mean, standardDeviation } = (await freshEpisodes(run.last, settings, control)).return;
  return {
    ...{ name, env, seed, environmentSteps: run.environmentSteps, cpuSeconds: seconds() },
    ...{ mean, standardDeviation },
    curve: evaluationCurve(run),
  };
}

/** Label and run of every case; `only` names some. `control` names the folder where what was learned is kept. */
export function cases(seeds, control, only) {
  const all = seeds.flatMap((seed) =>
    Object.keys(runs).map((name) => [`${name}-seed-${seed}`, () => learn(name, seed, control)]),
  );
  return named(all, only);
}

/** Prints the table of all rows that there are; draws the curves to a file in `folder`. */
export async function summarize(rows, folder) {
  const lines = Object.entries(runs).flatMap(([name, { mark }]) => {
    const found = rows.filter((row) => row.name === name);
    if (found.length === 0) return [[name, "", "not run yet", "", "", ""]];
    return found.map(({ seed, mean, standardDeviation, curve, environmentSteps, cpuSeconds }) => {
      const best = curve.reduce((high, point) => (point[1] > high[1] ? point : high));
      return [
        ...[name, seed, `**${whole(mean)} ± ${whole(standardDeviation)}**`, `${whole(best[1])} (${whole(best[0])})`],
        ...[whole(environmentSteps), mark === undefined ? "" : whole(mark), `${whole(cpuSeconds)} s`],
      ];
    });
  });
  const heads = ["after all steps", "best evaluation (after steps)", "environment steps", "mark", "processor time"];
  console.log(table(["run", "seed", ...heads], lines));
  if (rows.length === 0) return;
  const series = rows.map(({ name, seed, curve }) => ({
    name: `${name}, seed ${seed}`,
    x: curve.map(([steps]) => steps),
    y: curve.map(([, value]) => value),
  }));
  const titles = { title: "An update for every environment step", subtitle: "mean return of ten episodes" };
  const picture = `${folder}/sac.png`;
  await figures.saveFigure(figures.learningCurve(series, titles), picture);
  console.log(`\nlearning curves: ${picture}`);
}
