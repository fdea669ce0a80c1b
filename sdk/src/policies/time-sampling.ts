// Noise levels that flows are trained at; for MeanFlow pairs r <= t in [0, 1] (t = 1 is noise), a given share of them equal.
import { z } from "zod";
import type { RandomStream } from "../engine/random.js";
import { fail } from "../errors.js";

/** A noise level in [0, 1] from independent uniform numbers, of which it takes as many as it has parameters. */
export type TimeFunction = (...uniforms: number[]) => number;

const named = (logitNormalMean: number) =>
  [
    z.strictObject({
      type: z.literal("logitNormal"),
      mean: z.number().default(logitNormalMean),
      std: z.number().positive().default(1),
    }),
    z.strictObject({ type: z.literal("uniform") }),
    z.strictObject({
      type: z.literal("beta"),
      a: z.number().positive().default(1.5).describe("a > b favours noisy actions"),
      b: z.number().positive().default(1),
    }),
    z.strictObject({
      type: z.literal("table"),
      density: z
        .array(z.number().min(0))
        .min(2)
        .refine((values) => values.some((value) => value > 0), "densities that are not all zero")
        .describe("at equally spaced times from 0 to 1, linear in between; scaled to integrate to one"),
    }),
    z.strictObject({
      type: z.literal("quantiles"),
      values: z
        .array(z.number().min(0).max(1))
        .min(2)
        .refine((values) => values.every((value, i) => i === 0 || value >= values[i - 1]!), "ascending numbers")
        .describe("times at equally spaced probabilities from 0 to 1, linear in between"),
    }),
  ] as const;

/** A distribution that is no mixture, complete. */
type Component = z.output<ReturnType<typeof named>[number]>;
type ComponentInput = Lists<z.input<ReturnType<typeof named>[number]>> | TimeFunction;
/** Lists may be constants. */
type Lists<T> = { readonly [Key in keyof T]: T[Key] extends number[] ? readonly number[] : T[Key] };
/** Parts and their weights, whose sum is divided by. */
interface Mixture<Part> {
  readonly type: "mixture";
  readonly parts: readonly { readonly weight: number; readonly times: Part }[];
}

/** A distribution of noise levels in [0, 1], 1 being noise, complete: plain data, as checkpoints hold it. */
export type TimeDistribution = Component | Mixture<Component>;
/**
 * Distribution of noise levels in [0, 1], 1 being noise: `{ type: "logitNormal", mean?, std? }` (defaults -0.4, of ReFlow 0, and
 * 1), `{ type: "uniform" }`, `{ type: "beta", a?, b? }` (defaults 1.5 and 1), std, a, b > 0; `{ type: "table", density: [...] }`,
 * densities at equally spaced times from 0 to 1; `{ type: "mixture", parts: [{ weight, times }, ...] }`; or a function of
 * uniform numbers, e.g. `(u) => u ** 2`, which is kept as `{ type: "quantiles", values }`, see {@link quantilesOf}.
 */
export type TimeDistributionInput =
  | ComponentInput
  | {
      readonly type: "mixture";
      readonly parts: readonly { readonly weight?: number; readonly times: ComponentInput }[];
    };

/** Functions become tables before the schema looks. */
const withFunctions = <Schema extends z.ZodType>(schema: Schema) =>
  z.preprocess((given) => (typeof given === "function" ? quantilesOf(given as TimeFunction) : given), schema);

/** Which distribution and with which mean by default is the policy's choice. */
export function timeDistributionWith({
  type,
  logitNormalMean,
}: {
  readonly type: "logitNormal" | "uniform" | "beta";
  readonly logitNormalMean: number;
}) {
  const components = named(logitNormalMean);
  const part = z.strictObject({
    weight: z.number().positive().default(1),
    times: withFunctions(z.discriminatedUnion("type", [...components])),
  });
  const mixture = z.strictObject({ type: z.literal("mixture"), parts: z.array(part).min(1) });
  const schema = withFunctions(z.discriminatedUnion("type", [...components, mixture])).prefault({ type });
  // What comes in before functions are replaced, the library cannot tell.
  return schema as unknown as z.ZodPrefault<z.ZodType<TimeDistribution, TimeDistributionInput>>;
}

export const timeDistribution = timeDistributionWith({ type: "logitNormal", logitNormalMean: -0.4 }).describe(
  "distribution of the two times whose maximum is t and whose minimum is r",
);

/** Probabilities between which a function's quantiles are kept. */
const quantileSteps = 512;
/** Evaluations of the function, a multiple of the steps. */
const evaluations = 2 ** 18;

/**
 * The distribution of `times(u)` as 513 quantiles, linear in between: what a checkpoint can hold of a function. Between two of
 * them lies 1/512 of the probability, so the distribution function is off by less than 0.002 anywhere, by 0.0006 for
 * logit-normal times, most at the ends. The function is evaluated at 262,144 points that fill the unit cube evenly (one number:
 * the midpoints; several: the additive recurrence of Roberts 2018), so the table is always the same.
 * @throws InputError `DMPO_OPTIONS` if it gives anything but numbers in [0, 1].
 */
