// Every state policy on hopper: `npm run study -- policies`. Pre-training by each, over numbers of denoising steps; then PPO from some of
// them with the same settings and the same environment steps, timed by the processor. Networks are 256 wide, as in the quick start.
import * as dmpo from "../../sdk/dist/bundle/index.js";
import {
  curveOf,
  mean,
  named,
  overSeeds,
  returns,
  slug,
  spread,
  table,
  trained,
  whole,
  wideExploration,
} from "./measuring.mjs";

const { ConsistencyModel, Dataset, Diffusion, figures, Gaussian, GMM, MeanFlow, PPO, ReFlow, ShortcutFlow } = dmpo;
const env = "hopper-v2";
const network = { mlpDims: [256, 256, 256] };
const few = [1, 2, 5, 10];
/** Gaussians and mixtures explore with it; they are measured as they act otherwise, with means. */
const deviation = { fixedStd: 0.1 };

/** `base`: another's weights, sampled in another way. `teacher`: what is distilled. */
const policies = {
  MeanFlow: { describe: () => MeanFlow.standard().withNetwork(network), steps: few },
  "improved MeanFlow": { describe: () => MeanFlow.improved().withNetwork(network), steps: few },
  ReFlow: { describe: () => ReFlow.standard().withNetwork(network), steps: few },
  ShortcutFlow: { describe: () => ShortcutFlow.standard().withNetwork(network), steps: few },
  "Consistency, from ReFlow": {
    ...{ teacher: "ReFlow", steps: few },
    describe: (teacher) => ConsistencyModel.distil(teacher).withNetwork(network),
  },
  DDPM: { describe: () => Diffusion.standard({ denoisingSteps: 20 }).withNetwork(network), steps: [...few, 20] },
  "DDIM, from DDPM": { base: "DDPM", options: { useDdim: true }, steps: [...few, 20] },
  Gaussian: {
    describe: () => Gaussian.standard({ actingStd: 0 }).withNetwork({ ...network, ...deviation }),
    steps: [1],
  },
  GMM: { describe: () => GMM.standard({ actingStd: 0 }).withNetwork({ ...network, ...deviation }), steps: [1] },
  "DDPM, U-Net": {
    describe: () =>
      Diffusion.standard({ denoisingSteps: 20 }).withNetwork({ type: "unet", dim: 16, dimMults: [1, 2], nGroups: 4 }),
    steps: [...few, 20],
  },
  "Gaussian, Transformer": {
    describe: () =>
      Gaussian.standard({ actingStd: 0 }).withNetwork({
        ...{ type: "transformer", transformerEmbedDim: 64, transformerNumHeads: 4, transformerNumLayers: 2 },
        ...deviation,
      }),
    steps: [1],
  },
};

/** 36 iterations of 40 environments with 50 chunks of four actions, an evaluation after every four. */
const budget = {
  ...{ preset: "quick", iterations: 46, valFreq: 5, evaluationEpisodes: 20 },
  noise: wideExploration,
};
/** Flows begin with noise as wide as in training, so that it is policies that differ. */
const flow = (denoisingSteps) => ({ denoisingSteps, initialNoiseStd: 1 });
/** Steps per chunk in training and evaluation; `options`: where the quick recipe, made for one step, needs others. */
const tuned = {
  "improved MeanFlow, 1 step": { base: "improved MeanFlow", steps: 1, options: flow(1) },
  "ReFlow, 4 steps": { base: "ReFlow", steps: 4, options: flow(4) },
  // Ten of twenty steps learn; each is a sample, so ten times the chunks make as many updates.
  "DDPM, 20 steps": { base: "DDPM", steps: 20, options: { ftDenoisingSteps: 10, batchSize: 5000 } },
  Gaussian: { base: "Gaussian", steps: 1, options: {} },
  "ShortcutFlow, 4 steps": { base: "ShortcutFlow", steps: 4, options: flow(4) },
  "improved MeanFlow, 4 steps": { base: "improved MeanFlow", steps: 4, options: flow(4) },
  "ReFlow, 1 step": { base: "ReFlow", steps: 1, options: flow(1) },
};

/** The policy of a name and seed, trained once. */
async function pretrained(name, seed, control) {
  const { base, options, teacher, describe } = policies[name];
  if (base) {
    const { policy, pretrainSeconds } = await pretrained(base, seed, control);
    return { policy: policy.withOptions(options), pretrainSeconds };
  }
  const from = teacher && (await pretrained(teacher, seed, control)).policy;
  const data = await Dataset.bundled("hopper-medium-mini");
  return trained(`policies/${slug(name)}-${seed}`, () => describe(from), data, { seed }, control);
}

