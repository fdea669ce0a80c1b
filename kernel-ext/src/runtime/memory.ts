// Returns memory between cells: each leaves a compiler program of some megabytes behind, or data of its own, and V8 would
// rather let hundreds of them pile up than collect them.
import { setFlagsFromString } from "node:v8";
import process from "node:process";
import { setImmediate } from "node:timers";
import { runInNewContext } from "node:vm";

const allowance = 24 * 2 ** 20;

/** A function to call after each cell; it collects garbage when the heap has grown. */
export function memoryKeeper(): () => void {
  setFlagsFromString("--expose-gc");
  // Optimising the compiler's own largest functions takes 60 to 100 MB of malloc's heap, which sometimes never shrinks again.
  setFlagsFromString("--max-optimized-bytecode-size=15000");
  const collect = runInNewContext("gc") as () => void;
  let floor = heapUsed();
  const collectIfGrown = () => {
    // In proportion, so that a user's own large heap is not searched after each cell.
    if (heapUsed() < floor + Math.max(allowance, floor / 4)) return;
    collect();
    floor = heapUsed();
  };
  return () => {
    setImmediate(collectIfGrown);
  };
}

function heapUsed(): number {
  return process.memoryUsage().heapUsed;
}
