// The `dmpo-kernel` command: argument parsing, output and exit codes.
import { Command, CommanderError, Option } from "commander";
import { InputError } from "dmpo";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { diagnose, type Finding } from "./doctor.js";
import { type Place } from "./jupyter-folders.js";
import { installKernel, uninstallKernel } from "./registration.js";

export const exitCodes = { ok: 0, failure: 1, usage: 2 } as const;

/** Where the command writes; tests put their own in place. */
export interface Terminal {
  /** Results: standard output. */
  out(line: string): void;
  /** Errors: standard error. */
  error(line: string): void;
}

const help = `
Examples:
  $ dmpo-kernel install                      for this user
  $ dmpo-kernel install --sys-prefix         in the active Python environment
  $ dmpo-kernel install --prefix /opt/jupyter
  $ dmpo-kernel doctor

In the project, \`npm run notebook\` does all of it: JupyterLab, kernel, browser.
Exit codes: 0 success, 1 failure, 2 wrong usage.`;

interface PlaceFlags {
  readonly user?: true;
  readonly sysPrefix?: true;
  readonly prefix?: string;
}

const processTerminal: Terminal = {
  out: (line) => void process.stdout.write(`${line}\n`),
  error: (line) => void process.stderr.write(`${line}\n`),
};

/** Runs one command line (without "node dmpo-kernel") and returns its exit code, see {@link exitCodes}. Never throws. */
export async function run(argv: readonly string[], terminal: Terminal = processTerminal): Promise<number> {
  let exitCode: number = exitCodes.ok;
  const program = createProgram(terminal, (code) => (exitCode = code));
  try {
    await program.parseAsync(argv, { from: "user" });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
    const shown = error instanceof InputError || !(error instanceof Error) ? String(error) : (error.stack ?? "");
    terminal.error(`dmpo-kernel: ${shown.replace(/^InputError: /, "")}`);
    return exitCodes.failure;
  }
}

function createProgram(terminal: Terminal, exitWith: (code: number) => void): Command {
  const program = new Command("dmpo-kernel")
    .description("The Jupyter kernel for notebooks in TypeScript")
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.out(text.trimEnd()),
      writeErr: (text) => terminal.error(text.trimEnd()),
    })
    .showHelpAfterError("run `dmpo-kernel --help` for usage")
    .version(packageVersion(), "--version", "show the version")
    .addHelpText("after", help);

  withPlaceFlags(program.command("install").description("register the kernel with Jupyter")).action(
    async (flags: PlaceFlags) => {
      terminal.out(`registered in ${await installKernel(placeOf(flags))}`);
    },
  );
  withPlaceFlags(program.command("uninstall").description("remove the registration; nothing stays behind")).action(
    async (flags: PlaceFlags) => {
      terminal.out(`removed ${await uninstallKernel(placeOf(flags))}`);
    },
  );
  program
    .command("doctor")
    .description("say what works here and what to do about the rest")
    .action(async () => {
      let healthy = true;
      for await (const finding of diagnose()) {
        terminal.out(shown(finding));
        if (finding.state === "broken") healthy = false;
      }
      if (!healthy) exitWith(exitCodes.failure);
    });
  return program;
}

function withPlaceFlags(command: Command): Command {
  return command
    .addOption(new Option("--user", "for this user (default)").conflicts(["sysPrefix", "prefix"]))
    .addOption(new Option("--sys-prefix", "in the active Python environment").conflicts(["prefix"]))
    .addOption(new Option("--prefix <folder>", "below <folder>/share/jupyter"));
}

function placeOf({ sysPrefix, prefix }: PlaceFlags): Place {
  if (prefix !== undefined) return { prefix: resolve(prefix) };
  return sysPrefix ? "sys-prefix" : "user";
}

function shown({ name, state, detail, remedy }: Finding): string {
  const mark = { works: "ok     ", absent: "absent ", broken: "BROKEN " }[state];
  return `${mark} ${name.padEnd(10)} ${detail}${remedy ? `\n${" ".repeat(19)}${remedy}` : ""}`;
}

function packageVersion(): string {
  const file = new URL("../../package.json", import.meta.url);
  return (JSON.parse(readFileSync(file, "utf8")) as { version: string }).version;
}
