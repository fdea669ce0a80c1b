// What `await` becomes in cells: the value, unless the cell was stopped meanwhile; then the code never goes on. It also
// restores which run the code belongs to. (AsyncLocalStorage would do that, but with it Node 20 aborts when V8 ends a run.)
// This file, unlike its neighbours, runs in the cells' own realm: an `await` of a foreign promise would take longer. It
// therefore calls no method that a cell could replace.
import type { currentRun, enterRun, Run } from "./run.js";

interface Suspended<T> {
  readonly run: Run | undefined;
  readonly value: T;
}

/** What the rest of the kernel needs of the cells' realm. */
export interface Suspension {
  /** Waits for `promised` on behalf of the current run. */
  readonly suspend: <T>(promised: T) => Promise<Suspended<Awaited<T>>>;
  /** Takes up the run that waited and returns the value. */
  readonly resume: <T>(suspended: Suspended<T>) => T;
  /** What `for await` iterates over: each step waits like `await` does. */
  readonly suspended: <T>(items: AsyncIterable<T> | Iterable<T>) => AsyncGenerator<Awaited<T>>;
  /** Calls one of the two when a promise of the cells' realm has settled, whatever has become of its methods. */
  readonly whenSettled: <T>(
    promised: PromiseLike<T>,
    onValue: (value: T) => void,
    onError: (error: unknown) => void,
  ) => void;
}

export function createSuspension(current: typeof currentRun, enter: typeof enterRun): Suspension {
  const never = new Promise<never>(() => undefined);
  const { asyncIterator, iterator: syncIterator }: { asyncIterator: symbol; iterator: symbol } = Symbol;

  async function suspend<T>(promised: T): Promise<Suspended<Awaited<T>>> {
    const run = current();
    try {
      const value = await promised;
      if (run?.isStopped) await never;
      // Without a prototype: a cell may have given all objects a method `then`.
      return { __proto__: null, run, value } as unknown as Suspended<Awaited<T>>;
    } catch (error) {
      if (run?.isStopped) await never;
      enter(run);
      throw error;
    }
  }

  function resume<T>({ run, value }: Suspended<T>): T {
    enter(run);
    return value;
  }

  async function* suspended<T>(items: AsyncIterable<T> | Iterable<T>): AsyncGenerator<Awaited<T>> {
    const source = items as unknown as Record<symbol, () => Iterator<T> | AsyncIterator<T>>;
    const iterator = asyncIterator in source ? source[asyncIterator]!() : source[syncIterator]!();
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

  async function settle<T>(promised: PromiseLike<T>, onValue: (value: T) => void, onError: (error: unknown) => void) {
    // Not in one block: an error of `onValue` is not one of the promise.
    let value: T;
    try {
      value = await promised;
    } catch (error) {
      return onError(error);
    }
    onValue(value);
  }

  return {
    suspend,
    resume,
    suspended,
    whenSettled: (promised, onValue, onError) => void settle(promised, onValue, onError),
  };
}
