// The measurements of docs/results.md: `npm run study -- NAME [--seeds 0,1,2] [--threads N] [--folder runs/study]`.
// Every run leaves NAME/<case>.json; what exists is not run again, and the table covers all that exist. Studies with a page of their
// own (script/studies) keep theirs in docs/results, where they go on; `--only SAC,DQL` names some of their cases. Of `manipulation`
// `--minutes N` stops each fine-tuning after so much processor time, `--tiny` tries whether a case works.
import { mkdir, readdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Dataset, figures, MeanFlow, PPO } from "../sdk/dist/bundle/index.js";
import * as algorithms from "./studies/algorithms.mjs";
import * as avoiding from "./studies/avoiding.mjs";
import * as dispersive from "./studies/dispersive.mjs";
import * as gym from "./studies/gym.mjs";
import * as initialNoise from "./studies/initial-noise.mjs";
import * as manipulation from "./studies/manipulation.mjs";
import { evaluationsOf, freshEpisodes, tellEvaluations } from "./studies/measuring.mjs";
import * as policies from "./studies/policies.mjs";
import * as sac from "./studies/sac.mjs";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seeds: { type: "string", default: "0,1,2" },
    threads: { type: "string" },
    folder: { type: "string" },
    only: { type: "string" },
    table: { type: "boolean", default: false },
    minutes: { type: "string" },
    tiny: { type: "boolean", default: false },
  },
});
const threads = values.threads ? Number(values.threads) : undefined;
const control = { threads, workers: threads && threads - 1, folder: null };
const data = await Dataset.bundled("hopper-medium-mini");
const widths = (width) => ({ mlpDims: [width, width, width] });

/** Mean and deviation of 100 episodes' returns; initial noise sampled or zero, one or five denoising steps. */
async function measure(policy) {
  const measured = {};
  for (const [initialNoise, denoisingSteps] of [
    ["sampled", 1],
    ["sampled", 5],
    ["zero", 1],
  ]) {
    const settings = { env: "hopper-v2", denoisingSteps, initialNoise };
    const { mean, standardDeviation } = (await freshEpisodes(policy, settings, control)).return;
    measured[`${initialNoise} ${denoisingSteps}`] = { mean, standardDeviation };
  }
  return measured;
}

async function pretrained(description, seed) {
  const run = await description.pretrain(data, { seed, ...control });
  return { run, row: { pretrainSeconds: run.seconds, pretrained: await measure(run.policy) } };
}

async function finetuned(width, seed, input) {
  const { run: base, row } = await pretrained(MeanFlow.improved().withNetwork(widths(width)), seed);
  const run = await PPO.finetune(base, {
    env: "hopper-v2",
    seed,
    ...input,
    ...control,
    onProgress: tellEvaluations(`seed ${seed}`),
  });
  return {
    ...row,
    finetuned: await measure(run.policy),
    last: await measure(run.last),
    environmentSteps: run.environmentSteps,
    finetuneSeconds: run.seconds,
    cpuSeconds: process.cpuUsage().user / 1e6,
    curve: evaluationsOf(run).map(({ environmentSteps, episodes }) => [environmentSteps, episodes.return.mean]),
  };
}

const seeds = values.seeds.split(",").map(Number);
const bySeed = (run) => seeds.map((seed) => [`seed-${seed}`, () => run(seed)]);
const improved = MeanFlow.improved().withNetwork(widths(256));

const studies = {
  quickstart: () => bySeed((seed) => finetuned(256, seed, {})),
  "result-run": () =>
    bySeed((seed) => finetuned(512, seed, { preset: "thorough", noiseNet: { noiseHiddenDims: [256, 256, 256] } })),
  // What the parts of pre-training do: plain flow matching (ratio 1) loses the one-step policy; dispersive losses.
  pretraining: () =>
    Object.entries({
      MeanFlow: improved,
      "plain flow": improved.withObjective({ flowRatio: 1 }),
      "dispersive, reference": improved.withDispersive({ weight: 0.5, temperature: 0.5, formulation: "reference" }),
      "dispersive, paper": improved.withDispersive({ weight: 0.5, temperature: 0.5, formulation: "paper" }),
    }).flatMap(([label, description]) =>
      seeds.map((seed) => [`${label}, seed ${seed}`, async () => (await pretrained(description, seed)).row]),
    ),
};

