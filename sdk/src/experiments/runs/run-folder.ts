// Where a run keeps its files: <log root>/<name>/<time>_<seed>, never the folder of another run.
import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { makeFolder } from "../../files.js";
import { pathInUse } from "../../paths.js";
import { naming } from "../../system-errors.js";

/** Root of all run folders of this user, see `pathInUse`; by default ./log. */
export const logRoot = () => pathInUse("log").value;

/**
 * Makes a new folder for a run of this name that starts now, `<root>/<name>/<UTC time>_<seed>`, and returns its path.
 * @param root default: DMPO_LOG_DIR and what `dmpo paths` stored, else ./log.
 */
export async function createRunFolder(name: string, seed: number, root = logRoot()): Promise<string> {
  const time = new Date().toISOString().slice(0, 19).replace("T", "_").replaceAll(":", "-");
  return claimFolder(join(root, name, `${time}_${seed}`));
}

/**
 * Makes `folder`, or `folder-2`, `folder-3`, ... where that is taken by another run.
 * @throws InputError `DMPO_SYSTEM` where the system refuses.
 */
export function claimFolder(folder: string): Promise<string> {
  return naming(folder, () => firstFree(folder));
}

async function firstFree(folder: string): Promise<string> {
  makeFolder(dirname(folder));
  for (let attempt = 1; ; attempt++) {
    const candidate = attempt === 1 ? folder : `${folder}-${attempt}`;
    try {
      await mkdir(candidate);
      return candidate;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
  }
}
