// Single files out of a wheel, which is a zip archive: from one on disk, or by ranged requests out of one on a package index.
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { fail } from "../../errors.js";
import { writeFileAtomic } from "../../files.js";
import { request, pause } from "../../hub/request.js";
import { openZip, zipSpans, type ZipSource } from "../../zip-archive.js";
import type { PinnedFile } from "./manifest.js";

/** Files by path inside the wheel; each is verified, and written under a temporary name first. */
export interface Extraction {
  readonly wanted: ReadonlyMap<string, PinnedFile>;
  readonly folder: string;
  /** How errors name the wheel. */
  readonly name: string;
  readonly signal?: AbortSignal;
  /** Told how many bytes have arrived, of how many. */
  readonly onProgress?: (received: number, total: number) => void;
}

/** @throws InputError DMPO_DATA_FORMAT for a damaged archive, DMPO_ASSETS_CHECKSUM. */
export async function extractLocal(wheel: string, extraction: Extraction): Promise<void> {
  const descriptor = openSync(wheel, "r");
  try {
    const { size } = fstatSync(descriptor);
    const read = (at: number, length: number) => {
      if (at < 0) throw new RangeError("before the beginning");
      const bytes = Buffer.alloc(length);
      return bytes.subarray(0, readSync(descriptor, bytes, 0, length, at));
    };
    await write({ size, read }, [...extraction.wanted.keys()], extraction);
  } finally {
    closeSync(descriptor);
  }
}

/** The server sent the whole file where a part was asked for. */
export class RangeIgnoredError extends Error {
  override readonly name = "RangeIgnoredError";
}

/** Neighbours with less than this between them are asked for at once, up to so many bytes. */
const [largestGap, largestRequest] = [1 << 16, 8 << 20];
/** Holds the archive's last record and in most archives its whole directory. */
const tailBytes = 1 << 17;
const attempts = 4;

/**
 * @throws {RangeIgnoredError}; UnreachableError; the signal's reason.
 * @throws InputError as {@link extractLocal}.
 */
export async function extractRemote(url: string, extraction: Extraction): Promise<void> {
  const { wanted, name, signal, onProgress } = extraction;
  const wheel = new PartialFile(url, signal);
  await wheel.fetchTail(tailBytes);
  const spans = (await wheel.reading((source) => zipSpans(source, name)))
    .filter((span) => wanted.has(span.name))
    .sort((a, b) => a.from - b.from);
  expectAll(spans, extraction);
  const groups: { names: string[]; from: number; to: number }[] = [];
  for (const { name, from, to } of spans) {
    const last = groups.at(-1);
    if (last && from - last.to < largestGap && to - last.from < largestRequest) {
      last.names.push(name);
      last.to = to;
    } else groups.push({ names: [name], from, to });
  }
  const total = groups.reduce((sum, { from, to }) => sum + to - from, 0);
  let received = 0;
  // Written as they come, so that an interrupted fetch goes on with what is missing.
  for (const { names, from, to } of groups) {
    await wheel.fetch(from, to - from);
    await write(wheel.source, names, extraction);
    wheel.forget();
    onProgress?.((received += to - from), total);
  }
}

async function write(source: ZipSource, names: readonly string[], extraction: Extraction): Promise<void> {
  const { wanted, folder, name: wheel, signal } = extraction;
  const entries = openZip(source, wheel);
  for (const name of names) {
    signal?.throwIfAborted();
    const [bytes, sha256] = wanted.get(name)!;
    const content = (entries.get(name) ?? failAbsent(wheel, name))();
    if (content.length !== bytes || createHash("sha256").update(content).digest("hex") !== sha256) {
      fail(
        "DMPO_ASSETS_CHECKSUM",
        `${wheel}: ${name}`,
        "is not the file that is expected",
        `${bytes} bytes with SHA-256 ${sha256}`,
        "another release, or altered: take the package from another source",
      );
    }
    await writeFileAtomic(join(folder, ...name.split("/")), content);
  }
}

