// Latin hypercube: of every factor's range, cut into as many equal parts as there are points, each part has one point.
// McKay, Beckman and Conover 1979.
import { Random } from "../../../engine/random.js";
import { quantile, type Domains, type Point } from "./domain.js";

/** `count` points; values of a factor with few choices come up equally often, up to one. */
export function latinHypercube(domains: Domains, count: number, seed: number): Point[] {
  const random = new Random(seed);
  const columns = Object.entries(domains).map(([name, domain]) => {
    const stream = random.stream(`Latin hypercube ${name}`);
    const parts = stream.permutation(count);
    return [name, Array.from(parts, (part) => quantile(domain, (part + stream.nextUniform()) / count))] as const;
  });
  return Array.from({ length: count }, (_, index) =>
    Object.fromEntries(columns.map(([name, values]) => [name, values[index]!])),
  );
}
