// Reads Python pickles, protocols 0 to 5, as data: nothing is ever executed. What a pickle may name is a table given by the
// caller. A value of another class becomes an OmittedValue and leaves the rest readable; names that would run code, and opcodes that
// are not needed for data, are errors that say which.
// Opcodes: https://docs.python.org/3/library/pickletools.html
import { fail } from "../errors.js";
import { mayBeOmitted, OmittedValue } from "./omitted-value.js";
import { opcodes, refusedOpcodes, type Machine } from "./pickle-opcodes.js";

/** A Python class or function that pickles may name, and what stands for it here. */
export interface PickleGlobal {
  /** What calling it yields; absent: it cannot be called. Arguments come from the file: check them. */
  readonly call?: (...args: readonly unknown[]) => unknown;
  /** Completes what `call` returned with the object's pickled state (opcode BUILD); absent: such a state is an error. */
  readonly build?: (made: object, state: unknown) => void;
}

/** By full name: `{ "collections.OrderedDict": {...} }`. */
export type PickleGlobals = Readonly<Record<string, PickleGlobal>>;

/** A global where it was not called but stored, e.g. `torch.float32`. */
export class PickledName {
  constructor(
    readonly name: string,
    readonly global: PickleGlobal,
  ) {}
}

export interface PickleOptions {
  /** How errors name the file. */
  readonly source: string;
  readonly globals: PickleGlobals;
  /** Value of a persistent id (opcode BINPERSID); absent: such ids are an error. */
  readonly persistent?: (id: unknown) => unknown;
  /** Containers and objects that a pickle may make, each of which costs more memory than file. Default 1,000,000. */
  readonly maxObjects?: number;
}

export interface Pickle {
  /**
   * dict: Map; list and tuple: Array; set: Set; str: string; bytes: Uint8Array (a view of the file); int: number, or bigint
   * beyond 2^53; None: null; of an unknown class: OmittedValue. Parts may be shared and nest without limit, so walk it with a bound.
   */
  readonly value: unknown;
  /** Position behind the STOP opcode. */
  readonly end: number;
}

/** Reads the pickle that starts at `start`. @throws InputError `DMPO_PICKLE` naming source, byte, and opcode or global. */
export function readPickle(bytes: Uint8Array, options: PickleOptions, start = 0): Pickle {
  return new Unpickler(bytes, options, start).run();
}

const MARK = Symbol("mark");

/** Whatever it is called with, and whatever state it gets: left out. */
const omitted = (name: string): PickleGlobal => ({ call: () => new OmittedValue(name), build: () => undefined });

class Unpickler {
  readonly #bytes: Buffer;
  readonly #options: PickleOptions;
  #at: number;
  #opcodeAt: number;
  #budget: number;
  readonly #stack: unknown[] = [];
  readonly #memo = new Map<number, unknown>();
  readonly #makers = new WeakMap<object, PickledName>();

