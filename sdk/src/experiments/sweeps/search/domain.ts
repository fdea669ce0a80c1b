// What a factor of a sweep may be: one of some values, or a number of a range. Values are texts, as overrides are written.
import { fail } from "../../../errors.js";

export interface Choices {
  readonly kind: "choices";
  /** Different texts, at least one. */
  readonly values: readonly string[];
}

export interface Range {
  readonly kind: "range";
  /** Below `high`; above 0 where the scale is logarithmic. */
  readonly low: number;
  readonly high: number;
  readonly scale: "linear" | "log";
  /** Whole numbers from low to high, both included. */
  readonly whole: boolean;
}

export type Domain = Choices | Range;

/** Factors of a sweep by their name. */
export type Domains = Readonly<Record<string, Domain>>;

/** What one trial has of each factor. */
export type Point = Readonly<Record<string, string>>;

/** The value below which a share `u` in [0, 1) of the factor's distribution lies. */
export function quantile(domain: Domain, u: number): string {
  if (domain.kind === "choices") return domain.values[Math.floor(u * domain.values.length)]!;
  const { low, high, scale, whole } = domain;
  if (whole) return String(low + Math.floor(u * (high - low + 1)));
  const value = scale === "log" ? low * (high / low) ** u : low + u * (high - low);
  return String(Number(value.toPrecision(6)));
}

/** Every combination of choices, the last factor varying fastest. @throws InputError `DMPO_SWEEP` for a range. */
export function combinations(domains: Domains): Point[] {
  let points: Point[] = [{}];
  for (const [name, domain] of Object.entries(domains)) {
    if (domain.kind === "range") {
      const remedy = "give values (1e-4,1e-3), or add --search random --trials 20";
      fail("DMPO_SWEEP", name, "is a range, which a grid cannot try out", "values separated by commas", remedy);
    }
    points = points.flatMap((point) => domain.values.map((value) => ({ ...point, [name]: value })));
  }
  return points;
}
