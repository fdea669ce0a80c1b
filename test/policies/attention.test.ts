// Where policies that see look: against a plain computation from the same weights, and as a figure.
import { createCanvas, loadImage } from "@napi-rs/canvas";
import { expect, test } from "vitest";
import { Random } from "../../sdk/src/engine/random.js";
import { MeanFlow, ReFlow } from "../../sdk/src/experiments/policies.js";
import { attention as attentionFigure } from "../../sdk/src/figures/charts/attention.js";
import { toPng } from "../../sdk/src/figures/static/static-export.js";
import { TrainedPolicy } from "../../sdk/src/policies/trained-policy.js";

const SIZE = 32;
const [HEADS, WIDTH, SIDE] = [2, 8, 3];
const P = SIDE ** 2;
const network = {
  mlpDims: [8, 8, 8],
  backbone: { depth: 2, embedDim: WIDTH, numHeads: HEADS },
  spatialEmb: 6,
};

/** Weights at random, large enough that attention is not even. */
function policyFor(kind: "stacked" | "single" | "blind"): TrainedPolicy {
  const seen = { actionDimension: 2, observationDimension: 4, images: { shape: [6, SIZE, SIZE] as const } };
  const model =
    kind === "blind"
      ? MeanFlow.standard()
          .withNetwork({ mlpDims: [8, 8, 8] })
          .for({ actionDimension: 2, observationDimension: 4 })
      : kind === "stacked"
        ? MeanFlow.standard()
            .withNetwork({ type: "vit", ...network })
            .for(seen)
        : ReFlow.standard()
            .withNetwork({ type: "vit", ...network, numImg: 2 })
            .for(seen);
  const weights = new Random(3).stream("weights").normal(new Float32Array(model.layout.size));
  const range = (size: number, value: number) => new Float32Array(size).fill(value);
  return new TrainedPolicy({
    model,
    weights: weights.map((value) => value / 2),
    environment: "nowhere",
    normalization: {
      ...{ observationMin: range(4, -1), observationMax: range(4, 1) },
      ...{ actionMin: range(2, -1), actionMax: range(2, 1) },
    },
  });
}

const observation = {
  state: [0.1, -0.2, 0.3, 0.4],
  rgb: Uint8Array.from({ length: 6 * SIZE ** 2 }, (_, k) => (37 * k + (k >> 5)) % 256),
};

type Rows = number[][];

