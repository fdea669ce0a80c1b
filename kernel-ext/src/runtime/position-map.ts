// Positions in the text that runs -> positions in the text that the user wrote, over both steps of compilation.
import { SourceMap, type SourceMapPayload } from "node:module";

/** Two source maps as JSON text: CommonJS -> ES module, and ES module -> TypeScript. */
export interface PositionMap {
  readonly toModule: string;
  readonly toSource: string | undefined;
}

export interface Position {
  /** Both count from 1. */
  readonly line: number;
  readonly column: number;
}

/** Maps positions of one script; the maps are parsed when the first error needs them. */
export class PositionMapper {
  #steps: SourceMap[] | undefined;

  /** @param skippedLines lines that the kernel put before the user's text */
  constructor(
    private readonly maps: PositionMap,
    private readonly skippedLines: number,
  ) {}

  /** Where `position` comes from; undefined for code that the compiler added. */
  original({ line, column }: Position): Position | undefined {
    this.#steps ??= [this.maps.toModule, this.maps.toSource]
      .filter((text) => text !== undefined)
      .map((text) => new SourceMap(JSON.parse(text) as SourceMapPayload));
    let at = { line: line - 1, column: column - 1 };
    for (const step of this.#steps) {
      const entry = step.findEntry(at.line, at.column);
      if (!("originalLine" in entry)) return undefined;
      at = { line: entry.originalLine, column: entry.originalColumn };
    }
    const original = at.line - this.skippedLines + 1;
    return original < 1 ? undefined : { line: original, column: at.column + 1 };
  }
}