/** Their rows are committed; the policies that they begin with are not. */
const pages = { algorithms, avoiding, dispersive, gym, "initial-noise": initialNoise, manipulation, policies, sac };
for (const [name, { cases }] of Object.entries(pages)) {
  const given = {
    ...{ ...control, folder: join(values.folder ?? "runs/study", "bases") },
    ...{ ...(values.minutes && { minutes: Number(values.minutes) }), ...(values.tiny && { tiny: true }) },
  };
  studies[name] = () => cases(seeds, given, values.only?.split(/, */));
}

const [name] = positionals;
if (!Object.hasOwn(studies, name ?? "")) {
  console.error(
    `usage: npm run study -- ${Object.keys(studies).join(" | ")} [--seeds 0,1,2] [--threads N] [--only NAMES] [--table]`,
  );
  process.exit(2);
}
const folder = join(values.folder ?? (name in pages ? "docs/results" : "runs/study"), name);
await mkdir(folder, { recursive: true });
const done = new Set(await readdir(folder));
for (const [label, run] of values.table ? [] : studies[name]()) {
  const file = `${label}.json`;
  if (done.has(file)) continue;
  const start = performance.now();
  try {
    const row = await run();
    const seconds = (performance.now() - start) / 1000;
    await writeFile(join(folder, `${file}.part`), `${JSON.stringify({ ...row, seconds })}\n`);
    await rename(join(folder, `${file}.part`), join(folder, file));
  } catch (error) {
    // The others are worth having nevertheless.
    console.error(`${label} failed:`, error);
    process.exitCode = 1;
  }
}

const rows = [];
for (const file of (await readdir(folder)).filter((file) => file.endsWith(".json")).sort()) {
  rows.push([file.replace(".json", ""), JSON.parse(await readFile(join(folder, file), "utf8"))]);
}
if (name in pages) {
  await pages[name].summarize(
    rows.map(([, row]) => row),
    values.folder ? folder : "docs/images",
  );
  process.exit();
}
const shown = ({ mean, standardDeviation }) => `${mean.toFixed(0)} ± ${standardDeviation.toFixed(0)}`;
const columns = ["sampled 1", "sampled 5", "zero 1"];
console.log(
  `| case | stage | one step, sampled noise | five steps | one step, zero noise | env steps | seconds |\n|${"---|".repeat(7)}`,
);
for (const [label, row] of rows) {
  for (const stage of ["pretrained", "finetuned", "last"].filter((stage) => row[stage])) {
    const steps = stage === "pretrained" ? "-" : row.environmentSteps;
    const seconds = stage === "pretrained" ? row.pretrainSeconds : row.finetuneSeconds;
    console.log(
      `| ${label} | ${stage} | ${columns.map((column) => shown(row[stage][column])).join(" | ")} | ${steps} | ${seconds.toFixed(0)} |`,
    );
  }
}
const curves = rows.filter(([, { curve }]) => curve).map(([, { curve }]) => curve);
if (curves.length > 0) {
  const length = Math.min(...curves.map((curve) => curve.length));
  const steps = Array.from({ length }, (_, i) => curves.reduce((sum, curve) => sum + curve[i][0], 0) / curves.length);
  const series = figures.meanOverSeeds(
    `${curves.length} seeds`,
    steps,
    curves.map((curve) => curve.slice(0, length).map(([, value]) => value)),
  );
  const figure = figures.learningCurve([series], {
    title: "One-step MeanFlow fine-tuned with PPO on hopper",
    subtitle: "mean return of 40 episodes, band: standard deviation over seeds",
    references: [{ name: "published end value after 71 M steps", value: 2893 }],
  });
  await figures.saveFigure(figure, join(folder, "learning-curve.png"));
  console.log(`\nlearning curve: ${join(folder, "learning-curve.png")}`);
}
