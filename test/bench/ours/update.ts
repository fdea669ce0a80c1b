// Updates of one algorithm with the settings of its hopper configuration, on a memory of random transitions: the page itself runs,
// in environments that cost nothing, so that an iteration is a few updates and next to nothing else.
import { InferenceSession } from "onnxruntime-node";
import { Dataset } from "../../../sdk/src/data/dataset.js";
import { Trainable } from "../../../sdk/src/engine/optimizer.js";
import { Stage } from "../../../sdk/src/learning/stage.js";
import { rawNumbers } from "../../../sdk/src/normalization.js";
import { PolicyModel } from "../../../sdk/src/policies/policy-model.js";
import { TrainedPolicy } from "../../../sdk/src/policies/trained-policy.js";
import { algorithms } from "../../../sdk/src/rl/registry.js";
import type { ReplayBuffer } from "../../../sdk/src/rl/replay-buffer.js";
import { runOptions } from "../../../sdk/src/learning/run-options.js";
import { parseOptions } from "../../../sdk/src/options.js";
import { FakeEnvironments } from "../../rl/fake-environments.js";
import { policyNamed, random, uniform } from "./hopper.js";
import { parameters, report } from "./measuring.js";

const { threads, algorithm, updates, repeats, figure } = parameters({
  algorithm: "sac",
  updates: 10,
  /** "time", or "host": what share of it is neither networks nor optimisers. */
  figure: "time",
});

const sizes = { actionDim: 3, condDim: 11 };
const squashed = (mlpDims: number[]) =>
  new PolicyModel({
    ...{ policy: "gaussian", options: { tanhOutput: true } },
    network: {
      ...{ ...sizes, horizonSteps: 1, mlpDims, activationType: "ReLU" },
      ...{ tanhOutput: false, stdMin: 6.7e-3, stdMax: 7.3891 },
    },
  });
const cloned = (mlpDims: number[]) =>
  new PolicyModel({ policy: "gaussian", network: { ...sizes, horizonSteps: 1, mlpDims, fixedStd: 0.1 } });
const residual = { mlpDims: [256, 256, 256], activationType: "Mish", residualStyle: true };
const [two, three] = [{ mlpDims: [256, 256] }, { mlpDims: [256, 256, 256] }];
/** One chunk in one environment is followed by all updates of an iteration. */
const replayed = { steps: 1, batchSize: 1000, replayRatio: 1000 * updates };

/** Policy, options and number of environments; `trained` counts the updates of an iteration where they are not `updates`. */
const cases = {
  sac: {
    model: () => squashed([256, 256]),
    options: { steps: 1, explorationSteps: 0, criticReplayRatio: 256 * updates, actorReplayRatio: 256 * updates },
  },
  dql: { model: () => policyNamed("diffusion"), options: { ...replayed, critic: residual } },
  qsm: { model: () => policyNamed("diffusion"), options: { ...replayed, critic: residual } },
  dipo: { model: () => policyNamed("diffusion"), options: { ...replayed, critic: residual } },
  idql: { model: () => policyNamed("diffusion"), options: { ...replayed, criticQ: residual, criticV: residual } },
  awr: { model: () => policyNamed("diffusion"), options: { ...replayed, critic: residual } },
  rwr: {
    ...{ model: () => policyNamed("diffusion"), environments: 1000 },
    options: { steps: 1, batchSize: 1000, updateEpochs: updates },
  },
  grpo: {
    ...{ model: () => cloned([512, 512, 512]), environments: 10_000 },
    options: { steps: 1, nGroups: 40, batchSize: 10_000, updateEpochs: updates, targetKl: null },
  },
  fql: {
    ...{ model: () => policyNamed("reflow"), wantsData: true },
    options: { steps: updates, offlineSteps: 1e9, critic: two },
  },
  calql: {
    ...{ model: () => squashed([256, 256]), wantsData: true },
    options: { numUpdate: updates, nRandomActions: 4, critic: two },
  },
  rlpd: {
    ...{ model: () => squashed([256, 256, 256]), wantsData: true },
    options: { steps: updates, explorationSteps: 0, nCritics: 5, critic: three },
  },
  ibrl: {
    ...{ model: () => cloned([256, 256, 256]), wantsData: true },
    options: { steps: 2 * updates, critic: three },
  },
} satisfies Record<
  string,
  {
    readonly model: () => PolicyModel;
    readonly options: object;
    readonly environments?: number;
    readonly wantsData?: boolean;
  }
