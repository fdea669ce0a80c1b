// What one run of a sensitivity analysis measures: numbers and curves by name.
import { InputError, type Problem } from "../../errors.js";

/** A line, such as a loss over epochs; both arrays have the same length, at least 1. */
export interface Curve {
  /** Where it was measured, e.g. epochs; finite. */
  readonly x: ArrayLike<number>;
  /** What was measured there; finite. */
  readonly y: ArrayLike<number>;
  /** What x counts. Default "epoch". */
  readonly over?: string;
}

/** Everything by the name that tables and pictures show, e.g. `{ "one-step return": 1100, loss: { x, y } }`. */
export type Measures = Readonly<Record<string, number | Curve>>;

/** The same as plain data, for files and messages between processes. @throws InputError DMPO_SENSITIVITY_RESULT. */
export function checkedMeasures(measures: unknown, run: string): Measures {
  const entries = typeof measures === "object" && measures !== null ? Object.entries(measures) : [];
  const problems: Problem[] = entries.flatMap(([name, measure]) => {
    const wrong = whatIsWrong(measure);
    return wrong
      ? [{ path: `${name} of ${run}`, wrong, expected: "a finite number, or { x, y } of finite numbers" }]
      : [];
  });
  if (entries.length === 0) {
    problems.push({
      path: run,
      wrong: "returned no measure",
      expected: 'an object such as { "one-step return": 1100 }',
    });
  }
  if (problems.length > 0) throw new InputError("DMPO_SENSITIVITY_RESULT", problems);
  const plain = ({ x, y, ...rest }: Curve) => ({ x: Array.from(x), y: Array.from(y), ...rest });
  return Object.fromEntries(
    (entries as [string, number | Curve][]).map(([name, measure]) => [
      name,
      typeof measure === "number" ? measure : plain(measure),
    ]),
  );
}

function whatIsWrong(measure: unknown): string | undefined {
  if (typeof measure === "number") return Number.isFinite(measure) ? undefined : `is ${measure}`;
  const { x, y, over } = (measure ?? {}) as Partial<Curve>;
  if (over !== undefined && typeof over !== "string") return "says by no text what x counts";
  if (x?.length === undefined || y?.length === undefined) return `is ${JSON.stringify(measure)}`;
  if (x.length === 0 || x.length !== y.length) return `has ${x.length} x and ${y.length} y`;
  return [x, y].every((values) => Array.from(values).every(Number.isFinite)) ? undefined : "is not finite everywhere";
}
