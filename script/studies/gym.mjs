// Every robot of Gym: pre-training on the recording that comes with the package, then PPO by the recipe of hopper with one denoising
// step. The cases of `npm run study -- gym`, and what is reported of them beside the strongest published value of any method.
import { join } from "node:path";
import { Dataset, figures, MeanFlow, PPO } from "../../sdk/dist/bundle/index.js";
import { evaluationCurve, freshEpisodes, keptRun, named, overSeeds, table, trained, whole } from "./measuring.mjs";

/** What the configurations' policy is, 256 wide. */
const description = MeanFlow.improved().withNetwork({ mlpDims: [256, 256, 256] });

/**
 * `published`: at the end, after up to 71 M environment steps (docs/results.md); nobody has published the half cheetah's. `recipe`: what
 * differs from hopper's.
 */
const robots = {
  "hopper-v2": { data: "hopper-medium-mini", published: 3284 },
  "walker2d-v2": { data: "walker2d-medium-mini", published: 4198 },
  "halfcheetah-v2": { data: "halfcheetah-medium-mini" },
  "ant-v2": { data: "ant-medium-mini", published: 4482, recipe: { gamma: 0.97 } },
  "humanoid-v3": { data: "humanoid-medium-mini", published: 5104 },
};

/** Updates of pre-training, as many as hopper's 34 epochs have. */
const updates = 8000;
/** Of 8,000 environment steps each, a tenth of them evaluations: 0.78 and 5 M steps. */
const lengths = { "": 110, "-long": 698 };

async function measure(policy, env, control) {
  const { mean, standardDeviation } = (await freshEpisodes(policy, { env, denoisingSteps: 1 }, control)).return;
  return { mean, standardDeviation };
}

/** The pre-trained policy and what it took, trained once and kept beside the runs. */
async function pretrained(env, seed, control) {
  const data = await Dataset.bundled(robots[env].data);
  const input = { epochs: Math.ceil((updates * 128) / data.steps), seed };
  const { policy } = await trained(`gym/${env}-${seed}/pretraining`, () => description, data, input, control);
  return { base: policy, demonstrations: data.summary().returns.mean };
}

async function learn(env, seed, length, { folder, ...control }) {
  const { base, demonstrations } = await pretrained(env, seed, { folder, ...control });
  const start = await measure(base, env, control);
  console.error(`${env}, seed ${seed}: begins with ${Math.round(start.mean)}`);
  const { kept, seconds } = keptRun(join(folder, `gym/${env}-${seed}/finetuning${length}`), `${env}, seed ${seed}`);
  const run = await PPO.finetune(base, {
    ...{ env, seed, preset: "quick", iterations: lengths[length], saveEvery: 5 },
    ...robots[env].recipe,
    ...control,
    ...kept,
  });
  return {
    ...{ env, seed, demonstrations, pretrained: start, finetuned: await measure(run.policy, env, control) },
    ...{ environmentSteps: run.environmentSteps, wallSeconds: run.seconds },
    cpuSeconds: seconds(),
    curve: evaluationCurve(run),
  };
}

/** Label and run of every case; `only` names some robots. `control` names the folder where what was learned is kept. */
export function cases(seeds, control, only) {
  const all = seeds.flatMap((seed) =>
    Object.keys(lengths).flatMap((length) =>
      Object.keys(robots).map((env) => [`${env}${length}-seed-${seed}`, () => learn(env, seed, length, control)]),
    ),
  );
  return named(all, only);
}

/** Prints the table of all rows that there are; draws the curves to a file in `folder`. */
export async function summarize(rows, folder) {
  const shown = ({ mean, standardDeviation }) => `${whole(mean)} ± ${whole(standardDeviation)}`;
  const lines = Object.keys(robots).flatMap((env) => {
    const runs = rows.filter((row) => row.env === env);
    const published = robots[env].published ? whole(robots[env].published) : "none";
    if (runs.length === 0) return [[env, "", "not run yet", "", "", published, ""]];
    return runs.map((row) => [
      ...[`${env}, ${row.seed}`, whole(row.demonstrations), shown(row.pretrained), `**${shown(row.finetuned)}**`],
      ...[whole(row.environmentSteps), published, `${whole(row.cpuSeconds)} s`],
    ]);
  });
  const heads = ["demonstrations", "pre-trained", "fine-tuned", "environment steps", "published", "processor time"];
  console.log(table(["robot, seed", ...heads], lines));
  if (rows.length === 0) return;
  const series = Object.keys(robots).flatMap((env) => {
    const runs = rows.filter((row) => row.env === env);
    const longest = Math.max(...runs.map(({ curve }) => curve.length));
    const curves = runs.flatMap(({ curve }) => (curve.length === longest ? [curve] : []));
    if (curves.length === 0) return [];
    return [overSeeds(`${env}${curves.length > 1 ? `, ${curves.length} seeds` : ""}`, curves)];
  });
  const titles = {
    title: "Fine-tuning with PPO, one denoising step",
    subtitle: "mean return of evaluations of the longest runs; band: deviation over seeds",
  };
  const picture = `${folder}/gym-finetuning.png`;
  await figures.saveFigure(figures.learningCurve(series, titles), picture);
  console.log(`\nlearning curves: ${picture}`);
}
