// What the main thread of the cells' process is doing, in memory that its link thread reads while the main thread is blocked.
enum Place {
  Running,
  Finished,
  Interrupted,
  Answered,
  Cooperative,
  Uninterruptible,
  Count,
}

export class Activity {
  readonly #cells: Int32Array;

  constructor(readonly memory = new SharedArrayBuffer(Place.Count * Int32Array.BYTES_PER_ELEMENT)) {
    this.#cells = new Int32Array(memory);
  }

  /** The cell that runs, by its request. */
  begin(request: number): void {
    Atomics.store(this.#cells, Place.Cooperative, 0);
    Atomics.store(this.#cells, Place.Running, request);
  }

  finish(request: number): void {
    Atomics.store(this.#cells, Place.Finished, request);
  }

  isRunning(request: number): boolean {
    return Atomics.load(this.#cells, Place.Running) === request && !this.isFinished(request);
  }

  isFinished(request: number): boolean {
    return Atomics.load(this.#cells, Place.Finished) >= request;
  }

  /** Notes that stop was pressed, for a main thread that has not begun the cell. */
  interrupt(request: number): void {
    Atomics.store(this.#cells, Place.Interrupted, request);
  }

  isInterrupted(request: number): boolean {
    return Atomics.load(this.#cells, Place.Interrupted) === request;
  }

  /** The main thread has come to the message `ping`. */
  answer(ping: number): void {
    Atomics.store(this.#cells, Place.Answered, ping);
  }

  hasAnswered(ping: number): boolean {
    return Atomics.load(this.#cells, Place.Answered) >= ping;
  }

  /** Whether the running cell watches the stop signal and is given time to finish. */
  get isCooperative(): boolean {
    return Atomics.load(this.#cells, Place.Cooperative) === 1;
  }

  markCooperative(): void {
    Atomics.store(this.#cells, Place.Cooperative, 1);
  }

  /** Whether the main thread loads a module or writes a message, which should not be cut off. */
  get isUninterruptible(): boolean {
    return Atomics.load(this.#cells, Place.Uninterruptible) > 0;
  }

  /** Runs `work`, which must be synchronous, without the risk of being cut off. */
  uninterrupted<T>(work: () => T): T {
    Atomics.add(this.#cells, Place.Uninterruptible, 1);
    try {
      return work();
    } finally {
      Atomics.sub(this.#cells, Place.Uninterruptible, 1);
    }
  }
}
