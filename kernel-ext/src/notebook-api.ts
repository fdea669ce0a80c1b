// What the SDK finds at `globalThis[Symbol.for("dmpo.notebook")]`: display with in-place updates, and the stop signal.
import type { MimeBundle } from "./display/mime-bundle.js";
import type { Output } from "./output.js";
import { currentRun } from "./runtime/run.js";

export interface DisplayOptions {
  /** Name under which a later call can replace this output. */
  readonly id?: string;
  /** Replaces the output named `id` instead of adding one. */
  readonly update?: boolean;
  readonly metadata?: Record<string, unknown>;
}

export interface Notebook {
  display(bundle: MimeBundle, options?: DisplayOptions): void;
  /** Clears the cell's output; with `wait` only when there is something new to show. */
  clear(wait?: boolean): void;
  /** Aborts when the user stops the running cell. Whoever reads it is given four seconds to finish. */
  readonly signal: AbortSignal;
}

/** A signal for code that runs while no cell does: it never aborts. */
const idle = new AbortController();

export function installNotebookApi(output: Output): void {
  const notebook: Notebook = {
    display(bundle, { id, update = false, metadata = {} } = {}) {
      const transient = id === undefined ? {} : { display_id: id };
      output.publish(update ? "update_display_data" : "display_data", { data: bundle, metadata, transient });
    },
    clear(wait = false) {
      output.publish("clear_output", { wait });
    },
    get signal() {
      return currentRun()?.signal ?? idle.signal;
    },
  };
  Reflect.set(globalThis, Symbol.for("dmpo.notebook"), notebook);
}
