// The flags that name a configuration, and the room that reads it.
import type { Command } from "commander";
import { path } from "./command.js";

export interface ConfigFlags {
  readonly configDir: string;
  readonly configName: string;
}

export function withConfigFlags(command: Command): Command {
  return command
    .requiredOption(
      "--config-dir <folder>",
      "folder of the configuration, such as cfg/gym/pretrain/hopper-medium-v2",
      path,
    )
    .requiredOption("--config-name <name>", "its name, without .yaml")
    .argument("[overrides...]", "key=value changes, +key=value adds, ~key removes");
}

/** Loaded on demand: the schemas pull in the training code, which `dmpo --help` does not need. */
export async function loadConfigRoom() {
  const [experiment, show] = await Promise.all([
    import("../config/run/experiment.js"),
    import("../config/run/show.js"),
  ]);
  return { ...experiment, ...show };
}

/** What keys mean, loaded on demand. */
export async function loadKeyRoom() {
  const [keys, options, naming] = await Promise.all([
    import("../config/schema/key-help.js"),
    import("../option-help.js"),
    import("../config/language/naming.js"),
  ]);
  return { ...keys, ...options, ...naming };
}
