// A film of where a policy looks: an episode as its cameras see it, under the attention that each patch gets.
import { z } from "zod";
import { makeEnvironment } from "../envs/make-environment.js";
import type { EnvironmentSource } from "../envs/environment.js";
import { Animation, Picture } from "../envs/render/picture.js";
import { writeFileAtomic } from "../files.js";
import { heatColors, heatOpacity, leastScale } from "../figures/charts/attention.js";
import type { AttentionOptions, CameraAttention } from "../policies/attention.js";
import type { RawActorOptions } from "../policies/raw-acting.js";
import { abortSignal, checkOptions, count, limit, optionsSchema, pathText } from "../options.js";
import { actingShapes } from "../policies/raw-acting.js";
import { policyOf, type PolicySource } from "./policy-source.js";

/** What is filmed and how: one layer's attention, the policy acting with these options. */
export interface AttentionFilmOptions extends AttentionOptions, RawActorOptions {
  /** Default: the policy's own. */
  readonly env?: EnvironmentSource;
  /** Environment steps after which the film ends, if the episode does not end before; a frame shows each. Default 100. */
  readonly maxSteps?: number;
  /** Default 10, at most 50. */
  readonly framesPerSecond?: number;
  /** How many times larger than the policy's own pictures. Default 2. */
  readonly scale?: number;
  /** Also writes the film to this file, as GIF. */
  readonly path?: string;
  /** Ends the film early; what was filmed is returned. */
  readonly signal?: AbortSignal;
}

const schema = optionsSchema<AttentionFilmOptions>({
  ...actingShapes.actor,
  ...{ layer: count, env: z.unknown(), maxSteps: limit, framesPerSecond: z.number().positive().max(50) },
  ...{ scale: count, path: pathText, signal: abortSignal },
});

/**
 * Plays one episode and films where the policy looks: for every camera its picture, and beside it the same under its attention,
 * whose colours mean the same in all frames of a camera.
 * @throws InputError DMPO_POLICY_PICTURES for a policy that sees no pictures, DMPO_ENV_UNKNOWN, DMPO_OPTIONS.
 */
export async function attentionFilm(source: PolicySource, options: AttentionFilmOptions = {}): Promise<Animation> {
  checkOptions(schema, options);
  const policy = await policyOf(source);
  const {
    env = policy.environment,
    layer,
    maxSteps = 100,
    framesPerSecond = 10,
    scale = 2,
    path,
    signal,
    ...acting
  } = options;
  const environment = await makeEnvironment(env, { seed: options.seed });
  const actor = policy.actor(acting);
  const frames: (readonly CameraAttention[])[] = [];
  try {
    let observation = environment.reset();
    for (let step = 0; step < maxSteps && !signal?.aborted; step++) {
      const seen = environment.definition.pictures ? { state: observation, rgb: environment.look() } : observation;
      const action = await actor.act(seen);
      frames.push((await actor.attention({ layer })).cameras);
      const { observation: next, terminated, truncated } = environment.step(action);
      if (terminated || truncated) break;
      observation = next;
    }
  } finally {
    environment.close();
  }
  // The most that any patch gets in the film, or twice what it would get were all alike.
  const most = (frames[0] ?? []).map((_, camera) =>
    frames.reduce(
      (top, cameras) => Math.max(top, ...(cameras[camera]!.received.data as Float32Array)),
      leastScale / frames[0]![camera]!.received.data.length,
    ),
  );
  const film = new Animation(
    frames.map((cameras) =>
      Picture.row(cameras.flatMap((one, i) => [drawn(one, scale), drawn(one, scale, overlay(one, most[i]!))])),
    ),
    framesPerSecond,
  );
  if (path !== undefined) await writeFileAtomic(path, film.gif());
  return film;
}

type Overlay = (x: number, y: number) => readonly number[];

/** A camera's picture, each pixel a square of `scale`, where `over` is given under its colours. */
function drawn({ picture }: CameraAttention, scale: number, over?: Overlay): Picture {
  const [channels, height, width] = picture.shape;
  const rgb = new Uint8Array(3 * height * width * scale ** 2);
  const plane = height * width;
  for (let y = 0; y < height * scale; y++) {
    const row = Math.floor(y / scale);
    for (let x = 0; x < width * scale; x++) {
      const column = Math.floor(x / scale);
      const color = over?.(column, row);
      for (let c = 0; c < 3; c++) {
        const value = picture.data[Math.min(c, channels - 1) * plane + row * width + column]!;
        const shown = color ? (1 - heatOpacity) * value + heatOpacity * color[c]! : value;
        rgb[3 * (y * width * scale + x) + c] = Math.round(shown);
      }
    }
  }
  const depth = new Float32Array(height * width * scale ** 2).fill(Infinity);
  return new Picture(width * scale, height * scale, rgb, depth);
}

/** Colours of the attention at a pixel, linear between the middles of patches, `most` being the lightest. */
function overlay({ received, patch, picture }: CameraAttention, most: number): Overlay {
  const [rows, columns] = received.shape as [number, number];
  const [, height, width] = picture.shape;
  /** The patches around a pixel, and how far it is from the first to the second. */
  const around = (pixel: number, count: number) => {
    const at = Math.min(Math.max((pixel - (patch.size - 1) / 2) / patch.stride, 0), count - 1);
    const first = Math.min(Math.floor(at), Math.max(count - 2, 0));
    return [first, Math.min(first + 1, count - 1), at - first] as const;
  };
  const colors = new Map<number, readonly number[]>();
  for (let y = 0; y < height; y++) {
    const [top, bottom, down] = around(y, rows);
    for (let x = 0; x < width; x++) {
      const [left, right, along] = around(x, columns);
      const at = (row: number, column: number) => received.data[row * columns + column]!;
      const upper = (1 - along) * at(top, left) + along * at(top, right);
      const lower = (1 - along) * at(bottom, left) + along * at(bottom, right);
      colors.set(y * width + x, colorOf(((1 - down) * upper + down * lower) / most));
    }
  }
  return (x, y) => colors.get(y * width + x)!;
}

/** Of a share of the most. */
function colorOf(share: number): readonly number[] {
  const next = Math.max(
    1,
    heatColors.findIndex(([at]) => at >= share),
  );
  const [[low, from], [high, to]] = [heatColors[next - 1]!, heatColors[next]!];
  const part = Math.min(1, (share - low) / (high - low));
  return from.map((value, c) => (1 - part) * value + part * to[c]!);
}
