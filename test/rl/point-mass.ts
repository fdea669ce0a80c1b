// A point on a line that is pushed towards zero: x' = x + 0.5 a, reward -(x'^2) - 0.1 a^2, episodes of 8 steps. Linear and
// quadratic, so that the best feedback a = -k x is known from the Riccati equation.
import { Dataset } from "../../sdk/src/data/dataset.js";
import type { Environments } from "../../sdk/src/evaluation/environments.js";
import { ParameterLayout } from "../../sdk/src/engine/parameters.js";
import { Random } from "../../sdk/src/engine/random.js";
import { tf } from "../../sdk/src/engine/tensor.js";
import type { RunState } from "../../sdk/src/learning/drive.js";
import type { ActionCritics } from "../../sdk/src/nn/critic.js";
import { rawNumbers } from "../../sdk/src/normalization.js";
import { PolicyModel } from "../../sdk/src/policies/policy-model.js";
import { TrainedPolicy } from "../../sdk/src/policies/trained-policy.js";

const [GAIN, COST, LENGTH] = [0.5, 0.1, 8];
/** Starts from which the best feedback needs no action beyond the limits. */
const REACH = 0.6;

/** The feedback k of each of the steps that are left, and the cost P x^2 of following it. */
export function riccati(left: number): { readonly feedback: number; readonly cost: number } {
  let [feedback, cost] = [0, 0];
  for (let step = 0; step < left; step++) {
    // Minimise (1 + P) (x + g a)^2 + c a^2 over a.
    feedback = ((1 + cost) * GAIN) / ((1 + cost) * GAIN ** 2 + COST);
    cost = (1 + cost) * (1 - GAIN * feedback) ** 2 + COST * feedback ** 2;
  }
  return { feedback, cost };
}

/** Starts are spread evenly; episodes end by time, the observation is [x, time left]. */
export class PointMass implements Environments {
  readonly space = { actionDim: 1, state: [1, 2] } as const;
  readonly actionSteps = 1;
  readonly observations;
  readonly finalObservations;
  readonly rewards: Float32Array;
  readonly terminated: Uint8Array;
  readonly truncated: Uint8Array;
  readonly executedSteps: Int32Array;
  readonly #x: Float64Array;
  #starts: readonly number[] | undefined;
  #time = 0;

  constructor(readonly count: number) {
    this.observations = { state: new Float32Array(2 * count) };
    this.finalObservations = { state: new Float32Array(2 * count) };
    this.rewards = new Float32Array(count);
    this.terminated = new Uint8Array(count);
    this.truncated = new Uint8Array(count);
    this.executedSteps = new Int32Array(count).fill(1);
    this.#x = new Float64Array(count);
  }

  start(i: number): number {
    return this.count === 1 ? REACH : REACH * (-1 + (2 * i) / (this.count - 1));
  }

  /** With `seeds` the starts follow from them. */
  async reset({ seeds }: { readonly seeds?: readonly number[] } = {}): Promise<void> {
    this.#starts = seeds?.map((seed) => REACH * (-1 + 2 * ((seed * 0.618) % 1)));
    this.#begin();
  }

