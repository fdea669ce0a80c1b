// Stack traces in the user's own lines: frames of cells and of local modules are mapped to what was written.
import { dirname } from "node:path";
import { pathToFileURL } from "node:url";
import { type PositionMapper } from "./position-map.js";

const mappers = new Map<string, PositionMapper>();
const place = /^(.*?\(?)([^()\s][^()]*):(\d+):(\d+)(\)?)$/;

/** From now on frames in the script `name` are shown by their original positions. */
export function mapFramesOf(name: string, mapper: PositionMapper): void {
  mappers.set(name, mapper);
}

/** Where this kernel's own code is. */
const kernelFolder = dirname(import.meta.dirname);
const kernelPlaces = [`${kernelFolder}/`, `${pathToFileURL(kernelFolder).href}/`];

/** Makes every `error.stack` speak of original positions, and leaves out the kernel's own frames. */
export function installStackMapping(): void {
  Error.prepareStackTrace = (error, sites) => {
    const frames = sites.map((site) => `\n    at ${mapped(`${site as unknown as string}`)}`);
    const foreign = frames.filter((frame) => !kernelPlaces.some((place) => frame.includes(place)));
    return `${headline(error)}${(foreign.length > 0 ? foreign : frames).join("")}`;
  };
}

function headline(error: unknown): string {
  try {
    return String(error);
  } catch {
    return "Error";
  }
}

function mapped(frame: string): string {
  const match = place.exec(frame);
  if (!match) return frame;
  const [, before, location, line, column, after] = match as unknown as [string, ...string[]];
  // "async f (cell-1.ts:2:3)" has the name in the brackets, "async cell-1.ts:2:3" has not.
  const name = location!.replace(/^async /, "");
  const mapper = mappers.get(name);
  if (!mapper) return frame;
  const original = mapper.original({ line: Number(line), column: Number(column) });
  const prefix = location!.slice(0, location!.length - name.length);
  return original ? `${before}${prefix}${name}:${original.line}:${original.column}${after}` : frame;
}
