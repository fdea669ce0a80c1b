// The `dmpo` command: arguments, output and exit codes. A new command is a file in commands/ and a line here.
import { Command, CommanderError } from "commander";
import { InputError } from "../errors.js";
import { exitCodes, failureText, type AddCommand } from "./command.js";
import { addAssets } from "./commands/assets.js";
import { addCheckpoint } from "./commands/checkpoint.js";
import { addCompletion } from "./commands/completion.js";
import { addConfig } from "./commands/config.js";
import { addConfigs } from "./commands/configs.js";
import { addDoctor } from "./commands/doctor.js";
import { addData } from "./commands/data.js";
import { addPaths } from "./commands/paths.js";
import { addPkl2wandb } from "./commands/pkl2wandb.js";
import { addRun } from "./commands/run.js";
import { addSweep } from "./commands/sweep.js";
import { addSync } from "./commands/sync.js";
import { addVersion } from "./commands/version.js";
import { heartbeat } from "./heartbeat.js";
import { packageVersion } from "./package-version.js";
import { plainTerminal, processTerminal, type Terminal } from "./terminal.js";

const commands: readonly AddCommand[] = [
  addRun,
  addSweep,
  addConfigs,
  addConfig,
  addPaths,
  addData,
  addAssets,
  addCheckpoint,
  addSync,
  addPkl2wandb,
  addDoctor,
  addCompletion,
  addVersion,
];

const help = `
Examples:
  $ dmpo run --config-dir=cfg/gym/pretrain/hopper-medium-v2 --config-name=pre_improved_meanflow_dispersive_mlp
  $ dmpo run --config-dir=cfg/gym/finetune/hopper-v2 --config-name=ft_ppo_meanflow_mlp base_policy_path=log/last.safetensors seed=7
  $ dmpo run --config-dir=cfg/gym/eval/hopper-medium-v2 --config-name=eval_meanflow_mlp base_policy_path=log/last.safetensors "denoising_step_list=[1,2,5]"
  $ dmpo config show --config-dir=cfg/gym/finetune/hopper-v2 --config-name=ft_ppo_meanflow_mlp train.gamma=0.995
  $ dmpo configs hopper

Overrides: key=value changes, +key=value adds, ~key removes. Values: 1e-3, true, null, [1,2,4], "text, with comma".

Exit codes: 0 success, 1 it failed, 2 wrong usage or configuration, 3 the configuration is valid but a part that it
needs does not exist yet, 130 interrupted (Ctrl-C).`;

/** Runs one command line (without "node dmpo") and returns its exit code, see {@link exitCodes}. Never throws. */
export async function run(argv: readonly string[], given: Terminal = processTerminal): Promise<number> {
  const terminal = plainTerminal(given);
  let exitCode: number = exitCodes.ok;
  const program = createProgram(terminal, (code) => (exitCode = code));
  const fallSilent = given === processTerminal ? heartbeat() : () => {};
  try {
    await program.parseAsync(argv, { from: "user" });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
    terminal.error(`dmpo: ${failureText(error, program.opts<{ verbose?: true }>().verbose)}`);
    return error instanceof InputError && isConfigError(error) ? exitCodes.usage : exitCodes.failure;
  } finally {
    fallSilent();
  }
}

function createProgram(terminal: Terminal, exitWith: (code: number) => void): Command {
  const program = new Command("dmpo")
    .description("Dispersive MeanFlow Policy Optimization: pre-train, fine-tune and evaluate one-step robot policies")
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.out(text.trimEnd()),
      writeErr: (text) => terminal.error(text.trimEnd()),
    })
    .showHelpAfterError("run `dmpo --help` for usage")
    .option("--verbose", "where something fails, show the place in the program too")
    .version(packageVersion(), "--version", "show the version")
    .addHelpText("after", help);
  for (const add of commands) add(program, { terminal, exitWith });
  return program;
}

function isConfigError({ code }: InputError): boolean {
  return code.startsWith("DMPO_CONFIG") || code.startsWith("DMPO_OVERRIDE");
}
