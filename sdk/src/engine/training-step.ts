// One compiled call per training batch: the loss, its metrics, and the gradient written straight into the flat vector.
import { compile, type CompileOptions } from "./compile.js";
import type { GraphDescription } from "./describe.js";
import { valueAndGradients } from "./gradients.js";
import type { Trainable } from "./optimizer.js";
import { type tf, type Host, type HostTensor, type Weights } from "./tensor.js";

/** A scalar `loss`, and further scalars worth reporting. */
export type LossFunction<B> = (
  weights: Weights,
  batch: B,
) => { readonly loss: tf.Tensor } & Readonly<Record<string, tf.Tensor>>;

/** A compiled loss with its gradient. */
export interface TrainingStep<B> {
  /** Leaves the gradient in `trainable.gradient` and returns the loss terms; does not change the weights. */
  (batch: Host<B>): Promise<Record<string, number>>;
  /** What one call costs, gradient included. */
  describe(batch: Host<B>): GraphDescription;
  /** Releases the compiled function. */
  dispose(): Promise<void>;
}

/** Compiles `loss` and its gradient with respect to all trained parameters of `trainable`. */
export function compileTraining<B>(
  loss: LossFunction<B>,
  trainable: Trainable,
  options: CompileOptions = {},
): TrainingStep<B> {
  type Input = { weights: Weights; frozen: Weights; batch: Weights };
  const step = ({ weights, frozen, batch }: Input) =>
    valueAndGradients((w) => loss({ ...frozen, ...w }, batch as unknown as B), weights);
  const compiled = compile<Input, { value: Weights; gradients: Weights }>(step, { name: loss.name, ...options });
  const trained = new Set(trainable.layout.trained.map(({ name }) => name));
  const views = Object.entries(trainable.layout.views(trainable.weights));
  const weights = Object.fromEntries(views.filter(([name]) => trained.has(name)));
  const frozen = Object.fromEntries(views.filter(([name]) => !trained.has(name)));
  const all = Object.entries(trainable.layout.views(trainable.gradient));
  const gradients = Object.fromEntries(all.filter(([name]) => trained.has(name)));
  let value: Record<string, HostTensor> | undefined;

  async function run(batch: unknown): Promise<Record<string, number>> {
    const input = { weights, frozen, batch: batch as Host<Weights> };
    value ??= (await compiled.prepare(input)).value;
    await compiled(input, { value, gradients });
    return Object.fromEntries(Object.entries(value).map(([name, { data }]) => [name, data[0]!]));
  }
  const describe = (batch: Host<B>) => compiled.describe({ weights, frozen, batch: batch as Host<Weights> });
  return Object.assign(run, { describe, dispose: () => compiled.dispose() });
}
