// What a generative policy is: an option schema and pure functions. A new one is a file that ends in definePolicy() and a
// line in registry.ts; names, help and configuration derive from it.
import type { z } from "zod";
import type { tf, Weights } from "../engine/tensor.js";
import type { VelocityNetwork } from "../nn/velocity-network.js";
import type { SamplingOptions } from "./sampling.js";

export interface PolicyDefinition<Name extends string, Schema extends z.ZodType, Batch, Preset extends string> {
  readonly name: Name;
  readonly options: Schema;
  /** Loss of a training batch (scalar) and its parts; `equalCount` rows at the start may be known to have r = t. */
  readonly loss: (
    network: VelocityNetwork,
    weights: Weights,
    batch: Batch,
    options: z.output<Schema>,
    equalCount?: number,
  ) => { loss: tf.Scalar } & Record<string, tf.Scalar>;
  /** Action chunks (B, Ta, Da) for condition encodings (B, C), from standard normal (or zero) noise (B, Ta, Da). */
  readonly sample: (
    network: VelocityNetwork,
    weights: Weights,
    condition: tf.Tensor2D,
    noise: tf.Tensor3D,
    options?: SamplingOptions,
  ) => tf.Tensor3D;
  /** Named settings that differ from the defaults. */
  readonly presets: Readonly<Record<Preset, z.input<Schema>>>;
}

/** A definition that makes complete options: `MeanFlow.configure({...})`, or by preset, `MeanFlow.improved({...})`. */
export type Policy<Name extends string, Schema extends z.ZodType, Batch, Preset extends string> = PolicyDefinition<
  Name,
  Schema,
  Batch,
  Preset
> &
  Readonly<Record<Preset | "configure", (overrides?: z.input<Schema>) => z.output<Schema>>>;

export function definePolicy<const Name extends string, Schema extends z.ZodType, Batch, Preset extends string>(
  definition: PolicyDefinition<Name, Schema, Batch, Preset>,
): Policy<Name, Schema, Batch, Preset> {
  const configure =
    (preset: object) =>
    (overrides: object = {}) =>
      definition.options.parse({ ...preset, ...overrides });
  const byPreset = Object.entries(definition.presets).map(([name, preset]) => [name, configure(preset as object)]);
  return { ...definition, configure: configure({}), ...Object.fromEntries(byPreset) } as Policy<
    Name,
    Schema,
    Batch,
    Preset
  >;
}
