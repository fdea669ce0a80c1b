// Density of a chunk under a diffusion policy by its probability flow: Song et al. 2021 (arXiv 2011.13456), section 4.3 and appendix
// D.2. With the share of signal A = cos^2(a) the flow of DDIM (Song et al. 2021, eq. 14) is dx / da = eps(x) / cos(a) - x tan(a), and
// ln p falls by its divergence. The angle a, in which the cosine schedule is even, rises from 0, the action, to noise, in Euler steps.
import { jvp, stopGradient } from "../engine/jvp.js";
import { tf, type Weights } from "../engine/tensor.js";
import { fail } from "../errors.js";
import type { DiffusionNetwork } from "../nn/denoising-network.js";
import type { BoundPath, Draws } from "./definition.js";
import { tunedLevels, type DiffusionOptions } from "./diffusion-step.js";
import { cosineSchedule, noiseLevels } from "./noise-schedule.js";

export interface FlowOptions {
  /** Length of a step where the whole time is 1. */
  readonly sdeStepSize: number;
  /** Random directions in which divergences are measured; 0: all, exactly. */
  readonly sdeNumEpsilon: number;
  readonly sdeHutchinsonType: "Rademacher" | "Gaussian";
  readonly learnEta: boolean;
  /** "reference": its drift, in bits per entry, within -5 and 2. */
  readonly likelihood: "summed" | "reference";
}

/** From x to `keep` x + `add` eps(`scale` x) at a noise level; ln p of x rises by `stretch` per entry and `add` times the divergence. */
interface FlowStep {
  readonly level: number;
  readonly scale: number;
  readonly keep: number;
  readonly add: number;
  readonly stretch: number;
}

const stepCount = ({ sdeStepSize }: FlowOptions) => Math.ceil(1 / sdeStepSize - 1e-9);

/** Steps through evenly spread noise levels. The first begins at the action, which the network of the lowest level answers. */
function flowSteps({ denoisingSteps }: DiffusionOptions, flow: FlowOptions): FlowStep[] {
  const levels = [...noiseLevels(denoisingSteps, Math.min(denoisingSteps, stepCount(flow)))].reverse();
  const angle = (share: number) => Math.acos(Math.sqrt(share));
  return levels.map(({ time, share, next }, i) => {
    const width = angle(share) - angle(next);
    const stretch = -width * Math.tan(angle(next));
    const add = width / Math.sqrt(next);
    return {
      level: levels[i - 1]?.time ?? time,
      scale: i === 0 ? Math.sqrt(share) : 1,
      keep: 1 + stretch,
      add,
      stretch,
    };
  });
}

/** The reference's: its drift lacks the number of levels as a factor, so x changes as if time were so much shorter. */
function referenceSteps({ denoisingSteps: levels }: DiffusionOptions, flow: FlowOptions): FlowStep[] {
  const begin = 1e-4;
  const shares = cosineSchedule(levels);
  return Array.from({ length: stepCount(flow) }, (_, i) => {
    const time = begin + i * flow.sdeStepSize;
    const level = Math.min(levels - 1, Math.round(time * levels));
    const rate = 0.5 * (1 - shares[level]! / (shares[level - 1] ?? 1)) * (Math.min(1, time + flow.sdeStepSize) - time);
    return { level, scale: 1, keep: 1 - rate, add: rate / Math.sqrt(1 - shares[level]!), stretch: -rate };
  });
}

/**
 * ln p of chunks (B, Ta, Da), differentiable in the weights, for condition encodings (B, C).
 *
 * @param probes directions (B, n, Ta, Da) for divergences; without them they are exact.
 */
