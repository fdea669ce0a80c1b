// What cells print and show: stdout, stderr and display messages on their way to the notebook.
import { Buffer } from "node:buffer";
import process from "node:process";
import { StringDecoder } from "node:string_decoder";
import type { FromCells, StreamName } from "../channel.js";
import { currentRun } from "./run.js";

export class Output {
  /** The latest cell: what is printed after a cell's end belongs to the one running then. */
  #request = 0;
  #isSilent = false;

  constructor(private readonly send: (message: FromCells) => void) {}

  /** Output from now on belongs to `request`; a silent one publishes nothing. */
  direct(request: number, isSilent: boolean): void {
    this.#request = request;
    this.#isSilent = isSilent;
  }

  /** Redirects what JavaScript writes to the standard streams; other writers reach the kernel process by itself. */
  capture(): void {
    for (const name of ["stdout", "stderr"] as const) {
      // Characters may be split over two writes.
      const decoder = new StringDecoder("utf8");
      process[name].write = (data: string | Uint8Array, ...rest: unknown[]): boolean => {
        this.write(name, typeof data === "string" ? data : decoder.write(Buffer.from(data)));
        const done = rest.find((each) => typeof each === "function");
        if (done) void Promise.resolve().then(done as () => void);
        return true;
      };
    }
  }

  write(name: StreamName, text: string): void {
    if (text === "" || this.#isSilent || currentRun()?.isStopped) return;
    this.send({ kind: "stream", request: this.#request, name, text });
  }

  /** @throws where `content` cannot be written as JSON */
  publish(type: string, content: unknown): void {
    if (this.#isSilent || currentRun()?.isStopped) return;
    this.send({ kind: "publish", request: this.#request, type, content: JSON.stringify(content) });
  }
}
