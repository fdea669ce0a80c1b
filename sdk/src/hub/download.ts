// One file over HTTP: resumed where an earlier attempt stopped, verified, and moved into place only when complete.
import { createWriteStream } from "node:fs";
import { mkdir, open, rename, rm, stat, statfs } from "node:fs/promises";
import { dirname } from "node:path";
import { Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { ReadableStream } from "node:stream/web";
import { fail, InputError } from "../errors.js";
import { computeChecksum, type Checksum } from "./checksum.js";
import { pause, reason, request, UnreachableError } from "./request.js";

export interface Progress {
  /** What is being downloaded. */
  readonly name: string;
  /** Bytes that are here, those of an earlier attempt included. */
  readonly received: number;
  /** Bytes of the whole file, where known. */
  readonly total: number | undefined;
}

export interface Download {
  /** For messages. */
  readonly name: string;
  readonly url: string;
  readonly token?: string;
  /** Where the complete file goes. */
  readonly target: string;
  /** Where bytes are collected; kept when a download is interrupted. */
  readonly incomplete: string;
  /** Bytes. */
  readonly size?: number;
  readonly checksum?: Checksum;
  readonly signal?: AbortSignal;
  /** Called at most ten times per second, and at the end. */
  readonly onProgress?: (progress: Progress) => void;
}

const ATTEMPTS_WITHOUT_PROGRESS = 5;
const STALL_MILLISECONDS = 30_000;
const PROGRESS_MILLISECONDS = 100;

/**
 * Downloads to `target`. What arrived stays in `incomplete` when the connection breaks, and the rest is asked for by Range.
 * @throws InputError `DMPO_HUB_LENGTH`, `DMPO_HUB_CHECKSUM`, `DMPO_HUB_DISK`, `DMPO_HUB_STATUS`.
 * @throws {UnreachableError} after five attempts in a row that brought nothing; the signal's reason.
 */
export async function download(file: Download): Promise<void> {
  await mkdir(dirname(file.incomplete), { recursive: true });
  await mkdir(dirname(file.target), { recursive: true });
  const resumed = (await sizeOf(file.incomplete)) > 0;
  await collect(file);
  if (!(await isRight(file))) {
    await rm(file.incomplete, { force: true });
    // The first part may be of an older attempt at something else.
    if (!resumed) failChecksum(file);
    await collect(file);
    if (!(await isRight(file))) {
      await rm(file.incomplete, { force: true });
      failChecksum(file);
    }
  }
  await finish(file);
}

/** Asks until everything is in `incomplete`. */
async function collect(file: Download): Promise<void> {
  for (let failures = 0; ;) {
    const before = await sizeOf(file.incomplete);
    if (file.size !== undefined) {
      if (before === file.size && before > 0) return;
      await checkSpace(file, file.size - before);
    }
    try {
      await receive(file, before);
      const after = await sizeOf(file.incomplete);
      if (file.size === undefined || after === file.size) return;
      throw new Error(`the connection ended after ${after} of ${file.size} bytes`);
    } catch (error) {
      file.signal?.throwIfAborted();
      if (error instanceof InputError || error instanceof UnreachableError) throw error;
      if ((error as NodeJS.ErrnoException).code === "ENOSPC") failDisk(file, "more room");
      failures = (await sizeOf(file.incomplete)) > before ? 0 : failures + 1;
      if (failures === ATTEMPTS_WITHOUT_PROGRESS) {
        throw new UnreachableError(`${new URL(file.url).host}: ${reason(error)}`, { cause: error });
      }
      await pause(failures + 1, undefined, file.signal);
    }
  }
}

/** One request; appends what comes. */
async function receive(file: Download, offset: number): Promise<void> {
  const stall = new AbortController();
  const signal = AbortSignal.any([stall.signal, ...(file.signal ? [file.signal] : [])]);
  const headers = offset > 0 ? { Range: `bytes=${offset}-` } : undefined;
  const response = await request(file.url, { headers, token: file.token, signal });
  // The server has nothing behind the offset: what is here belongs to another version.
  if (response.status === 416) {
    await rm(file.incomplete, { force: true });
    throw new Error(`there is nothing behind byte ${offset}`);
  }
  if (!response.ok || !response.body) {
    const status = `${response.status} ${response.statusText}`.trim();
    fail("DMPO_HUB_STATUS", file.name, `${file.url} answers ${status}`, "the file", "check the address");
  }
  const start = response.status === 206 ? rangeStart(response, offset) : 0;
  const total = file.size ?? announced(response, start);
  checkLength(file, announced(response, start));

  let received = start;
  let reported = 0;
  const count = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      timer.refresh();
      received += chunk.length;
      if (file.size !== undefined && received > file.size)
        return done(lengthError(file, `more than ${file.size} bytes`));
      if (performance.now() - reported >= PROGRESS_MILLISECONDS) {
        reported = performance.now();
        file.onProgress?.({ name: file.name, received, total });
      }
      done(null, chunk);
    },
  });
  const timer = setTimeout(() => stall.abort(new Error("nothing arrived for 30 s")), STALL_MILLISECONDS);
  try {
    const body = Readable.fromWeb(response.body as ReadableStream);
    await pipeline(body, count, createWriteStream(file.incomplete, { flags: start > 0 ? "a" : "w" }), { signal });
  } finally {
    clearTimeout(timer);
  }
  if (total !== undefined && received < total)
    throw new Error(`the connection ended after ${received} of ${total} bytes`);
  file.onProgress?.({ name: file.name, received, total });
}

