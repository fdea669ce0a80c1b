// One PPO minibatch over a whole rollout: gradients of actor and critic in micro-batches, clipping, AdamW of both.
import { Stage } from "../../../sdk/src/learning/stage.js";
import { ownCritic } from "../../../sdk/src/nn/critic.js";
import { TrainedPolicy } from "../../../sdk/src/policies/trained-policy.js";
import { generalizedAdvantages } from "../../../sdk/src/rl/gae.js";
import { compileGradients } from "../../../sdk/src/rl/gradients.js";
import { ppo, ppoLoss, ppoOptions, valueLoss } from "../../../sdk/src/rl/ppo.js";
import { Collector } from "../../../sdk/src/rl/rollout.js";
import { FakeEnvironments } from "../../rl/fake-environments.js";
import { pathOptions } from "../../../sdk/src/learning/run-options.js";
import { policyNamed, random } from "./hopper.js";
import { parameters, report } from "./measuring.js";

const { threads, batch, repeats, micro, policy } = parameters({
  policy: "meanflow",
  batch: 50_000,
  repeats: 3,
  micro: ppoOptions.parse({}).microBatchSize,
});
const environments = new FakeEnvironments({ count: 500, observationDimension: 11, actionDimension: 3, actionSteps: 4 });
const model = policyNamed(policy);
/** Samples of a chunk: the decisions of its denoising. */
const { units } = model.path(pathOptions(ppoOptions.parse({}), model));
const options = ppoOptions.parse({ steps: batch / environments.count / units, microBatchSize: micro });
const path = model.path(pathOptions(options, model));
const span = (size: number) => ({ min: new Float32Array(size).fill(-1), max: new Float32Array(size).fill(1) });
const [observation, action] = [span(11), span(3)];
const normalization = {
  observationMin: observation.min,
  observationMax: observation.max,
  actionMin: action.min,
  actionMax: action.max,
};
const weights = model.layout.initialise(random.stream("weights"));
const base = new TrainedPolicy({ model, weights, normalization, environment: "hopper-v2" });
const stage = new Stage({ base, environments, compile: { threads } });
const parts = ppo.parts(stage, options);
const players = {
  ...{ network: model.network, path, actor: parts.actor, criticWeights: parts.critic },
  critic: ownCritic(options.critic, { state: [1, 11] }, "critic."),
  ...{ arena: stage.arena, compile: stage.compile },
};
const collector = new Collector(players, options.steps);
const { buffer } = collector;
const controls = { minStd: options.noise.minStd, maxStd: options.noise.maxStd };
await collector.collect(controls, stage.random.stream("exploration"), true);
generalizedAdvantages(buffer, { gamma: options.gamma, lambda: options.gaeLambda }, buffer);
const gradients = compileGradients(players, buffer, {
  policyLoss: (columns) => ppoLoss(columns, options),
  valueLoss: (columns) => valueLoss(columns, options),
  clips: path.unitClips?.(options.clipPlossCoef),
  cloning: undefined,
  microBatchSize: micro,
});
const everything = Int32Array.from({ length: batch }, (_, i) => i);

await report(
  async () => {
    await gradients.critic(everything);
    await gradients.actor(everything, controls, 0);
    parts.critic.adamw({ learningRate: 1e-3, maxGradientNorm: 25, from: "accumulated" });
    parts.actor.adamw({ learningRate: 4e-5, maxGradientNorm: 1, from: "accumulated" });
  },
  repeats,
  1,
);
