// A policy made ready to act: which actions, which weights, which noise.
import { beforeEach, expect, test, vi } from "vitest";
import { compile } from "../../sdk/src/engine/compile.js";
import { Random } from "../../sdk/src/engine/random.js";
import { policyActor, type ActorOptions } from "../../sdk/src/evaluation/policy-actor.js";
import { PolicyModel } from "../../sdk/src/policies/policy-model.js";
import { TrainedPolicy } from "../../sdk/src/policies/trained-policy.js";
import { FakeEnvironments } from "../rl/fake-environments.js";

vi.mock(import("../../sdk/src/engine/compile.js"), async (original) => {
  const module = await original();
  return { ...module, compile: vi.fn(module.compile) as typeof module.compile };
});
beforeEach(() => void vi.mocked(compile).mockClear());

const model = new PolicyModel({
  policy: "gaussian",
  network: { horizonSteps: 3, actionDim: 1, condDim: 2, mlpDims: [4], fixedStd: 0.1 },
});
const policy = () =>
  new TrainedPolicy({
    model,
    weights: model.layout.initialise(new Random(1).stream("weights")),
    normalization: {
      observationMin: Float32Array.of(-1, -1),
      observationMax: Float32Array.of(1, 1),
      actionMin: Float32Array.of(-1),
      actionMax: Float32Array.of(1),
    },
    environment: "here",
  });
const observations = { state: Float32Array.of(0.1, 0.2, 0.3, 0.4) };
const environments = (actionSteps = 2) => new FakeEnvironments({ count: 2, actionSteps });
const actorOf = (acting: TrainedPolicy, options: Partial<ActorOptions> = {}, actionSteps = 2) =>
  policyActor(acting, environments(actionSteps), {
    ...{ sampling: {}, initialNoise: "zero", random: new Random(1).stream("noise"), compile: { threads: 1 } },
    ...options,
  });

test("the first actions of the chunk, as many as are executed, for every environment", async () => {
  const [whole, first] = [actorOf(policy(), {}, 3), actorOf(policy(), {}, 2)];
  const all = (await whole.act(observations)).slice();
  expect(all).toHaveLength(6);
  expect(await first.act(observations)).toEqual(Float32Array.of(all[0]!, all[1]!, all[3]!, all[4]!));
  expect(all[0]).not.toBe(all[3]);
  await Promise.all([whole.dispose(), first.dispose()]);
});

test("zero noise repeats itself; sampled noise does not, but follows from its stream", async () => {
  const [zero, sampled, again] = [
    actorOf(policy()),
    ...[1, 2].map(() => actorOf(policy(), { initialNoise: "sampled" })),
  ];
  const act = async (actor: typeof zero) => (await actor.act(observations)).slice();
  expect(await act(zero)).toEqual(await act(zero));
  const drawn = [await act(sampled!), await act(sampled!)];
  expect(drawn[0]).not.toEqual(drawn[1]);
  expect([await act(again!), await act(again!)]).toEqual(drawn);
});

test.each([
  [undefined, true],
  [false, true],
  [true, false],
])("frozen %s: it follows its weights: %s", async (frozen, follows) => {
  const acting = policy();
  const actor = actorOf(acting, { frozen });
  const before = (await actor.act(observations)).slice();
  acting.weights.fill(0);
  const after = (await actor.act(observations)).slice();
  expect(after.every((value) => value === 0)).toBe(follows);
  expect(after).not.toEqual(follows ? before : new Float32Array(4));
  await actor.dispose();
});

test("what it compiles is called sample, unless it is named, and is given back", async () => {
  const actor = actorOf(policy());
  expect(vi.mocked(compile).mock.calls[0]![1]).toEqual({ name: "sample", threads: 1 });
  const dispose = vi.spyOn(vi.mocked(compile).mock.results[0]!.value as { dispose: () => Promise<void> }, "dispose");
  await actor.dispose();
  expect(dispose).toHaveBeenCalledOnce();
});
