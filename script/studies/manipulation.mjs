// Robot arms: imitation of demonstrations made here, then PPO, with one denoising step: the cases of `npm run study -- manipulation`
// and what is reported of them. Networks are 256 wide where a task says nothing, and PPO's recipe is that of
// cfg/base/robomimic/finetune/ppo_meanflow_mlp.yaml.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as dmpo from "../../sdk/dist/bundle/index.js";
import { difference, freshEpisodes, mean, percent, processorSeconds, round, table, trained } from "./measuring.mjs";

const { confidenceInterval, Dataset, Diffusion, figures, Gaussian, MeanFlow, PPO, ReFlow, ShortcutFlow } = dmpo;

const network = { mlpDims: [256, 256, 256] };
const improved = MeanFlow.improved().withNetwork(network);

/** `steps`: network calls per chunk with which a policy is measured; those without acts as it is. */
const policies = {
  "meanflow-dispersive": {
    description: improved.withDispersive({ weight: 0.5, temperature: 0.5 }),
    steps: [1, 5],
  },
  meanflow: { description: improved, steps: [1, 5] },
  reflow: { description: ReFlow.standard().withNetwork(network), steps: [1, 20] },
  shortcut: { description: ShortcutFlow.standard().withNetwork(network), steps: [1, 4] },
  diffusion: { description: Diffusion.standard({ denoisingSteps: 20 }).withNetwork(network), steps: [20] },
  gaussian: {
    description: Gaussian.standard().withNetwork({ ...network, fixedStd: 0.1, horizonSteps: 4 }),
    steps: [1],
  },
};
const [main, plain] = Object.keys(policies);

/** What an episode earns: whether it succeeds, or which share of the kitchen's four elements it completes. */
const bySuccess = ({ successRate }) => [successRate.mean, successRate.standardError];
const byElements = (statistics) => [statistics.return.mean / 4, statistics.return.standardError / 4];

/** Of PPO: an episode per environment and iteration, decays over the whole run, little initial noise. */
const recipe = {
  ...{ environments: 50, batchSize: 500, updateEpochs: 8, actorLr: 5e-5, targetKl: 0.1, initialNoiseStd: 0.2 },
  ...{ actorLrScheduler: { type: "cosine_custom" }, criticLrScheduler: { type: "cosine_custom" } },
  noise: { minStd: 0.08, maxStd: 0.2, finalMaxStd: 0.1, schedule: "linear" },
  ...{ valFreq: 9, evaluationEpisodes: 50 },
};
/** Joints of the kitchen's arm follow at once: less noise, and many small steps of large batches, as far as a divergence of 1. */
const kitchen = {
  noise: { minStd: 0.05, maxStd: 0.12, finalMaxStd: 0.06, schedule: "linear" },
  ...{ batchSize: 1750, updateEpochs: 10, actorLr: 1e-5, targetKl: 1, valFreq: 6 },
};

/** Many small iterations, each learned from in large batches. */
const fewEnvironments = { environments: 20, batchSize: 1000, updateEpochs: 10, targetKl: 0.3 };

/** Demonstrations of mixed quality, from which a policy learns something and not all. */
const mixed = { episodes: 100, quality: "mixed" };
/** Of tasks that want precision, from whose mixed ones it learns next to nothing: those by which the demonstrator was measured. */
const proficient = { episodes: 200, quality: "proficient", seed: 1000 };
/** Of tasks of many phases: wider networks, longer chunks, and no dispersive regularisation; PPO as of the kitchen. */
const long = {
  ...{ demonstrations: proficient, kinds: [plain], calls: [1, 2, 5], epochs: 100, denoisingSteps: 2 },
  network: { mlpDims: [512, 512, 512], horizonSteps: 8 },
  recipe: { ...kitchen, environments: 20, batchSize: 880, actorLr: 5e-6 },
};

/**
 * `kinds`: policies that imitate, where nothing is said the first alone; PPO begins with the task's first; `network`: wider than others',
 * or with longer chunks; `calls` per chunk with which a policy is measured, and `denoisingSteps`, 1 where nothing is said, with which it
 * is fine-tuned; `demonstrations`: mixed where nothing is said;
 * `limit`: steps of an episode in training and measuring; `budget`: environment steps of PPO; `published`: what it is compared with.
 */
