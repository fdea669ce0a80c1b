// What a resumed run says: that nothing is left of it, and what is set otherwise than when it was started.
import { z } from "zod";
import type { Checkpoint } from "../../checkpoints/checkpoint.js";
import type { RunState } from "../../learning/drive.js";

/** What a run is resumed with. */
export interface Present {
  readonly options: Readonly<Record<string, unknown>>;
  readonly seed: number;
  readonly threads: number;
  /** Of the whole run. */
  readonly iterations: number;
}

/** Compute threads that a checkpoint was made with; undefined where earlier versions did not store them. */
export function threadsOf({ metadata }: Checkpoint): number | undefined {
  return z.object({ threads: z.int().positive() }).safeParse(metadata).data?.threads;
}

/** One line for each difference, and what happens. */
export function resumeNotices(
  { iteration, options, random }: Pick<RunState, "iteration" | "options" | "random">,
  threads: number | undefined,
  now: Present,
): string[] {
  const lines: string[] = [];
  if (iteration >= now.iterations) {
    lines.push(`resumed: all ${now.iterations} iterations are done; ask for more to go on`);
  }
  if (random.seed !== now.seed) lines.push(`resumed: the run keeps its seed ${random.seed}; ${now.seed} is not used`);
  const [before, after] = [leaves(options), leaves(now.options)];
  for (const [name, value] of after) {
    const old = before.get(name);
    if (old !== undefined && old !== value) lines.push(`resumed: ${name} is ${value} from here on, it was ${old}`);
  }
  if (threads !== undefined && threads !== now.threads) {
    lines.push(`resumed: ${now.threads} compute threads instead of ${threads}, so the last bits of numbers may differ`);
  }
  return lines;
}

/** The values of nested options by their paths, as JSON. */
function leaves(value: unknown, path = ""): Map<string, string> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return new Map([[path, JSON.stringify(value) ?? "undefined"]]);
  }
  return new Map(
    Object.entries(value).flatMap(([name, inner]) => [...leaves(inner, path === "" ? name : `${path}.${name}`)]),
  );
}