  #begin(): void {
    this.#time = 0;
    this.#x.forEach((_, i) => (this.#x[i] = this.#starts?.[i] ?? this.start(i)));
    this.#observe(this.observations.state);
  }

  async step(actions: Float32Array): Promise<void> {
    this.#time++;
    for (let i = 0; i < this.count; i++) {
      const action = Math.max(-1, Math.min(1, actions[i]!));
      this.#x[i]! += GAIN * action;
      this.rewards[i] = -(this.#x[i]! ** 2) - COST * action ** 2;
    }
    this.#observe(this.finalObservations.state);
    // The last step's future is worth nothing, so it is an end and no time-out.
    this.terminated.fill(Number(this.#time === LENGTH));
    if (this.#time === LENGTH) this.#begin();
    else this.#observe(this.observations.state);
  }

  #observe(out: Float32Array): void {
    this.#x.forEach((x, i) => out.set([x, 1 - this.#time / LENGTH], 2 * i));
  }
}

/** Mean return over the starts of the best feedback. */
export const bestReturn = (count: number): number => {
  const starts = Array.from({ length: count }, (_, i) => new PointMass(count).start(i));
  return starts.reduce((sum, x) => sum - riccati(LENGTH).cost * x ** 2, 0) / count;
};

/** Mean return over the starts of doing nothing. */
export const idleReturn = (count: number): number => {
  const starts = Array.from({ length: count }, (_, i) => new PointMass(count).start(i));
  return starts.reduce((sum, x) => sum - LENGTH * x ** 2, 0) / count;
};

/** A policy with fresh weights and `count` point masses, for an algorithm to train. */
export function pointMassSetup(model: PolicyModel, count: number) {
  const weights = model.layout.initialise(new Random(1).stream("weights"));
  const base = new TrainedPolicy({ model, weights, normalization: rawNumbers(2, 1), environment: "point mass" });
  return { base, environments: new PointMass(count), seed: 3, compile: { threads: 1 } };
}

/** A policy that SAC and its kin train: normal, squashed by tanh. */
export const squashedGaussian = () =>
  new PolicyModel({
    policy: "gaussian",
    options: { tanhOutput: true },
    network: {
      ...{ horizonSteps: 1, actionDim: 1, condDim: 2, mlpDims: [32, 32], activationType: "ReLU" },
      ...{ tanhOutput: false, stdMin: 6.7e-3, stdMax: 7.4 },
    },
  });

/** Episodes of eight steps under feedback so weak that most of the cost remains; `noise` is added to every action, uniform. */
export async function demonstrations(feedback = 0.3, count = 32, noise = 0): Promise<Dataset> {
  const mass = new PointMass(count);
  const random = new Random(5).stream("noise");
  const rows = Array.from({ length: count }, () => ({
    observations: [] as number[][],
    actions: [] as number[][],
    rewards: [] as number[],
  }));
  await mass.reset();
  for (let step = 0; step < 8; step++) {
    const seen = Array.from({ length: count }, (_, i) => Array.from(mass.observations.state.slice(2 * i, 2 * i + 2)));
    const wobble = random.uniform(new Float32Array(count), -noise, noise);
    const actions = seen.map(([x], i) => Math.max(-1, Math.min(1, -feedback * x! + wobble[i]!)));
    await mass.step(Float32Array.from(actions));
    rows.forEach((row, i) => {
      row.observations.push(seen[i]!);
      row.actions.push([actions[i]!]);
      row.rewards.push(mass.rewards[i]!);
    });
  }
  return Dataset.from({
    observations: rows.flatMap((row) => row.observations),
    actions: rows.flatMap((row) => row.actions),
    rewards: rows.flatMap((row) => row.rewards),
    terminals: rows.flatMap(() => [0, 0, 0, 0, 0, 0, 0, 1]),
    episodeLengths: rows.map(() => 8),
  });
}

/** Mean return of the episodes of a data set. */
export function meanReturn({ rewards, episodeLengths }: Dataset): number {
  return rewards!.reduce((sum, reward) => sum + reward, 0) / episodeLengths.length;
}

/** Value of staying at 0.5 with all eight steps to go, in the mean of the critics of a run. */
export function valueOfStaying({ parts }: Pick<RunState, "parts">, critics: ActionCritics): number {
  const views = new ParameterLayout(critics.parameters).views(parts.critic!.vectors!.weights as Float32Array);
  const weights = Object.fromEntries(
    Object.entries(views).map(([name, { data, shape }]) => [name, tf.tensor(data, [...shape])]),
  );
  const values = critics.values(weights, { state: tf.tensor3d([[[0.5, 1]]]) }, tf.zeros([1, 1, 1]));
  return tf.addN(values).dataSync()[0]! / critics.count;
}
