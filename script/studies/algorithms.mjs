// Every way to learn on hopper, with the same number of environment steps: the cases of `npm run study -- algorithms`, and what is
// reported of them. Networks, minibatches and updates per step are smaller than the defaults, so that a run takes minutes.
import * as dmpo from "../../sdk/dist/bundle/index.js";
import {
  evaluationsOf,
  freshEpisodes,
  mean,
  overSeeds,
  slug,
  table,
  tellEvaluations,
  trained,
  whole,
  wideExploration,
} from "./measuring.mjs";

const { Dataset, Diffusion, figures, Gaussian, MeanFlow, ReFlow } = dmpo;

/** Control steps of training, in all environments together; those of evaluations are not counted. */
const budget = 100_000;
const [env, mlpDims] = ["hopper-v2", [256, 256, 256]];

/** What methods that fine-tune begin with: 34 epochs of imitation, chunks of four actions. */
const bases = {
  diffusion: () => Diffusion.standard({ denoisingSteps: 10 }).withNetwork({ mlpDims }),
  meanflow: () => MeanFlow.improved().withNetwork({ mlpDims }),
  reflow: () => ReFlow.standard().withNetwork({ mlpDims }),
  gaussian: () => Gaussian.standard().withNetwork({ mlpDims, fixedStd: 0.1, horizonSteps: 4 }),
};

/** 20 iterations of 125 chunks in ten environments, an evaluation after every four. */
const chunked = { iterations: 26, valFreq: 5, steps: 125, environments: 10, batchSize: 256, evaluationEpisodes: 20 };
/** Ten of 250 chunks, which is the length of an episode, for methods that want whole ones. */
const episodic = { ...chunked, iterations: 16, valFreq: 3, steps: 250 };
/** 25 of a thousand chunks in one environment. */
const alone = { ...chunked, environments: 1, iterations: 31, valFreq: 6, steps: 1000, evaluationEpisodes: 10 };
const scaled = { rewardScale: 0.01 };
/** An update for every fourth action. */
const rare = { batchSize: 256, criticReplayRatio: 64, actorReplayRatio: 64 };
const warm = { ...scaled, nCriticWarmupItr: 2 };

/** Of methods that begin with fresh weights, but for SAC, which takes single actions. */
const squashed = Gaussian.standard({ tanhOutput: true }).withNetwork({
  ...{ horizonSteps: 4, mlpDims: [256, 256], activationType: "ReLU", tanhOutput: false },
  ...{ stdMin: 6.7e-3, stdMax: 7.3891 },
});

/** `start`: name of the base; without it the run begins with fresh weights. `wantsData`: learns from the demonstrations besides. */
const methods = {
  PPO: {
    start: "diffusion",
    options: { ...episodic, preset: "quick", batchSize: 5000, noise: wideExploration },
  },
  "PPO, MeanFlow": { page: "PPO", start: "meanflow", options: { ...episodic, preset: "quick", batchSize: 500 } },
  AWR: { start: "diffusion", options: { ...chunked, ...scaled, batchSize: 1000 } },
  RWR: { start: "diffusion", options: { ...episodic, batchSize: 1000 } },
  GRPO: { start: "gaussian", options: { ...episodic, nGroups: 2, batchSize: 500 } },
  QSM: { start: "diffusion", options: { ...chunked, ...warm } },
  DIPO: { start: "diffusion", options: { ...chunked, ...warm } },
  IDQL: { start: "diffusion", options: { ...chunked, ...warm, replayRatio: 64 } },
  DQL: { start: "diffusion", options: { ...chunked, ...warm } },
  SAC: { options: { ...alone, ...rare, iterations: 106, valFreq: 21 } },
  "Cal-QL": {
    ...{ wantsData: true, policy: squashed, run: calql },
    options: { batchSize: 128, nRandomActions: 4, cqlNActions: 4, evaluationEpisodes: 10 },
  },
  IBRL: {
    ...{ start: "gaussian", wantsData: true },
    options: { ...alone, batchSize: 128, updateFreq: 4, criticNumUpdate: 2, nCritics: 3 },
  },
  FQL: {
    ...{ start: "reflow", wantsData: true },
    options: { ...alone, iterations: 37, valFreq: 7, batchSize: 128, offlineSteps: 5000, evalBaseModel: false },
  },
  RLPD: {
    ...{ wantsData: true, policy: squashed },
    options: { ...alone, batchSize: 128, explorationSteps: 1250, criticNumUpdate: 1, nCritics: 3 },
  },
};

