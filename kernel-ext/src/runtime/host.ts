// The realm in which cells run, as far as the kernel needs its own objects. This code runs in another one, whose intrinsics
// no cell can reach (cell-process/realm.ts); what it takes from the cells' realm, it takes before the first cell.
import { runInThisContext } from "node:vm";

/** The cells' global object. */
export const host = runInThisContext("globalThis") as typeof globalThis;

const { Error: HostError, TypeError: HostTypeError, AbortController: HostAbortController } = host;
const abort = Reflect.get(HostAbortController.prototype, "abort") as (reason: unknown) => void;
const signalOf = Reflect.get(
  Object.getOwnPropertyDescriptor(HostAbortController.prototype, "signal")!,
  "get",
) as () => AbortSignal;

export { HostError, HostTypeError };

/** An abort controller whose methods a cell cannot replace. */
export class Stopper {
  readonly #controller = new HostAbortController();
  readonly signal = Reflect.apply(signalOf, this.#controller, []);
  isAborted = false;

  /** Runs the listeners, which are the user's code: it may throw, and it may never end. */
  abort(reason: unknown): void {
    this.isAborted = true;
    Reflect.apply(abort, this.#controller, [reason]);
  }
}
