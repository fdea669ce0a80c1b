// Node keeps what belongs to each running callback on a stack, an array of the cells' realm, and calls its method `pop` after
// each. Without that method, which a cell may delete, the process would do nothing any more but fail.
import { executionAsyncResource } from "node:async_hooks";
import process from "node:process";
import { host } from "./host.js";

/** Gives that array a method of its own. Must be called before the first cell, outside any callback. */
export function protectCallbackStack(): void {
  const { prototype } = host.Array;
  const { pop } = prototype;
  process.nextTick(() => {
    const resource = executionAsyncResource();
    // Node's next call is the one after this callback: the array shows itself.
    prototype.pop = function (this: unknown[]) {
      prototype.pop = pop;
      if (this[this.length - 1] === resource) Object.defineProperty(this, "pop", { value: pop });
      return Reflect.apply(pop, this, []) as unknown;
    };
  });
}
