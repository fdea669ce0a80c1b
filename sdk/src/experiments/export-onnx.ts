// A policy's inference as an ONNX file: observation and initial noise in, action chunk out, for any ONNX runtime.
import { z } from "zod";
import { constants } from "../engine/compile.js";
import { exportModel } from "../engine/export-model.js";
import { tf, type Weights } from "../engine/tensor.js";
import { fail } from "../errors.js";
import { writeFileAtomic } from "../files.js";
import type { Tensors } from "../policies/definition.js";
import type { Normalization } from "../normalization.js";
import { policyOf, type PolicySource } from "./policy-source.js";
import { checkOptions, count, optionsSchema, pathText } from "../options.js";
import { userPath } from "../paths.js";
import { shownValue } from "../schema-issues.js";

/** What the exported function computes. */
export interface ExportOptions {
  /** Denoising steps K >= 1 in one call. Default: the policy's own. */
  readonly steps?: number;
  /** Clip after every step, not only the last. Default true. */
  readonly clipIntermediate?: boolean;
  /**
   * Take raw observations and give raw actions, the normalisation being inside. Default true; false: both are in the
   * policy's own range, [-1, 1] where training data lay.
   */
  readonly includeNormalization?: boolean;
}

/** The file that was written, and what it takes and gives. */
export interface ExportedPolicy {
  /** Where it is. */
  readonly path: string;
  /** Its size. */
  readonly bytes: number;
  /**
   * Sizes without the batch axis: observation [To, Do], of policies that see pictures rgb [Ti, C, H, W], what the policy draws (of
   * flows, noise [Ta, Da]), action [Ta, Da].
   */
  readonly shapes: Readonly<Record<string, readonly number[]> & Record<"observation" | "action", readonly number[]>>;
  /** "any", or the only batch size that the file takes. */
  readonly batch: "any" | number;
}

const schema = optionsSchema<ExportOptions>({
  steps: count,
  clipIntermediate: z.boolean(),
  includeNormalization: z.boolean(),
});

/**
 * Writes a file with inputs `observation` (B, To, Do), of policies that see pictures `rgb` (B, Ti, C, H, W; uint8), and what the
 * policy draws, of flows `noise` (B, Ta, Da; standard normal, or zero for the central chunk), and output `action` (B, Ta, Da), all
 * float32 but for the pictures.
 *
 * @throws InputError if the policy cannot be loaded or `steps` is no positive integer.
 */
export async function exportOnnx(
  source: PolicySource,
  to: string,
  options: ExportOptions = {},
): Promise<ExportedPolicy> {
  if (!pathText.safeParse(to).success) fail("DMPO_OPTIONS", "path", `is ${shownValue(to)}`, "where the file goes");
  checkOptions(schema, options);
  const path = userPath(to);
  const { model, weights, normalization, environment, space, observationBound: bound } = await policyOf(source);
  const { steps = model.defaultSteps, clipIntermediate = true, includeNormalization = true } = options;
  const { shapes: draws } = model.actingDraws(steps);
  const seen = { observation: space.state, ...(space.rgb && { rgb: space.rgb }) };
  const shapes = { ...seen, ...draws, action: [space.horizonSteps, space.actionDim] };
  const frozen = model.views(weights.slice());

  type Input = Tensors & { observation: tf.Tensor3D; rgb?: tf.Tensor };
  function infer({ observation, rgb, ...drawn }: Input) {
    const seenState = includeNormalization ? normalized(observation, normalization) : observation;
    const state = includeNormalization && bound !== undefined ? seenState.clipByValue(-bound, bound) : seenState;
    const table = constants<Weights>(frozen);
    const action = model.sample(table, { state, ...(rgb && { rgb }) }, drawn, { steps, clipIntermediate });
    return { action: includeNormalization ? denormalized(action, normalization) : action };
  }

  const { bytes, batch } = exportModel<Input>(
    "policy",
    infer,
    { ...seen, ...draws },
    {
      bytes: ["rgb"],
      metadata: {
        policy: model.spec.policy,
        environment,
        denoising_steps: String(steps),
        normalization: includeNormalization ? "inside" : "outside",
      },
    },
  );
  await writeFileAtomic(path, bytes);
  return { path, bytes: bytes.length, shapes, batch };
}

function normalized(observation: tf.Tensor3D, { observationMin, observationMax }: Normalization): tf.Tensor3D {
  const scale = Float32Array.from(observationMin, (min, i) => 2 / (observationMax[i]! - min + 1e-6));
  return observation
    .sub(tf.tensor1d(Float32Array.from(observationMin)))
    .mul(tf.tensor1d(scale))
    .sub(1);
}

function denormalized(action: tf.Tensor3D, { actionMin, actionMax }: Normalization): tf.Tensor3D {
  const half = Float32Array.from(actionMin, (min, i) => (actionMax[i]! - min) / 2);
  return action
    .add(1)
    .mul(tf.tensor1d(half))
    .add(tf.tensor1d(Float32Array.from(actionMin)));
}
