// What every command of `dmpo` is made of: one file in commands/ that adds itself to the program.
import { InvalidArgumentError, type Command } from "commander";
import { inspect } from "node:util";
import { InputError } from "../errors.js";
import { userPath } from "../paths.js";
import { systemError } from "../system-errors.js";
import type { Terminal } from "./terminal.js";

/** What 0, 1, 2, 3 and 130 mean to the shell; `dmpo --help` lists them. */
export const exitCodes = { ok: 0, failure: 1, usage: 2, waits: 3, interrupted: 130 } as const;

export interface CommandContext {
  readonly terminal: Terminal;
  /** The exit code if nothing is thrown; without a call it is 0. */
  readonly exitWith: (code: number) => void;
}

/** Adds one command with its flags, help and action to `program`. */
export type AddCommand = (program: Command, context: CommandContext) => void;

/** Reads the path of an argument or option: no shell has seen the `~` in `--file=~/x`. */
export const path = (text: string): string => userPath(text);

/** Reads a whole number above 0. */
export function count(text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1) throw new InvalidArgumentError("It must be a whole number above 0.");
  return number;
}

/** What is shown of an error: of the user's or the system's its problems, of the program's own, or if wanted, the stack too. */
export function failureText(error: unknown, verbose = false): string {
  const known = error instanceof InputError ? error : systemError(error);
  if (verbose && error instanceof Error) return known ? `${known.message}\n${inspect(error)}` : inspect(error);
  return known?.message ?? (error instanceof Error ? String(error.stack) : String(error));
}

/** The examples at the end of a command's help, each with what it does. */
export function examples(command: Command, list: Readonly<Record<string, string>>): Command {
  const lines = Object.entries(list).map(([line, meaning]) => `  $ dmpo ${line}\n      ${meaning}`);
  return command.addHelpText("after", `\nExamples:\n${lines.join("\n")}`);
}
