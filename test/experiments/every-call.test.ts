// Every option of every public call: a wrong value and an unknown name end in one problem that names the option, before anything is done.
import { describe, expect, test } from "vitest";
import {
  attentionFilm,
  avoidingRollouts,
  CalQL,
  confidenceInterval,
  consoleSink,
  createRunFolder,
  Dataset,
  evaluate,
  exportOnnx,
  fetchFile,
  figures,
  InputError,
  jsonlSink,
  loadPolicy,
  localProcesses,
  makeEnvironment,
  MeanFlow,
  play,
  player,
  PPO,
  QLearningSampler,
  rayCluster,
  record,
  rollout,
  ReFlow,
  rolloutPoses,
  runJourney,
  SAC,
  sensitivity,
  slurmCluster,
  tensorBoardSink,
  timeDensity,
  VectorEnv,
  wandbSink,
  WindowSampler,
  withCameras,
  withContacts,
} from "../../sdk/src/index.js";
import { Random } from "../../sdk/src/engine/random.js";
import { TrainedPolicy } from "../../sdk/src/policies/trained-policy.js";

const data = await Dataset.bundled("hopper-medium-mini");
const model = MeanFlow.standard()
  .withNetwork({ mlpDims: [8] })
  .for(data);
const policy = new TrainedPolicy({
  ...{ model, weights: model.layout.initialise(new Random(0).stream("weights")) },
  ...{ normalization: data.normalization, environment: "hopper-v2" },
});
const state = new Float64Array(11);

/** Wrong values of options that many calls have. */
const control = {
  signal: [3],
  progress: ["yes"],
  onProgress: [{}],
  console: [1],
  sinks: [{}, [3]],
  folder: [3, ""],
  device: [3],
  threads: [-3, 0, 1.5, NaN, 100_000, "2"],
  workers: [-1, 1.5],
};
const environments = {
  environments: [0, 2.5],
  actionSteps: [0],
  maxEpisodeSteps: [-1],
  legacyTimeouts: ["no"],
  successThreshold: ["x", NaN],
};
const episode = {
  ...{ seed: [0.5, "1"], streams: [3], maxSteps: [0, "long"], denoisingSteps: [0, NaN] },
  ...{ clipIntermediate: [1], initialNoise: ["zer"], actionSteps: [0] },
};
const request = { folder: [3], original: ["x"], download: [1], make: [true, { episodes: 0 }, { qualty: "mixed" }] };
const settings = {
  ...environments,
  seed: [1.5],
  saveEvery: [-3, 0],
  films: [{ every: 0, episodes: 1 }, 3],
  resumePath: [3],
};
const run = () => ({ measure: 1 });

type Wrong = Readonly<Record<string, readonly unknown[]>>;
type Call = (options: never) => unknown;
const required = { count: 1, seed: 0, actionSteps: 1, condSteps: 1, env: "hopper-v2" };
const played = { env: "hopper-v2", episodes: 1, denoisingSteps: 1, initialNoise: "zero" as const, seed: 0 };

const titles = { title: [3], subtitle: [3] };
const line = [{ name: "a", x: [1], y: [1] }];
const estimate = { mean: 1, spread: 0 };
const measured = {
  ...{ denoisingSteps: 1, episodeReward: estimate, episodeLength: estimate, bestReward: estimate },
  ...{ inferenceFrequency: estimate, inferenceDuration: estimate },
};
const steps = [{ name: "a", results: [measured] }];
const pose = { time: 0, capsules: [{ from: [0, 0], to: [0, 1], radius: 0.1 }] };
const grid = { data: [1], shape: [1, 1] };
const seen = { cameras: [{ picture: { data: [1], shape: [1, 1, 1] }, patch: { size: 1, stride: 1 }, received: grid }] };

