// A network's options read off the shapes of its weights, for checkpoints that store weights only: networks made of embeddings
// of times, a condition encoder `cond_mlp` and a head `mlp_mean`.
import { fail } from "../errors.js";
import type { InferredNetwork, Shapes } from "./network.js";

/**
 * Everything but the activations, which leave no trace in weights, and how the chunk divides into actions.
 *
 * @param embeddings the options that are widths of embeddings, with the names of those embeddings.
 * @throws InputError `DMPO_WEIGHTS` naming `source` if these are not the weights of such a network.
 */
export function inferHead(
  shapes: Shapes,
  prefix: string,
  source: string,
  embeddings: Readonly<Record<string, string>>,
): InferredNetwork {
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
      `the weights of a network on low-dimensional observations (${[...Object.values(embeddings), "mlp_mean"].join(", ")})`,
      "policies of other classes and with cameras cannot be loaded by this function",
    );
  const layers = (name: (i: number) => string) => {
    const found: { outputs: number; inputs: number }[] = [];
    for (let layer = weight(name(0)); layer; layer = weight(name(found.length))) found.push(layer);
    return found;
  };
  const widths = Object.fromEntries(
    Object.entries(embeddings).map(([option, name]) => [option, required(`${name}.1`).inputs]),
  );
  const unknown = [...shapes.keys()].find((name) => /embedding/.test(name) && !isOf(name, Object.values(embeddings)));
  if (unknown)
    fail("DMPO_WEIGHTS", source, `has ${unknown}`, `no embedding but ${Object.values(embeddings).join(", ")}`);
  const encoder = layers((i) => `cond_mlp.moduleList.${i}.linear_1`);
  const residualStyle = shapes.has(`${prefix}mlp_mean.layers.0.weight`);
  const head = residualStyle ? residualHead() : plainHead();
  const embedded = Object.values(widths).reduce((sum, width) => sum + width, 0);
  const condition = head.inputs - embedded - head.outputs;
  return {
    chunkSize: head.outputs,
    stateSize: encoder[0]?.inputs ?? condition,
    options: {
      ...widths,
      condMlpDims: encoder.length > 0 ? encoder.map(({ outputs }) => outputs) : null,
      mlpDims: head.hidden,
      useLayernorm: head.isNormalized,
      residualStyle,
    },
  };

  function isOf(name: string, known: readonly string[]): boolean {
    return known.some((embedding) => name.startsWith(`${prefix}${embedding}.`));
  }

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
