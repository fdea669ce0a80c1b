// One process at a time: a lock file that its owner keeps fresh, so that a dead owner's lock expires.
import { randomUUID } from "node:crypto";
import { open, rename, rm, stat, utimes } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { makeFolder } from "../files.js";

const REFRESH_MILLISECONDS = 2_000;
const EXPIRED_MILLISECONDS = 15_000;
const POLL_MILLISECONDS = 100;

/**
 * Runs `work` while holding the lock file `path`; others, in this or another process, wait.
 * The lock spares double work and is no promise: a machine that sleeps longer than 15 s loses it, so files are still
 * written under a temporary name and verified.
 */
export async function withLock<T>(
  path: string,
  work: () => Promise<T>,
  { signal }: { signal?: AbortSignal } = {},
): Promise<T> {
  makeFolder(dirname(path));
  while (!(await claim(path))) {
    await removeExpired(path);
    await sleep(POLL_MILLISECONDS, undefined, { signal });
  }
  const refresh = setInterval(() => {
    const now = new Date();
    utimes(path, now, now).catch(() => {});
  }, REFRESH_MILLISECONDS);
  try {
    return await work();
  } finally {
    clearInterval(refresh);
    await rm(path, { force: true });
  }
}

async function claim(path: string): Promise<boolean> {
  try {
    await (await open(path, "wx")).close();
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

async function removeExpired(path: string): Promise<void> {
  const age = await stat(path).then(
    ({ mtimeMs }) => Date.now() - mtimeMs,
    () => 0,
  );
  if (age < EXPIRED_MILLISECONDS) return;
  // Of several that wait, the rename succeeds for one.
  const removed = `${path}.${randomUUID()}`;
  await rename(path, removed).catch(() => {});
  await rm(removed, { force: true });
}
