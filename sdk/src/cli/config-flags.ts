// The flags that name a configuration, and the room that reads it.
import type { Command } from "commander";

export interface ConfigFlags {
  readonly configDir: string;
  readonly configName: string;
}

export function withConfigFlags(command: Command): Command {
  return command
    .requiredOption("--config-dir <folder>", "folder of the configuration, such as cfg/gym/pretrain/hopper-medium-v2")
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
