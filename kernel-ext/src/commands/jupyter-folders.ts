// Where Jupyter looks for kernels and extensions (docs.jupyter.org, "Common Directories and File Locations").
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Where a kernel is registered: for this user, in the active Python environment, or below a folder. */
export type Place = "user" | "sys-prefix" | { readonly prefix: string };

/** The environment that `npm run notebook` makes, if this is a clone of the project in which it has run. */
export function projectEnvironment(): string | undefined {
  const folder = fileURLToPath(new URL("../../../.venv", import.meta.url));
  return existsSync(folder) ? folder : undefined;
}

/** The data folder of Jupyter for a place. Undefined for "sys-prefix" when no Python answers. */
export async function dataFolder(place: Place): Promise<string | undefined> {
  if (place === "user") return userDataFolder();
  const prefix = place === "sys-prefix" ? await pythonPrefix() : place.prefix;
  return prefix && join(prefix, "share/jupyter");
}

/** The data folders of every Jupyter that this process could start, in the order in which Jupyter reads them. */
export async function dataFolders(): Promise<string[]> {
  const prefixes = [await pythonPrefix(), projectEnvironment()].filter((prefix) => prefix !== undefined);
  const system =
    process.platform === "win32"
      ? [join(process.env.PROGRAMDATA ?? "C:/ProgramData", "jupyter")]
      : ["/usr/local/share/jupyter", "/usr/share/jupyter"];
  return [
    ...new Set([
      ...(process.env.JUPYTER_PATH?.split(delimiter).filter(Boolean) ?? []),
      userDataFolder(),
      ...prefixes.map((prefix) => join(prefix, "share/jupyter")),
      ...system,
    ]),
  ];
}

function userDataFolder(): string {
  const { JUPYTER_DATA_DIR, XDG_DATA_HOME, APPDATA } = process.env;
  if (JUPYTER_DATA_DIR) return JUPYTER_DATA_DIR;
  if (process.platform === "win32") return join(APPDATA ?? join(homedir(), "AppData/Roaming"), "jupyter");
  if (process.platform === "darwin") return join(homedir(), "Library/Jupyter");
  return join(XDG_DATA_HOME ?? join(homedir(), ".local/share"), "jupyter");
}

/** `sys.prefix` of the active environment, else of the first Python on the PATH. */
async function pythonPrefix(): Promise<string | undefined> {
  const active = process.env.VIRTUAL_ENV ?? process.env.CONDA_PREFIX;
  if (active) return active;
  for (const python of ["python3", "python"]) {
    try {
      return (await run(python, ["-c", "import sys; print(sys.prefix)"])).stdout.trim();
    } catch {
      // This name is not on the PATH; the next may be.
    }
  }
  return undefined;
}
