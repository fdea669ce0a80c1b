// What the SDK finds at `globalThis[Symbol.for("dmpo.notebook")]`: display with in-place updates, and the stop signal.
import { checkedBundle, type MimeBundle } from "../display/mime-bundle.js";
import { host, HostTypeError, Stopper } from "./host.js";
import type { Output } from "./output.js";
import { currentRun } from "./run.js";

export interface DisplayOptions {
  /** Name under which a later call can replace this output. */
  readonly id?: string;
  /** Replaces the output named `id` instead of adding one. */
  readonly update?: boolean;
  readonly metadata?: Record<string, unknown>;
}

export interface Notebook {
  /** @throws TypeError where a notebook could not be saved with it */
  display(bundle: MimeBundle, options?: DisplayOptions): void;
  /** Clears the cell's output; with `wait` only when there is something new to show. */
  clear(wait?: boolean): void;
  /** Aborts when the user stops the running cell. Whoever reads it is given four seconds to finish. */
  readonly signal: AbortSignal;
}

/** A signal for code that runs while no cell does: it never aborts. */
const idle = new Stopper();

export function installNotebookApi(output: Output): void {
  const notebook: Notebook = {
    display(bundle, { id, update = false, metadata = {} } = {}) {
      if (id !== undefined && typeof id !== "string")
        throw new HostTypeError(`display: the id is a ${typeof id}; expected a string`);
      if (typeof metadata !== "object" || metadata === null || Array.isArray(metadata))
        throw new HostTypeError("display: metadata is no object");
      const transient = id === undefined ? {} : { display_id: id };
      const type = update ? "update_display_data" : "display_data";
      output.publish(type, { data: checkedBundle(bundle), metadata, transient });
    },
    clear(wait = false) {
      output.publish("clear_output", { wait: Boolean(wait) });
    },
    get signal() {
      return currentRun()?.signal ?? idle.signal;
    },
  };
  Reflect.set(host, Symbol.for("dmpo.notebook"), notebook);
}