export function quantilesOf(times: TimeFunction): { readonly type: "quantiles"; readonly values: readonly number[] } {
  const dimension = Math.max(1, times.length);
  // The positive root of x^(d + 1) = x + 1.
  let root = 2;
  for (let i = 0; i < 50; i++) root = (1 + root) ** (1 / (dimension + 1));
  const steps =
    dimension === 1 ? [1 / evaluations] : Array.from({ length: dimension }, (_, axis) => root ** -(axis + 1));
  const drawn = new Float64Array(evaluations);
  for (let i = 0; i < evaluations; i++) {
    const point = steps.map((step) => ((i + 0.5) * step) % 1);
    const time = times(...point);
    if (!(typeof time === "number" && time >= 0 && time <= 1)) {
      fail("DMPO_OPTIONS", "times", `gives ${time} for (${point.join(", ")})`, "a number in [0, 1]");
    }
    drawn[i] = time;
  }
  drawn.sort();
  const each = evaluations / quantileSteps;
  const between = (i: number) => (drawn[Math.max(0, i * each - 1)]! + drawn[Math.min(evaluations - 1, i * each)]!) / 2;
  return {
    type: "quantiles",
    values: Array.from({ length: quantileSteps + 1 }, (_, i) => Math.round(1e7 * between(i)) / 1e7),
  };
}

/** Rows of a batch of `size` that have r = t: the first floor(flowRatio size). */
export function equalRows(flowRatio: number, size: number): number {
  return Math.floor(flowRatio * size);
}

/**
 * Fills `t` and `r` (B each): two draws per row, sorted, then r = t in the first {@link equalRows}. Which rows are equal is
 * not drawn, because batches are random permutations already; known rows let the loss skip their tangents.
 */
export function fillTimes(
  t: Float32Array,
  r: Float32Array,
  random: RandomStream,
  { times, flowRatio }: { times: TimeDistribution; flowRatio: number },
): void {
  drawTimes(t, random, times);
  drawTimes(r, random, times);
  const equal = equalRows(flowRatio, t.length);
  for (let i = 0; i < t.length; i++) {
    const [low, high] = [Math.min(t[i]!, r[i]!), Math.max(t[i]!, r[i]!)];
    t[i] = high;
    r[i] = i < equal ? high : low;
  }
}

/** Fills `out` with independent noise levels. */
export function drawTimes(out: Float32Array, random: RandomStream, times: TimeDistribution): void {
  switch (times.type) {
    case "logitNormal":
      random.logitNormal(out, times.mean, times.std);
      break;
    case "uniform":
      random.uniform(out);
      break;
    case "beta":
      random.beta(out, times.a, times.b);
      break;
    case "table": {
      const law = tableLaw(times.density);
      random.uniform(out).forEach((u, i) => (out[i] = law.quantile(u)));
      break;
    }
    case "quantiles":
      random.uniform(out).forEach((u, i) => (out[i] = interpolate(times.values, u)));
      break;
    case "mixture":
      drawMixture(out, random, times);
  }
}

/** Every part draws for every row, of which a uniform number then chooses one. */
function drawMixture(out: Float32Array, random: RandomStream, { parts }: Mixture<Component>): void {
  const total = parts.reduce((sum, { weight }) => sum + weight, 0);
  const choice = random.uniform(new Float32Array(out.length));
  const drawn = new Float32Array(out.length);
  let below = 0;
  for (const { weight, times } of parts) {
    drawTimes(drawn, random, times);
    const from = below;
    below += weight / total;
    choice.forEach((u, i) => u >= from && (out[i] = drawn[i]!));
  }
}

/** Values at equally spaced points from 0 to 1, linear in between. */
export function interpolate(values: readonly number[], at: number): number {
  const place = at * (values.length - 1);
  const cell = Math.min(values.length - 2, Math.floor(place));
  return values[cell]! + (place - cell) * (values[cell + 1]! - values[cell]!);
}

/** Density, distribution function and its inverse of a table of densities. */
export function tableLaw(values: readonly number[]) {
  const cells = values.length - 1;
  const ends = new Float64Array(values.length);
  for (let i = 0; i < cells; i++) ends[i + 1] = ends[i]! + (values[i]! + values[i + 1]!) / 2;
  const total = ends[cells]!;
  return {
    density: (x: number) => (cells * interpolate(values, x)) / total,
    cumulative(x: number) {
      const cell = Math.min(cells - 1, Math.floor(x * cells));
      const part = x * cells - cell;
      return (ends[cell]! + part * (values[cell]! + (part / 2) * (values[cell + 1]! - values[cell]!))) / total;
    },
    quantile(probability: number) {
      const wanted = probability * total;
      let [low, high] = [0, cells];
      while (high - low > 1) {
        const middle = (low + high) >> 1;
        if (ends[middle]! <= wanted) low = middle;
        else high = middle;
      }
      // The root of a part + (b - a) part^2 / 2 = rest in [0, 1], in the form that a = b and a = 0 do not disturb.
      const [a, b, rest] = [values[low]!, values[low + 1]!, wanted - ends[low]!];
      const root = Math.sqrt(Math.max(0, a * a + 2 * (b - a) * rest));
      return Math.min(1, (low + (rest > 0 ? (2 * rest) / (a + root) : 0)) / cells);
    },
  };
}
