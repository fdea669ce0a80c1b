// Whether dispersive regularisation helps: `npm run study -- dispersive`. Pre-training alone, with and without each of its four losses,
// weights and layers, on hopper and on the avoiding task with all its 24 ways; three seeds, each compared with the same seed's run without.
import * as dmpo from "../../sdk/dist/bundle/index.js";
import {
  avoidingDemonstrations,
  difference,
  mean,
  named,
  processorSeconds,
  returns,
  round,
  slug,
  table,
} from "./measuring.mjs";

const { avoidingRollouts, confidenceInterval, Dataset, figures, MeanFlow, ReFlow, ShortcutFlow } = dmpo;
const network = { mlpDims: [256, 256, 256] };
/** With the steps per chunk that each has by default. */
const policies = {
  MeanFlow: { describe: () => MeanFlow.improved(), steps: 1 },
  ReFlow: { describe: () => ReFlow.standard(), steps: 4 },
  ShortcutFlow: { describe: () => ShortcutFlow.standard(), steps: 4 },
};

const tasks = {
  hopper: {
    data: () => Dataset.bundled("hopper-medium-mini"),
    epochs: 20,
    measures: { return: "return" },
    async measure(policy, steps, control) {
      return { return: (await returns(policy, { env: "hopper-v2", denoisingSteps: steps }, control)).mean };
    },
  },
  avoiding: {
    data: () => Dataset.d3il("avoid", { demonstrations: avoidingDemonstrations() }),
    epochs: 150,
    measures: { clean: "goal reached, nothing touched", entropy: "entropy of the ways" },
    async measure(policy, steps) {
      const { cleanRate, modeEntropy } = await avoidingRollouts(policy, { episodes: 60, denoisingSteps: steps });
      return { clean: round(cleanRate, 4), entropy: round(modeEntropy, 4) };
    },
  },
};

const losses = ["infonce_l2", "infonce_cosine", "hinge", "covariance"];
const each = (weights, layer = "mid") =>
  losses.flatMap((type) => weights.map((weight) => ({ type, weight, targetLayer: layer })));
const usual = { type: "infonce_l2", weight: 0.5, targetLayer: "mid" };
/** What is compared, `null` being the run without. */
const grid = [
  { task: "hopper", policy: "MeanFlow", terms: [null, ...each([0.5, 0.1])] },
  { task: "avoiding", policy: "MeanFlow", terms: [null, ...each([0.5])] },
  { task: "hopper", policy: "ReFlow", terms: [null, usual] },
  { task: "hopper", policy: "ShortcutFlow", terms: [null, usual] },
  { task: "hopper", policy: "MeanFlow", terms: ["early", "late"].map((targetLayer) => ({ ...usual, targetLayer })) },
];

const titleOf = (term) => (term ? `${term.type}, ${term.weight}, ${term.targetLayer}` : "none");

async function pretrain(task, policy, term, seed, { threads, workers }) {
  const { data, epochs, measure } = tasks[task];
  const { describe, steps } = policies[policy];
  const plain = describe().withNetwork(network);
  const before = processorSeconds();
  const description = term ? plain.withDispersive(term) : plain;
  const run = await description.pretrain(await data(), { epochs, seed, threads, workers, folder: null });
  const pretrainSeconds = round(processorSeconds() - before, 1);
  const measured = await measure(run.policy, steps, { threads, workers });
  console.error(`${task}, ${policy}, ${titleOf(term)}, seed ${seed}:`, JSON.stringify(measured));
  return { task, policy, term: titleOf(term), seed, steps, pretrainSeconds, ...measured };
}

/** Label and run of every case, what is compared with what first; of `only`, each is a part of the labels it means. */
export function cases(seeds, control, only) {
  const all = grid.flatMap(({ task, policy, terms }) =>
    seeds.flatMap((seed) =>
      terms.map((term) => [
        slug(`${task} ${policy} ${titleOf(term)} seed ${seed}`),
        () => pretrain(task, policy, term, seed, control),
      ]),
    ),
  );
  return named(all, only);
}

/** As figures name a case: what all share is left out. */
const short = (policy, { type, weight, targetLayer }) =>
  [
    policy === "MeanFlow" ? "" : `${policy},`,
    type.replace("infonce_", ""),
    weight,
    targetLayer === "mid" ? "" : targetLayer,
  ]
    .filter((part) => part !== "")
    .join(" ");

/** Lines of the table, and what a figure shows, of one measure of a task. */
function compared(rows, task, measure, title) {
  const digits = measure === "return" ? 0 : 2;
  const [lines, measured] = [[], []];
  for (const { policy, terms } of grid.filter((entry) => entry.task === task)) {
    const of = (term) => rows.filter((row) => row.task === task && row.policy === policy && row.term === titleOf(term));
    const without = new Map(of(null).map((row) => [row.seed, row[measure]]));
    for (const term of terms) {
      const runs = of(term);
      if (runs.length === 0) continue;
      const level = mean(runs.map((row) => row[measure])).toFixed(digits);
      const line = [task, policy, titleOf(term), title, level];
      const values = runs.filter(({ seed }) => without.has(seed)).map((row) => row[measure] - without.get(row.seed));
      if (!term || values.length === 0) {
        lines.push([...line, "", runs.length]);
        continue;
      }
      const { mean: centre, halfWidth } = confidenceInterval(values);
      lines.push([...line, difference({ mean: centre, halfWidth }, (value) => value.toFixed(digits)), runs.length]);
      if (halfWidth !== undefined) measured.push({ name: short(policy, term), values, mean: centre, halfWidth });
    }
  }
  return { lines, measured };
}

/** Prints the table of all rows that there are; draws the differences of those with more than one seed, a figure for each task. */
export async function summarize(rows, folder) {
  const lines = [];
  for (const [task, { measures }] of Object.entries(tasks)) {
    const parts = Object.entries(measures).map(([measure, title]) => ({
      title,
      ...compared(rows, task, measure, title),
    }));
    lines.push(...parts.flatMap((part) => part.lines));
    const panels = parts.filter(({ measured }) => measured.length > 0);
    if (panels.length === 0) continue;
    const figure = figures.sensitivityOverview(
      panels[0].measured.map(({ name }) => name),
      panels.map(({ title, measured }) => ({ kind: "intervals", title, measured })),
      {
        title: `What dispersive regularisation changes, ${task}`,
        subtitle: "difference to the run of the same seed without; points: seeds, bars: 95 % intervals",
      },
    );
    await figures.saveFigure(figure, `${folder}/dispersive-${task}.png`);
  }
  console.log(
    table(["task", "policy", "loss, weight, layer", "measure", "mean", "difference to none, 95 %", "seeds"], lines),
  );
}