/** 2,700 updates on demonstrations, then one for every fourth chunk, until the budget is spent. */
async function calql({ data, options, control }) {
  const offline = await dmpo.CalQL.offline(data, {
    ...options,
    env,
    iterations: 11,
    valFreq: 10,
    numUpdate: 300,
    ...control,
  });
  const spent = new AbortController();
  const onProgress = ({ step }) => step >= budget && spent.abort();
  const online = await offline.online({
    ...{ iterations: 10_000, valFreq: 50, onlineUtdRatio: 0.25, folder: null },
    ...{ signal: spent.signal, onProgress: (record) => (control.onProgress(record), onProgress(record)) },
  });
  const settings = { env, environments: 10, episodes: 10, denoisingSteps: 1, initialNoise: "zero" };
  const end = {
    environmentSteps: online.environmentSteps,
    episodes: await freshEpisodes(online.last, settings, control),
  };
  return {
    seconds: offline.seconds + online.seconds,
    environmentSteps: online.environmentSteps,
    curve: [...offline.curve, ...online.curve, { mode: "evaluation", ...end }],
  };
}

async function learn(name, seed, { folder, ...control }) {
  const { page = name, start, wantsData, policy, options, run } = methods[name];
  const data = await Dataset.bundled("hopper-medium-mini");
  const kept = { folder, ...control };
  const base = start && (await trained(`${start}-${seed}`, bases[start], data, { epochs: 20, seed }, kept)).policy;
  const input = { env, seed, ...options, ...(wantsData && { data }), ...(policy && { policy }) };
  const progress = { ...control, folder: null, onProgress: tellEvaluations(`${name}, seed ${seed}`) };
  const before = process.cpuUsage().user;
  const done = run
    ? await run({ data, options: { seed, policy, ...options }, control: progress })
    : await (base ? dmpo[page].finetune(base, { ...input, ...progress }) : dmpo[page].train({ ...input, ...progress }));
  return {
    ...{ method: name, seed, environmentSteps: done.environmentSteps, wallSeconds: done.seconds },
    cpuSeconds: (process.cpuUsage().user - before) / 1e6,
    curve: evaluationsOf(done).map(({ environmentSteps, episodes }) => [
      environmentSteps,
      Math.round(episodes.return.mean),
      Math.round(episodes.return.standardDeviation),
    ]),
  };
}

/** Label and run of every case; `only` names some, as the table or as files do. `control` may name the folder where the bases are kept. */
export function cases(seeds, control, only) {
  const names = Object.keys(methods).filter((name) => !only || only.some((part) => slug(part) === slug(name)));
  return seeds.flatMap((seed) => names.map((name) => [`${slug(name)}-seed-${seed}`, () => learn(name, seed, control)]));
}

/** Prints the table of all rows that there are and names those that are missing; draws the curves into a folder. */
export async function summarize(rows, folder) {
  const of = (name) => rows.filter(({ method }) => method === name);
  const lines = Object.entries(methods).map(([name, { start, wantsData }]) => {
    const begins = `${start ?? "fresh weights"}${wantsData ? ", demonstrations" : ""}`;
    const runs = of(name);
    if (runs.length === 0) return [name, begins, "not run yet", "", "", "", "", "0"];
    const over = (value) => mean(runs.map(value));
    const [last, deviation] = [1, 2].map((column) => whole(over(({ curve }) => curve.at(-1)[column])));
    const best = over(({ curve }) => Math.max(...curve.map(([, value]) => value)));
    const times = [over(({ cpuSeconds }) => cpuSeconds), over(({ wallSeconds }) => wallSeconds)];
    const returns = [whole(over(({ curve }) => curve[0][1])), `**${last}** ± ${deviation}`, whole(best)];
    return [name, begins, ...returns, ...times.map((s) => `${whole(s)} s`), runs.length];
  });
  const heads = ["before", "after 100,000 steps", "best evaluation", "processor time", "wall time", "seeds"];
  console.log(table(["method", "begins with", ...heads], lines));
  const present = Object.keys(methods).filter((name) => of(name).length > 0);
  if (present.length === 0) return;
  const series = present.map((name) =>
    overSeeds(
      name,
      of(name).map(({ curve }) => curve),
    ),
  );
  const figure = figures.learningCurve(series, {
    title: "Ways to learn, hopper",
    subtitle: `mean return of evaluations, ${series.some(({ spread }) => spread) ? "over seeds; band: deviation over them" : "one seed each"}`,
  });
  const picture = `${folder}/hopper-algorithms.png`;
  await figures.saveFigure(figure, picture);
  console.log(`\nlearning curves: ${picture}`);
}
