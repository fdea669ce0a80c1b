// Returns memory between cells: each cell leaves a compiler program behind, which V8 would rather keep.
import { setFlagsFromString } from "node:v8";
import vm from "node:vm";

const growth = 48 * 2 ** 20;
const idleTime = 300;

/** A function to call after each cell; it collects garbage once the kernel is idle and the heap has grown. */
export function memoryKeeper(): () => void {
  setFlagsFromString("--expose-gc");
  const collect = vm.runInNewContext("gc") as () => void;
  const setTimer = setTimeout;
  let timer: NodeJS.Timeout | undefined;
  let floor = process.memoryUsage().heapUsed;
  const collectIfGrown = () => {
    if (process.memoryUsage().heapUsed < floor + growth) return;
    collect();
    floor = process.memoryUsage().heapUsed;
  };
  return () => {
    clearTimeout(timer);
    timer = setTimer(collectIfGrown, idleTime);
    timer.unref();
  };
}
