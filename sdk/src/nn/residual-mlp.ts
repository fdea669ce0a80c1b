// Residual multilayer perceptron with pre-activation blocks (He et al. 2016): x + l2(act(norm2(l1(act(norm1(x)))))).
import { fail } from "../errors.js";
import { activations, type ActivationName } from "./activations.js";
import { layerNorm, linear } from "./linear.js";
import type { LayeredModule, Module } from "./module.js";

export interface ResidualMlpOptions {
  /** Before each linear map inside a block; default "Mish". */
  readonly activation?: ActivationName;
  /** After the output layer; default "Identity". */
  readonly outActivation?: ActivationName;
  /** LayerNorm (epsilon 1e-6) before each activation inside a block; default false. */
  readonly layerNorm?: boolean;
}

/**
 * Widths [in, H, ..., H, out] with 1, 3, 5, ... hidden entries, two per block after the first; only the first hidden
 * width counts, as in the reference. Parameters `<name>.layers.0`, `<name>.layers.<i>.{l1,l2,norm1,norm2}`,
 * `<name>.layers.<last>`. Its layers are the input map, every block, then the output.
 *
 * @throws InputError for an even number of hidden widths.
 */
export function residualMlp(name: string, widths: readonly number[], options: ResidualMlpOptions = {}): LayeredModule {
  const hidden = widths.slice(1, -1);
  if (hidden.length % 2 === 0) {
    fail(
      "DMPO_NETWORK",
      name,
      `${hidden.length} hidden widths [${hidden.join(", ")}]`,
      "1, 3, 5, ... of them, two per residual block",
    );
  }
  const width = hidden[0]!;
  const blocks = Array.from({ length: (hidden.length - 1) / 2 }, (_, i) =>
    block(`${name}.layers.${i + 1}`, width, options),
  );
  const first = linear(`${name}.layers.0`, widths[0]!, width);
  const last = linear(`${name}.layers.${blocks.length + 1}`, width, widths.at(-1)!);
  const outActivation = activations[options.outActivation ?? "Identity"];
  const layers: LayeredModule["layers"] = (weights, x) => {
    const representations = [first, ...blocks].map((part) => (x = part.apply(weights, x)));
    return [...representations, outActivation(last.apply(weights, x))];
  };
  return {
    masks: [],
    parameters: [first, ...blocks, last].flatMap(({ parameters }) => parameters),
    layers,
    apply: (weights, x) => layers(weights, x).at(-1)!,
  };
}

function block(name: string, width: number, options: ResidualMlpOptions): Module {
  const activation = activations[options.activation ?? "Mish"];
  const maps = [linear(`${name}.l1`, width, width), linear(`${name}.l2`, width, width)];
  const norms = options.layerNorm ? [1, 2].map((i) => layerNorm(`${name}.norm${i}`, width, 1e-6)) : [];
  return {
    parameters: [...maps, ...norms].flatMap(({ parameters }) => parameters),
    apply: (weights, x) =>
      maps.reduce((rows, map, i) => map.apply(weights, activation(norms[i]?.apply(weights, rows) ?? rows)), x).add(x),
  };
}
