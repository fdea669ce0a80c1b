// Where a policy that sees looks: the shares of its transformer's self-attention (Vaswani et al. 2017, eq. 1) and the weights of its
// spatial embedding, as numbers over the patches of each camera's picture.
import { compile } from "../engine/compile.js";
import type { HostTensor, tf, Weights } from "../engine/tensor.js";
import { fail } from "../errors.js";
import { checkOptions, count, optionsSchema } from "../options.js";
import type { Gaze, Observation, PictureShape } from "../nn/network.js";
import { emptyObservations, sizeOf } from "../space.js";
import { hostObservation } from "./host-observation.js";
import { writeObservation, type RawObservation } from "./raw-acting.js";
import type { TrainedPolicy } from "./trained-policy.js";

/** Which attention is asked for. */
export interface AttentionOptions {
  /** Of the transformer, from 1. Default: the last. */
  readonly layer?: number;
}

/** Where a policy looks in one observation. */
export interface PolicyAttention {
  /** Which layer's attention it is, from 1 to `layers`. */
  readonly layer: number;
  /** How many the transformer has. */
  readonly layers: number;
  /** In the order of the environment's. Cameras that the network looks at as one picture share their numbers. */
  readonly cameras: readonly CameraAttention[];
}

/** Where it looks in the picture of one camera: P patches in rows of equal length, the first row on top. */
export interface CameraAttention {
  /** The newest picture, (C, H, W), 0 to 255. */
  readonly picture: {
    readonly data: Uint8Array;
    readonly shape: readonly [channels: number, height: number, width: number];
  };
  /** Pixels that a patch reads, square, and from one patch to the next. */
  readonly patch: { readonly size: number; readonly stride: number };
  /** (heads, P, P): how much of its attention a patch (second axis) gives to each (third axis, which sums to 1). */
  readonly attention: HostTensor;
  /** (rows, columns): the attention that a patch gets, the mean over heads and over those who give it; sums to 1. */
  readonly received: HostTensor;
  /** (outputs, rows, columns): the spatial embedding's weights, which no picture changes; undefined for networks without one. */
  readonly spatial: HostTensor | undefined;
}

type Looking = (input: {
  weights: Weights;
  observation: Observation;
}) => Promise<{ attention: HostTensor; spatial?: HostTensor }>;

/** Compiled once for each layer. */
const compiled = new WeakMap<TrainedPolicy, Map<number, Looking>>();

const schema = optionsSchema<AttentionOptions>({ layer: count });

/** @throws InputError DMPO_POLICY_PICTURES for a policy that sees no pictures, DMPO_OPTIONS, DMPO_POLICY_OBSERVATION. */
export async function attentionOf(
  policy: TrainedPolicy,
  observation: RawObservation,
  options: AttentionOptions = {},
): Promise<PolicyAttention> {
  checkOptions(schema, options);
  const { space, model } = policy;
  const { gaze, rgb } = model.network.encoder;
  if (!gaze || !rgb) {
    const remedy =
      "networks called vit, or of pictures, have attention; of others, figures.actionDistribution shows what they do";
    return fail("DMPO_POLICY_PICTURES", "attention", "this policy sees no pictures", "a policy that sees", remedy);
  }
  const { layer = gaze.layers } = options;
  if (layer > gaze.layers) {
    fail("DMPO_OPTIONS", "layer", String(layer), `an integer from 1 to ${gaze.layers}`);
  }
  const seen = emptyObservations(space, 1);
  writeObservation(policy, observation, seen, 0);
  const look = lookingOf(policy, gaze, layer);
  const { attention, spatial } = await look({
    weights: model.views(policy.weights) as unknown as Weights,
    observation: hostObservation(seen, space, 1) as unknown as Observation,
  });
  const views = Array.from({ length: gaze.cameras }, (_, view) => viewOf(gaze, view, attention, spatial));
  return { layer, layers: gaze.layers, cameras: picturesOf(seen.rgb!, rgb, views) };
}

function lookingOf(policy: TrainedPolicy, gaze: Gaze, layer: number): Looking {
  const known = compiled.get(policy) ?? new Map<number, Looking>();
  compiled.set(policy, known);
  const found = known.get(layer);
  if (found) return found;
  type Input = { weights: Weights; observation: Observation };
  const look = compile<Input, { attention: tf.Tensor; spatial?: tf.Tensor }>(
    ({ weights, observation }) => ({
      attention: gaze.attention(weights, observation, layer - 1),
      ...(gaze.spatial && { spatial: gaze.spatial(weights) }),
    }),
    { name: "attention", threads: 1 },
  ) as unknown as Looking;
  known.set(layer, look);
  return look;
}

/** What the network weighs in one of the pictures that it looks at one by one. */
function viewOf({ patch }: Gaze, view: number, shares: HostTensor, weights: HostTensor | undefined) {
  const [, heads, patches] = shares.shape as [number, number, number];
  const side = Math.sqrt(patches);
  const size = heads * patches ** 2;
  const own = (shares.data as Float32Array).slice(view * size, (view + 1) * size);
  const received = new Float32Array(patches);
  own.forEach((share, i) => (received[i % patches]! += share / (heads * patches)));
  const outputs = weights?.shape[1] ?? 0;
  const spatial = weights && {
    data: (weights.data as Float32Array).slice(view * outputs * patches, (view + 1) * outputs * patches),
    shape: [outputs, side, side],
  };
  return {
    patch,
    attention: { data: own, shape: [heads, patches, patches] },
    received: { data: received, shape: [side, side] },
    spatial,
  };
}

/** The newest picture of every camera, with the numbers of the view that it is part of. */
function picturesOf(
  rgb: Uint8Array,
  [frames, channels, height, width]: PictureShape,
  views: readonly Omit<CameraAttention, "picture">[],
): CameraAttention[] {
  const own = channels / views.length;
  // Cameras have three channels each; pictures of other kinds, such as grey ones, are one camera.
  const each = own % 3 === 0 ? 3 : own;
  const size = sizeOf([each, height, width]);
  const newest = (frames - 1) * sizeOf([channels, height, width]);
  return Array.from({ length: channels / each }, (_, camera) => ({
    picture: {
      data: rgb.slice(newest + camera * size, newest + (camera + 1) * size),
      shape: [each, height, width],
    },
    ...views[Math.floor((camera * each) / own)]!,
  }));
}
