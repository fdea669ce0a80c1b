// Options of Gaussian and GMM networks read off the shapes of their weights, for checkpoints that store weights only. How a
// fixed deviation was set leaves no trace; the range of learned ones stands in scalars beside the weights.
import { fail } from "../errors.js";
import { storedRange } from "./deviation.js";
import type { InferredNetwork, Shapes } from "./network.js";

type Scalars = ReadonlyMap<string, number>;
/** Shape of a matrix, [outputs, inputs]. */
type Matrix = readonly [number, number];

/** The deviation that the released configurations fix. */
export const USUAL_STD = 0.1;

/** Widths, style and kind of deviation. @throws InputError `DMPO_WEIGHTS` naming `source` if these are not the weights of such a network. */
export function inferGaussian(
  shapes: Shapes,
  prefix: string,
  source: string,
  scalars: Scalars = new Map(),
): InferredNetwork {
  const read = reader(shapes, prefix);
  const isLearned = read.has("mlp_logvar.moduleList.0.linear_1.weight");
  const { layers, ...style } = read.head(isLearned ? "mlp_base" : "mlp_mean");
  const output = isLearned ? read.matrix("mlp_mean.moduleList.0.linear_1") : layers.at(-1);
  const foreign = read.foreign(["embedding", "backbone", "transformer", "mlp_weights"]);
  if (layers.length === 0 || !output || foreign)
    refuse(shapes, foreign, source, "a Gaussian network (mlp_mean, mlp_base, mlp_logvar)");
  const widths = layers.map(([outputs]) => outputs);
  return {
    chunk: { size: output[0] },
    stateSize: layers[0]![1],
    options: {
      mlpDims: isLearned ? widths : widths.slice(0, -1),
      ...style,
      ...(!isLearned && { fixedStd: USUAL_STD, learnFixedStd: read.has("logvar") }),
      ...storedRange(scalars, prefix),
    },
  };
}

/** The same of a mixture. @throws InputError `DMPO_WEIGHTS` naming `source` if these are not the weights of such a network. */
export function inferMixture(
  shapes: Shapes,
  prefix: string,
  source: string,
  scalars: Scalars = new Map(),
): InferredNetwork {
  const read = reader(shapes, prefix);
  const { layers, ...style } = read.head("mlp_mean");
  const [numModes] = read.head("mlp_weights").layers.at(-1) ?? [];
  const foreign = read.foreign(["embedding", "backbone", "transformer", "mlp_base"]);
  if (layers.length === 0 || numModes === undefined || foreign)
    refuse(shapes, foreign, source, "a mixture of Gaussians (mlp_mean, mlp_weights)");
  const isLearned = read.head("mlp_logvar").layers.length > 0;
  const widths = layers.map(([outputs]) => outputs);
  return {
    chunk: { size: widths.at(-1)! / numModes },
    stateSize: layers[0]![1],
    options: {
      numModes,
      mlpDims: widths.slice(0, -1),
      ...style,
      ...(isLearned ? { stdMap: "clamp" } : { fixedStd: USUAL_STD, learnFixedStd: read.has("logvar") }),
      ...storedRange(scalars, prefix),
    },
  };
}

/** @throws InputError saying what was found instead of `expected`. */
export function refuse(shapes: Shapes, foreign: string | undefined, source: string, expected: string): never {
  const found = foreign ?? ([...shapes.keys()].slice(0, 4).join(", ") || "nothing");
  fail("DMPO_WEIGHTS", source, `holds ${found}`, `the weights of ${expected}`);
}

/** What the names and shapes of weights say. */
export function reader(shapes: Shapes, prefix: string) {
  const has = (name: string) => shapes.has(`${prefix}${name}`);
  const matrix = (name: string): Matrix | undefined => {
    const shape = shapes.get(`${prefix}${name}.weight`);
    return shape?.length === 2 ? [shape[0]!, shape[1]!] : undefined;
  };
  /** From the input on, those of a residual block as they are. */
  function head(name: string) {
    const residualStyle = has(`${name}.layers.0.weight`);
    const norm = residualStyle ? `${name}.layers.1.norm1.weight` : `${name}.moduleList.0.norm_1.weight`;
    return { layers: residualStyle ? residual(name) : plain(name), residualStyle, useLayernorm: has(norm) };
  }
  function plain(name: string): Matrix[] {
    const found: Matrix[] = [];
    const next = () => matrix(`${name}.moduleList.${found.length}.linear_1`);
    for (let layer = next(); layer; layer = next()) found.push(layer);
    return found;
  }
  function residual(name: string): Matrix[] {
    const start = matrix(`${name}.layers.0`);
    if (!start) return [];
    const found = [start];
    let block = 1;
    for (; matrix(`${name}.layers.${block}.l1`); block++) {
      found.push([start[0], start[0]], [start[0], start[0]]);
    }
    const last = matrix(`${name}.layers.${block}`);
    return last ? [...found, last] : found;
  }
  return {
    has,
    matrix,
    head,
    shape: (name: string) => shapes.get(`${prefix}${name}`),
    /** The first weight whose name has one of these parts. */
    foreign: (parts: readonly string[]) => [...shapes.keys()].find((name) => parts.some((part) => name.includes(part))),
  };
}
