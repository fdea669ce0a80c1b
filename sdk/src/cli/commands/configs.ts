// `dmpo configs`: the configurations of the project, and which of them can run.
import { InputError, nearest } from "../../errors.js";
import { textTable } from "../../figures/text-table.js";
import { examples, exitCodes, type AddCommand } from "../command.js";

interface ConfigsFlags {
  readonly check?: boolean;
  readonly json?: boolean;
}

export const addConfigs: AddCommand = (program, { terminal, exitWith }) => {
  const command = program
    .command("configs")
    .description("list the configurations of the project, or check them")
    .argument("[text]", "only those that contain this", "")
    .option(
      "--check",
      "which of the guide's commands and of all configurations run, and what of the others is not implemented yet",
    )
    .option("--json", "the same for machines: [{ command, status, missing }]");
  examples(command, {
    "configs hopper": "all configurations with hopper in their path",
    "configs --check finetune/can": "what of fine-tuning on can is not implemented yet",
    "configs --check --json": "everything, for machines",
  }).action(async (text: string, { check, json }: ConfigsFlags) => {
    const { coverage, projectCommands, summaryOf } = await import("../coverage.js");
    if (!check) {
      const commands = projectCommands().filter((line) => line.includes(text) || nameOf(line).includes(text));
      if (commands.length === 0 && !json) throw unknownText(text, projectCommands().map(nameOf));
      if (json) terminal.out(JSON.stringify(commands, null, 1));
      else for (const line of commands) terminal.out(line);
      return;
    }
    const states = coverage(text);
    if (states.length === 0 && !json) throw unknownText(text, projectCommands().map(nameOf));
    if (states.some(({ status }) => status === "invalid")) exitWith(exitCodes.usage);
    if (json) {
      terminal.out(JSON.stringify(states, null, 1));
      return;
    }
    const rows = states.map(({ command: line, status, missing }) => [status, line, missing.join(", ")]);
    for (const line of textTable(["state", "command", "not implemented yet"], rows, { rule: false }))
      terminal.out(line);
    for (const { command: line, problem } of states) if (problem) terminal.error(`${line}\n${problem}`);
    terminal.out(summaryOf(states));
  });
};

/** "--config-dir=cfg/a --config-name=b" -> "a/b". */
const nameOf = (line: string) => line.replace("--config-dir=cfg/", "").replace(" --config-name=", "/");

/** The error for a text that no configuration contains, with the nearest part of a path: a group, stage, task or name. */
function unknownText(text: string, names: readonly string[]): InputError {
  const parts = [...new Set(names.flatMap((name) => name.split(/[/_-]/)))];
  const near = nearest(text, [...new Set(names.flatMap((name) => name.split("/")))].concat(parts));
  const problem = {
    path: "configs",
    wrong: `no configuration contains "${text}"`,
    expected: "part of a path such as gym/finetune/hopper-v2/ft_ppo_meanflow_mlp",
    remedy: near ? `did you mean "${near}"?` : "`dmpo configs` lists all",
  };
  return new InputError("DMPO_UNKNOWN_CONFIGS", [problem]);
}
