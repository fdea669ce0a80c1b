// VisionUnet1D: the U-Net of noise whose condition is what the cameras saw, one by one, and the state.
import { z } from "zod";
import type { DiffusionNetwork } from "./denoising-network.js";
import type { NetworkFamily } from "./network.js";
import { unetFamily, unetNetwork, unetOptions } from "./unet.js";
import { inferBlocks } from "./unet-shapes.js";
import {
  inferVision,
  optionSizes,
  passingVisionOptions,
  visionEncoder,
  visionOptions,
  visionSizes,
} from "./vision-encoder.js";

export const unetVisionOptions = z.strictObject({
  ...unetOptions.omit({ condMlpDims: true }).shape,
  ...visionOptions,
});
type UnetVisionOptions = z.output<typeof unetVisionOptions>;

/** Builds the network; `prefix` starts every parameter name. @throws InputError for pictures that do not divide, or as `unet`. */
export function unetVision(input: z.input<typeof unetVisionOptions>, prefix = ""): DiffusionNetwork {
  const options = unetVisionOptions.parse(input);
  const encoder = visionEncoder(options, optionSizes(options), prefix);
  return unetNetwork({ ...options, condMlpDims: null }, encoder, prefix);
}

/** {@link unetVision} as a policy lists it. */
export const unetVisionFamily: NetworkFamily<DiffusionNetwork> = {
  options: unetVisionOptions,
  untold: [...unetFamily.untold, ...passingVisionOptions],
  training: passingVisionOptions,
  sizes: visionSizes,
  build: (options, prefix) => unetVision(options as UnetVisionOptions, prefix),
  infer(shapes, prefix, source) {
    const seen = inferVision(shapes, prefix, source);
    const { features, chunk, options } = inferBlocks(shapes, prefix, source);
    const { condMlpDims: _, ...told } = options;
    return {
      chunk,
      stateSize: seen.stateSize ?? features - seen.width,
      rgb: seen.rgb,
      options: { ...told, ...seen.options },
    };
  },
  changeable: () => passingVisionOptions,
};
