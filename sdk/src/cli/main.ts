// The `dmpo` command: argument parsing, output and exit codes. What a command does lives in config/.
import { Command, CommanderError } from "commander";
import { readFileSync } from "node:fs";
import { InputError } from "../errors.js";
import { interruptedExitCode, untilInterrupted } from "./interrupt.js";
import { processTerminal, type Terminal } from "./terminal.js";

export const exitCodes = { ok: 0, failure: 1, usage: 2, interrupted: interruptedExitCode } as const;

const help = `
Examples:
  $ dmpo run --config-dir=cfg/gym/pretrain/hopper-medium-v2 --config-name=pre_improved_meanflow_dispersive_mlp
  $ dmpo run --config-dir=cfg/gym/finetune/hopper-v2 --config-name=ft_ppo_meanflow_mlp base_policy_path=log/best.safetensors seed=7
  $ dmpo run --config-dir=cfg/gym/eval/hopper-medium-v2 --config-name=eval_meanflow_mlp base_policy_path=log/best.safetensors "denoising_step_list=[1,2,5]"
  $ dmpo config show --config-dir=cfg/gym/finetune/hopper-v2 --config-name=ft_ppo_meanflow_mlp train.gamma=0.995
  $ dmpo configs hopper

Overrides: key=value changes, +key=value adds, ~key removes. Values: 1e-3, true, null, [1,2,4], "text, with comma".

Exit codes: 0 success, 1 the run failed, 2 wrong usage or configuration, 130 interrupted (Ctrl-C).`;

interface ConfigFlags {
  readonly configDir: string;
  readonly configName: string;
}

/**
 * Runs one command line (without "node dmpo") and returns its exit code, see {@link exitCodes}. Never throws.
 */
export async function run(argv: readonly string[], terminal: Terminal = processTerminal): Promise<number> {
  let exitCode: number = exitCodes.ok;
  const program = createProgram(terminal, (code) => (exitCode = code));
  try {
    await program.parseAsync(argv, { from: "user" });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
    if (error instanceof InputError) {
      terminal.error(`dmpo: ${error.message}`);
      return isConfigError(error) ? exitCodes.usage : exitCodes.failure;
    }
    terminal.error(`dmpo: ${error instanceof Error ? error.stack : String(error)}`);
    return exitCodes.failure;
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
    .version(packageVersion(), "--version", "show the version")
    .addHelpText("after", help);

  withConfigFlags(program.command("run").description("run the experiment that a configuration describes")).action(
    async (overrides: string[], flags: ConfigFlags) => {
      const { resolveExperiment, runExperiment } = await loadConfigRoom();
      const experiment = resolveExperiment(flags.configDir, flags.configName, overrides);
      for (const notice of experiment.notices) terminal.error(`dmpo: ${notice}`);
      const interrupted = await untilInterrupted(terminal, (signal) =>
        runExperiment(experiment, { signal, onProgress: (line) => terminal.out(line) }),
      );
      if (interrupted) exitWith(exitCodes.interrupted);
    },
  );

  const config = program.command("config").description("look into configurations");
  withConfigFlags(
    config.command("show").description("print the resolved configuration and where each value comes from"),
  ).action(async (overrides: string[], flags: ConfigFlags) => {
    const { resolveExperiment, showExperiment } = await loadConfigRoom();
    const experiment = resolveExperiment(flags.configDir, flags.configName, overrides);
    for (const notice of experiment.notices) terminal.error(`dmpo: ${notice}`);
    terminal.out(showExperiment(experiment));
  });

  program
    .command("configs")
    .description("list the configurations of the project")
    .argument("[text]", "only names that contain this")
    .action(async (text = "") => {
      const { configNames, projectConfigRoot } = await import("../config/locations.js");
      const names = configNames(projectConfigRoot).filter((name) => name.includes(String(text)));
      for (const name of names) {
        const slash = name.lastIndexOf("/");
        terminal.out(`--config-dir=cfg/${name.slice(0, slash)} --config-name=${name.slice(slash + 1)}`);
      }
    });

  program
    .command("version")
    .description("show the version")
    .action(() => terminal.out(packageVersion()));
  return program;
}

function withConfigFlags(command: Command): Command {
  return command
    .requiredOption("--config-dir <folder>", "folder of the configuration, such as cfg/gym/pretrain/hopper-medium-v2")
    .requiredOption("--config-name <name>", "its name, without .yaml")
    .argument("[overrides...]", "key=value ...");
}

/** Loaded on demand: the schemas pull in the training code, which `dmpo --help` does not need. */
async function loadConfigRoom() {
  const [experiment, dispatch, show] = await Promise.all([
    import("../config/experiment.js"),
    import("../config/dispatch.js"),
    import("../config/show.js"),
  ]);
  return { ...experiment, ...dispatch, ...show };
}

function isConfigError({ code }: InputError): boolean {
  return code.startsWith("DMPO_CONFIG") || code.startsWith("DMPO_OVERRIDE");
}

function packageVersion(): string {
  const file = new URL("../../package.json", import.meta.url);
  return (JSON.parse(readFileSync(file, "utf8")) as { version: string }).version;
}