const tasks = {
  lift: {
    ...{ set: ["robomimic", "lift"], limit: 150, epochs: 10, budget: 400_000, mark: 1, published: 1 },
    recipe: { environments: 20, valFreq: 18 },
  },
  can: {
    set: ["robomimic", "can"],
    limit: 400,
    epochs: 300,
    budget: 500_000,
    mark: 0.98,
    published: 1,
    kinds: Object.keys(policies),
    recipe: { initialNoiseStd: 1, environments: 20 },
  },
  "can-proficient": {
    ...{ set: ["robomimic", "can"], limit: 400, epochs: 100, budget: 500_000, mark: 0.98, published: 1 },
    demonstrations: { episodes: 100, quality: "proficient" },
    recipe: {
      ...{ ...fewEnvironments, initialNoiseStd: 1 },
      noise: { minStd: 0.1, maxStd: 0.5, finalMaxStd: 0.1, schedule: "linear" },
    },
  },
  "kitchen-complete": {
    ...{ set: ["kitchen", "complete"], env: "kitchen-complete-v0", limit: 280, epochs: 300, budget: 700_000 },
    ...{ mark: 0.95, published: 0.949, score: byElements, recipe: kitchen },
  },
  "kitchen-mixed": {
    ...{ set: ["kitchen", "mixed"], env: "kitchen-mixed-v0", limit: 280, epochs: 300, budget: 420_000 },
    ...{ mark: 0.99, published: 1, score: byElements, recipe: { ...kitchen, actorLr: 3e-6 } },
  },
  square: {
    ...{ set: ["robomimic", "square"], limit: 400, epochs: 60, budget: 2_000_000, mark: 0.83, published: 0.83 },
    ...{ demonstrations: proficient, kinds: [main, plain] },
    recipe: {
      ...{ ...fewEnvironments, initialNoiseStd: 0.5, actorLr: 3e-5 },
      noise: { minStd: 0.05, maxStd: 0.15, finalMaxStd: 0.08, schedule: "linear" },
    },
  },
  one_leg_low: {
    ...long,
    ...{ set: ["furniture", "one_leg_low"], env: "one_leg_low_dim", limit: 700, budget: 700_000, mark: 0.9 },
  },
  transport: {
    ...long,
    ...{ set: ["robomimic", "transport"], limit: 800, budget: 500_000, mark: "+0.25", published: 0.884 },
  },
};

const kindsOf = (task) => tasks[task].kinds ?? [main];

/** Rows of what a kind of policy imitated of a task. */
const imitations = (rows, task, kind) =>
  rows.filter((row) => row.stage === "pretrain" && row.task === task && row.policy === kind);

/** What a tiny run, for trying a case, takes of everything. */
const tiny = { episodes: 2, epochs: 1, measured: 2, budget: 400 };

function settingsOf(task, isTiny) {
  const { set, env = set[1], score = bySuccess, demonstrations = mixed, denoisingSteps = 1, ...rest } = tasks[task];
  const scale = isTiny ? { ...tiny, limit: 40, environments: 2 } : { measured: 100, environments: 50 };
  return { ...rest, set, env, score, demonstrations, denoisingSteps, ...scale };
}

async function dataOf({ set: [family, name], demonstrations, episodes = demonstrations.episodes }, { folder }) {
  process.env.DMPO_DATA_DIR = join(folder, "data", `${demonstrations.quality}-${episodes}`);
  mkdirSync(process.env.DMPO_DATA_DIR, { recursive: true });
  return Dataset[family](name, { make: { ...demonstrations, episodes } });
}

/** Share and standard error over fresh episodes, sampled noise. */
async function measure(policy, { env, limit, measured, environments, score }, denoisingSteps, control) {
  const settings = { env, environments, episodes: measured, maxEpisodeSteps: limit, denoisingSteps };
  return score(await freshEpisodes(policy, settings, control)).map((value) => round(value, 3));
}

/** The base of a kind and seed, trained once and kept beside the runs, and the file that has its success by calls per chunk. */
async function baseOf(task, kind, seed, settings, { folder, threads, workers }) {
  const name = `bases/${task}-${kind}-${seed}`;
  const data = await dataOf(settings, { folder });
  const input = { epochs: settings.epochs, seed };
  const { description } = policies[kind];
  const described = () => (settings.network ? description.withNetwork(settings.network) : description);
  const base = await trained(name, described, data, input, { folder, threads, workers });
  return { ...base, data, successFile: join(folder, name, "success.json") };
}

async function pretrain(task, kind, seed, control) {
  const settings = settingsOf(task, control.tiny);
  const { policy, pretrainSeconds, data, successFile } = await baseOf(task, kind, seed, settings, control);
  const measured = {};
  // How many calls are best is compared where policies are.
  const several =
    settings.calls ?? (kindsOf(task).length > 2 ? policies[kind].steps : policies[kind].steps.slice(0, 1));
  for (const steps of several) measured[steps] = await measure(policy, settings, steps, control);
  writeFileSync(successFile, JSON.stringify(measured));
  console.error(`${task}, ${kind}, seed ${seed}: ${JSON.stringify(measured)}`);
  const { epochs, limit } = settings;
  const { episodeLengths, observations, observationDimension } = data;
  const learned = { episodes: episodeLengths.length, steps: observations.length / observationDimension };
  return {
    ...{ stage: "pretrain", task, policy: kind, seed, epochs, limit, demonstrations: learned },
    ...{ cpuSeconds: round(pretrainSeconds, 1), measured },
  };
}

