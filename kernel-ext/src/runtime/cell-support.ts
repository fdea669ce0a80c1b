// What compiled cells call by the name `__cell__`.
import type { resume, suspend, suspended } from "./suspension.js";

export interface CellSupport {
  readonly suspend: typeof suspend;
  readonly resume: typeof resume;
  readonly suspended: typeof suspended;
  import(specifier: string, options?: ImportCallOptions): Promise<unknown>;
  /** How the cell's `let` and `var` are assigned by later cells. */
  bind(setters: Record<string, (value: unknown) => void>): void;
}
