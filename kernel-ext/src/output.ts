// What cells print and show: stdout, stderr and display messages on their way to the wire thread.
import { StringDecoder } from "node:string_decoder";
import { currentRun } from "./runtime/run.js";
import type { ToWire } from "./wire/channel.js";

type StreamName = "stdout" | "stderr";

/** Messages per window that go out at once; a cell that prints more has the rest joined. */
const burst = 50;
const window = 20;

export class Output {
  /** The latest cell: what is printed after a cell's end belongs to the one running then. */
  #request = 0;
  #isSilent = false;
  #windowStart = 0;
  #sentInWindow = 0;
  #pending: { name: StreamName; parts: string[] } | undefined;
  readonly #setTimer = setTimeout;

  constructor(private readonly send: (message: ToWire) => void) {}

  /** Output from now on belongs to `request`; a silent one publishes nothing. */
  direct(request: number, isSilent: boolean): void {
    this.flush();
    this.#request = request;
    this.#isSilent = isSilent;
  }

  /** Redirects what the process writes to its standard streams. */
  capture(): void {
    for (const name of ["stdout", "stderr"] as const) {
      // Characters may be split over two writes.
      const decoder = new StringDecoder("utf8");
      process[name].write = (data: string | Uint8Array, ...rest: unknown[]): boolean => {
        this.write(name, typeof data === "string" ? data : decoder.write(Buffer.from(data)));
        const done = rest.find((each) => typeof each === "function");
        if (done) queueMicrotask(done as () => void);
        return true;
      };
    }
  }

  write(name: StreamName, text: string): void {
    if (text === "" || this.#isSilent || currentRun()?.isStopped) return;
    if (this.#pending && this.#pending.name !== name) this.flush();
    const now = performance.now();
    if (now - this.#windowStart > window) {
      this.#windowStart = now;
      this.#sentInWindow = 0;
      this.flush();
    }
    if (++this.#sentInWindow <= burst) return this.send({ kind: "stream", request: this.#request, name, text });
    if (this.#pending) return void this.#pending.parts.push(text);
    this.#pending = { name, parts: [text] };
    this.#setTimer(() => this.flush(), window);
  }

  /** @throws where `content` cannot be written as JSON */
  publish(type: string, content: unknown): void {
    if (this.#isSilent || currentRun()?.isStopped) return;
    const text = JSON.stringify(content);
    this.flush();
    this.send({ kind: "publish", request: this.#request, type, content: text });
  }

  flush(): void {
    if (!this.#pending) return;
    const { name, parts } = this.#pending;
    this.#pending = undefined;
    this.send({ kind: "stream", request: this.#request, name, text: parts.join("") });
  }
}
