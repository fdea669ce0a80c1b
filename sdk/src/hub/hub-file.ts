// Files of hub repositories in the cache that Python's huggingface_hub uses too: blobs by contents, snapshots that link to
// them, refs from branch to commit. Its layout: https://huggingface.co/docs/huggingface_hub/guides/manage-cache
import { copyFile, readFile, realpath, rm, symlink } from "node:fs/promises";
import { basename, dirname, join, relative, sep } from "node:path";
import { fail, nearest } from "../errors.js";
import { makeFolder, writeFileAtomic } from "../files.js";
import type { HubAddress } from "./address.js";
import { checksumOfTag, isIntact, matches, type Checksum } from "./checksum.js";
import { download, type Download } from "./download.js";
import { hubCache, hubEndpoint, hubToken, isOffline } from "./environment.js";
import { withLock } from "./lock.js";
import { request, UnreachableError, type Answer } from "./request.js";

export interface HubFileOptions extends Pick<Download, "signal" | "onProgress"> {
  /** Expected SHA-256 of the contents, hexadecimal; besides what the hub itself states. */
  readonly sha256?: string;
  /** Told in a sentence when something else is used than what was asked for. */
  readonly notify?: (sentence: string) => void;
}

/** Its repository's folder, as Python's huggingface_hub names it. */
const folderOf = ({ type, repository }: HubAddress) => [`${type}s`, ...repository.split("/")].join("--");

const isCommit = (revision: string) => /^[0-9a-f]{40}$/.test(revision);

/** Path in the cache of a hub file, which is downloaded where it is missing. @throws InputError `DMPO_HUB_*`. */
export async function fetchHubFile(address: HubAddress, options: HubFileOptions = {}): Promise<string> {
  const { path, revision } = address;
  const home = join(hubCache(), folderOf(address));
  const name = shown(address);
  const verified = async (file: string) => {
    await checkSum(name, file, options.sha256);
    return file;
  };
  const cached = await findCached(home, address);
  const whole = cached !== undefined && (await isIntact(cached, checksumOfTag(basename(await realpath(cached)))));
  if (whole && (isCommit(revision) || isOffline())) return verified(cached);
  if (isOffline()) {
    if (cached) failDamaged(name, cached);
    fail("DMPO_HUB_OFFLINE", name, "not in the cache, and HF_HUB_OFFLINE is set", `a copy in ${home}`, "unset it once");
  }
  let file: RemoteFile;
  try {
    file = await describe(address, options.signal);
  } catch (error) {
    if (!(error instanceof UnreachableError)) throw error;
    if (!whole) failUnreachable(name, error);
    options.notify?.(`${name}: ${error.message}; using the copy of an earlier download`);
    return verified(cached);
  }

  const pointer = join(home, "snapshots", file.commit, ...path.split("/"));
  const reference = join(home, "refs", revision);
  if (!isCommit(revision) && (await text(reference)) !== file.commit) await writeFileAtomic(reference, file.commit);
  const isRight = (path: string) => isIntact(path, checksumOfTag(file.tag), file.size);
  if (await isRight(pointer)) return verified(pointer);
  const blob = join(home, "blobs", file.tag);
  const lock = join(hubCache(), ".locks", folderOf(address), `${file.tag}.dmpo.lock`);
  await withLock(
    lock,
    async () => {
      if (!(await isRight(blob))) await downloadBlob(file, blob);
      if (!(await isRight(pointer))) await link(blob, pointer);
    },
    options,
  );
  return verified(pointer);

  async function downloadBlob({ url, size, tag }: RemoteFile, target: string): Promise<void> {
    const { signal, onProgress } = options;
    // Another name than huggingface_hub's own, which does not share our lock.
    const incomplete = `${target}.dmpo.incomplete`;
    try {
      const checksum = checksumOfTag(tag);
      await download({ name, url, authorized: true, target, incomplete, size, checksum, signal, onProgress });
    } catch (error) {
      if (error instanceof UnreachableError) failUnreachable(name, error);
      throw error;
    }
  }
}

interface RemoteFile {
  readonly url: string;
  readonly commit: string;
  /** Names the contents: SHA-256, or git's name of the object. */
  readonly tag: string;
  /** Bytes. */
  readonly size: number | undefined;
}

