// What compiled cells and local modules call by the name `__cell__`.
import type { Suspension } from "./suspension.js";

export interface ModuleSupport extends Pick<Suspension, "suspend" | "resume" | "suspended"> {
  import(specifier: string, options?: ImportCallOptions): Promise<unknown>;
  /** What `import.meta` is. */
  readonly meta: ImportMeta;
}

export interface CellSupport extends ModuleSupport {
  /** How the cell's `let` and `var` are assigned by later cells. */
  bind(setters: Record<string, (value: unknown) => void>): void;
}
