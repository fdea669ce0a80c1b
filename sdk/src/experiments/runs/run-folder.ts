// Where a run keeps its files: <log root>/<name>/<time>_<seed>, never the folder of another run.
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { dirname, join } from "node:path";
import { z } from "zod";
import { makeFolder } from "../../files.js";
import { parseOptions, pathText, wholeNumber } from "../../options.js";
import { pathInUse } from "../../paths.js";
import { naming } from "../../system-errors.js";

/** Root of all run folders of this user, see `pathInUse`; by default ./log. */
export const logRoot = () => pathInUse("log").value;

const schema = z.strictObject({ name: pathText, seed: wholeNumber, root: pathText });

/**
 * Makes a new folder for a run of this name that starts now, `<root>/<name>/<UTC time>_<seed>`, and returns its path.
 * @param root default: DMPO_LOG_DIR and what `dmpo paths` stored, else ./log.
 * @throws InputError DMPO_OPTIONS for a name or seed that is none.
 */
export async function createRunFolder(name: string, seed: number, root = logRoot()): Promise<string> {
  parseOptions(schema, { name, seed, root });
  const time = new Date().toISOString().slice(0, 19).replace("T", "_").replaceAll(":", "-");
  return claimFolder(join(root, name, `${time}_${seed}`));
}

/**
 * Makes `folder`, or `folder-2`, `folder-3`, ... where that is taken by another run.
 * @throws InputError `DMPO_SYSTEM` where the system refuses.
 */
export function claimFolder(folder: string): Promise<string> {
  return naming(folder, () => {
    makeFolder(dirname(folder));
    return firstFree(folder, (candidate) => mkdir(candidate));
  });
}

/** Name of the file that says which run a folder belongs to. */
export const runFile = "run.json";

/**
 * Makes `folder` the folder of a run that starts now; where it exists it may hold anything but another run. Where one is there:
 * `folder-2`, `folder-3`, ... A run whose process ended before its first checkpoint left nothing, so its folder is free.
 * @throws InputError `DMPO_SYSTEM` where the system refuses.
 */
export function claimForRun(folder: string): Promise<string> {
  return naming(folder, () =>
    firstFree(folder, async (candidate) => {
      makeFolder(candidate);
      const file = join(candidate, runFile);
      if (await isAbandoned(candidate)) await rm(file);
      await writeFile(file, JSON.stringify(owner), { flag: "wx" });
    }),
  );
}

/** Which process a run belongs to. */
export const owner = { host: hostname(), process: process.pid };

async function isAbandoned(folder: string): Promise<boolean> {
  const contents = await readdir(folder, { withFileTypes: true });
  if (contents.some((entry) => entry.isDirectory() && entry.name !== "tensorboard")) return false;
  try {
    const run = JSON.parse(await readFile(join(folder, runFile), "utf8")) as Partial<typeof owner>;
    if (run.host !== owner.host || typeof run.process !== "number") return false;
    process.kill(run.process, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ESRCH";
  }
}

async function firstFree(folder: string, take: (candidate: string) => Promise<unknown>): Promise<string> {
  for (let attempt = 1; ; attempt++) {
    const candidate = attempt === 1 ? folder : `${folder}-${attempt}`;
    try {
      await take(candidate);
      return candidate;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
  }
}
