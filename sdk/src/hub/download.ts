// One file over HTTP: resumed where an earlier attempt stopped, verified, and moved into place only when complete.
import { open, rename, rm, stat, statfs } from "node:fs/promises";
import { dirname } from "node:path";
import { makeFolder } from "../files.js";
import { fail, InputError } from "../errors.js";
import { MINIMUM_RATE, TooLongError } from "./arrival.js";
import { computeChecksum, type Checksum } from "./checksum.js";
import { pause, reason, request, UnreachableError, type Answer } from "./request.js";

/** How far a download is. */
export interface DownloadProgress {
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
  /** Send the hub's token, where the address is the hub's. */
  readonly authorized?: boolean;
  /** Where the complete file goes. */
  readonly target: string;
  /** Where bytes are collected; kept when a download is interrupted. */
  readonly incomplete: string;
  /** Bytes. */
  readonly size?: number;
  readonly checksum?: Checksum;
  /** Stops it; what has arrived is kept and not asked for again. */
  readonly signal?: AbortSignal;
  /** Called at most ten times per second, and at the end. */
  readonly onProgress?: (progress: DownloadProgress) => void;
}

const ATTEMPTS_WITHOUT_PROGRESS = 5;
const PROGRESS_MILLISECONDS = 100;

/**
 * Downloads to `target`. What arrived stays in `incomplete` when the connection breaks, and the rest is asked for by Range.
 * A file whose size nobody tells may take half of the free space.
 * @throws InputError `DMPO_HUB_LENGTH`, `DMPO_HUB_CHECKSUM`, `DMPO_HUB_DISK`, `DMPO_HUB_STATUS`.
 * @throws {UnreachableError} after five attempts in a row that brought less than 1 KiB/s; the signal's reason.
 */
export async function download(file: Download): Promise<void> {
  makeFolder(dirname(file.incomplete));
  makeFolder(dirname(file.target));
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
  let failures = 0;
  let [before, since] = [await sizeOf(file.incomplete), performance.now()];
  for (;;) {
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
      const [after, now] = [await sizeOf(file.incomplete), performance.now()];
      const isProgress = after > before && after - before >= (MINIMUM_RATE * (now - since)) / 1000;
      failures = isProgress ? 0 : failures + 1;
      if (failures === ATTEMPTS_WITHOUT_PROGRESS) {
        throw new UnreachableError(`${new URL(file.url).host}: ${reason(error)}`, { cause: error });
      }
      [before, since] = [after, now];
      await pause(failures + 1, undefined, file.signal);
    }
  }
}

/** One request; appends what comes. */
async function receive(file: Download, offset: number): Promise<void> {
  const headers = offset > 0 ? { Range: `bytes=${offset}-` } : undefined;
  const answer = await request(file.url, { headers, authorized: file.authorized, signal: file.signal });
  try {
    // The server has nothing behind the offset: what is here belongs to another version.
    if (answer.status === 416) {
      await rm(file.incomplete, { force: true });
      throw new Error(`there is nothing behind byte ${offset}`);
    }
    checkStatus(file, answer);
    const start = answer.status === 206 ? rangeStart(answer, offset) : 0;
    const told = announced(answer, start);
    if (file.size !== undefined && told !== undefined && told !== file.size) throw lengthError(file, `${told} bytes`);
    const total = file.size ?? told;
    if (total !== undefined) await checkSpace(file, total - start);
    await append(file, answer, start, total);
  } finally {
    answer.body.leave();
  }
}

async function append(file: Download, { body }: Answer, start: number, total: number | undefined): Promise<void> {
  const limit = total === undefined ? Math.floor((await freeBytes(file)) / 2) : total - start;
  const handle = await open(file.incomplete, start > 0 ? "a" : "w");
  let received = start;
  let reported = 0;
  try {
    for await (const chunk of body.read(limit)) {
      await handle.appendFile(chunk);
      received += chunk.length;
      if (performance.now() - reported < PROGRESS_MILLISECONDS) continue;
      reported = performance.now();
      file.onProgress?.({ name: file.name, received, total });
    }
  } catch (error) {
    if (!(error instanceof TooLongError)) throw error;
    if (total === undefined) failDisk(file, `a file of a stated size, or twice the ${limit} bytes that came so far`);
    throw lengthError(file, `more than ${total} bytes`);
  } finally {
    await handle.close();
  }
  if (total !== undefined && received < total)
    throw new Error(`the connection ended after ${received} of ${total} bytes`);
  file.onProgress?.({ name: file.name, received, total });
}

function checkStatus({ name, url }: Download, { status, statusText, headers }: Answer): void {
  if (status < 200 || status > 299) {
    const shown = `${status} ${statusText}`.trim();
    fail("DMPO_HUB_STATUS", name, `${url} answers ${shown}`, "the file", "check the address");
  }
  const encoding = headers.get("Content-Encoding");
  if (encoding !== null && encoding !== "identity") {
    const wrong = `${url} answers with Content-Encoding ${encoding}, though asked not to`;
    fail("DMPO_HUB_STATUS", name, wrong, "the file as it is", "download it by other means, and give its path");
  }
}

function rangeStart({ headers }: Answer, asked: number): number {
  const start = /^bytes (\d+)-/.exec(headers.get("Content-Range") ?? "")?.[1];
  if (Number(start) !== asked) throw new Error(`asked for bytes from ${asked}, got them from ${start ?? "nowhere"}`);
  return asked;
}

/** Bytes of the whole file as this answer tells; undefined if it does not. */
function announced({ headers }: Answer, start: number): number | undefined {
  const whole = /\/(\d+)$/.exec(headers.get("Content-Range") ?? "")?.[1];
  if (whole !== undefined) return Number(whole);
  const length = headers.get("Content-Length");
  return length === null ? undefined : start + Number(length);
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
  const free = await freeBytes(file);
  if (needed > free) failDisk(file, `${needed} free bytes, there are ${free}`);
}

async function freeBytes({ incomplete }: Download): Promise<number> {
  const { bavail, bsize } = await statfs(dirname(incomplete));
  return bavail * bsize;
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
