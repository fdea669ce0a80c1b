// Films of where a policy looks: an episode, frame by frame, as its camera sees it and under the attention.
import { expect, test } from "vitest";
import { Random } from "../../sdk/src/engine/random.js";
import { defineEnvironment } from "../../sdk/src/envs/environment.js";
import { attentionFilm } from "../../sdk/src/experiments/attention-film.js";
import { ReFlow } from "../../sdk/src/experiments/policies.js";
import { TrainedPolicy } from "../../sdk/src/policies/trained-policy.js";

const SIZE = 32;
const picture = Uint8Array.from({ length: 3 * SIZE ** 2 }, (_, i) => (37 * i + (i >> 5)) % 256);
const network = { mlpDims: [8, 8, 8], backbone: { depth: 1, embedDim: 8, numHeads: 2 }, spatialEmb: 6 };

/** Episodes of three steps before one picture; `onStep` is called after each. */
const still = (onStep = () => {}) =>
  defineEnvironment({
    ...{ name: "still", observationDimension: 1, actionDimension: 1, maxEpisodeSteps: 3, pictures: [3, SIZE, SIZE] },
    create: () => ({
      ...{ secondsPerStep: 0.1, reset() {}, observe() {}, terminated: () => false },
      step: () => (onStep(), 0),
      look: (out) => out.set(picture),
    }),
  });

function policy(): TrainedPolicy {
  const seen = { actionDimension: 1, observationDimension: 1, images: { shape: [3, SIZE, SIZE] as const } };
  const model = ReFlow.standard()
    .withNetwork({ type: "vit", ...network })
    .for(seen);
  const weights = new Random(3).stream("weights").normal(new Float32Array(model.layout.size));
  const [low, high] = [Float32Array.of(-1), Float32Array.of(1)];
  return new TrainedPolicy({
    ...{ model, weights, environment: "nowhere" },
    normalization: { observationMin: low, observationMax: high, actionMin: low, actionMax: high },
  });
}

test("a frame for each step of an episode: the picture, larger, and beside it the same under its attention", async () => {
  const film = await attentionFilm(policy(), { env: still(), scale: 2 });
  expect(film.pictures).toHaveLength(3);
  const [{ width, height, rgb }] = film.pictures as [(typeof film.pictures)[number]];
  expect([width, height]).toEqual([4 * SIZE, 2 * SIZE]);
  const at = (x: number, y: number) => [...rgb.subarray(3 * (y * width + x), 3 * (y * width + x) + 3)];
  const seen = (x: number, y: number) => [0, 1, 2].map((c) => picture[c * SIZE ** 2 + y * SIZE + x]);
  for (const [x, y] of [
    [0, 0],
    [5, 9],
    [31, 31],
  ] as const) {
    // prettier-ignore
    expect(at(2 * x, 2 * y)).toEqual(seen(x, y));
    expect(at(2 * x + 1, 2 * y + 1)).toEqual(seen(x, y));
  }
  expect(at(2 * SIZE, 0)).not.toEqual(at(0, 0));
});

test("it ends after so many steps, or when it is stopped", async () => {
  expect((await attentionFilm(policy(), { env: still(), maxSteps: 2, scale: 1 })).pictures).toHaveLength(2);
  const stop = new AbortController();
  const stopped = await attentionFilm(policy(), { env: still(() => stop.abort()), scale: 1, signal: stop.signal });
  expect(stopped.pictures).toHaveLength(1);
});
