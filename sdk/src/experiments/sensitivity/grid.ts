// The grid of a sensitivity analysis: every combination of the varied choices, each with every seed.
import { InputError, type Problem } from "../../errors.js";

/** What is varied: per factor either a list of values or values by the names that tables and pictures show. */
export type Vary = Readonly<Record<string, readonly unknown[] | Readonly<Record<string, unknown>>>>;

type ChoiceOf<Choices> = Choices extends readonly unknown[] ? Choices[number] : Choices[keyof Choices];

/** Without `readonly`, as options of other functions want it. */
type Writable<T> = T extends (...inputs: never) => unknown ? T : { -readonly [Key in keyof T]: Writable<T[Key]> };

/** One combination: a value for every factor. */
export type Variation<V extends Vary> = { -readonly [Factor in keyof V]: Writable<ChoiceOf<V[Factor]>> };

/** One run: a combination with a seed. */
export interface Cell {
  /** Name of the chosen value of every factor. */
  readonly labels: Readonly<Record<string, string>>;
  readonly values: Readonly<Record<string, unknown>>;
  readonly seed: number;
}

/** All cells, seed by seed, so that an interrupted analysis has seen every combination as often. @throws InputError DMPO_SENSITIVITY. */
export function gridOf(vary: Vary, seeds: readonly number[]): Cell[] {
  const factors = Object.entries(vary).map(([name, choices]) => [name, namedChoices(choices)] as const);
  const problems: Problem[] = [
    ...(factors.length ? [] : [problem("vary", "is empty", "at least one factor")]),
    ...(seeds.length ? [] : [problem("seeds", "is empty", "at least one integer")]),
    ...seeds
      .filter((seed, at) => !Number.isSafeInteger(seed) || seeds.indexOf(seed) !== at)
      .map((seed) => problem("seeds", `holds ${seed}`, "different integers")),
    ...factors.flatMap(([name, choices]) => choiceProblems(`vary.${name}`, choices)),
  ];
  if (problems.length > 0) throw new InputError("DMPO_SENSITIVITY", problems);
  let combinations: Omit<Cell, "seed">[] = [{ labels: {}, values: {} }];
  for (const [name, choices] of factors) {
    combinations = combinations.flatMap(({ labels, values }) =>
      choices.map(([label, value]) => ({
        labels: { ...labels, [name]: label },
        values: { ...values, [name]: value },
      })),
    );
  }
  return seeds.flatMap((seed) => combinations.map((combination) => ({ ...combination, seed })));
}

/** "beta, flowRatio 0.5": names stand for themselves, numbers come with their factor. */
export function variationName({ labels }: Pick<Cell, "labels">): string {
  return Object.entries(labels)
    .map(([factor, label]) => (Number.isNaN(Number(label)) ? label : `${factor} ${label}`))
    .join(", ");
}

/** "times beta, flowRatio 0.5, seed 1". */
export function cellName({ labels, seed }: Pick<Cell, "labels" | "seed">): string {
  return [...Object.entries(labels), ["seed", seed]].map(([name, label]) => `${name} ${label}`).join(", ");
}

type Choice = readonly [label: string, value: unknown];

function namedChoices(choices: Vary[string]): Choice[] {
  return Array.isArray(choices) ? choices.map((value) => [labelOf(value), value]) : Object.entries(choices);
}

/** 0.5 -> "0.5", { type: "beta", a: 2 } -> "type beta, a 2". */
function labelOf(value: unknown): string {
  if (Array.isArray(value)) return value.map(labelOf).join(" × ");
  if (typeof value !== "object" || value === null) return String(value);
  return Object.entries(value)
    .map(([key, entry]) => `${key} ${labelOf(entry)}`)
    .join(", ");
}

function choiceProblems(path: string, choices: readonly Choice[]): Problem[] {
  const labels = choices.map(([label]) => label);
  return [
    ...(choices.length ? [] : [problem(path, "is empty", "at least one value")]),
    ...labels
      .filter((label, at) => labels.indexOf(label) !== at)
      .map((label) => problem(path, `holds "${label}" twice`, "different values")),
    ...choices
      .filter(([, value]) => typeof value === "function" || JSON.stringify(value) === undefined)
      .map(([label]) =>
        problem(`${path}.${label}`, "is no plain data", "numbers, texts, and lists and objects of them"),
      ),
  ];
}

function problem(path: string, wrong: string, expected: string): Problem {
  return { path, wrong, expected };
}
