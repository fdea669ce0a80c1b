// Random search: every factor of every point is drawn by itself. Bergstra and Bengio 2012.
import { Random } from "../../../engine/random.js";
import { quantile, type Domains, type Point } from "./domain.js";

/** `count` points; the same seed gives the same ones, and more of them begin alike. */
export function randomPoints(domains: Domains, count: number, seed: number): Point[] {
  const random = new Random(seed);
  return Array.from({ length: count }, () =>
    Object.fromEntries(
      Object.entries(domains).map(([name, domain]) => [
        name,
        quantile(domain, random.stream(`random search ${name}`).nextUniform()),
      ]),
    ),
  );
}
