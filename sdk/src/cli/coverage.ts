// What happens to every command of the guide (cfg/guide-commands.txt) and to every configuration of the project: it runs, it
// waits for parts that are still to be written, or it is invalid.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { InputError } from "../errors.js";
import { resolveConfig } from "../config/run/experiment.js";
import { configNames, projectConfigRoot } from "../config/run/locations.js";

export interface CommandState {
  /** "npx dmpo run --config-dir=cfg/... --config-name=... key=value ..." */
  readonly command: string;
  readonly status: "runs" | "waits" | "invalid";
  /** Parts to be written first, such as "policy ReFlow". */
  readonly missing: readonly string[];
  /** Of an invalid one, what is wrong. */
  readonly problem?: string;
}

/** The guide's commands, each once, as arguments of `dmpo run`. */
export function guideCommands(): string[] {
  return readFileSync(join(projectConfigRoot, "guide-commands.txt"), "utf8").trim().split("\n");
}

/** One for every configuration of the project, without overrides. */
export function projectCommands(): string[] {
  return configNames(projectConfigRoot).map(commandOf);
}

/** "gym/eval/hopper-medium-v2/eval_meanflow_mlp" -> "--config-dir=... --config-name=...". */
export function commandOf(name: string): string {
  const slash = name.lastIndexOf("/");
  return `--config-dir=cfg/${name.slice(0, slash)} --config-name=${name.slice(slash + 1)}`;
}

/** State of one command, given as in {@link guideCommands}. Nothing is run, opened or downloaded. */
export function commandState(command: string): CommandState {
  const [directory, name, ...overrides] = command.split(/\s+/) as [string, string, ...string[]];
  const value = (flag: string) => flag.slice(flag.indexOf("=") + 1);
  const shown = `npx dmpo run ${command}`;
  try {
    const folder = join(projectConfigRoot, value(directory).replace(/^cfg\//, ""));
    const { missing } = resolveConfig(folder, value(name), overrides);
    return { command: shown, status: missing.length > 0 ? "waits" : "runs", missing };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return { command: shown, status: "invalid", missing: [], problem: error.message };
  }
}

/** The guide's commands first, then the configurations that it does not name; only those that contain `text`. */
export function coverage(text = ""): CommandState[] {
  const commands = new Set([...guideCommands(), ...projectCommands()]);
  return [...commands].filter((command) => command.includes(text)).map(commandState);
}

/** "145 commands: 30 run, 114 wait, 1 invalid". */
export function summaryOf(states: readonly CommandState[]): string {
  const count = (status: CommandState["status"]) => states.filter((state) => state.status === status).length;
  return `${states.length} commands: ${count("runs")} run, ${count("waits")} wait, ${count("invalid")} invalid`;
}