async function pretrain(name, seed, control) {
  const { policy, pretrainSeconds } = await pretrained(name, seed, control);
  const measured = {};
  for (const denoisingSteps of policies[name].steps) {
    measured[denoisingSteps] = await returns(policy, { env, denoisingSteps }, control);
  }
  console.error(
    `${name}, seed ${seed}:`,
    Object.values(measured)
      .map((one) => Math.round(one.mean))
      .join(" "),
  );
  return {
    stage: "pretrain",
    policy: name,
    seed,
    parameters: policy.weights.length,
    pretrainSeconds,
    returns: measured,
  };
}

async function finetune(name, seed, control) {
  const { base, steps, options } = tuned[name];
  const { policy } = await pretrained(base, seed, control);
  const label = `${name}, seed ${seed}`;
  const { run, row } = await curveOf(PPO, policy, { env, seed, ...budget, ...options }, control, label);
  const end = await returns(run.last, { env, denoisingSteps: steps }, control);
  return { stage: "ppo", policy: name, seed, ...row, end };
}

/** Label and run of every case, seed after seed; of `only`, each is a part of the labels it means. */
export function cases(seeds, control, only) {
  const all = seeds.flatMap((seed) => [
    ...Object.keys(policies).map((name) => [
      `pretrain-${slug(name)}-seed-${seed}`,
      () => pretrain(name, seed, control),
    ]),
    ...Object.keys(tuned).map((name) => [`ppo-${slug(name)}-seed-${seed}`, () => finetune(name, seed, control)]),
  ]);
  return named(all, only);
}

/** The last evaluation of a curve that was over within so many processor seconds. */
const within = (curve, seconds) => curve.filter((point) => point.seconds <= seconds).at(-1);

/** Prints the tables of all rows that there are; draws the curves. */
export async function summarize(rows, folder) {
  const of = (stage, name) => rows.filter((row) => row.stage === stage && row.policy === name);
  const numbers = [...few, 20];
  const first = Object.entries(policies).map(([name, { steps }]) => {
    const runs = of("pretrain", name);
    if (runs.length === 0) return [name, "not run yet", ...numbers.map(() => ""), "", 0];
    const cells = numbers.map((n) => (steps.includes(n) ? spread(runs.map(({ returns }) => returns[n])) : "-"));
    const seconds = whole(mean(runs.map(({ pretrainSeconds }) => pretrainSeconds)));
    return [name, whole(runs[0].parameters), ...cells, `${seconds} s`, runs.length];
  });
  console.log("Pre-training\n");
  console.log(table(["policy", "parameters", ...numbers.map((n) => `${n}`), "processor", "seeds"], first));

  const present = Object.keys(tuned).filter((name) => of("ppo", name).length > 0);
  const second = present.map((name) => {
    const runs = of("ppo", name);
    const over = (value) => mean(runs.map(value));
    const ends = runs.map(({ end }) => spread([end]));
    const half = over(({ curve }) => curve[Math.floor(curve.length / 2)].mean);
    const start = over(({ curve }) => curve[0].mean);
    const columns = [whole(start), whole(half), `**${whole(over(({ end }) => end.mean))}**`, ends.join(", ")];
    return [name, ...columns, `${whole(over(({ learningSeconds }) => learningSeconds))} s`, runs.length];
  });
  console.log("\nPPO, one budget of environment steps\n");
  console.log(table(["policy", "before", "half of the steps", "all of them", "by seed", "processor", "seeds"], second));

  const budgets = [15, 30, 60, 120];
  const third = present.map((name) => {
    const runs = of("ppo", name);
    const cells = budgets.map((seconds) => {
      if (runs.some(({ learningSeconds }) => learningSeconds < seconds / 1.5)) return "";
      const points = runs.map(({ curve }) => within(curve, seconds));
      return `${whole(mean(points.map((point) => point.mean)))} (${whole(mean(points.map((point) => point.environmentSteps)) / 1000)} k)`;
    });
    return [name, ...cells, runs.length];
  });
  console.log("\nPPO, one budget of processor seconds: the last evaluation by then (and its environment steps)\n");
  console.log(table(["policy", ...budgets.map((seconds) => `${seconds} s`), "seeds"], third));

  if (present.length === 0) return;
  const series = (x) =>
    present.map((name) =>
      overSeeds(
        name,
        of("ppo", name).map(({ curve }) => curve.map((point) => [point[x], point.mean])),
      ),
    );
  const titles = {
    title: "PPO from every kind of policy, hopper",
    subtitle: "mean return of 20 episodes; band: deviation over seeds",
  };
  for (const [x, axis, file] of [
    ["environmentSteps", "environment steps", "hopper-policies.png"],
    ["seconds", "processor seconds of collecting and learning", "hopper-policies-seconds.png"],
  ]) {
    await figures.saveFigure(figures.learningCurve(series(x), { ...titles, x: axis }), `${folder}/${file}`);
  }
}
