// The guide's commands that run no configuration, as `dmpo` has them.
import { copyFileSync, existsSync } from "node:fs";
import { join } from "node:path";
import { bundledDatasets } from "../../sdk/src/data/data-folder.js";
import { sharedFile } from "../../test/shared.js";

export interface OtherCommand {
  /** Shown, with FOLDER for the folders of this run. */
  readonly line: string;
  readonly argv: readonly string[];
  /** What it was given. */
  readonly given: readonly string[];
  /** Why it cannot be run here. */
  readonly waits?: string;
}

/** In the guide's order. `folder` is where they read and write, `data` the data folder. */
export function otherCommands(folder: string, data: string): OtherCommand[] {
  const recording = join(folder, "hopper_medium-v2.hdf5");
  if (!existsSync(recording)) copyFileSync(bundledDatasets["hopper-medium-mini"], recording);
  const demonstrations = process.env.DMPO_D3IL_DEMONSTRATIONS ?? sharedFile("data/d3il-avoiding/demos");
  const ways = ["--val_split=0", "--desired_modes", "5", "6", "--required_modes", "1", "2"];
  const bundled = ["the bundled recording of hopper"];
  const waits = existsSync(demonstrations) ? undefined : "the demonstrations of D3IL (DMPO_D3IL_DEMONSTRATIONS)";
  const all: (Omit<OtherCommand, "line" | "given"> & { readonly given?: readonly string[] })[] = [
    { argv: ["paths", `--data=${data}`, `--log=${join(folder, "log")}`] },
    { argv: ["doctor", "--render", "robomimic"] },
    { argv: ["doctor", "--render", "d3il"] },
    { argv: ["data", "read-hdf5", `--file_path=${recording}`], given: bundled },
    { argv: ["data", "hdf5-to-npz", `--data_path=${recording}`, "--overwrite"], given: bundled },
    { argv: ["data", "read-npz", `--data_path=${join(folder, "normalization.npz")}`], given: bundled },
    {
      argv: ["data", "process-d3il-dataset", `--load_path=${demonstrations}`, `--save_dir=${join(data, "d3il/avoid")}`],
      waits,
    },
    {
      argv: [
        ...["data", "filter-d3il-avoid-data", `--load_path=${demonstrations}`],
        ...[`--save_dir=${join(data, "d3il/avoid_m1")}`, ...ways],
      ],
      waits,
    },
  ];
  return all.map(({ given = [], ...command }) => ({
    line: command.argv.map((word) => word.replace(demonstrations, "DEMOS").replace(folder, "FOLDER")).join(" "),
    given,
    ...command,
  }));
}
