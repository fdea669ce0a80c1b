// Registering the kernel with Jupyter: one folder with kernel.json, which Python is not needed for.
import { InputError } from "dmpo";
import { access, mkdir, rename, rm, rmdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { kernelName, kernelspec } from "../index.js";
import { dataFolder, dataFolders, type Place } from "./jupyter-folders.js";

/**
 * Writes the kernelspec and returns its folder; an earlier registration there is replaced.
 * @throws InputError DMPO_KERNEL_PLACE where there is no such place or it cannot be written.
 */
export async function installKernel(place: Place): Promise<string> {
  const folder = await kernelFolder(place);
  const file = join(folder, "kernel.json");
  try {
    await mkdir(folder, { recursive: true });
    // Jupyter may read the folder at any moment: the file is either the old or the new one.
    await writeFile(`${file}.tmp`, `${JSON.stringify(kernelspec(), null, 2)}\n`);
    await rename(`${file}.tmp`, file);
  } catch (error) {
    throw new InputError("DMPO_KERNEL_PLACE", [
      {
        path: folder,
        wrong: `cannot be written (${(error as Error).message})`,
        expected: "a folder of yours",
        remedy: "use --user, or --prefix with a folder that you may write to",
      },
    ]);
  }
  return folder;
}

/**
 * Removes the registration and the folders that it leaves empty; returns the kernelspec's folder.
 * @throws InputError DMPO_KERNEL_NOT_INSTALLED where it is not registered, naming the places where it is.
 */
export async function uninstallKernel(place: Place): Promise<string> {
  const folder = await kernelFolder(place);
  if (!(await exists(join(folder, "kernel.json")))) {
    const elsewhere = await registrations();
    throw new InputError("DMPO_KERNEL_NOT_INSTALLED", [
      {
        path: folder,
        wrong: "the kernel is not registered here",
        expected: elsewhere.length > 0 ? `it is in ${elsewhere.join(", ")}` : "`dmpo-kernel install` registers it",
        remedy:
          elsewhere.length > 0 ? "give the --user, --sys-prefix or --prefix that it was installed with" : undefined,
      },
    ]);
  }
  await rm(folder, { recursive: true });
  // kernels, jupyter, share: at most what `install` made.
  const emptied = place === "user" ? 2 : 3;
  let parent = dirname(folder);
  for (let i = 0; i < emptied && (await removeIfEmpty(parent)); i++) parent = dirname(parent);
  return folder;
}

/** Folders in which Jupyter finds this kernel, the one it takes first. */
export async function registrations(): Promise<string[]> {
  const candidates = (await dataFolders()).map((folder) => join(folder, "kernels", kernelName));
  const found = await Promise.all(candidates.map((folder) => exists(join(folder, "kernel.json"))));
  return candidates.filter((_, i) => found[i]);
}

async function kernelFolder(place: Place): Promise<string> {
  const data = await dataFolder(place);
  if (data === undefined) {
    throw new InputError("DMPO_KERNEL_PLACE", [
      {
        path: "--sys-prefix",
        wrong: "no Python was found",
        expected: "an active Python environment, or python3 on the PATH",
        remedy: "activate the environment that holds Jupyter, or use --user or --prefix",
      },
    ]);
  }
  return join(data, "kernels", kernelName);
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

async function removeIfEmpty(folder: string): Promise<boolean> {
  return rmdir(folder).then(
    () => true,
    () => false,
  );
}