async function finetune(task, seed, control) {
  const { threads, workers, minutes = Infinity } = control;
  const settings = settingsOf(task, control.tiny);
  const [kind] = kindsOf(task);
  const { denoisingSteps } = settings;
  const { policy: base, successFile } = await baseOf(task, kind, seed, settings, control);
  // A policy may have been measured with other calls.
  const known = existsSync(successFile) ? JSON.parse(readFileSync(successFile, "utf8")) : {};
  const before = known[denoisingSteps] ?? (await measure(base, settings, denoisingSteps, control));
  const chosen = { ...recipe, ...settings.recipe };
  const { initialNoiseStd } = chosen;
  const begins = await measure(base.withOptions({ initialNoiseStd }), settings, denoisingSteps, control);
  const environments = control.tiny ? 2 : chosen.environments;
  const steps = Math.ceil(settings.limit / (settings.network?.horizonSteps ?? 4));
  const training = Math.max(2, Math.ceil(settings.budget / (environments * settings.limit)));
  const began = processorSeconds();
  const seconds = [];
  const spent = new AbortController();
  const run = await PPO.finetune(base, {
    ...chosen,
    ...{ env: settings.env, maxEpisodeSteps: settings.limit, seed, environments, steps, denoisingSteps },
    ...{ folder: null, threads, workers },
    iterations: training + Math.ceil(training / (chosen.valFreq - 1)) + 1,
    ...(control.tiny && { batchSize: 10, evaluationEpisodes: 2 }),
    signal: spent.signal,
    onProgress(record) {
      seconds.push(processorSeconds() - began);
      if (seconds.at(-1) > 60 * minutes) spent.abort();
      const mode = "eval/avg episode reward" in record ? "eval" : "train";
      const [share, value] = ["success rate", "avg episode reward"].map((name) => record[`${mode}/${name}`]);
      const kl = record["loss/approx kl"];
      console.error(
        `${task}, seed ${seed}: ${mode} after ${record.step} steps: success ${share}, return ${value}, kl ${kl}`,
      );
    },
  });
  const after = await measure(run.last, settings, denoisingSteps, control);
  const isLastBest = run.policy.weights.every((weight, i) => weight === run.last.weights[i]);
  const best = isLastBest ? after : await measure(run.policy, settings, denoisingSteps, control);
  const curve = run.curve.flatMap(({ mode, environmentSteps, episodes }, i) => {
    if (episodes.episodes === 0) return [];
    const share = round(settings.score(episodes)[0], 3);
    return [[mode === "evaluation" ? 1 : 0, environmentSteps, share, round(seconds[i] ?? 0, 1)]];
  });
  return {
    ...{ stage: "finetune", task, policy: kind, denoisingSteps, seed, limit: settings.limit, budget: settings.budget },
    ...{ environmentSteps: run.environmentSteps, stopped: run.interrupted, before, begins, after, best },
    ...{ seconds: round(run.seconds, 1), cpuSeconds: round(seconds.at(-1) ?? 0, 1), curve },
  };
}

/** Label and run of every case: `<task>-<policy>` and `<task>-ppo`; `only` names some, or whole tasks. */
export function cases(seeds, control, only) {
  const of = (task) => [
    ...kindsOf(task).map((kind) => [`${task}-${kind}`, (seed) => pretrain(task, kind, seed, control)]),
    [`${task}-ppo`, (seed) => finetune(task, seed, control)],
  ];
  return Object.keys(tasks)
    .flatMap((task) => of(task).map((entry) => [task, ...entry]))
    .filter(([task, name]) => !only || only.includes(task) || only.includes(name))
    .flatMap(([, name, run]) => seeds.map((seed) => [`${name}-seed-${seed}`, () => run(seed)]));
}

