// Sends messages over one socket in order. A zeromq socket refuses a second send while one is in flight, which it
// is at every 512th message: without a queue those messages are lost.
interface SendingSocket {
  send(frames: Buffer[]): Promise<void>;
}

export class Outbox {
  readonly #waiting: Buffer[][] = [];
  #sending: Promise<void> | undefined;

  constructor(private readonly socket: SendingSocket) {}

  send(frames: Buffer[]): void {
    this.#waiting.push(frames);
    this.#sending ??= this.#drain();
  }

  /** Resolves when everything has been handed to the socket. */
  async flushed(): Promise<void> {
    await this.#sending;
  }

  async #drain(): Promise<void> {
    for (let frames = this.#waiting.shift(); frames; frames = this.#waiting.shift()) {
      // A client that has gone away is no reason to end.
      await this.socket.send(frames).catch(() => undefined);
    }
    this.#sending = undefined;
  }
}
