// Joins what a cell prints into few messages: at most one per stream change or 40 ms, never more than a megabyte.
type StreamName = "stdout" | "stderr";

const interval = 40;
const largest = 1 << 20;

export class StreamMerger {
  #request = 0;
  #name: StreamName = "stdout";
  #parts: string[] = [];
  #length = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(private readonly publish: (request: number, name: StreamName, text: string) => void) {}

  write(request: number, name: StreamName, text: string): void {
    if (request !== this.#request || name !== this.#name) this.flush();
    this.#request = request;
    this.#name = name;
    this.#parts.push(text);
    this.#length += text.length;
    if (this.#length >= largest) this.flush();
    else this.#timer ??= setTimeout(() => this.flush(), interval);
  }

  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#length === 0) return;
    const text = this.#parts.join("");
    this.#parts = [];
    this.#length = 0;
    this.publish(this.#request, this.#name, text);
  }
}
