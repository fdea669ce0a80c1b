// From the overrides of a sweep to its factors, and from factors to trials that are known to be valid before any of them starts.
import { stringify } from "yaml";
import { fail, InputError, type Problem } from "../../errors.js";
import {
  combinations,
  type Domain,
  type Domains,
  type Point,
  type Range,
} from "../../experiments/sweeps/search/domain.js";
import { latinHypercube } from "../../experiments/sweeps/search/latin-hypercube.js";
import { randomPoints } from "../../experiments/sweeps/search/random-search.js";
import { compose } from "../language/compose.js";
import { nest } from "../language/settings.js";
import { adaptReference } from "../reference/reference.js";
import { overridesOf } from "./configured-trial.js";
import { resolveConfig, type ResolvedConfig } from "./experiment.js";
import { locateConfig } from "./locations.js";
import { choicesOf } from "./sweep.js";

export interface Factors {
  /** Overrides that all trials share. */
  readonly shared: readonly string[];
  readonly domains: Domains;
}

/** The sweep has places of its own for these. */
const own = ["logdir", "resume_path"];

/**
 * Overrides with several choices are factors: `seed=0..9`, `model.times.type=uniform,beta`, and for searches
 * `train.learning_rate=loguniform(1e-4,1e-2)`, `uniform(0,1)`, `integer(1,8)`.
 * @throws InputError `DMPO_OVERRIDE_SYNTAX`.
 */
export function factorsOf(overrides: readonly string[]): Factors {
  const shared: string[] = [];
  const domains: Record<string, Domain> = {};
  for (const override of overrides) {
    const equals = override.indexOf("=");
    const key = override.slice(0, equals);
    if (own.includes(key.replace(/^\++/, ""))) {
      const remedy = "leave it out; --folder names the folder of the sweep";
      fail("DMPO_OVERRIDE_SYNTAX", override, "is chosen by the sweep, for each trial", "other keys", remedy);
    }
    const range = rangeOf(override.slice(equals + 1), override);
    const choices = range ? [] : choicesOf(override);
    if (equals < 0 || (!range && choices.length === 1)) shared.push(override);
    else if (Object.hasOwn(domains, key))
      fail("DMPO_OVERRIDE_SYNTAX", override, "is a second list of choices", "one for each key");
    else
      domains[key] = range ?? {
        kind: "choices",
        values: distinct(
          choices.map((choice) => choice.slice(equals + 1)),
          override,
        ),
      };
  }
  return { shared, domains };
}

function distinct(values: readonly string[], override: string): string[] {
  const twice = values.find((value, index) => values.indexOf(value) !== index);
  if (twice !== undefined) fail("DMPO_OVERRIDE_SYNTAX", override, `has "${twice}" twice`, "different values");
  return [...values];
}

function rangeOf(text: string, override: string): Range | undefined {
  const [, name, from, to] =
    /^(uniform|loguniform|integer)\(\s*([^,()]+)\s*,\s*([^,()]+)\s*\)$/.exec(text.trim()) ?? [];
  if (name === undefined) return undefined;
  const [low, high] = [Number(from), Number(to)];
  const range: Range = {
    kind: "range",
    low,
    high,
    scale: name === "loguniform" ? "log" : "linear",
    whole: name === "integer",
  };
  const isSound = Number.isFinite(low) && high < Infinity && low < high;
  if (
    isSound &&
    (range.scale === "linear" || low > 0) &&
    (!range.whole || (Number.isInteger(low) && Number.isInteger(high)))
  )
    return range;
  const expected = {
    uniform: "uniform(0,1)",
    loguniform: "loguniform(1e-4,1e-2), both above 0",
    integer: "integer(1,8), whole numbers",
  };
  return fail(
    "DMPO_OVERRIDE_SYNTAX",
    override,
    "is no range",
    `${expected[name as keyof typeof expected]}, the lower bound first`,
  );
}

export interface Sampling {
  readonly kind: "grid" | "random" | "latin";
  /** Points; of a grid all. */
  readonly count?: number;
  readonly seed: number;
}

/** Points of all factors. Those of a search are drawn without `seed`, and each of them has every seed. @throws InputError `DMPO_SWEEP`. */
export function pointsOf(domains: Domains, { kind, count, seed }: Sampling): Point[] {
  if (kind === "grid") {
    // Seed by seed, so that a sweep that is stopped has seen every combination as often.
    const { seed: seeds, ...others } = domains;
    return combinations(seeds ? { seed: seeds, ...others } : others);
  }
  if (count === undefined)
    fail("DMPO_SWEEP", "--trials", "is not given", "how many points to draw, such as --trials 20");
  const { seed: seeds, ...others } = domains;
  const points = kind === "random" ? randomPoints(others, count, seed) : latinHypercube(others, count, seed);
  return combinations(seeds ? { seed: seeds } : {}).flatMap((one) => points.map((point) => ({ ...one, ...point })));
}

/** Distinct combinations that are checked one by one; of more, every value of every factor. */
const mostChecked = 300;

/**
 * Resolves the configuration of the trials. @returns that of the first.
 * @throws InputError `DMPO_CONFIG_*` with every problem that any of them has, `DMPO_CONFIG_WAITS` where a part does not exist yet.
 */
export function checkTrials(
  place: { readonly configDir: string; readonly configName: string; readonly overrides: readonly string[] },
  points: readonly Point[],
): ResolvedConfig {
  const problems = new Map<string, Problem>();
  let code: InputError["code"] = "DMPO_CONFIG_INVALID";
  let first: ResolvedConfig | undefined;
  for (const labels of toCheck(points)) {
    try {
      const resolved = resolveConfig(
        place.configDir,
        place.configName,
        overridesOf({ overrides: [...place.overrides] }, { labels }),
      );
      resolved.experiment();
      first ??= resolved;
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      code = error.code;
      for (const problem of error.problems) problems.set(`${problem.path} ${problem.wrong}`, problem);
    }
  }
  if (problems.size > 0) throw new InputError(code, [...problems.values()]);
  return first!;
}

function toCheck(points: readonly Point[]): Point[] {
  const seen = new Set<string>();
  const isNew = (text: string) => !seen.has(text) && seen.add(text);
  const combined = points.filter(({ seed: _, ...others }) => isNew(JSON.stringify(others))).slice(0, mostChecked);
  // Every value at least once, seeds too.
  const values = points.filter(
    (point) => Object.entries(point).filter(([key, value]) => isNew(`${key}=${value}`)).length > 0,
  );
  return [...new Set([...combined, ...values.slice(0, 4 * mostChecked)])];
}

/**
 * The configuration before overrides as one file, so that a sweep goes on where its files are not, or have changed. Undefined where
 * the file would mean something else: configurations of the reference may say more than is understood.
 */
export function composedConfig(configDir: string, configName: string): string | undefined {
  const { file, root } = locateConfig(configDir, configName);
  let isReference = false;
  const settings = compose(file, root, (own) => {
    const adapted = adaptReference(own);
    isReference ||= adapted.isReference;
    return adapted;
  });
  return isReference ? undefined : stringify(nest(settings), { lineWidth: 0 });
}
