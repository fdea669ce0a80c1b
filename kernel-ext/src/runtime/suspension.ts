// What `await` becomes in cells: the value, unless the cell was stopped meanwhile; then the code never goes on. It also
// restores which run the code belongs to. (AsyncLocalStorage would do that, but with it Node 20 aborts when V8 ends a run.)
import { currentRun, enterRun, type Run } from "./run.js";

interface Suspended<T> {
  readonly run: Run | undefined;
  readonly value: T;
}

const never = new Promise<never>(() => undefined);

/** Waits for `promised` on behalf of the current run. */
export async function suspend<T>(promised: T): Promise<Suspended<Awaited<T>>> {
  const run = currentRun();
  try {
    const value = await promised;
    if (run?.isStopped) await never;
    return { run, value };
  } catch (error) {
    if (run?.isStopped) await never;
    enterRun(run);
    throw error;
  }
}

/** Takes up the run that waited and returns the value. */
export function resume<T>({ run, value }: Suspended<T>): T {
  enterRun(run);
  return value;
}

/** What `for await` iterates over: each step waits like `await` does. */
export async function* suspended<T>(items: AsyncIterable<T> | Iterable<T>): AsyncGenerator<Awaited<T>> {
  const iterator = Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]();
  let done = false;
  try {
    for (;;) {
      const step = resume(await suspend(iterator.next()));
      if (step.done) {
        done = true;
        return;
      }
      yield resume(await suspend(step.value));
    }
  } finally {
    if (!done) await iterator.return?.();
  }
}
