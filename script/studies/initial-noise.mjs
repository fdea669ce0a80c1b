// How wide the noise is that acting begins with (`initialNoiseStd`), on hopper: `npm run study -- initial-noise`. What it does to a
// pre-trained improved MeanFlow with one and five denoising steps, and to PPO from there, with more exploration or less.
import { Dataset, figures, MeanFlow, PPO } from "../../sdk/dist/bundle/index.js";
import { curveOf, named, overSeeds, returns, spread, table, trained, wideExploration } from "./measuring.mjs";

const env = "hopper-v2";
const deviations = [1, 0.5, 0.3, 0.1, 0];
/** As in the study of policies, whose bases these are. */
const budget = { preset: "quick", iterations: 46, valFreq: 5, evaluationEpisodes: 20, denoisingSteps: 1 };
const explorations = {
  wide: wideExploration,
  narrow: { maxStd: 0.3, finalMaxStd: 0.1, schedule: "linear" },
};
const tuned = [...deviations.map((std) => [std, "wide"]), ...[1, 0.1].map((std) => [std, "narrow"])];

async function pretrained(seed, control) {
  const data = await Dataset.bundled("hopper-medium-mini");
  const describe = () => MeanFlow.improved().withNetwork({ mlpDims: [256, 256, 256] });
  return (await trained(`policies/improved-meanflow-${seed}`, describe, data, { seed }, control)).policy;
}

async function act(seed, control) {
  const base = await pretrained(seed, control);
  const measured = [];
  for (const std of deviations) {
    const policy = base.withOptions({ initialNoiseStd: std });
    for (const denoisingSteps of [1, 5]) {
      measured.push({ std, denoisingSteps, ...(await returns(policy, { env, denoisingSteps }, control)) });
    }
  }
  return { stage: "act", seed, measured };
}

async function finetune(std, exploration, seed, control) {
  const base = await pretrained(seed, control);
  const input = { env, seed, ...budget, noise: explorations[exploration], initialNoiseStd: std };
  const { run, row } = await curveOf(PPO, base, input, control, `std ${std}, ${exploration}, seed ${seed}`);
  const end = await returns(run.last, { env, denoisingSteps: 1 }, control);
  return { stage: "ppo", std, exploration, seed, ...row, end };
}

/** Label and run of every case, seed after seed; of `only`, each is a part of the labels it means. */
export function cases(seeds, control, only) {
  const all = seeds.flatMap((seed) => [
    [`act-seed-${seed}`, () => act(seed, control)],
    ...tuned.map(([std, exploration]) => [
      `ppo-${std}-${exploration}-seed-${seed}`,
      () => finetune(std, exploration, seed, control),
    ]),
  ]);
  return named(all, only);
}

/** Prints the tables of all rows that there are; draws the curves. */
export async function summarize(rows, folder) {
  const acted = rows.filter(({ stage }) => stage === "act");
  const of = (std, exploration) =>
    rows.filter((row) => row.stage === "ppo" && row.std === std && row.exploration === exploration);
  const lines = deviations.map((std) => {
    const cell = (steps) => {
      const runs = acted.flatMap(({ measured }) =>
        measured.filter((one) => one.std === std && one.denoisingSteps === steps),
      );
      return runs.length > 0 ? spread(runs) : "not run yet";
    };
    const ends = (exploration) =>
      of(std, exploration)
        .map(({ end }) => spread([end]))
        .join(", ");
    return [std, cell(1), cell(5), ends("wide"), ends("narrow")];
  });
  const heads = ["one step, before", "five steps, before", "PPO, exploration 0.05 to 0.5", "0.05 to 0.3"];
  console.log(table(["deviation", ...heads], lines));

  const series = tuned.flatMap(([std, exploration]) => {
    const curves = of(std, exploration).map(({ curve }) => curve);
    if (curves.length === 0) return [];
    const name = `${std}${exploration === "narrow" ? ", narrow exploration" : ""}`;
    return [
      overSeeds(
        name,
        curves.map((curve) => curve.map((point) => [point.environmentSteps, point.mean])),
      ),
    ];
  });
  if (series.length === 0) return;
  const titles = {
    title: "PPO on hopper by the deviation of the initial noise",
    subtitle: "mean return of 20 episodes, one denoising step; band: deviation over seeds",
  };
  await figures.saveFigure(figures.learningCurve(series, titles), `${folder}/hopper-initial-noise.png`);
}