/** The attention of a layer in plain loops over rows of numbers, as the paper writes it. */
function plainAttention(
  policy: TrainedPolicy,
  picture: readonly number[],
  channels: number,
  layer: number,
): number[][][] {
  const views = policy.model.views(policy.weights);
  const w = (name: string) => views[`network.backbone.vit.${name}`]!.data as Float32Array;
  const conv = (x: ArrayLike<number>, inputs: number, extent: number, name: string, kernel: number, stride: number) => {
    const out = (extent - kernel) / stride + 1;
    const [weight, bias] = [w(`${name}.weight`), w(`${name}.bias`)];
    const result = new Float64Array(WIDTH * out * out);
    for (let o = 0; o < WIDTH; o++)
      for (let y = 0; y < out; y++)
        for (let x0 = 0; x0 < out; x0++) {
          let sum = bias[o]!;
          for (let c = 0; c < inputs; c++)
            for (let i = 0; i < kernel; i++)
              for (let j = 0; j < kernel; j++)
                sum +=
                  x[(c * extent + y * stride + i) * extent + x0 * stride + j]! *
                  weight[((o * inputs + c) * kernel + i) * kernel + j]!;
          result[(o * out + y) * out + x0] = sum;
        }
    return result;
  };
  const pixels = picture.map((value) => value / 255 - 0.5);
  const first = conv(pixels, channels, SIZE, "patch_embed.embed.0", 8, 4).map((value) => Math.max(0, value));
  const second = conv(first, WIDTH, 7, "patch_embed.embed.3", 3, 2);
  let x: Rows = Array.from({ length: P }, (_, p) =>
    Array.from({ length: WIDTH }, (_, e) => second[e * P + p]! + w("pos_embed")[p * WIDTH + e]!),
  );
  const normed = (rows: Rows, name: string): Rows =>
    rows.map((row) => {
      const mean = row.reduce((a, b) => a + b) / WIDTH;
      const variance = row.reduce((a, b) => a + (b - mean) ** 2, 0) / WIDTH;
      return row.map(
        (v, e) => ((v - mean) / Math.sqrt(variance + 1e-5)) * w(`${name}.weight`)[e]! + w(`${name}.bias`)[e]!,
      );
    });
  const map = (rows: Rows, weight: Float32Array, bias: Float32Array): Rows =>
    rows.map((row) => Array.from(bias, (b, o) => row.reduce((sum, v, e) => sum + v * weight[o * row.length + e]!, b)));
  const erf = (v: number) => {
    // The series of the error function; arguments here are small enough for it.
    let [sum, term] = [v, v];
    for (let n = 1; n < 200; n++) sum += (term *= -(v * v) / n) / (2 * n + 1);
    return Math.abs(v) > 5 ? Math.sign(v) : (2 / Math.sqrt(Math.PI)) * sum;
  };
  for (let at = 0; ; at++) {
    const name = `net.${at}`;
    const qkv = map(normed(x, `${name}.layer_norm1`), w(`${name}.mha.qkv_proj.weight`), w(`${name}.mha.qkv_proj.bias`));
    const depth = WIDTH / HEADS;
    const part = (row: number[], which: number, head: number) =>
      row.slice(which * WIDTH + head * depth, which * WIDTH + (head + 1) * depth);
    const dot = (a: number[], b: number[]) => a.reduce((sum, v, i) => sum + v * b[i]!, 0);
    const shares = Array.from({ length: HEADS }, (_, head) =>
      qkv.map((asking) => {
        const scores = qkv.map((row) => Math.exp(dot(part(asking, 0, head), part(row, 1, head)) / Math.sqrt(depth)));
        const all = scores.reduce((a, b) => a + b);
        return scores.map((score) => score / all);
      }),
    );
    if (at === layer) return shares;
    const mixed = qkv.map((_, p) =>
      shares.flatMap((rows, head) =>
        Array.from({ length: depth }, (_, d) =>
          rows[p]!.reduce((sum, s, q) => sum + s * part(qkv[q]!, 2, head)[d]!, 0),
        ),
      ),
    );
    const out = map(mixed, w(`${name}.mha.out_proj.weight`), w(`${name}.mha.out_proj.bias`));
    x = x.map((row, p) => row.map((v, e) => v + out[p]![e]!));
    const wide = map(normed(x, `${name}.layer_norm2`), w(`${name}.linear1.weight`), w(`${name}.linear1.bias`));
    const gelu = wide.map((row) => row.map((v) => (v / 2) * (1 + erf(v / Math.SQRT2))));
    const narrow = map(gelu, w(`${name}.linear2.weight`), w(`${name}.linear2.bias`));
    x = x.map((row, p) => row.map((v, e) => v + narrow[p]![e]!));
  }
}

const close = (found: ArrayLike<number>, expected: readonly number[]) => {
  expect(found.length).toBe(expected.length);
  const worst = Math.max(...expected.map((value, i) => Math.abs(value - found[i]!)));
  expect(worst).toBeLessThan(1e-5);
};