function rangeStart(response: Response, asked: number): number {
  const start = /^bytes (\d+)-/.exec(response.headers.get("Content-Range") ?? "")?.[1];
  if (Number(start) !== asked) throw new Error(`asked for bytes from ${asked}, got them from ${start ?? "nowhere"}`);
  return asked;
}

/** Bytes of the whole file as this response tells; undefined if it does not, or speaks of compressed ones. */
function announced({ headers }: Response, start: number): number | undefined {
  const whole = /\/(\d+)$/.exec(headers.get("Content-Range") ?? "")?.[1];
  if (whole !== undefined) return Number(whole);
  const length = headers.get("Content-Length");
  return length === null || headers.has("Content-Encoding") ? undefined : start + Number(length);
}

function checkLength(file: Download, length: number | undefined): void {
  if (file.size !== undefined && length !== undefined && length !== file.size)
    throw lengthError(file, `${length} bytes`);
}

function lengthError({ name, size }: Download, wrong: string): InputError {
  const remedy = "the server or a proxy on the way alters the file; try another network";
  return new InputError("DMPO_HUB_LENGTH", [{ path: name, wrong, expected: `${size} bytes`, remedy }]);
}

async function isRight({ incomplete, checksum }: Download): Promise<boolean> {
  return checksum === undefined || (await computeChecksum(incomplete, checksum.algorithm)) === checksum.value;
}

function failChecksum({ name, checksum }: Download): never {
  fail(
    "DMPO_HUB_CHECKSUM",
    name,
    "the downloaded bytes are not those of the file",
    `${checksum!.algorithm === "git" ? "git object" : "SHA-256"} ${checksum!.value}`,
    "they were discarded; try again, and if it stays so, do not use this source",
  );
}

async function finish({ incomplete, target }: Download): Promise<void> {
  const handle = await open(incomplete, "r+");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(incomplete, target);
}

async function checkSpace(file: Download, needed: number): Promise<void> {
  const { bavail, bsize } = await statfs(dirname(file.incomplete));
  if (needed > bavail * bsize) failDisk(file, `${needed} free bytes, there are ${bavail * bsize}`);
}

function failDisk({ name, incomplete }: Download, expected: string): never {
  const remedy = "free some, or name another cache by HF_HOME (hub) or DMPO_CACHE_DIR (web)";
  fail("DMPO_HUB_DISK", name, `no room in ${dirname(incomplete)}`, expected, remedy);
}

const sizeOf = (path: string): Promise<number> =>
  stat(path).then(
    ({ size }) => size,
    () => 0,
  );
