// Errors as data: the leaf that every room may import.
import { fileURLToPath } from "node:url";
import { plainText } from "./plain-text.js";

/** One thing that is wrong with an input: where, what was found, what was expected, what to do. */
export interface Problem {
  /** Where: an option, a file and key, an array. */
  readonly path: string;
  /** What was found there. */
  readonly wrong: string;
  /** What belongs there: range, shape, known names. */
  readonly expected: string;
  /** What to do, where that is known. */
  readonly remedy?: string;
}

/** Bad input. `code` is stable and machine readable; `problems` lists everything found, not only the first. */
export class InputError extends Error {
  /** Tells it from other errors where `instanceof` does not: with two copies of the package. */
  override readonly name = "InputError";

  constructor(
    /** Kind of the error, e.g. `DMPO_OPTIONS`. */
    readonly code: `DMPO_${string}`,
    /** At least one; the message lists them all. */
    readonly problems: readonly Problem[],
    options?: ErrorOptions,
  ) {
    const more = problems.length - mostShown;
    const shown = problems.slice(0, mostShown).map(lines);
    // Deep in the package the caller's frames would be beyond the end.
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = Math.max(stackTraceLimit, 50);
    super(plainText([...shown, ...(more > 0 ? [`and ${more} more`] : [])].join("\n")), options);
    this.stack = fromOutside(this.stack);
    Error.stackTraceLimit = stackTraceLimit;
  }
}

const packageFolder = new URL("..", import.meta.url);
/** How frames name files of this package. */
const ownPlaces = [packageFolder.href, fileURLToPath(packageFolder)];

/** The stack from the caller's line on: what is wrong is the input. The whole stack where there is no caller, as in the command. */
function fromOutside(stack: unknown): string | undefined {
  if (typeof stack !== "string") return undefined;
  const [first, ...rest] = stack.split(/\n(?=\s+at )/);
  const frames = rest.filter((frame) => !ownPlaces.some((place) => frame.includes(place)));
  const hasCaller = frames.some((frame) => /[/\\.]\w+:\d+:\d+\)?$/.test(frame) && !/\(?node:/.test(frame));
  return hasCaller ? [first, ...frames].join("\n") : stack;
}

/** Problems in a message, which is to be read; `problems` has all of them. */
const mostShown = 50;
/** Characters of what comes from files and command lines, and of lists of known names. */
const [mostQuoted, mostExpected] = [500, 3000];

function lines({ path, wrong, expected, remedy }: Problem): string {
  const first = `${clipped(path, mostQuoted)}: ${clipped(wrong, mostQuoted)}`;
  return [
    first,
    `  expected ${clipped(expected, mostExpected)}`,
    ...(remedy ? [`  ${clipped(remedy, mostExpected)}`] : []),
  ].join("\n");
}

/** Its beginning and its end, where it is too long. */
function clipped(text: string, most: number): string {
  const half = Math.floor(most / 2);
  return text.length <= most ? text : `${text.slice(0, half)} ... ${text.slice(-half)}`;
}

/** Throws an {@link InputError} with one problem. */
export function fail(code: `DMPO_${string}`, path: string, wrong: string, expected: string, remedy?: string): never {
  throw new InputError(code, [{ path, wrong, expected, remedy }]);
}

/** The candidate closest to `name` by edit distance, if one is close enough to be a typing mistake. */
export function nearest(name: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(2, Math.floor(name.length / 2)) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(substitution, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}
