// Writes plain data as a Python pickle of protocol 2, with persistent ids for what the caller stores elsewhere.
import { fail } from "../errors.js";

/** How something that is not plain data is written. */
export type PickleReducer = (value: object, write: PickleWriter) => boolean;

/** Nesting of data that makes sense. */
const MAX_DEPTH = 100;

export class PickleWriter {
  readonly #parts: Buffer[] = [Buffer.of(0x80, 2)];
  #depth = 0;

  /** @param reduce writes an object and returns true, or returns false for plain data. */
  constructor(readonly reduce: PickleReducer = () => false) {}

  /** The pickle so far, ended. */
  finish(): Uint8Array {
    return Buffer.concat([...this.#parts, Buffer.from(".")]);
  }

  opcode(text: string): this {
    this.#parts.push(Buffer.from(text, "latin1"));
    return this;
  }

  /** A class or function, e.g. ("collections", "OrderedDict"). */
  global(module: string, name: string): this {
    return this.opcode(`c${module}\n${name}\n`);
  }

  tuple(...items: readonly (() => void)[]): this {
    this.opcode("(");
    for (const item of items) item();
    return this.opcode("t");
  }

  /**
   * Map and plain object: dict; Array: list; Uint8Array: bytes; integral number and bigint: int; other number: float.
   * @throws InputError for anything else, and for data nested deeper than 100.
   */
  value(value: unknown): this {
    if (++this.#depth > MAX_DEPTH) fail("DMPO_PICKLE", "pickle", "nests too deeply", `at most ${MAX_DEPTH} levels`);
    this.#value(value);
    this.#depth--;
    return this;
  }

  #value(value: unknown): void {
    if (value === null || value === undefined) this.opcode("N");
    else if (typeof value === "boolean") this.opcode(value ? "\x88" : "\x89");
    else if (typeof value === "string") this.#text(value);
    else if (typeof value === "bigint") this.#integer(value);
    else if (typeof value === "number") this.#number(value);
    else if (typeof value === "object") this.#object(value);
    else fail("DMPO_PICKLE", "pickle", `cannot hold a ${typeof value}`, "plain data");
  }

  #object(value: object): void {
    if (this.reduce(value, this)) return;
    if (value instanceof Uint8Array) {
      this.global("_codecs", "encode").tuple(
        () => this.#text(Buffer.from(value).toString("latin1")),
        () => this.#text("latin1"),
      );
      this.opcode("R");
    } else if (Array.isArray(value)) {
      this.opcode("](");
      for (const item of value as unknown[]) this.value(item);
      this.opcode("e");
    } else {
      this.opcode("}(");
      for (const [key, item] of value instanceof Map ? value : Object.entries(value)) this.value(key).value(item);
      this.opcode("u");
    }
  }

  #number(value: number): void {
    if (Number.isSafeInteger(value) && !Object.is(value, -0)) return this.#integer(BigInt(value));
    const bytes = Buffer.alloc(9, "G");
    bytes.writeDoubleBE(value, 1);
    this.#parts.push(bytes);
  }

  #integer(value: bigint): void {
    if (BigInt.asIntN(32, value) === value) {
      const bytes = Buffer.alloc(5, "J");
      bytes.writeInt32LE(Number(value), 1);
      this.#parts.push(bytes);
      return;
    }
    let size = 5;
    while (BigInt.asIntN(8 * size, value) !== value) size++;
    const hex = BigInt.asUintN(8 * size, value).toString(16);
    this.#parts.push(Buffer.of(0x8a, size), Buffer.from(hex.padStart(2 * size, "0"), "hex").reverse());
  }

  #text(text: string): void {
    const bytes = Buffer.from(text, "utf8");
    const header = Buffer.alloc(5, "X");
    header.writeUInt32LE(bytes.length, 1);
    this.#parts.push(header, bytes);
  }
}