/** Asks the hub for a file as huggingface_hub does: the answer to HEAD, before it leaves for a content server. */
async function describe(address: HubAddress, signal: AbortSignal | undefined): Promise<RemoteFile> {
  const { type, repository, revision, path } = address;
  const prefix = type === "dataset" ? "datasets/" : "";
  const encoded = path.split("/").map(encodeURIComponent).join("/");
  const url = `${hubEndpoint()}/${prefix}${repository}/resolve/${encodeURIComponent(revision)}/${encoded}`;
  const answer = await request(url, { method: "HEAD", authorized: true, leaveHost: false, signal });
  const { headers, status } = answer;
  if (status >= 400) return refuse(address, answer, signal);
  const commit = headers.get("X-Repo-Commit");
  const tag = (headers.get("X-Linked-ETag") ?? headers.get("ETag"))?.replace(/^W\//, "").replaceAll('"', "");
  if (!commit || !isCommit(commit) || !tag || !/^[\w.-]+$/.test(tag) || tag.startsWith(".")) {
    fail(
      "DMPO_HUB_STATUS",
      shown(address),
      `${hubEndpoint()} answers ${status} without X-Repo-Commit and ETag`,
      "a server that speaks the hub's API",
      "check HF_ENDPOINT and any proxy on the way",
    );
  }
  const length = headers.get("X-Linked-Size") ?? (status < 300 ? headers.get("Content-Length") : null);
  return { url, commit, tag, size: length !== null && /^\d+$/.test(length) ? Number(length) : undefined };
}

async function refuse(address: HubAddress, { status, headers }: Answer, signal?: AbortSignal): Promise<never> {
  const { repository, revision, path } = address;
  const [name, code] = [shown(address), headers.get("X-Error-Code")];
  const token = hubToken() === undefined ? "no HF_TOKEN is set" : "HF_TOKEN gives no access";
  if (code === "EntryNotFound") {
    fail("DMPO_HUB_NOT_FOUND", name, `no such file in ${repository}`, "a file", await closeFile(address, signal));
  }
  if (code === "RevisionNotFound") {
    fail("DMPO_HUB_NOT_FOUND", name, `no revision "${revision}"`, `a branch, tag or commit of ${repository}`);
  }
  if (code === "GatedRepo") {
    fail(
      "DMPO_HUB_UNAUTHORIZED",
      name,
      `${repository} asks to accept its conditions, and ${token}`,
      "an account that did",
      `open ${hubEndpoint()}/${repository}, accept, and set HF_TOKEN to that account's token`,
    );
  }
  if (status === 401 || status === 403) {
    const wrong = `${status}: there is no repository ${repository}, or it is private and ${token}`;
    fail("DMPO_HUB_UNAUTHORIZED", name, wrong, "a readable repository", "check its name, or set HF_TOKEN");
  }
  if (status === 404) fail("DMPO_HUB_NOT_FOUND", name, `${repository} has no ${path}`, "a file", "check the address");
  fail("DMPO_HUB_STATUS", name, `${hubEndpoint()} answers ${status}`, "the file", "check HF_ENDPOINT");
}

const LISTING_BYTES = 4 << 20;
const LISTING_NAMES = 2000;

/**
 * A sentence with the name of a file in the same folder that may be meant. Best effort, it only improves a message: one page,
 * asked for once.
 */
async function closeFile({ type, repository, revision, path }: HubAddress, signal?: AbortSignal) {
  const folder = dirname(path) === "." ? [] : dirname(path).split("/");
  const at = [encodeURIComponent(revision), ...folder.map(encodeURIComponent)].join("/");
  try {
    const url = `${hubEndpoint()}/api/${type}s/${repository}/tree/${at}`;
    const { status, body } = await request(url, { authorized: true, leaveHost: false, attempts: 1, signal });
    const entries: unknown = JSON.parse(status === 200 ? await body.text(LISTING_BYTES) : (body.leave(), "[]"));
    const names = (entries as { path?: unknown }[])
      .slice(0, LISTING_NAMES)
      .map((entry) => entry.path)
      .filter((name): name is string => typeof name === "string" && name.length < 1000);
    const close = nearest(path, names);
    return close && `did you mean ${close}?`;
  } catch {
    signal?.throwIfAborted();
    return undefined;
  }
}

/** The file in a snapshot of the cache, by the commit that `revision` was last seen to mean; never one outside the cache. */
async function findCached(home: string, { revision, path }: HubAddress): Promise<string | undefined> {
  const commit = isCommit(revision) ? revision : (await text(join(home, "refs", revision)))?.trim();
  if (commit === undefined || !isCommit(commit)) return undefined;
  const pointer = join(home, "snapshots", commit, ...path.split("/"));
  try {
    const [file, ...roots] = await Promise.all([
      realpath(pointer),
      realpath(home),
      realpath(join(home, "blobs")).catch(() => home),
    ]);
    return roots.some((root) => file.startsWith(root + sep)) ? pointer : undefined;
  } catch {
    return undefined;
  }
}

/** Relative, so that the cache can be moved; where links are not possible, a copy. */
async function link(blob: string, pointer: string): Promise<void> {
  makeFolder(dirname(pointer));
  await rm(pointer, { force: true });
  try {
    await symlink(relative(dirname(pointer), blob), pointer);
  } catch {
    await copyFile(blob, pointer);
  }
}

async function checkSum(name: string, file: string, sha256: string | undefined): Promise<void> {
  if (sha256 === undefined) return;
  const expected: Checksum = { algorithm: "sha256", value: sha256 };
  if (await matches(file, expected)) return;
  fail(
    "DMPO_HUB_CHECKSUM",
    name,
    `${file} has other contents`,
    `SHA-256 ${sha256}`,
    "the file was changed at its source",
  );
}

function failDamaged(name: string, file: string): never {
  const wrong = `${file} is damaged, and HF_HUB_OFFLINE is set`;
  fail("DMPO_HUB_CHECKSUM", name, wrong, "the contents that its name in the cache states", "unset it once");
}

function failUnreachable(name: string, { message }: UnreachableError): never {
  const remedy = "check the network; HF_ENDPOINT names a mirror, HF_HUB_OFFLINE=1 uses what is in the cache";
  fail("DMPO_HUB_UNREACHABLE", name, message, "a connection to the hub", remedy);
}

const shown = ({ type, repository, path, revision }: HubAddress) =>
  `hf://${type === "dataset" ? "datasets/" : ""}${repository}/${path}${revision === "main" ? "" : `@${revision}`}`;

const text = (path: string): Promise<string | undefined> => readFile(path, "utf8").catch(() => undefined);
