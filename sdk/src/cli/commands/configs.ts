// `dmpo configs`: the configurations of the project, and which of them can run.
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
    .option("--check", "which of the guide's commands and of all configurations run, and what the others wait for")
    .option("--json", "the same for machines: [{ command, status, missing }]");
  examples(command, {
    "configs hopper": "all configurations with hopper in their path",
    "configs --check finetune/can": "what fine-tuning on can waits for",
    "configs --check --json": "everything, for machines",
  }).action(async (text: string, { check, json }: ConfigsFlags) => {
    const { coverage, projectCommands, summaryOf } = await import("../coverage.js");
    if (!check) {
      const commands = projectCommands().filter((line) => line.includes(text) || nameOf(line).includes(text));
      if (json) terminal.out(JSON.stringify(commands, null, 1));
      else for (const line of commands) terminal.out(line);
      return;
    }
    const states = coverage(text);
    if (states.some(({ status }) => status === "invalid")) exitWith(exitCodes.usage);
    if (json) {
      terminal.out(JSON.stringify(states, null, 1));
      return;
    }
    const rows = states.map(({ command: line, status, missing }) => [status, line, missing.join(", ")]);
    for (const line of textTable(["state", "command", "waits for"], rows, { rule: false })) terminal.out(line);
    for (const { command: line, problem } of states) if (problem) terminal.error(`${line}\n${problem}`);
    terminal.out(summaryOf(states));
  });
};

/** "--config-dir=cfg/a --config-name=b" -> "a/b". */
const nameOf = (line: string) => line.replace("--config-dir=cfg/", "").replace(" --config-name=", "/");
