// FQL on the point mass, from demonstrations of a poor, noisy controller: better than they are without acting, near the optimum with.
import { beforeAll, expect, test } from "vitest";
import { tf } from "../../sdk/src/engine/tensor.js";
import type { RunState } from "../../sdk/src/learning/drive.js";
import { actionCritics } from "../../sdk/src/nn/critic.js";
import { PolicyModel } from "../../sdk/src/policies/policy-model.js";
import { fql } from "../../sdk/src/rl/fql.js";
import {
  bestReturn,
  demonstrations,
  idleReturn,
  meanReturn,
  pointMassSetup,
  riccati,
  squashedGaussian,
  valueOfStaying,
} from "./point-mass.js";
import { stateAfter } from "./stopped-run.js";

beforeAll(async () => void (await tf.setBackend("cpu")));

const flow = new PolicyModel({
  policy: "reflow",
  network: { horizonSteps: 1, actionDim: 1, condDim: 2, mlpDims: [32, 32, 32], timeDim: 8, activationType: "ReLU" },
});

const quick = {
  ...{ iterations: 8, steps: 100, offlineSteps: 400, valFreq: 5, evaluationEpisodes: 16, batchSize: 64, gamma: 1 },
  ...{ alpha: 1, flowSteps: 3, network: { hiddenDim: 32 }, critic: { mlpDims: [32, 32], useLayernorm: true } },
  ...{ targetRate: 0.02, actorLr: 3e-3, criticLr: 3e-3 },
};

test("better than the demonstrations before it acts, near the best feedback after", async () => {
  const data = await demonstrations(0.3, 32, 0.5);
  let state: RunState | undefined;
  const { curve, last } = await fql.train({ ...pointMassSetup(flow, 4), demonstrations: data }, quick, {
    onIteration: (_, run) => void (state = run.state()),
  });
  const [best, idle] = [bestReturn(4), idleReturn(4)];
  const modes = ["evaluation", ...Array<string>(4).fill("offline"), "evaluation", "training", "evaluation"];
  expect(curve.map(({ mode }) => mode)).toEqual(modes);
  const [offline, reached] = [curve[5]!, curve.at(-1)!].map(({ episodes }) => episodes.return.mean);
  expect(offline).toBeGreaterThan(meanReturn(data) + 0.5 * (best - meanReturn(data)));
  expect(reached).toBeGreaterThan(best + 0.1 * (idle - best));
  // The flow goes on imitating.
  expect(curve[5]!.update!.flowReturn).toBeLessThan(offline!);
  const { meanValue, bufferSize, distillation } = curve.at(-2)!.update!;
  expect(meanValue).toBeLessThan(0.05);
  expect(meanValue).toBeGreaterThan(meanReturn(data));
  expect(distillation).toBeLessThan(0.3);
  expect(bufferSize).toBe(100 * 4);
  // The next reward is -0.25; then the best feedback of seven steps. A critic without a future would stop at the first.
  const value = valueOfStaying(state!, actionCritics(quick.critic, 2, 2, 1));
  expect(value).toBeLessThan(-0.29);
  expect(value).toBeGreaterThan(-0.25 * (1 + riccati(7).cost) - 0.1);
  expect(last.model.spec).toMatchObject({ policy: "onestep", network: { hiddenDim: 32 } });
});

test("a resumed run equals an uninterrupted one in both of its phases", async () => {
  const data = await demonstrations(0.3, 4);
  const setup = () => ({ ...pointMassSetup(flow, 4), demonstrations: data });
  const options = {
    ...quick,
    iterations: 8,
    steps: 8,
    offlineSteps: 15,
    batchSize: 8,
    valFreq: 4,
    evaluationEpisodes: 4,
  };
  const whole = await fql.train(setup(), options);
  expect(whole.curve.map(({ mode }) => mode[0]).join("")).toBe("eootette");
  // Episodes have eight steps, so that both runs go on from the same place.
  for (const stop of [2, 6]) {
    const state = await stateAfter(stop, (context) => fql.train(setup(), options, context));
    expect(Object.keys(state.parts)).toEqual(["actor", "flow", "critic", "buffer", "environments"]);
    const resumed = await fql.train(setup(), options, { resume: state });
    expect(resumed.curve.map(({ episodes }) => episodes)).toEqual(whole.curve.map(({ episodes }) => episodes));
    expect(resumed.last.weights).toEqual(whole.last.weights);
  }
});

test("what it starts from is a flow", () => {
  expect(fql.refuses!(flow)).toBeUndefined();
  expect(fql.refuses!(squashedGaussian())).toBe("is no flow");
});
