// Stack traces in the user's own lines: frames of cells and of local modules are mapped to what was written.
import { pathToFileURL } from "node:url";
import { host } from "./host.js";
import { type PositionMapper } from "./position-map.js";

const mappers = new Map<string, PositionMapper>();
/** Errors whose stack speaks of original positions already. */
const mappedErrors = new WeakSet<object>();
const toText = Reflect.get(Error.prototype, "toString") as () => string;
/** How frames of the kernel's own code name their file. */
let kernelPlaces: readonly string[] = [];
const place = /^(.*?\(?)([^()\s][^()]*):(\d+):(\d+)(\)?)$/;

/** From now on frames in the script `name` are shown by their original positions. */
export function mapFramesOf(name: string, mapper: PositionMapper): void {
  mappers.set(name, mapper);
}

/**
 * Makes every `error.stack` speak of original positions, and leaves out the kernel's own frames.
 * @param kernelFolder where this kernel's code is
 */
export function installStackMapping(kernelFolder: string): void {
  // Deep in a library the cell's own line would be beyond the end.
  host.Error.stackTraceLimit = 100;
  kernelPlaces = [`${kernelFolder}/`, `${pathToFileURL(kernelFolder).href}/`];
  host.Error.prepareStackTrace = (error, sites) => {
    if (typeof error === "object" && error !== null) mappedErrors.add(error);
    const lines: string[] = [];
    for (let at = 0; at < sites.length; at++) lines.push(`    at ${sites[at] as unknown as string}`);
    return [headline(error), ...withoutKernel(lines).map(mapped)].join("\n");
  };
}

/** Lines of the stack below the message, without Node's internals; none where there is no readable stack. */
export function framesOf(error: object): string[] {
  const stack = Reflect.get(error, "stack") as unknown;
  if (typeof stack !== "string") return [];
  const lines = stack.split("\n").filter((line) => /^\s+at /.test(line) && !/\(?node:/.test(line));
  // A cell may have put a function of its own in place of the mapping one.
  return mappedErrors.has(error) ? lines : withoutKernel(lines).map(mapped);
}

/** Frames in a row that belong to libraries are shown so many at most. */
const mostForeign = 3;

/** The frames with those of libraries, of which there may be dozens, cut short. */
export function shortened(frames: readonly string[]): string[] {
  const isOwn = (frame: string) =>
    mappers.has(place.exec(frame)?.[2]?.replace(/^(?:\s*at )?(?:async )?/, "") ?? "") || !/:\d+:\d+\)?$/.test(frame);
  return frames.flatMap((frame, at) => {
    let before = 0;
    while (before < at && !isOwn(frames[at - 1 - before]!)) before++;
    if (isOwn(frame) || before < mostForeign) return [frame];
    const isLast = at + 1 === frames.length || isOwn(frames[at + 1]!);
    return isLast ? [`    ... ${before + 1 - mostForeign} more in libraries`] : [];
  });
}

function withoutKernel(frames: readonly string[]): string[] {
  return frames.filter((frame) => !kernelPlaces.some((place) => frame.includes(place)));
}

/** Name and message, also of console.trace's object, which only looks like an error. */
function headline(error: unknown): string {
  try {
    return Reflect.apply(toText, error, []);
  } catch {
    return "Error";
  }
}

function mapped(frame: string): string {
  const match = place.exec(frame);
  if (!match) return frame;
  const [, before, location, line, column, after] = match as unknown as [string, ...string[]];
  // "at async f (cell-1.ts:2:3)" has the name before the brackets; "at cell-1.ts:2:3" has none, nor brackets.
  const name = location!.replace(/^(?:\s*at )?(?:async )?/, "");
  const mapper = mappers.get(name);
  if (!mapper) return frame;
  const original = mapper.original({ line: Number(line), column: Number(column) });
  const prefix = location!.slice(0, location!.length - name.length);
  // Where the compiler added code there is no line to show, and one of generated code would mislead.
  const position = original ? `:${original.line}:${original.column}` : "";
  return `${before}${prefix}${name}${position}${after}`;
}
