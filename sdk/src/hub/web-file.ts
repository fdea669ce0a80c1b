// Files from plain web addresses, kept in a cache by address and entity tag.
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { fail } from "../errors.js";
import { writeFileAtomic } from "../files.js";
import type { WebAddress } from "./address.js";
import { computeChecksum, isIntact, type Checksum } from "./checksum.js";
import { download } from "./download.js";
import { isOffline, webCache } from "./environment.js";
import type { HubFileOptions } from "./hub-file.js";
import { withLock } from "./lock.js";
import { request, UnreachableError } from "./request.js";

/** What is known of a cached file, written beside it. */
interface Note {
  readonly url: string;
  readonly tag: string | null;
  readonly sha256: string;
}

/**
 * Path in the cache of a file on the web. With `sha256` a cached file is used without asking; else the server is asked
 * whether it changed, and if that is not possible the copy is used.
 * @throws InputError `DMPO_HUB_*`.
 */
export async function fetchWebFile({ url }: WebAddress, options: HubFileOptions = {}): Promise<string> {
  const { signal, onProgress, notify, sha256 } = options;
  const wanted = sha256?.toLowerCase();
  const home = join(webCache(), createHash("sha256").update(url).digest("hex").slice(0, 16));
  const target = join(home, fileName(url));

  const note = await noteOf(target);
  if (note && (wanted === note.sha256 || (wanted === undefined && isOffline()))) return target;
  if (isOffline()) {
    fail("DMPO_HUB_OFFLINE", url, "not in the cache, and HF_HUB_OFFLINE is set", `a copy in ${home}`, "unset it once");
  }
  try {
    const remote = await describe(url, signal);
    if (note && wanted === undefined && remote.tag !== null && note.tag === remote.tag) return target;
    await withLock(`${target}.lock`, () => replace(remote), options);
    return target;
  } catch (error) {
    if (!(error instanceof UnreachableError)) throw error;
    if (!note || wanted !== undefined) {
      fail("DMPO_HUB_UNREACHABLE", url, error.message, "a connection", "check the network and the address");
    }
    notify?.(`${url}: ${error.message}; using the copy of an earlier download`);
    return target;
  }

  async function replace({ tag, size }: Remote): Promise<void> {
    // Another process may have done it while this one waited.
    const latest = await noteOf(target);
    if (latest && (wanted === undefined ? tag !== null && latest.tag === tag : wanted === latest.sha256)) return;
    const checksum: Checksum | undefined = wanted === undefined ? undefined : { algorithm: "sha256", value: wanted };
    // Parts of different versions never meet.
    const version = createHash("sha256").update(`${tag} ${wanted}`).digest("hex").slice(0, 8);
    const incomplete = `${target}.${version}.incomplete`;
    await download({ name: url, url, target, incomplete, size, checksum, signal, onProgress });
    const written: Note = { url, tag, sha256: wanted ?? (await computeChecksum(target, "sha256")) };
    await writeFileAtomic(`${target}.json`, `${JSON.stringify(written)}\n`);
  }
}

interface Remote {
  readonly tag: string | null;
  readonly size: number | undefined;
}

async function describe(url: string, signal: AbortSignal | undefined): Promise<Remote> {
  const { status, headers } = await request(url, { method: "HEAD", signal });
  if (status === 404 || status === 410) fail("DMPO_HUB_NOT_FOUND", url, `${status}, not found`, "a file");
  if (status === 401 || status === 403) {
    fail("DMPO_HUB_UNAUTHORIZED", url, `${status}, the server gives no access`, "a public file");
  }
  // Some servers know no HEAD; the download itself tells what is wrong.
  if (status >= 400) return { tag: null, size: undefined };
  const length = headers.has("Content-Encoding") ? null : headers.get("Content-Length");
  return { tag: headers.get("ETag"), size: length !== null && /^\d+$/.test(length) ? Number(length) : undefined };
}

function fileName(url: string): string {
  const name = basename(new URL(url).pathname)
    .replace(/%[0-9a-f]{2}/gi, "_")
    .replace(/[^\w.-]/g, "_")
    .slice(-100);
  return name === "" || name.startsWith(".") ? `file${name}` : name;
}

/** The note of a file that is there and as it was; else undefined. */
async function noteOf(target: string): Promise<Note | undefined> {
  try {
    const note = JSON.parse(await readFile(`${target}.json`, "utf8")) as Partial<Note> | null;
    const { sha256 } = note ?? {};
    if (typeof sha256 !== "string" || !(await isIntact(target, { algorithm: "sha256", value: sha256 })))
      return undefined;
    return note as Note;
  } catch {
    return undefined;
  }
}
