// A lease: a file that says who works on something. Its owner keeps touching it; whoever wants it too waits until the owner has
// given it back or has not touched it for a while by the waiting one's own clock, so that clocks of machines need not agree.
import { randomUUID } from "node:crypto";
import { readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { makeFolder } from "../../files.js";
import { naming } from "../../system-errors.js";

const content = z.object({ token: z.string(), host: z.string(), process: z.int(), what: z.string() });

/** Who has a lease. */
export type LeaseOwner = z.output<typeof content>;

/** Seconds between touches, and without one until a lease is another's. */
export const leaseTimes = { beat: 4, expiry: 20 };

export class Lease {
  readonly #lost = new AbortController();
  readonly #timer: NodeJS.Timeout;
  /** Aborts when somebody else has taken it: what is in progress must not write any more. */
  readonly lost = this.#lost.signal;

  private constructor(
    private readonly path: string,
    private readonly token: string,
  ) {
    this.#timer = setInterval(() => void this.#beat(), 1000 * leaseTimes.beat).unref();
  }

  /**
   * Waits until it is free.
   * @param what for people: the job that works on it.
   * @throws the signal's reason.
   */
  static async take(path: string, what: string, signal?: AbortSignal): Promise<Lease> {
    for (;;) {
      const lease = await Lease.tryTake(path, what);
      if (lease) return lease;
      await Lease.#waitForChange(path, signal);
    }
  }

  /** The lease, if nobody has it, or its owner was a process of this machine that has ended. */
  static async tryTake(path: string, what: string): Promise<Lease | undefined> {
    return naming(path, async () => {
      makeFolder(dirname(path));
      const owner: LeaseOwner = { token: randomUUID(), host: hostname(), process: process.pid, what };
      for (let attempt = 0; attempt < 2; attempt++) {
        try {
          // An owner that is killed before it has written its name leaves an empty file, which expires.
          await writeFile(path, JSON.stringify(owner), { flag: "wx" });
          return new Lease(path, owner.token);
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
        }
        if (!hasEnded(await ownerOf(path))) return undefined;
        await discard(path);
      }
      return undefined;
    });
  }

  /** Gives it back. */
  async release(): Promise<void> {
    clearInterval(this.#timer);
    if ((await ownerOf(this.path))?.token === this.token) await rm(this.path, { force: true });
  }

  async #beat(): Promise<void> {
    const owner = await ownerOf(this.path).catch(() => undefined);
    if (owner?.token === this.token) {
      const now = new Date();
      await utimes(this.path, now, now).catch(() => {});
    } else if (owner) {
      clearInterval(this.#timer);
      this.#lost.abort(new Error(`${owner.what} on ${owner.host} has taken over`));
    }
  }

  /** Until it is gone, changes its owner, or has not been touched for too long, in which case it is taken away. */
  static async #waitForChange(path: string, signal?: AbortSignal): Promise<void> {
    const first = await stampOf(path);
    const began = performance.now();
    if (first === "gone") return;
    while (performance.now() - began < 1000 * leaseTimes.expiry) {
      await sleep(250, undefined, { signal });
      if ((await stampOf(path)) !== first) return;
    }
    await discard(path);
  }
}

/** Who has it, if somebody has. */
export async function ownerOf(path: string): Promise<LeaseOwner | undefined> {
  try {
    return content.safeParse(JSON.parse(await readFile(path, "utf8"))).data;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT" || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Of several that find it expired, the rename succeeds for one. */
async function discard(path: string): Promise<void> {
  const removed = `${path}.${randomUUID()}`;
  await rename(path, removed).catch(() => {});
  await rm(removed, { force: true });
}

async function stampOf(path: string): Promise<string> {
  return stat(path).then(
    ({ mtimeMs, ino }) => `${ino} ${mtimeMs}`,
    () => "gone",
  );
}

/** Whether the owner is a process of this machine that is not there any more. */
function hasEnded(owner: LeaseOwner | undefined): boolean {
  if (owner?.host !== hostname()) return false;
  try {
    process.kill(owner.process, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ESRCH";
  }
}
