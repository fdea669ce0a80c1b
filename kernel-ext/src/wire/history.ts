// What was executed, for history_request: (session, line number, source) triples.
export type HistoryEntry = readonly [session: number, line: number, source: string];

export class History {
  readonly #entries: HistoryEntry[] = [];
  #session = 1;

  add(line: number, source: string): void {
    this.#entries.push([this.#session, line, source]);
  }

  /** Lines are counted anew: the variables are gone. */
  beginSession(): void {
    this.#session++;
  }

  /** Entries for the content of a history_request: the last `n`, a range of lines, or those matching a glob pattern. */
  select(content: Readonly<Record<string, unknown>>): readonly HistoryEntry[] {
    const count = typeof content.n === "number" ? content.n : Infinity;
    switch (content.hist_access_type) {
      case "range": {
        const start = Number(content.start ?? 0);
        const stop = content.stop == null ? Infinity : Number(content.stop);
        return this.#entries.filter(([, line]) => line >= start && line < stop);
      }
      case "search": {
        const pattern = glob(typeof content.pattern === "string" ? content.pattern : "*");
        const found = this.#entries.filter(([, , source]) => pattern.test(source));
        return last(content.unique === true ? unique(found) : found, count);
      }
      default:
        return last(this.#entries, count);
    }
  }
}

function last<T>(items: readonly T[], count: number): readonly T[] {
  return items.slice(Math.max(0, items.length - count));
}

function unique(entries: readonly HistoryEntry[]): HistoryEntry[] {
  return [...new Map(entries.map((entry) => [entry[2], entry])).values()];
}

function glob(pattern: string): RegExp {
  const escaped = pattern.replace(/[.+^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`^${escaped.replaceAll("*", ".*").replaceAll("?", ".")}$`, "s");
}
