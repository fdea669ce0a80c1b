// `model.network:` by policy and `type`. A policy names the networks that it can use; the first is its default.
import { z } from "zod";
import { activationName } from "../../nn/activations.js";
import { shortcutMlpOptions } from "../../nn/shortcut-mlp.js";
import { lookOptions } from "../../nn/vision-encoder.js";
import { optional, withoutDefault } from "./fields.js";

const { count, flag, widths, activation } = optional;

/** A network that a configuration can choose. */
export interface NetworkSection {
  readonly options: z.ZodObject;
}

const head = z.strictObject({
  mlpDims: widths,
  activationType: activation,
  useLayernorm: z.boolean().default(false),
  residualStyle: flag,
});
const outActivationType = activationName.default("Identity");
const timedHead = head.extend({ timeDim: count, condMlpDims: widths, outActivationType });
const stepHead = head.extend({
  tdEmbDim: count.describe("width of the embedding of time and step size"),
  embedCombinationType: shortcutMlpOptions.shape.embedCombinationType,
  condMlpDims: widths,
  outActivationType,
});

/** Whatever a teacher's network may have. */
const teacherOptions = {
  ...timedHead.shape,
  ...stepHead.shape,
  rEmbeddingDim: count,
  ...lookOptions,
};
export const teacherNetwork = z.strictObject({
  type: z.enum(["mlp", "vit"]).optional(),
  ...Object.fromEntries(Object.entries(teacherOptions).map(([name, schema]) => [name, withoutDefault(schema)])),
});
