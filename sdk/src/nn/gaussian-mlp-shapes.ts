// A Gaussian network's options read off the shapes of its weights, for checkpoints that store weights only.
import { fail } from "../errors.js";
import type { InferredNetwork, Shapes } from "./network.js";

/**
 * Widths, style and kind of deviation; how a fixed deviation was set leaves no trace.
 *
 * @throws InputError `DMPO_WEIGHTS` naming `source` if these are not the weights of such a network.
 */
export function inferGaussian(shapes: Shapes, prefix: string, source: string): InferredNetwork {
  const has = (name: string) => shapes.has(`${prefix}${name}`);
  const isLearned = has("mlp_logvar.moduleList.0.linear_1.weight");
  const head = isLearned ? "mlp_base" : "mlp_mean";
  const matrix = (name: string) => {
    const shape = shapes.get(`${prefix}${name}.weight`);
    return shape?.length === 2 ? ([shape[0]!, shape[1]!] as const) : undefined;
  };
  const residualStyle = has(`${head}.layers.0.weight`);
  const [first, ...others] = residualStyle ? residual() : plain();
  const foreign = [...shapes.keys()].find((name) => name.includes("embedding"));
  if (!first || foreign) {
    const found = foreign ?? ([...shapes.keys()].slice(0, 4).join(", ") || "nothing");
    fail(
      "DMPO_WEIGHTS",
      source,
      `holds ${found}`,
      "the weights of a Gaussian network (mlp_mean, mlp_base, mlp_logvar)",
    );
  }
  const outputs = [first, ...others].map(([rows]) => rows);
  const output = isLearned ? matrix("mlp_mean.moduleList.0.linear_1")![0] : outputs.at(-1)!;
  return {
    chunkSize: output,
    stateSize: first[1],
    options: {
      mlpDims: isLearned ? outputs : outputs.slice(0, -1),
      residualStyle,
      useLayernorm: has(`${head}.${residualStyle ? "layers.1.norm1" : "moduleList.0.norm_1"}.weight`),
      ...(!isLearned && { fixedStd: 0.1, learnFixedStd: has("logvar") }),
    },
  };

  function plain() {
    const found: (readonly [number, number])[] = [];
    for (let layer = matrix(`${head}.moduleList.0.linear_1`); layer;) {
      found.push(layer);
      layer = matrix(`${head}.moduleList.${found.length}.linear_1`);
    }
    return found;
  }

  function residual() {
    const start = matrix(`${head}.layers.0`)!;
    const found = [start];
    let block = 1;
    for (; matrix(`${head}.layers.${block}.l1`); block++) {
      found.push([start[0], start[0]], [start[0], start[0]]);
    }
    const last = matrix(`${head}.layers.${block}`);
    return last ? [...found, last] : found;
  }
}
