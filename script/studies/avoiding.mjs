// The avoiding task of D3IL: `npm run study -- avoiding`. Pre-training on its three sets of eight demonstrations, over numbers of denoising
// steps; then PPO in the task that wants the leftmost gap of the last row. DMPO_D3IL_DEMONSTRATIONS names the folder of the recordings.
import * as dmpo from "../../sdk/dist/bundle/index.js";
import * as measuring from "./measuring.mjs";

const { avoidingRollouts, Dataset, Diffusion, figures, Gaussian, GMM, MeanFlow, PPO, ReFlow, ShortcutFlow } = dmpo;
const { mean, percent, round, slug, table, whole } = measuring;

/** 1,500 passes over some 600 windows; the published configurations have 10,000 with batches of 16. */
const epochs = 1500;
const network = { mlpDims: [256, 256, 256] };
const deviation = { fixedStd: 0.1 };
const few = [1, 2, 5, 10];
const flow = (description) => ({ describe: () => description.withNetwork(network), steps: few });
/** `sets`: numbers of the sets that it learns from. `options`: of PPO, where it is fine-tuned. */
const policies = {
  Gaussian: {
    ...{ sets: [1, 2, 3], steps: [1], options: {} },
    describe: () => Gaussian.standard({ actingStd: 0 }).withNetwork({ ...network, ...deviation }),
  },
  GMM: {
    ...{ sets: [1, 2, 3], steps: [1], options: {} },
    describe: () => GMM.standard({ actingStd: 0 }).withNetwork({ mlpDims: [256, 256], ...deviation }),
  },
  DDPM: {
    ...flow(Diffusion.standard({ denoisingSteps: 20 })),
    ...{ sets: [1, 2, 3], steps: [...few, 20], options: { ftDenoisingSteps: 10, batchSize: 5000 } },
  },
  "improved MeanFlow": { sets: [1], ...flow(MeanFlow.improved()) },
  ReFlow: { sets: [1], ...flow(ReFlow.standard()) },
  ShortcutFlow: { sets: [1], ...flow(ShortcutFlow.standard()) },
};
/** 20 iterations of 50 whole episodes, and an evaluation after every five. */
const budget = {
  preset: "quick",
  iterations: 25,
  valFreq: 6,
  steps: 25,
  environments: 50,
  resetAtIteration: true,
  noise: measuring.wideExploration,
};

async function pretrained(name, set, seed, control) {
  const demonstrations = measuring.avoidingDemonstrations();
  const data = await Dataset.d3il(`avoid_m${set}`, { demonstrations });
  const { describe } = policies[name];
  return measuring.trained(`avoiding/${slug(name)}-m${set}-${seed}`, describe, data, { epochs, seed }, control);
}

async function pretrain(name, set, seed, control) {
  const { policy, pretrainSeconds } = await pretrained(name, set, seed, control);
  const rollouts = {};
  for (const denoisingSteps of policies[name].steps) {
    const options = { env: `avoid_m${set}`, episodes: 60, denoisingSteps };
    const { successRate, cleanRate, modes } = await avoidingRollouts(policy, options);
    rollouts[denoisingSteps] = { goal: round(successRate, 4), clean: round(cleanRate, 4), modes };
  }
  console.error(`${name}, m${set}, seed ${seed}:`, JSON.stringify(rollouts));
  return { stage: "pretrain", policy: name, set, seed, pretrainSeconds, rollouts };
}

async function finetune(name, set, seed, control) {
  const { policy } = await pretrained(name, set, seed, control);
  const input = { env: `avoid_m${set}`, seed, evaluationEpisodes: 50, ...budget, ...policies[name].options };
  const { row } = await measuring.curveOf(PPO, policy, input, control, `${name}, m${set}, seed ${seed}`);
  return { stage: "ppo", policy: name, set, seed, ...row };
}

/** Label and run of every case, set after set; of `only`, each is a part of the labels it means. */
export function cases(seeds, control, only) {
  const all = [1, 2, 3].flatMap((set) =>
    seeds.flatMap((seed) => {
      const names = Object.keys(policies).filter((name) => policies[name].sets.includes(set));
      const label = (stage, name) => `${stage}-m${set}-${slug(name)}-seed-${seed}`;
      const tuned = names.filter((name) => policies[name].options);
      return [
        ...names.map((name) => [label("pretrain", name), () => pretrain(name, set, seed, control)]),
        ...tuned.map((name) => [label("ppo", name), () => finetune(name, set, seed, control)]),
      ];
    }),
  );
  return measuring.named(all, only);
}

/** Prints the tables of all rows that there are; draws the curves. */
export async function summarize(rows, folder) {
  const groups = [1, 2, 3].flatMap((set) => Object.keys(policies).map((name) => [set, name]));
  const of = (stage, [set, name]) =>
    rows.filter((row) => row.stage === stage && row.set === set && row.policy === name);
  const numbers = [...few, 20];
  const first = groups
    .filter((group) => of("pretrain", group).length > 0)
    .map((group) => {
      const runs = of("pretrain", group);
      const cell = (n) => {
        const measured = runs.flatMap(({ rollouts }) => rollouts[n] ?? []);
        if (measured.length === 0) return "-";
        const ways = new Set(measured.flatMap(({ modes }) => Object.keys(modes))).size;
        return `${percent(mean(measured.map(({ goal }) => goal)))}, ${percent(mean(measured.map(({ clean }) => clean)))} (${ways})`;
      };
      const seconds = whole(mean(runs.map(({ pretrainSeconds }) => pretrainSeconds)));
      return [`m${group[0]}`, group[1], ...numbers.map(cell), `${seconds} s`, runs.length];
    });
  console.log("Pre-training: goal reached, without touching (ways)\n");
  console.log(table(["set", "policy", ...numbers.map(String), "processor", "seeds"], first));
  const tuned = groups.filter((group) => of("ppo", group).length > 0);
  const second = tuned.map((group) => {
    const runs = of("ppo", group);
    const over = (value) => mean(runs.map(value));
    const at = (point) =>
      `${over(({ curve }) => point(curve).mean).toFixed(1)} (${percent(over(({ curve }) => point(curve).success))})`;
    const steps = whole(over(({ environmentSteps }) => environmentSteps));
    const ends = [at((curve) => curve[0]), at((curve) => curve.at(-1))];
    return [
      `m${group[0]}`,
      group[1],
      ...ends,
      steps,
      `${whole(over(({ learningSeconds }) => learningSeconds))} s`,
      runs.length,
    ];
  });
  console.log("\nPPO: return (success)\n");
  console.log(table(["set", "policy", "before", "after", "environment steps", "processor", "seeds"], second));
  if (tuned.length === 0) return;
  const series = tuned.map((group) => {
    const curves = of("ppo", group).map(({ curve }) => curve);
    const x = curves[0].map(({ environmentSteps }) => environmentSteps);
    const y = x.map((_, i) => mean(curves.map((curve) => curve[i].mean)));
    return { name: `m${group[0]}, ${group[1]}`, x, y };
  });
  const titles = {
    title: "PPO in the avoiding task",
    subtitle: "mean return of 50 episodes, by the set that was learned from",
  };
  await figures.saveFigure(figures.learningCurve(series, titles), `${folder}/avoiding-ppo.png`);
}
