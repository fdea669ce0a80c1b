// Plain multilayer perceptron: Linear, optional LayerNorm, optional dropout, activation, layer by layer.
import { activations, type ActivationName } from "./activations.js";
import { dropout } from "./dropout.js";
import { layerNorm, linear } from "./linear.js";
import type { LayeredModule } from "./module.js";

/** What lies between the layers. */
export interface MlpOptions {
  /** After every layer but the last; default "Mish". */
  readonly activation?: ActivationName;
  /** After the last layer; default "Identity". */
  readonly outActivation?: ActivationName;
  /** LayerNorm (epsilon 1e-5) before every activation but the last; default false. */
  readonly layerNorm?: boolean;
  /** LayerNorm before the last activation too; default false, needs `layerNorm`. */
  readonly layerNormFinal?: boolean;
  /** Share of entries that training drops before every activation but the last; default 0. */
  readonly dropout?: number;
  /** Drop before the last activation too; default false, needs `dropout`. */
  readonly dropoutFinal?: boolean;
}

/**
 * Widths from input to output, e.g. [60, 256, 12]. Parameters `<name>.moduleList.<i>.linear_1.*` and `.norm_1.*`.
 * Its layers are the activations of every hidden layer, then the output.
 */
export function mlp(name: string, widths: readonly number[], options: MlpOptions = {}): LayeredModule {
  const last = widths.length - 2;
  const steps = widths.slice(1).map((width, i) => {
    const normalised = options.layerNorm && (i < last || options.layerNormFinal);
    const rate = i < last || options.dropoutFinal ? (options.dropout ?? 0) : 0;
    return {
      parts: [
        linear(`${name}.moduleList.${i}.linear_1`, widths[i]!, width),
        ...(normalised ? [layerNorm(`${name}.moduleList.${i}.norm_1`, width, 1e-5)] : []),
      ],
      dropped: dropout(`${name}.moduleList.${i}`, [width], rate),
      activation: activations[i < last ? (options.activation ?? "Mish") : (options.outActivation ?? "Identity")],
    };
  });
  const layers: LayeredModule["layers"] = (weights, x) =>
    steps.map(({ parts, dropped, activation }) => {
      const rows = parts.reduce((rows, part) => part.apply(weights, rows), x);
      return (x = activation(dropped.apply(weights, rows)));
    });
  return {
    masks: steps.flatMap(({ dropped }) => dropped.masks),
    parameters: steps.flatMap(({ parts }) => parts.flatMap(({ parameters }) => parameters)),
    layers,
    apply: (weights, x) => layers(weights, x).at(-1)!,
  };
}
