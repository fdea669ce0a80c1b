// The bytes of an answer as they arrive: kept when the connection breaks, given up when they come too slowly or never end.
import type { Readable } from "node:stream";

/** Bytes per second, on average over the time that is waited for the next byte, below which a transfer is given up. */
export const MINIMUM_RATE = 1024;
const BUFFERED_BYTES = 1 << 20;

/** More bytes than the reader takes. */
export class TooLongError extends Error {
  override readonly name = "TooLongError";
}

/** Collects from its construction on, so that nothing is lost between two reads of a connection that breaks. */
export class Arrival {
  readonly #source: Readable;
  readonly #seconds: number;
  readonly #chunks: Buffer[] = [];
  #buffered = 0;
  #end: Error | "complete" | undefined;
  #wake = () => {};

  /** @param seconds how long nothing, or less than {@link MINIMUM_RATE}, may arrive */
  constructor(source: Readable, seconds: number) {
    this.#source = source;
    this.#seconds = seconds;
    const end = (how: Error | "complete") => {
      this.#end ??= how;
      this.#wake();
    };
    source
      .on("data", (chunk: Buffer) => {
        this.#chunks.push(chunk);
        this.#buffered += chunk.length;
        if (this.#buffered >= BUFFERED_BYTES) source.pause();
        this.#wake();
      })
      .on("end", () => end("complete"))
      .on("error", end)
      .on("close", () => end(new Error("the connection was closed")));
  }

  /** Closes the connection; what has not been read is dropped. */
  leave(): void {
    this.#source.destroy();
  }

  /**
   * Every chunk; then throws if the connection broke or was too slow, at once if more than `limit` bytes arrive
   * ({@link TooLongError}). The connection is closed when reading ends early.
   */
  async *read(limit = Infinity): AsyncGenerator<Buffer, void, undefined> {
    let total = 0;
    let [waited, received] = [0, 0];
    try {
      for (;;) {
        const began = performance.now();
        await this.#next();
        waited += (performance.now() - began) / 1000;
        const chunk = this.#chunks.shift();
        if (!chunk) {
          if (this.#end === "complete") return;
          throw this.#end ?? new Error(`nothing arrived for ${this.#seconds} s`);
        }
        this.#buffered -= chunk.length;
        if (this.#buffered < BUFFERED_BYTES) this.#source.resume();
        total += chunk.length;
        if (total > limit) throw new TooLongError(`more than ${limit} bytes`);
        yield chunk;
        received += chunk.length;
        if (waited < this.#seconds) continue;
        if (received < MINIMUM_RATE * waited) {
          throw new Error(`only ${received} bytes arrived in ${Math.round(waited)} s`);
        }
        [waited, received] = [0, 0];
      }
    } finally {
      this.leave();
    }
  }

  /** All of it as text. @throws as {@link read}. */
  async text(limit: number): Promise<string> {
    const chunks: Buffer[] = [];
    for await (const chunk of this.read(limit)) chunks.push(chunk);
    return Buffer.concat(chunks).toString("utf8");
  }

  /** Until a chunk or the end is there, or nothing has come for too long. */
  async #next(): Promise<void> {
    if (this.#chunks.length > 0 || this.#end) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, 1000 * this.#seconds);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
