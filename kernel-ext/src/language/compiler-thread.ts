// The compiler in a thread of its own, so that the sockets answer while it works. It keeps nothing that cannot be told to a
// new one: a thread that ran out of memory, or that a stopped cell keeps busy, is replaced.
import { Worker } from "node:worker_threads";
import type { CompiledCell, Problem } from "./compiler.js";

type Content = Readonly<Record<string, unknown>>;

export interface CompilerSettings {
  /** Folders from which packages are found; the first is the notebook's. */
  readonly roots: readonly string[];
}

export interface CompilerRequest {
  readonly id: number;
  /** What earlier cells declared. */
  readonly declarations: string;
  readonly request:
    { readonly type: "compile"; readonly code: string } | { readonly type: string; readonly content: Content };
}

export interface CompilerResponse {
  readonly id: number;
  readonly result?: unknown;
  readonly failure?: string;
}

interface Waiting {
  readonly message: CompilerRequest;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

export class CompilerThread {
  #worker: Worker | undefined;
  #lastId = 0;
  readonly #waiting = new Map<number, Waiting>();
  /** What the cells so far declared. */
  declarations = "";

  constructor(private readonly settings: CompilerSettings) {
    this.#worker = this.#start();
  }

  /** The cell as it runs, or what is wrong with it. @throws where the compiler itself fails */
  async compile(code: string): Promise<CompiledCell | readonly Problem[]> {
    return (await this.#ask({ type: "compile", code })) as CompiledCell | readonly Problem[];
  }

  /** Content of the reply to a request for completion, inspection or completeness. @throws like `compile` */
  async answer(type: string, content: Content): Promise<Content> {
    return (await this.#ask({ type, content })) as Content;
  }

  /** Gives up what the compiler is busy with; what waits behind it goes to a new one. */
  restart(): void {
    void this.#worker?.terminate();
    const [busy, ...others] = this.#waiting.values();
    if (busy) this.#waiting.delete(busy.message.id);
    busy?.reject(new Error("the compiler was interrupted"));
    this.#worker = this.#start();
    for (const { message } of others) this.#worker.postMessage(message);
  }

  #ask(request: CompilerRequest["request"]): Promise<unknown> {
    const id = ++this.#lastId;
    this.#worker ??= this.#start();
    const message: CompilerRequest = { id, declarations: this.declarations, request };
    this.#worker.postMessage(message);
    return new Promise((resolve, reject) => this.#waiting.set(id, { message, resolve, reject }));
  }

  #start(): Worker {
    const worker = new Worker(new URL("./thread.js", import.meta.url), { workerData: this.settings });
    worker.on("message", ({ id, result, failure }: CompilerResponse) => {
      const waiting = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (failure === undefined) waiting?.resolve(result);
      else waiting?.reject(new Error(failure));
    });
    worker.on("error", ({ message }: Error) => {
      if (worker === this.#worker) this.#end(message);
    });
    return worker;
  }

  #end(reason: string): void {
    this.#worker = undefined;
    for (const { reject } of this.#waiting.values()) reject(new Error(`the compiler ended: ${reason}`));
    this.#waiting.clear();
  }
}
