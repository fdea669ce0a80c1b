// A compiled cell or local module, as it travels from the compiler to where it runs.
import type { PositionMap } from "./position-map.js";

/** Ready to run. Free names: exports, require and `__cell__`. */
export interface Script {
  readonly text: string;
  readonly maps: PositionMap;
  /** Modules named in its import declarations, without type-only ones. */
  readonly imports: readonly string[];
  /** Top-level names that it exports, which are all. */
  readonly names: readonly string[];
  /** Those of its own variables that can be assigned: `let` and `var`. */
  readonly assignable: readonly string[];
  readonly hasTopLevelAwait: boolean;
}