>;

const found = cases[algorithm as keyof typeof cases] as (typeof cases)["rwr"] & (typeof cases)["fql"];
if (!found) throw new Error(`no algorithm "${algorithm}"; one of ${Object.keys(cases).join(", ")}`);
const model = found.model();
const environments = new FakeEnvironments({
  ...{ count: found.environments ?? 1, observationDimension: 11, actionDimension: 3 },
  ...{ actionSteps: model.network.horizonSteps, reward: ([action = 0], [seen = 0]) => action + seen },
});
const rows = 20_000;
const columns = (width: number) =>
  Array.from({ length: rows }, () => Array.from(random.stream("data").uniform(new Float32Array(width), -1, 1)));
const demonstrations =
  found.wantsData &&
  Dataset.from({
    ...{ observations: columns(11), actions: columns(3), rewards: columns(1).map(([reward]) => reward!) },
    ...{
      terminals: Array.from({ length: rows }, (_, i) => Number(i % 200 === 199)),
      episodeLengths: Array.from({ length: rows / 200 }, () => 200),
    },
  });

type Call = (...given: never[]) => unknown;

/** Milliseconds of the processors so far. */
function spent(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
/** Of them in ONNX Runtime and in the optimisers. */
let inside = 0;
if (figure === "host") {
  const timed = (call: Call) =>
    function (this: unknown, ...given: never[]): unknown {
      const start = spent();
      const result = call.apply(this, given);
      const done = () => void (inside += spent() - start);
      if (result instanceof Promise) return result.finally(done);
      done();
      return result;
    };
  const create: Call = InferenceSession.create.bind(InferenceSession);
  InferenceSession.create = async (...given: never[]) => {
    const session = (await create(...given)) as InferenceSession & { readonly handler: { run: Call } };
    session.handler.run = timed(session.handler.run.bind(session.handler));
    return session;
  };
  for (const name of ["adam", "adamw", "updateEma"] as const) {
    const { prototype } = Trainable;
    // eslint-disable-next-line @typescript-eslint/unbound-method -- it is called with its owner.
    prototype[name] = timed(prototype[name]) as never;
  }
}

const page = algorithms[algorithm]!;
const base = new TrainedPolicy({
  ...{ model, weights: model.layout.initialise(random.stream("weights")), environment: "hopper-v2" },
  normalization: rawNumbers(11, 3),
});
const stage = new Stage({ base, environments, compile: { threads }, ...(demonstrations && { demonstrations }) });
// The first iteration evaluates, and is the only one that does.
const quiet = { iterations: 1_000_000, valFreq: 1_000_000, evaluationEpisodes: 1 };
const options = parseOptions(runOptions(page, model), { ...quiet, ...found.options });
const parts = page.parts(stage, options);
const { buffer } = parts as { buffer?: ReplayBuffer };
if (buffer && !found.environments && algorithm !== "calql") {
  const chunk = uniform(model.network.horizonSteps * 3).data as Float32Array;
  await environments.reset();
  for (let i = 0; i < 5000; i++) {
    const before = structuredClone(environments.observations);
    await environments.step(chunk);
    buffer.add(before, chunk, environments);
  }
}
const iterations = page.run(stage, parts, options);
await iterations.next();
stage.iteration++;
const iterate = async () => {
  await iterations.next();
  stage.iteration++;
};

if (figure === "host") {
  // The first of them compile, also what is not ours to compile.
  for (let i = 0; i < 10; i++) await iterate();
  inside = 0;
  const start = spent();
  for (let i = 0; i < repeats; i++) await iterate();
  const share = 100 * (1 - inside / (spent() - start));
  console.log(JSON.stringify({ median: share, minimum: share, peakMiB: process.resourceUsage().maxRSS / 1024 }));
  process.exit();
}
await report(iterate, repeats, 2, updates);