test.each([
  { layer: undefined, index: 1 },
  { layer: 1, index: 0 },
])("the attention of layer $layer is that of a plain computation, and its rows sum to 1", async ({ layer, index }) => {
  const policy = policyFor("stacked");
  const shown = await policy.attention(observation, { layer });
  expect([shown.layer, shown.layers, shown.cameras.length]).toEqual([index + 1, 2, 2]);
  const [first, second] = shown.cameras;
  expect(first!.attention.shape).toEqual([HEADS, P, P]);
  const expected = plainAttention(policy, Array.from(observation.rgb), 6, index);
  close(first!.attention.data, expected.flat(2));
  // Not even, else anything would pass.
  expect(Math.max(...first!.attention.data)).toBeGreaterThan(1.5 / P);
  for (let row = 0; row < HEADS * P; row++) {
    const shares = first!.attention.data.slice(row * P, (row + 1) * P) as Float32Array;
    const sum = shares.reduce((a, b) => a + b, 0);
    expect(sum).toBeCloseTo(1, 5);
  }
  const received = Array.from(
    { length: P },
    (_, q) => expected.flat().reduce((sum, row) => sum + row[q]!, 0) / (HEADS * P),
  );
  close(first!.received.data, received);
  expect(first!.received.shape).toEqual([SIDE, SIDE]);
  // Both cameras are one picture to this network; each shows its own channels.
  expect(second!.received).toEqual(first!.received);
  expect(second!.picture).toEqual({ data: observation.rgb.slice(3 * SIZE ** 2), shape: [3, SIZE, SIZE] });
  expect(first!.patch).toEqual({ size: 16, stride: 8 });
  const matrix = policy.model.views(policy.weights)["network.compress.input_proj.0.weight"]!;
  const places = Array.from({ length: 6 }, (_, o) =>
    Array.from(matrix.data.slice(o * (P + 4), o * (P + 4) + P) as Float32Array),
  );
  close(first!.spatial!.data, places.flat());
  expect(first!.spatial!.shape).toEqual([6, SIDE, SIDE]);
});

test("cameras that are looked at one by one have their own attention", async () => {
  const policy = policyFor("single");
  const { cameras } = await policy.attention(observation);
  const plane = 3 * SIZE ** 2;
  cameras.forEach(({ attention, spatial }, i) => {
    const own = Array.from(observation.rgb.slice(i * plane, (i + 1) * plane));
    close(attention.data, plainAttention(policy, own, 3, 1).flat(2));
    const matrix = policy.model.views(policy.weights)[`network.compress${i + 1}.input_proj.0.weight`]!;
    close(spatial!.data.slice(0, P), Array.from(matrix.data.slice(0, P) as Float32Array));
  });
});

test("a policy without pictures, and layers that there are none of, are errors", async () => {
  await expect(policyFor("blind").attention(observation.state)).rejects.toThrow(/this policy sees no pictures/);
  await expect(policyFor("stacked").attention(observation, { layer: 3 })).rejects.toThrow(
    /layer.*an integer from 1 to 2/s,
  );
  await expect(policyFor("stacked").actor().attention()).rejects.toThrow(/nothing was seen yet/);
});

test("the figure has the picture of every camera with its heat over the patches", async () => {
  const shown = await policyFor("single").attention(observation);
  const chart = attentionFigure(shown, { title: "Where it looks", names: ["hand", "front"] });
  expect(chart.data.map(({ type }) => type)).toEqual(Array(4).fill("heatmap"));
  const [heat] = chart.data as unknown as { z: number[][]; x0: number; dx: number; zmax: number }[];
  // Pixel (5, 7) of the second camera: red, green, blue.
  const { source } = (chart.layout.images as { source: string }[])[1]!;
  const image = await loadImage(Buffer.from(source.split(",")[1]!, "base64"));
  const canvas = createCanvas(image.width, image.height).getContext("2d");
  canvas.drawImage(image, 0, 0);
  const at = (channel: number) => observation.rgb[(3 + channel) * SIZE ** 2 + 5 * SIZE + 7]!;
  expect(Array.from(canvas.getImageData(7, 5, 1, 1).data)).toEqual([at(0), at(1), at(2), 255]);
  expect(heat!.z.length).toBe(SIDE);
  expect(heat!.z[1]![2]).toBeCloseTo(shown.cameras[0]!.received.data[5]! * P, 6);
  // Patches of 16 pixels, 8 apart: the middle of the first lies between pixels 7 and 8.
  expect([heat!.x0, heat!.dx]).toEqual([7.5, 8]);
  expect((chart.layout.annotations as { text: string }[]).map(({ text }) => text)[0]).toContain("hand");
  expect((await toPng(chart, { scale: 1 })).length).toBeGreaterThan(5000);
  expect(() => attentionFigure({ cameras: [] })).toThrow(/at least one camera/);
});