const calls: readonly (readonly [string, Call, Wrong])[] = [
  ["makeEnvironment", (o: object) => makeEnvironment("hopper-v2", o), { seed: ["x", 0.5], inertia: ["heavy"] }],
  [
    "render",
    async (o: object) => {
      const environment = await makeEnvironment("hopper-v2");
      try {
        environment.reset();
        return environment.render(o);
      } finally {
        environment.close();
      }
    },
    { camera: [3], width: [0, 1e6], height: [2.5], samples: [9], groups: [3], shadows: ["no"] },
  ],
  [
    "VectorEnv.create",
    (o: object) => VectorEnv.create({ ...required, ...o }),
    { count: [0, "3"], seed: ["x"], workers: [-1], actionSteps: [0], condSteps: [0], patienceSeconds: [0] },
  ],
  ["play", (o: object) => play(policy, { ...played, ...o }), { ...environments, episodes: [0], initialNoise: ["zer"] }],
  [
    "evaluate",
    (o: object) => evaluate(policy, o),
    { ...control, ...environments, denoisingSteps: [3, [], [0]], episodes: [0], initialNoise: ["zer"], seed: ["x"] },
  ],
  [
    "record",
    (o: object) => record(policy, o),
    { ...episode, width: [0], framesPerSecond: [0, 51], maxSeconds: [0], path: [3], signal: [3] },
  ],
  ["rolloutPoses", (o: object) => rolloutPoses(policy, o), episode],
  ["rollout", (o: object) => rollout(policy, o), { ...episode, title: [3], signal: [3] }],
  [
    "player",
    (o: object) => player(policy, o),
    { curves: ["reward", [3]], compareWith: [3], camera: [3], follow: ["yes"] },
  ],
  [
    "attentionFilm",
    (o: object) => attentionFilm(policy, o),
    { layer: [0], maxSteps: [0], framesPerSecond: [99], scale: [0], path: [3], seed: [0.5] },
  ],
  ["attention", (o: object) => policy.attention({ state, rgb: new Uint8Array(3) }, o), { layer: [0, 1.5] }],
  ["avoidingRollouts", (o: object) => avoidingRollouts(policy, o), { env: [3], episodes: [0], seed: ["x"] }],
  [
    "loadPolicy",
    (o: object) => loadPolicy("/absent.pt", o),
    { averagedWeights: ["x"], fetch: [{ sha256: "12" }, 3], normalization: [3], actionDim: [0], network: [3] },
  ],
  [
    "exportOnnx",
    (o: object) => exportOnnx(policy, "/absent/policy.onnx", o),
    { steps: [0, 1.5], clipIntermediate: ["x"], includeNormalization: [0] },
  ],
  [
    "learningCurve",
    (o: object) => figures.learningCurve(line, o),
    { ...titles, x: [3], y: [3], references: [3, [{ name: "best", value: NaN }]] },
  ],
  ["lossCurve", (o: object) => figures.lossCurve(line, o), { ...titles, x: [3], y: [3] }],
  [
    "histogram",
    (o: object) => figures.histogram([{ name: "a", values: [1, 2] }], o),
    { ...titles, x: [3], counted: [3], bins: [0, 2.5] },
  ],
  [
    "comparisonBars",
    (o: object) => figures.comparisonBars(["a"], [{ name: "b", values: [estimate] }], o),
    { ...titles, y: [3] },
  ],
  [
    "tablePaths",
    (o: object) => figures.tablePaths([{ mode: "a", x: [0], y: [0] }], o),
    { ...titles, obstacles: [3, [{ x: 0, y: 0, radius: 0 }]], finishLine: ["y"] },
  ],
  [
    "denoisingChart",
    (o: object) => figures.denoisingChart("episodeReward", steps, o),
    { ...titles, trainedSteps: [0], scale: ["ln"] },
  ],
  ["denoisingOverview", (o: object) => figures.denoisingOverview(steps, o), { ...titles, trainedSteps: [0] }],
  ["rolloutStrip", (o: object) => figures.rolloutStrip([pose] as never, o), { ...titles, moments: [1, 2.5] }],
  ["figures.attention", (o: object) => figures.attention(seen, o), { ...titles, names: [3] }],
  ["actionDistribution", (o: object) => figures.actionDistribution([{ name: "a", values: [1] }], ["x"], o), titles],
  [
    "sensitivityOverview",
    (o: object) => figures.sensitivityOverview(["a"], [{ kind: "lines", title: "t", x: "x", series: line }], o),
    titles,
  ],
  ["fetchFile", (o: object) => fetchFile("hf://a/b/c", o), { signal: [3], sha256: ["12"], notify: [3] }],
  [
    "sensitivity",
    (o: object) => sensitivity({ vary: { a: [1] }, run, ...o }),
    { ...control, vary: [3], run: [3, null], seeds: [3], processes: [0], confidence: [2, 0], on: ["moon", {}] },
  ],
  ["Dataset.d4rl", (o: object) => Dataset.d4rl("hopper-medium-v2", o), request],
  ["Dataset.kitchen", (o: object) => Dataset.kitchen("mixed", o), request],
  ["Dataset.robomimic", (o: object) => Dataset.robomimic("can", o), { ...request, withObject: [3], maxEpisodes: [0] }],
  ["Dataset.furniture", (o: object) => Dataset.furniture("one_leg_low", o), request],
  ["Dataset.d3il", (o: object) => Dataset.d3il("avoid", o), { ...request, demonstrations: [3] }],
  ["Dataset.hdf5", (o: object) => Dataset.hdf5("/absent.hdf5", o), { name: [3], keepUnrewarded: ["x"] }],
  ["Dataset.npz", (o: object) => Dataset.npz("/absent.npz", o), { name: [3], normalizationPath: [3] }],
  [
    "Dataset.collect",
    (o: object) => Dataset.collect("hopper-v2", () => [0, 0, 0], o),
    { episodes: [0], seed: ["x"], maxEpisodeSteps: [0, 2.5], name: [3], signal: [3] },
  ],
  ["WindowSampler", (o: object) => new WindowSampler(data, { horizonSteps: 1, ...o }), { condSteps: [0, "x"] }],
  ["QLearningSampler", (o: object) => new QLearningSampler(data, { horizonSteps: 1, ...o }), { discount: [0, "x"] }],
  [
    "Dataset.from",
    (o: object) => Dataset.from({ observations: [[1]], actions: [[1]], episodeLengths: [1], ...o }),
    { observations: [3, null], actions: [[3]], episodeLengths: [3], rewards: [3], images: [3], actionNames: [[3]] },
  ],
  ["rayCluster", (o: object) => rayCluster({ threads: 1, ...o }), { jobs: [0], cpus: [-1], resources: [{ a: "x" }] }],
  ["slurmCluster", (o: object) => slurmCluster({ threads: 1, ...o }), { threads: [0], gpus: [-1], sbatch: ["x"] }],
  ["localProcesses", (o: object) => localProcesses(o), { processes: [0], threads: [1.5], perJob: [-1] }],
  ["consoleSink", (o: object) => consoleSink({ counter: "n", ...o }), { counter: [3], total: ["x"], stream: [{}] }],
  [
    "tensorBoardSink",
    (o: object) => tensorBoardSink({ folder: "/dev/null/absent", counter: "n", ...o }),
    { folder: [3], counter: [undefined], now: [3] },
  ],
  [
    "wandbSink",
    (o: object) => wandbSink({ project: "p", name: "n", counter: "n", folder: "/dev/null/absent", ...o }),
    { project: [3], name: [undefined], offline: ["x"], folder: [3], config: [3] },
  ],
  [
    "runJourney",
    (o: object) => runJourney({ data, folder: null, ...o }),
    { ...control, data: [3, {}], env: [3], episodes: [0], mlpDims: [[0]], say: ["x"] },
  ],
  ["act", (o: object) => policy.act(state, o), { denoisingSteps: [0], initialNoise: ["zer"], seed: [0.5] }],
  ["sample", (o: object) => policy.sample(state, o), { count: [0, 2.5], denoisingSteps: ["1"], seed: [NaN] }],
  ["actor", (o: object) => policy.actor(o), { actionSteps: [0, 99], clipIntermediate: [1], seed: ["x"] }],
  [
    "pretrain",
    (o: object) => MeanFlow.standard().pretrain(data, { folder: null, ...o }),
    { ...control, epochs: [0, "x"], saveEvery: [-3], batchSize: [NaN], test: [3, { episodes: 0 }], resumePath: [3] },
  ],
  [
    "PPO.finetune",
    (o: object) => PPO.finetune(policy, { folder: null, ...o }),
    { ...control, ...settings, preset: ["qick"], iterations: [0], gamma: [2], noiseNet: [{ minStd: -1 }], data: [3] },
  ],
  [
    "SAC.train",
    (o: object) => SAC.train({ env: "hopper-v2", folder: null, ...o }),
    { ...control, ...settings, gamma: [2] },
  ],
  [
    "PPO.train",
    (o: object) => PPO.train({ env: "hopper-v2", folder: null, ...o }),
    { ...control, ...settings, gamma: [2] },
  ],
  [
    "CalQL.offline",
    (o: object) => CalQL.offline(data, { folder: null, ...o }),
    { ...control, ...settings, gamma: [2] },
  ],
  [
    "MeanFlow.standard",
    (o: object) => MeanFlow.standard(o),
    { flowRatio: [2], times: [{ type: "bta" }], gamma: ["x"] },
  ],
  ["withObjective", (o: object) => MeanFlow.standard().withObjective(o), { flowRatio: [-1, NaN] }],
  ["withDispersive", (o: object) => MeanFlow.standard().withDispersive(o), { weight: ["x", -1], type: ["infonce"] }],
  [
    "withNetwork",
    (o: object) => ReFlow.standard().withNetwork(o),
    { mlpDims: [[-1], "wide"], horizonSteps: [0], condSteps: [1.5], activationType: ["Mush"] },
  ],
];