/** Prints the tables of all rows that there are and names the cases that are missing; draws the curves to a file in `folder`. */
export async function summarize(rows, folder) {
  const shown = ([value, error]) => `${percent(value)} ± ${Math.round(100 * error)}`;
  const missing = [];
  const head = ["task", "policy", "seed", "demonstrations", "epochs", "episodes cut off at"];
  const imitated = [];
  for (const task of Object.keys(tasks)) {
    for (const kind of kindsOf(task)) {
      const found = imitations(rows, task, kind);
      if (found.length === 0) missing.push(`${task}-${kind}`);
      for (const { seed, demonstrations: learned, epochs, limit, measured, cpuSeconds } of found) {
        const data = `${learned.episodes} (${learned.steps.toLocaleString("en-US")} steps)`;
        const values = Object.entries(measured).map(([steps, value]) => `${steps}: ${shown(value)}`);
        const columns = [task, kind, seed, data, epochs, limit, values.join(", "), `${Math.round(cpuSeconds)} s`];
        imitated.push(columns);
      }
    }
  }
  console.log(table([...head, "success by calls per chunk", "processor time"], imitated));
  const differences = Object.keys(tasks).flatMap((task) => regularised(rows, task));
  const columns = ["task", "calls per chunk", "with", "without", "difference, 95 %", "seeds"];
  if (differences.length > 0) console.log(`\nDispersive regularisation:\n\n${table(columns, differences)}`);
  const tuned = [];
  const series = [];
  for (const [task, { budget, mark, published }] of Object.entries(tasks)) {
    const found = rows.filter((row) => row.stage === "finetune" && row.task === task);
    if (found.length === 0) missing.push(`${task}-ppo`);
    for (const row of found) {
      const { seed, denoisingSteps = 1, environmentSteps, stopped, cpuSeconds, curve } = row;
      const label = denoisingSteps > 1 ? `${task}, ${denoisingSteps} calls per chunk` : task;
      const steps = `${environmentSteps.toLocaleString("en-US")}${stopped ? ` of ${budget.toLocaleString("en-US")}, stopped` : ""}`;
      const wanted = typeof mark === "number" ? percent(mark) : mark;
      const known = published === undefined ? "" : percent(published);
      const values = [shown(row.before), shown(row.begins), `**${shown(row.after)}**`, shown(row.best)];
      tuned.push([label, seed, ...values, steps, wanted, known, `${Math.round(cpuSeconds)} s`]);
      const evaluations = curve.filter(([isEvaluation]) => isEvaluation === 1);
      series.push({
        name: found.length > 1 ? `${label}, seed ${seed}` : label,
        x: evaluations.map(([, environmentSteps]) => environmentSteps),
        y: evaluations.map(([, , share]) => share),
      });
    }
  }
  const measures = ["before", "with less initial noise", "after", "checkpoint of the best evaluation"];
  const compared = ["environment steps", "mark", "published", "processor time"];
  console.log(`\n${table(["task", "seed", ...measures, ...compared], tuned)}`);
  if (missing.length > 0) console.log(`\nnot run yet: ${missing.join(", ")}`);
  await drawComparison(rows, folder);
  if (series.length === 0) return;
  const figure = figures.learningCurve(series, {
    title: "PPO after imitation of demonstrations made here",
    subtitle:
      "share of successful episodes, in the kitchen of completed elements; one call per chunk where nothing is said",
    y: "share in evaluations",
  });
  const file = `${folder}/manipulation.png`;
  await figures.saveFigure(figure, file);
  console.log(`\nlearning curves: ${file}`);
}

/** Lines of what dispersive regularisation changes, over the seeds that have both. */
function regularised(rows, task) {
  const pairs = imitations(rows, task, main).flatMap((row) =>
    imitations(rows, task, plain)
      .filter(({ seed }) => seed === row.seed)
      .map((without) => [row, without]),
  );
  if (pairs.length === 0) return [];
  const common = policies[main].steps.filter((calls) => pairs.flat().every(({ measured }) => calls in measured));
  return common.map((calls) => {
    const values = pairs.map((pair) => pair.map(({ measured }) => measured[calls][0]));
    const interval = confidenceInterval(values.map(([regularly, without]) => regularly - without));
    const points = (share) => Math.round(100 * share);
    const [known, plainly] = [0, 1].map((i) => percent(mean(values.map((pair) => pair[i]))));
    return [task, calls, known, plainly, `${difference(interval, points)} points`, values.length];
  });
}

/** Kinds of policy before PPO, with one network call per chunk and with several: of every task that compares them a picture in `folder`. */
async function drawComparison(rows, folder) {
  for (const task of Object.keys(tasks).filter((task) => kindsOf(task).length > 2)) {
    const bars = kindsOf(task).flatMap((kind) => {
      const seeds = imitations(rows, task, kind).map(({ measured }) => measured);
      return Object.keys(seeds[0] ?? {}).map((calls) => ({
        name: `${kind}, ${calls}`,
        mean: mean(seeds.map((measured) => measured[calls][0])),
        spread: Math.hypot(...seeds.map((measured) => measured[calls][1])) / seeds.length,
      }));
    });
    if (bars.length === 0) continue;
    const figure = figures.comparisonBars(
      bars.map(({ name }) => name),
      [{ name: task, values: bars }],
      {
        title: `Imitation of demonstrations made here: ${task}`,
        subtitle: "policy and network calls per chunk; 100 episodes of each seed, whiskers: standard error",
        y: "share of successful episodes",
      },
    );
    const file = `${folder}/${task}-policies.png`;
    await figures.saveFigure(figure, file);
    console.log(`\nkinds of policy: ${file}`);
  }
}