function expectAll(spans: readonly { readonly name: string }[], { wanted, name }: Extraction): void {
  const found = new Set(spans.map((span) => span.name));
  for (const path of wanted.keys()) if (!found.has(path)) failAbsent(name, path);
}

const failAbsent = (wheel: string, path: string): never =>
  fail("DMPO_ASSETS_CHECKSUM", wheel, `has no ${path}`, "the release that this version of dmpo is made for");

/** These bytes have not been fetched. */
class AbsentBytes extends Error {
  constructor(
    readonly at: number,
    readonly length: number,
  ) {
    super("not fetched");
  }
}

/** A file on a server, of which some parts are here. */
class PartialFile {
  readonly #url: string;
  readonly #signal: AbortSignal | undefined;
  #parts: { readonly at: number; readonly bytes: Buffer; readonly isTail: boolean }[] = [];
  #size = 0;

  constructor(url: string, signal: AbortSignal | undefined) {
    this.#url = url;
    this.#signal = signal;
  }

  get source(): ZipSource {
    return {
      size: this.#size,
      read: (at, wanted) => {
        if (at < 0) throw new RangeError("before the beginning");
        const length = Math.max(0, Math.min(wanted, this.#size - at));
        const part = this.#parts.find((one) => at >= one.at && at + length <= one.at + one.bytes.length);
        if (!part) throw new AbsentBytes(at, length);
        return part.bytes.subarray(at - part.at, at - part.at + length);
      },
    };
  }

  /** What `read` makes of the file; parts that it lacks are fetched, and it is called again. */
  async reading<T>(read: (source: ZipSource) => T): Promise<T> {
    for (;;) {
      try {
        return read(this.source);
      } catch (error) {
        if (!(error instanceof AbsentBytes)) throw error;
        await this.fetch(error.at, error.length, true);
      }
    }
  }

  fetchTail(length: number): Promise<void> {
    return this.#ask(`-${length}`, undefined, true);
  }

  fetch(at: number, length: number, keep = false): Promise<void> {
    return this.#ask(`${at}-${at + length - 1}`, at, keep);
  }

  /** Drops contents, keeps the directory. */
  forget(): void {
    this.#parts = this.#parts.filter(({ isTail }) => isTail);
  }

  async #ask(range: string, at: number | undefined, isTail: boolean): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#askOnce(range, at, isTail);
      } catch (error) {
        this.#signal?.throwIfAborted();
        if (!(error instanceof BrokenAnswer) || attempt === attempts) throw error;
        await pause(attempt, undefined, this.#signal);
      }
    }
  }

  async #askOnce(range: string, at: number | undefined, isTail: boolean): Promise<void> {
    const { status, headers, body } = await request(this.#url, {
      headers: { Range: `bytes=${range}` },
      signal: this.#signal,
    });
    try {
      const [, first, last, size] = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(headers.get("Content-Range") ?? "") ?? [];
      if (status === 200 || (status === 206 && first === undefined)) throw new RangeIgnoredError("no ranges");
      const { host } = new URL(this.#url);
      if (status !== 206) throw new RangeIgnoredError(`${host} answers ${status}`);
      const [start, length] = [Number(first), Number(last) - Number(first) + 1];
      if (at !== undefined && (start !== at || Number(size) !== this.#size))
        throw new RangeIgnoredError("other ranges");
      const bytes = Buffer.concat(await collected(body.read(length)));
      if (bytes.length !== length) throw new BrokenAnswer(`${host}: ${bytes.length} of ${length} bytes arrived`);
      this.#size = Number(size);
      this.#parts.push({ at: start, bytes, isTail });
    } finally {
      body.leave();
    }
  }
}

/** The connection broke; asking again may help. */
class BrokenAnswer extends Error {}

async function collected(chunks: AsyncIterable<Buffer>): Promise<Buffer[]> {
  const all: Buffer[] = [];
  try {
    for await (const chunk of chunks) all.push(chunk);
  } catch (error) {
    throw new BrokenAnswer(error instanceof Error ? error.message : String(error), { cause: error });
  }
  return all;
}
