// One PPO minibatch over a whole rollout: gradients of actor and critic in micro-batches, clipping, AdamW of both.
import { compileGradients } from "../../../sdk/src/rl/gradients.js";
import { Learner } from "../../../sdk/src/rl/learner.js";
import { PPO, ppoLoss, ppoOptions, valueLoss } from "../../../sdk/src/rl/ppo.js";
import { FakeEnvironments } from "../../rl/fake-environments.js";
import { hopperModel, random } from "./hopper.js";
import { parameters, report } from "./measuring.js";

const { threads, batch, repeats, micro } = parameters({
  batch: 50_000,
  repeats: 3,
  micro: ppoOptions.parse({}).microBatchSize,
});
const environments = new FakeEnvironments({ count: 500, observationDimension: 11, actionDimension: 3, actionSteps: 4 });
const options = ppoOptions.parse({ steps: batch / environments.count, microBatchSize: micro });
const model = hopperModel();
const span = (size: number) => ({ min: new Float32Array(size).fill(-1), max: new Float32Array(size).fill(1) });
const [observation, action] = [span(11), span(3)];
const normalization = {
  observationMin: observation.min,
  observationMax: observation.max,
  actionMin: action.min,
  actionMax: action.max,
};
const learner = new Learner(
  {
    base: {
      model,
      weights: model.layout.initialise(random.stream("weights")),
      normalization,
      environment: "hopper-v2",
    },
    environments,
    compile: { threads },
  },
  PPO.plan(options),
);
const range = { min: options.noise.minStd, max: options.noise.maxStd };
await learner.collect(range, true);
learner.estimateAdvantages({
  lambda: options.gaeLambda,
  timeOuts: options.timeOuts,
  scaleRewards: true,
  rewardScale: 1,
});
const gradients = compileGradients(learner, {
  policyLoss: (columns) => ppoLoss(columns, options),
  valueLoss: (columns) => valueLoss(columns, options),
  cloning: undefined,
  microBatchSize: micro,
});
const everything = Int32Array.from({ length: batch }, (_, i) => i);

await report(
  async () => {
    await gradients.critic(everything);
    await gradients.actor(everything, range, 0);
    learner.criticWeights.adamw({ learningRate: 1e-3, maxGradientNorm: 25, from: "accumulated" });
    learner.actorWeights.adamw({ learningRate: 4e-5, maxGradientNorm: 1, from: "accumulated" });
  },
  repeats,
  1,
);
