// Where data and logs lie and who owns W&B runs: environment, the user's own settings, defaults. A leaf for every room.
import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join, relative } from "node:path";
import { fail } from "./errors.js";
import { writeFileAtomic } from "./files.js";

/**
 * A path as a user writes it, also where no shell has seen it: `~` is the home folder, `$NAME` and `${NAME}` are variables of the
 * environment. Addresses such as `hf://` are left alone.
 * @throws InputError `DMPO_PATHS` for a variable that is not set.
 */
export function userPath(path: string, environment: Environment = process.env): string {
  if (/^[a-z][a-z\d+.-]+:\/\//i.test(path)) return path;
  const expanded = path.replace(/\$(?:\{([A-Za-z_]\w*)\}|([A-Za-z_]\w*))/g, (_, braced?: string, bare?: string) => {
    const name = (braced ?? bare)!;
    const value = Object.hasOwn(environment, name) ? environment[name] : undefined;
    if (value !== undefined) return value;
    const remedy = `export ${name}=..., or write the folder itself`;
    fail("DMPO_PATHS", path, `names the variable ${name}, which is not set`, "variables of the environment", remedy);
  });
  return expanded.replace(/^~(?=$|[/\\])/, () => homedir());
}

/** What `dmpo paths` asks for. */
export const pathSettings = {
  data: { variables: ["DMPO_DATA_DIR", "DPPO_DATA_DIR", "REINFLOW_DATA_DIR"], preset: "data", what: "data folder" },
  log: { variables: ["DMPO_LOG_DIR", "DPPO_LOG_DIR", "REINFLOW_LOG_DIR"], preset: "log", what: "log folder" },
  wandbEntity: {
    variables: ["DMPO_WANDB_ENTITY", "DPPO_WANDB_ENTITY", "REINFLOW_WANDB_ENTITY"],
    preset: "",
    what: "Weights & Biases entity",
  },
} as const;

export type PathSetting = keyof typeof pathSettings;
export type StoredPaths = Readonly<Partial<Record<PathSetting, string>>>;
type Environment = Readonly<Record<string, string | undefined>>;

/** `dmpo/paths.json` in XDG_CONFIG_HOME or ~/.config. */
export function storedPathsFile({ XDG_CONFIG_HOME }: Environment = process.env): string {
  return join(XDG_CONFIG_HOME || join(homedir(), ".config"), "dmpo", "paths.json");
}

/** The user's settings; empty where none are stored. @throws InputError `DMPO_PATHS` if the file is damaged. */
export function storedPaths(environment: Environment = process.env): StoredPaths {
  const file = storedPathsFile(environment);
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch {
    return {};
  }
  try {
    const parsed = JSON.parse(text) as Readonly<Record<string, unknown>>;
    const names = Object.keys(pathSettings) as PathSetting[];
    return Object.fromEntries(
      names.flatMap((name) => (typeof parsed[name] === "string" ? [[name, parsed[name]]] : [])),
    );
  } catch {
    fail(
      "DMPO_PATHS",
      file,
      "is damaged",
      "the JSON that `dmpo paths` writes",
      "delete it, or run `dmpo paths --reset`",
    );
  }
}

export function storePaths(paths: StoredPaths): Promise<void> {
  return writeFileAtomic(storedPathsFile(), `${JSON.stringify(paths, null, 2)}\n`);
}

export interface PathInUse {
  readonly value: string;
  /** "DPPO_DATA_DIR", "/home/me/.config/dmpo/paths.json" or "default". */
  readonly origin: string;
}

/**
 * The value in use, and why: DMPO_*, then DPPO_*, then REINFLOW_*, then `dmpo paths`, then the default. What the command
 * line says about one run (`logdir=...`) goes before all of these. An empty variable counts as absent.
 */
export function pathInUse(name: PathSetting, environment: Environment = process.env): PathInUse {
  const { variables, preset } = pathSettings[name];
  const variable = variables.find((key) => environment[key]);
  const valueOf = (text: string) => (name === "wandbEntity" ? text : userPath(text, environment));
  if (variable) return { value: valueOf(environment[variable]!), origin: variable };
  const stored = storedPaths(environment)[name];
  return stored
    ? { value: valueOf(stored), origin: storedPathsFile(environment) }
    : { value: name === "data" ? join(projectFolder(), preset) : preset, origin: "default" };
}

/**
 * The nearest folder with a package.json, from the current one upwards, as a relative path; else the current one. Notebooks and
 * the command line of a project find the same data, wherever in it they run.
 */
function projectFolder(): string {
  const start = process.cwd();
  for (let folder = start; ; folder = dirname(folder)) {
    if (existsSync(join(folder, "package.json"))) return relative(start, folder);
    if (folder === dirname(folder)) return "";
  }
}

/**
 * An environment in which DMPO_DATA_DIR, DMPO_LOG_DIR and DMPO_WANDB_ENTITY have the values in use; defaults stay unset,
 * except for a data folder that is not in the current one. */
export function withPathVariables(environment: Environment = process.env): Record<string, string | undefined> {
  const set = Object.keys(pathSettings).flatMap((key) => {
    const { value, origin } = pathInUse(key as PathSetting, environment);
    return origin === "default" && value === pathSettings[key as PathSetting].preset
      ? []
      : [[pathSettings[key as PathSetting].variables[0], value] as const];
  });
  return { ...environment, ...Object.fromEntries(set) };
}

/** XDG_CACHE_HOME, else ~/.cache. */
export const cacheHome = (): string => process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache");

/** What is fetched once and may be deleted: DMPO_CACHE_DIR, else `dmpo` in {@link cacheHome}. */
export const cacheFolder = (): string => userPath(process.env.DMPO_CACHE_DIR ?? join(cacheHome(), "dmpo"));
