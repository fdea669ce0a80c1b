// Where configurations lie: the project's cfg folder, the folder a user names, and how paths are shown.
import { existsSync, readdirSync, statSync } from "node:fs";
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { fail, nearest } from "../../errors.js";

/** The project's own cfg folder; the same distance from sdk/src/config and from sdk/dist/config. */
export const projectConfigRoot = fileURLToPath(new URL("../../../../cfg", import.meta.url));

/** A path relative to the working directory where that is shorter to read. */
export function shownPath(file: string): string {
  const near = relative(process.cwd(), file);
  return near.startsWith("..") || isAbsolute(near) ? file : near.split(sep).join("/");
}

export interface ConfigLocation {
  readonly file: string;
  /** The folder that entries of `defaults:` are relative to. */
  readonly root: string;
  /** Set when the folder was not found here but in the project: a sentence to show. */
  readonly notice?: string;
}

/**
 * Finds `<directory>/<name>.yaml`, first relative to the working directory, then in the project's cfg folder.
 * @throws InputError `DMPO_CONFIG_NOT_FOUND` naming the nearest existing folder or config.
 */
export function locateConfig(directory: string, name: string): ConfigLocation {
  const here = resolve(directory);
  const fallback = insideProject(directory);
  const found = [here, fallback].find((folder) => existsSync(folder) && statSync(folder).isDirectory());
  if (found === undefined) {
    const folders = configNames(projectConfigRoot).map((config) => `cfg/${dirname(config)}`);
    const close = nearest(`cfg/${relative(projectConfigRoot, fallback)}`, new Set(folders));
    const remedy = close ? `did you mean --config-dir=${close}?` : "`dmpo configs` lists all configurations";
    fail(
      "DMPO_CONFIG_NOT_FOUND",
      "--config-dir",
      `"${directory}" does not exist`,
      "a folder with configurations",
      remedy,
    );
  }
  const file = join(found, name.replace(/\.ya?ml$/, "") + ".yaml");
  if (!existsSync(file)) {
    const names = readdirSync(found)
      .filter((entry) => entry.endsWith(".yaml"))
      .map((entry) => basename(entry, ".yaml"));
    const close = nearest(name, names);
    fail(
      "DMPO_CONFIG_NOT_FOUND",
      "--config-name",
      `"${name}" is not in ${shownPath(found)}`,
      names.length > 0 ? `one of ${names.sort().join(", ")}` : "a folder that contains .yaml files",
      close && `did you mean "${close}"?`,
    );
  }
  const notice =
    found === here ? undefined : `"${directory}" is not below the working directory; using ${shownPath(found)}`;
  return { file, root: rootAbove(found), notice };
}

/** All runnable configurations below a root as "gym/pretrain/hopper-medium-v2/pre_meanflow_mlp", sorted. */
export function configNames(root: string): string[] {
  return yamlNames(root).filter((name) => !name.startsWith("base/"));
}

/** The parts that `defaults:` lists can name: everything below base/. */
export function partNames(root: string): string[] {
  return yamlNames(root).filter((name) => name.startsWith("base/"));
}

function yamlNames(root: string): string[] {
  if (!existsSync(root)) return [];
  return readdirSync(root, { recursive: true, encoding: "utf8" })
    .filter((entry) => entry.endsWith(".yaml"))
    .map((entry) => entry.split(sep).join("/").slice(0, -".yaml".length))
    .sort();
}

/** "cfg/gym/x", "./cfg/gym/x" and "gym/x" all name a folder of the project's cfg. */
function insideProject(directory: string): string {
  const parts = directory.split(/[\\/]/);
  return join(projectConfigRoot, ...parts.slice(parts.lastIndexOf("cfg") + 1));
}

/** The nearest folder named cfg at or above `folder`, else the project's. */
function rootAbove(folder: string): string {
  for (let current = folder; dirname(current) !== current; current = dirname(current)) {
    if (basename(current) === "cfg") return current;
  }
  return projectConfigRoot;
}