  constructor(bytes: Uint8Array, options: PickleOptions, start: number) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#options = options;
    this.#at = this.#opcodeAt = start;
    this.#budget = options.maxObjects ?? 1_000_000;
  }

  run(): Pickle {
    for (;;) {
      this.#opcodeAt = this.#at;
      const code = this.#take(1)[0]!;
      const opcode = String.fromCharCode(code);
      if (opcode === ".") return { value: this.#pop(), end: this.#at };
      const run = opcodes[opcode];
      if (!run) {
        const name = refusedOpcodes[opcode] ?? `0x${code.toString(16).padStart(2, "0")}`;
        this.#fail(`uses opcode ${name}`, "opcodes that describe data", "the file is damaged, or tries to run code");
      }
      run(this.#machine);
    }
  }

  readonly #machine: Machine = {
    push: (value) => void this.#stack.push(value),
    make: (value) => {
      this.#spend();
      this.#stack.push(value);
    },
    pop: () => this.#pop(),
    popMark: () => this.#popMark(),
    top: () => {
      const value = this.#pop();
      this.#stack.push(value);
      return value;
    },
    mark: () => void this.#stack.push(MARK),
    discard: () => {
      if (this.#stack.length === 0) this.#underflow();
      this.#stack.pop();
    },
    take: (count) => this.#take(count),
    line: () => this.#line(),
    put: (index) => {
      this.#spend();
      this.#memo.set(index ?? this.#memo.size, this.#machine.top());
    },
    get: (index) => {
      if (!this.#memo.has(index)) this.#fail(`refers to memo ${index}`, "one that was stored before");
      this.#stack.push(this.#memo.get(index));
    },
    global: (module, name) => this.#global(module, name),
    call: (callee, args) => this.#call(callee, args),
    build: (made, state) => this.#build(made, state),
    persistent: (id) => {
      const { persistent } = this.#options;
      if (!persistent) this.#fail("uses opcode BINPERSID", "no references to outside");
      return persistent(id);
    },
    fail: (wrong, expected) => this.#fail(wrong, expected),
  };

  #take(count: number): Buffer {
    const left = this.#bytes.length - this.#at;
    if (count > left) this.#fail(`needs ${count} bytes where ${left} are left`, "a complete file", "it is truncated");
    this.#at += count;
    return this.#bytes.subarray(this.#at - count, this.#at);
  }

  #line(): string {
    const end = this.#bytes.indexOf(10, this.#at);
    if (end < 0) this.#fail("ends inside a line", "a complete file", "it is truncated");
    const text = this.#bytes.toString("latin1", this.#at, end).replace(/\r$/, "");
    this.#at = end + 1;
    return text;
  }

  #pop(): unknown {
    if (this.#stack.length === 0 || this.#stack.at(-1) === MARK) this.#underflow();
    return this.#stack.pop();
  }

  #popMark(): unknown[] {
    const mark = this.#stack.lastIndexOf(MARK);
    if (mark < 0) this.#underflow();
    const items = this.#stack.splice(mark);
    items.shift();
    return items;
  }

  #spend(): void {
    if (this.#budget-- > 0) return;
    const most = this.#options.maxObjects ?? 1_000_000;
    this.#fail(`holds more than ${most} objects`, "fewer", "large data belongs into arrays");
  }

  #global(module: unknown, name: unknown): PickledName {
    const full = `${String(module)}.${String(name)}`;
    const { globals } = this.#options;
    if (typeof module !== "string" || typeof name !== "string" || !Object.hasOwn(globals, full)) {
      if (typeof module === "string" && typeof name === "string" && mayBeOmitted(module, name)) {
        return new PickledName(full, omitted(full));
      }
      const known = [...new Set(Object.keys(globals).map((key) => key.split(".")[0]!))].join(", ");
      this.#fail(
        `refers to ${JSON.stringify(full.slice(0, 200))}`,
        `known names of ${known || "nothing"} only`,
        "nothing in the file was executed; save plain tensors, numbers, lists and dicts instead",
      );
    }
    return new PickledName(full, globals[full]!);
  }

  #call(callee: unknown, args: unknown): unknown {
    if (callee instanceof OmittedValue) return callee;
    if (!(callee instanceof PickledName) || !callee.global.call || !Array.isArray(args)) {
      const found = callee instanceof PickledName ? callee.name : typeof callee;
      this.#fail(`calls ${found}`, "a known constructor with a tuple of arguments");
    }
    this.#spend();
    const made = callee.global.call(...(args as unknown[]));
    if (typeof made === "object" && made !== null) this.#makers.set(made, callee);
    return made;
  }

  #build(made: unknown, state: unknown): void {
    if (made instanceof OmittedValue) return;
    const maker = typeof made === "object" && made !== null ? this.#makers.get(made) : undefined;
    if (!maker?.global.build)
      this.#fail(`sets the state of ${maker?.name ?? "a plain value"}`, "an object with a state");
    maker.global.build(made as object, state);
  }

  #underflow(): never {
    this.#fail("takes more from the stack than is there", "a complete pickle", "it is damaged");
  }

  #fail(wrong: string, expected: string, remedy?: string): never {
    fail("DMPO_PICKLE", `${this.#options.source}: byte ${this.#opcodeAt}`, wrong, expected, remedy);
  }
}