async function problemOf(call: Call, options: object): Promise<InputError> {
  try {
    await call(options as never);
  } catch (error) {
    expect(error, String(error)).toBeInstanceOf(InputError);
    return error as InputError;
  }
  throw new Error(`${JSON.stringify(options)} was taken`);
}

/** What zod says by itself. */
const raw = /Too (small|big)|Invalid (input|option|discriminator|value)|received|expected\s*$/m;

describe.each(calls)("%s", (name, call, wrong) => {
  const cases = Object.entries(wrong).flatMap(([option, values]) => values.map((value) => [option, value] as const));
  test.each(cases)("%s: %o", async (option, value) => {
    const { message, problems } = await problemOf(call, { [option]: value });
    expect(message).not.toMatch(raw);
    expect(problems[0]!.path).toMatch(new RegExp(`(^|[.])${option}\\b`));
  });

  test("an unknown option", async () => {
    const { message } = await problemOf(call, { [`${Object.keys(wrong)[0]!}x`]: 1 });
    expect(message).toMatch(/^[\w.]+: unknown option\n {2}expected one of /);
    expect(message).toContain(`did you mean "${Object.keys(wrong)[0]!}"?`);
  });
});

test.each([[null], [undefined], [3], [{}], [[]]])("no policy: %o", async (source) => {
  for (const call of [
    () => evaluate(source as never),
    () => PPO.finetune(source as never, { env: "hopper-v2" }),
    () => record(source as never),
    () => exportOnnx(source as never, "/absent/policy.onnx"),
  ]) {
    const { message } = await problemOf(call, {});
    expect(message).toMatch(/^policy: is /);
  }
});

test.each([
  ["pretrain", () => MeanFlow.standard().pretrain(undefined as never)],
  ["pretrain", () => MeanFlow.standard().pretrain({} as never)],
  ["CalQL.offline", () => CalQL.offline(3 as never)],
  ["SAC.train", () => SAC.train(undefined as never)],
  ["makeEnvironment", () => makeEnvironment(null as never)],
  ["collect", () => Dataset.collect("hopper-v2", 3 as never)],
  ["fetchFile", async () => fetchFile(3 as never)],
  ["loadPolicy", () => loadPolicy(undefined as never)],
  ["exportOnnx", () => exportOnnx(policy, undefined as never)],
  ["jsonlSink", async () => jsonlSink(3 as never)],
  ["createRunFolder", () => createRunFolder(3 as never, 0)],
  ["withCameras", async () => withCameras("lift", 3 as never)],
  ["withContacts", async () => withContacts("lamp_low", 3 as never)],
  ["confidenceInterval", async () => confidenceInterval("abc" as never)],
])("%s without what it works on", async (_, call) => {
  await problemOf(call, {});
});

test("a distribution of times that is none", () => {
  expect(() => timeDensity({ type: "bta" } as never)).toThrow(/^times\.type: is "bta"\n {2}expected one of /);
});
