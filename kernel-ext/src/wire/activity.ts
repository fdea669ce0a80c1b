// What the main thread is doing, in memory that the wire thread reads while the main thread is blocked.
const running = 0;
const cooperative = 1;
const uninterruptible = 2;

export class Activity {
  readonly #cells: Int32Array;

  constructor(readonly memory = new SharedArrayBuffer(3 * Int32Array.BYTES_PER_ELEMENT)) {
    this.#cells = new Int32Array(memory);
  }

  /** Serial number of the running cell; 0 when none runs. */
  get runningCell(): number {
    return Atomics.load(this.#cells, running);
  }

  set runningCell(serial: number) {
    Atomics.store(this.#cells, cooperative, 0);
    Atomics.store(this.#cells, running, serial);
  }

  /** Whether the running cell watches the stop signal and is given time to finish. */
  get isCooperative(): boolean {
    return Atomics.load(this.#cells, cooperative) === 1;
  }

  markCooperative(): void {
    Atomics.store(this.#cells, cooperative, 1);
  }

  /** Whether the main thread is in code that must not be cut off: the compiler, or the loading of a module. */
  get isUninterruptible(): boolean {
    return Atomics.load(this.#cells, uninterruptible) > 0;
  }

  /** Runs `work`, which must be synchronous, without the risk of being cut off. */
  uninterrupted<T>(work: () => T): T {
    Atomics.add(this.#cells, uninterruptible, 1);
    try {
      return work();
    } finally {
      Atomics.sub(this.#cells, uninterruptible, 1);
    }
  }
}
