// A MeanFlow network's options read off the shapes of its weights, for checkpoints that store weights only.
import type { z } from "zod";
import { fail } from "../errors.js";
import type { meanFlowMlpOptions } from "./mean-flow-mlp.js";
import type { Shapes } from "./network.js";

export type InferredMeanFlowMlp = Omit<z.input<typeof meanFlowMlpOptions>, "horizonSteps" | "actionDim"> & {
  /** Numbers Ta x Da of an action chunk, which weights do not split. */
  readonly chunkSize: number;
};

/**
 * Everything but the activations, which leave no trace in weights, and how the chunk divides into actions.
 *
 * @throws InputError `DMPO_WEIGHTS` naming `source` if these are not the weights of such a network.
 */
export function inferMeanFlowMlp(shapes: Shapes, prefix: string, source: string): InferredMeanFlowMlp {
  const weight = (name: string) => {
    const shape = shapes.get(`${prefix}${name}.weight`);
    return shape?.length === 2 ? { outputs: shape[0]!, inputs: shape[1]! } : undefined;
  };
  const required = (name: string) =>
    weight(name) ??
    fail(
      "DMPO_WEIGHTS",
      source,
      `has no matrix ${prefix}${name}.weight; it holds ${[...shapes.keys()].slice(0, 4).join(", ") || "nothing"}, ...`,
      "the weights of a MeanFlow network on low-dimensional observations (time_embedding, r_embedding, mlp_mean)",
      "policies of other classes and with cameras cannot be loaded by this function",
    );
  const layers = (name: (i: number) => string) => {
    const found: { outputs: number; inputs: number }[] = [];
    for (let layer = weight(name(0)); layer; layer = weight(name(found.length))) found.push(layer);
    return found;
  };
  const timeDim = required("time_embedding.1").inputs;
  const rEmbeddingDim = required("r_embedding.1").inputs;
  const encoder = layers((i) => `cond_mlp.moduleList.${i}.linear_1`);
  const residualStyle = shapes.has(`${prefix}mlp_mean.layers.0.weight`);
  const head = residualStyle ? residualHead() : plainHead();
  const condition = head.inputs - timeDim - rEmbeddingDim - head.outputs;
  return {
    chunkSize: head.outputs,
    condDim: encoder[0]?.inputs ?? condition,
    timeDim,
    rEmbeddingDim,
    condMlpDims: encoder.length > 0 ? encoder.map(({ outputs }) => outputs) : null,
    mlpDims: head.hidden,
    useLayernorm: head.isNormalized,
    residualStyle,
  };

  function residualHead() {
    const first = required("mlp_mean.layers.0");
    let blocks = 0;
    while (weight(`mlp_mean.layers.${blocks + 1}.l1`)) blocks++;
    return {
      inputs: first.inputs,
      outputs: required(`mlp_mean.layers.${blocks + 1}`).outputs,
      hidden: Array.from({ length: 2 * blocks + 1 }, () => first.outputs),
      isNormalized: shapes.has(`${prefix}mlp_mean.layers.1.norm1.weight`),
    };
  }

  function plainHead() {
    const first = required("mlp_mean.moduleList.0.linear_1");
    const all = layers((i) => `mlp_mean.moduleList.${i}.linear_1`);
    return {
      inputs: first.inputs,
      outputs: all.at(-1)!.outputs,
      hidden: all.slice(0, -1).map(({ outputs }) => outputs),
      isNormalized: shapes.has(`${prefix}mlp_mean.moduleList.0.norm_1.weight`),
    };
  }
}
