// Messages on a pipe: the length in four bytes, then the message in V8's own format.
import { deserialize, serialize } from "node:v8";

const headLength = 4;
/** More bytes than JavaScript's longest text has. */
const largest = 2 ** 30;

/** Bytes of a message. */
export function encodeFrame(message: unknown): Buffer {
  const body = serialize(message);
  const head = Buffer.alloc(headLength);
  head.writeUInt32LE(body.length);
  return Buffer.concat([head, body]);
}

/** Puts messages together from the chunks in which a pipe delivers them. */
export class FrameReader {
  #chunks: Buffer[] = [];
  #length = 0;

  /** The messages that `chunk` completes. @throws after them, where the bytes are no message */
  *read(chunk: Buffer): Generator<unknown> {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
    for (;;) {
      if (this.#length < headLength) return;
      if (this.#chunks[0]!.length < headLength) this.#join();
      const length = this.#chunks[0]!.readUInt32LE();
      if (length > largest) throw new Error(`a message of ${length} bytes`);
      const end = headLength + length;
      if (this.#length < end) return;
      if (this.#chunks[0]!.length < end) this.#join();
      const first = this.#chunks[0]!;
      this.#length -= end;
      this.#chunks[0] = first.subarray(end);
      yield deserialize(first.subarray(headLength, end));
    }
  }

  #join(): void {
    this.#chunks = [Buffer.concat(this.#chunks)];
  }
}
