// A network's options read off the shapes of its weights, for checkpoints that store weights only: networks made of embeddings
// of times, a condition encoder and a head.
import { fail } from "../errors.js";
import type { InferredNetwork, Shapes } from "./network.js";
import { inferVision } from "./vision-encoder.js";

/** What such networks are called inside. */
interface Names {
  readonly encoder: string;
  readonly head: string;
  /** Embeddings, for the error that says what is expected. */
  readonly embeddings: readonly string[];
}

/**
 * Everything but the activations, which leave no trace in weights, and how the chunk divides into actions.
 *
 * @param layout the options that are widths of embeddings of times, with the names of those; how much wider these are inside
 *   (default 2 times), which tells networks apart; whether it sees (default no).
 * @throws InputError `DMPO_WEIGHTS` naming `source` if these are not the weights of such a network.
 */
export function inferHead(
  shapes: Shapes,
  prefix: string,
  source: string,
  {
    embeddings,
    expansion = 2,
    sees = false,
  }: {
    readonly embeddings: Readonly<Record<string, string>>;
    readonly expansion?: number;
    readonly sees?: boolean;
  },
): InferredNetwork {
  const seen = sees ? inferVision(shapes, prefix, source) : undefined;
  if (!seen) refuseVision(shapes, source);
  const names = { encoder: "cond_mlp", head: "mlp_mean", embeddings: Object.values(embeddings) };
  const { matrix, read } = weightsOf(shapes, prefix, source, names);
  const widths = Object.fromEntries(
    Object.entries(embeddings).map(([option, name]) => {
      const { inputs, outputs } = matrix(`${name}.1`);
      if (outputs !== expansion * inputs) {
        fail("DMPO_WEIGHTS", source, `has ${name} of ${outputs} by ${inputs}`, `${expansion * inputs} by ${inputs}`);
      }
      return [option, inputs];
    }),
  );
  const unknown = [...shapes.keys()].find(
    (name) => /embedding/.test(name) && !names.embeddings.some((known) => name.startsWith(`${prefix}${known}.`)),
  );
  if (unknown) fail("DMPO_WEIGHTS", source, `has ${unknown}`, `no embedding but ${names.embeddings.join(", ")}`);
  const { headInputs, chunkSize, stateSize, options } = read();
  const embedded = Object.values(widths).reduce((sum, width) => sum + width, 0);
  const rest = headInputs - embedded - chunkSize;
  if (!seen) return { chunk: { size: chunkSize }, stateSize: stateSize ?? rest, options: { ...widths, ...options } };
  const { condMlpDims: _, ...head } = options;
  return {
    chunk: { size: chunkSize },
    stateSize: seen.stateSize ?? rest - seen.width,
    rgb: seen.rgb,
    options: { ...widths, ...head, ...seen.options },
  };
}

/** @throws InputError `DMPO_WEIGHTS` for the weights of a network that sees. */
export function refuseVision(shapes: Shapes, source: string): void {
  const found = [...shapes.keys()].find((name) => name.includes("backbone.vit."));
  if (found) fail("DMPO_WEIGHTS", source, `has ${found}`, "the weights of a network on low-dimensional observations");
}

/** Readers of the weights below `prefix`. Both throw InputError `DMPO_WEIGHTS` naming `source`. */
export function weightsOf(shapes: Shapes, prefix: string, source: string, names: Names) {
  const find = (name: string) => {
    const shape = shapes.get(`${prefix}${name}.weight`);
    return shape?.length === 2 ? { outputs: shape[0]!, inputs: shape[1]! } : undefined;
  };
  /** The matrix of a linear map. */
  const matrix = (name: string) =>
    find(name) ??
    fail(
      "DMPO_WEIGHTS",
      source,
      `has no matrix ${prefix}${name}.weight; it holds ${[...shapes.keys()].slice(0, 4).join(", ") || "nothing"}, ...`,
      `the weights of a network on low-dimensional observations (${[...names.embeddings, names.head].join(", ")})`,
      "policies of other classes cannot be loaded by this function",
    );
  const layers = (name: (i: number) => string) => {
    const found: { outputs: number; inputs: number }[] = [];
    for (let layer = find(name(0)); layer; layer = find(name(found.length))) found.push(layer);
    return found;
  };
  return { matrix, read };

  /** What encoder and head tell; `stateSize` is undefined where there is no encoder. */
  function read() {
    const encoder = layers((i) => `${names.encoder}.moduleList.${i}.linear_1`);
    const residualStyle = shapes.has(`${prefix}${names.head}.layers.0.weight`);
    const head = residualStyle ? residualHead() : plainHead();
    return {
      headInputs: head.inputs,
      chunkSize: head.outputs,
      stateSize: encoder[0]?.inputs,
      options: {
        condMlpDims: encoder.length > 0 ? encoder.map(({ outputs }) => outputs) : null,
        mlpDims: head.hidden,
        useLayernorm: head.isNormalized,
        residualStyle,
      },
    };
  }

  function residualHead() {
    const first = matrix(`${names.head}.layers.0`);
    let blocks = 0;
    while (find(`${names.head}.layers.${blocks + 1}.l1`)) blocks++;
    return {
      inputs: first.inputs,
      outputs: matrix(`${names.head}.layers.${blocks + 1}`).outputs,
      hidden: Array.from({ length: 2 * blocks + 1 }, () => first.outputs),
      isNormalized: shapes.has(`${prefix}${names.head}.layers.1.norm1.weight`),
    };
  }

  function plainHead() {
    const first = matrix(`${names.head}.moduleList.0.linear_1`);
    const all = layers((i) => `${names.head}.moduleList.${i}.linear_1`);
    return {
      inputs: first.inputs,
      outputs: all.at(-1)!.outputs,
      hidden: all.slice(0, -1).map(({ outputs }) => outputs),
      isNormalized: shapes.has(`${prefix}${names.head}.moduleList.0.norm_1.weight`),
    };
  }
}