export function flowDensity(
  network: DiffusionNetwork,
  weights: Weights,
  condition: tf.Tensor2D,
  chunks: tf.Tensor3D,
  probes: tf.Tensor4D | undefined,
  options: DiffusionOptions,
  flow: FlowOptions,
): tf.Tensor1D {
  const [rows, horizon, actionDim] = chunks.shape;
  const entries = horizon * actionDim;
  const isReference = flow.likelihood === "reference";
  const steps = isReference ? referenceSteps(options, flow) : flowSteps(options, flow);
  const shares = cosineSchedule(options.denoisingSteps);
  const tuned = tunedLevels(options);
  const directions =
    probes ?? tf.tile(tf.eye(entries).reshape<tf.Tensor4D>([1, entries, horizon, actionDim]), [rows, 1, 1, 1]);
  const count = directions.shape[1];
  /** Of everything a copy for each direction. */
  const repeated = <T extends tf.Tensor>(x: T): T => {
    const [, ...rest] = x.shape;
    const copies = tf.tile(x.expandDims(1), [1, count, ...rest.map(() => 1)]);
    return copies.reshape([rows * count, ...rest]);
  };
  const along = directions.reshape<tf.Tensor3D>([rows * count, horizon, actionDim]);
  const conditions = repeated(condition);

  let x: tf.Tensor3D = chunks;
  let change: tf.Tensor1D = tf.zeros([rows]);
  for (const { level, scale, keep, add, stretch } of steps) {
    // The reference counts one level more as fine-tuned here than where it samples.
    const isTuned = isReference ? level <= tuned : level < tuned;
    const chosen = isTuned ? network : (network.pretrained ?? network);
    const t = tf.fill<tf.Rank.R1>([rows * count], level);
    const share = shares[level]!;
    const noise = (y: tf.Tensor3D): tf.Tensor3D => {
      const input: tf.Tensor3D = y.mul(scale);
      const answer = chosen.noise(weights, input, t, conditions);
      return options.predictEpsilon ? answer : input.sub(answer.mul(Math.sqrt(share))).div(Math.sqrt(1 - share));
    };
    const [answers, slopes] = jvp(noise, [repeated(x)], [along]);
    const products = slopes.mul(along).sum([1, 2]).reshape<tf.Tensor2D>([rows, count]);
    const divergence = probes ? products.mean<tf.Tensor1D>(1) : products.sum<tf.Tensor1D>(1);
    const first: tf.Tensor3D = answers
      .reshape([rows, count, horizon, actionDim])
      .slice([0, 0], [-1, 1])
      .reshape([rows, horizon, actionDim]);
    x = x.mul(keep).add(first.mul(add));
    change = change.add(divergence.mul(add)).add(stretch * entries);
  }
  const squares = x.square().sum<tf.Tensor1D>([1, 2]);
  const logProbability = squares
    .mul(-0.5)
    .add<tf.Tensor1D>(change)
    .sub<tf.Tensor1D>((entries / 2) * Math.log(2 * Math.PI));
  return isReference ? tf.clipByValue(logProbability.div<tf.Tensor1D>(entries * Math.LN2), -5, 2) : logProbability;
}

/** Chunks as `chain` makes them, each one decision with the density of the flow. Directions for divergences are kept with them. */
export function flowPath(
  chain: BoundPath,
  network: DiffusionNetwork,
  options: DiffusionOptions,
  flow: FlowOptions,
): BoundPath {
  if (flow.learnEta) {
    fail("DMPO_OPTIONS", "learnEta", "is true with the density of the flow", "false: the flow adds no noise");
  }
  const { sampling, controls } = chain;
  const shape = [network.horizonSteps, network.actionDim];
  const { sdeNumEpsilon: count, sdeHutchinsonType: type } = flow;
  const probes = count > 0 ? { probes: [count, ...shape] } : undefined;
  const draws: Draws = {
    shapes: { ...chain.draws.shapes, ...probes },
    fill(out, random) {
      chain.draws.fill(out, random);
      if (!probes) return;
      const directions = random.normal(out.probes!);
      if (type === "Rademacher") directions.forEach((value, i) => (directions[i] = value < 0 ? -1 : 1));
    },
  };
  const density: BoundPath["density"] = (weights, condition, { chunk, probes: directions }) => {
    const along = directions as tf.Tensor4D | undefined;
    const logProbability = flowDensity(network, weights, condition, chunk as tf.Tensor3D, along, options, flow);
    // Of the entropy there is one sample: what it is at the chunk, without a gradient.
    return { logProbability, entropy: stopGradient(logProbability.neg()), terms: {} };
  };
  return {
    ...{ units: 1, parameters: [], controls, draws, sampling },
    stored: { chunk: shape, ...probes },
    sample(weights, condition, given, values) {
      const { action } = chain.sample(weights, condition, given, values);
      const stored = { chunk: action, ...(probes && { probes: given.probes! }) };
      return { action, stored, logProbability: density(weights, condition, stored, values).logProbability };
    },
    density,
  };
}
