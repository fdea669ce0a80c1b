// `dmpo completion`: scripts with which shells complete commands, flags, folders and names of configurations.
import type { Command } from "commander";
import { Argument } from "commander";
import { configNames, projectConfigRoot } from "../../config/run/locations.js";
import { examples, type AddCommand } from "../command.js";

export const addCompletion: AddCommand = (program, { terminal }) => {
  const command = program
    .command("completion")
    .description("print a completion script for a shell")
    .addArgument(new Argument("<shell>").choices(Object.keys(scripts)));
  examples(command, {
    "completion bash >> ~/.bashrc": "bash",
    'completion zsh > "${fpath[1]}/_dmpo"': "zsh",
    "completion fish > ~/.config/fish/completions/dmpo.fish": "fish",
  }).action((shell: keyof typeof scripts) => terminal.out(scripts[shell]));

  // What the scripts call with the words typed so far, the unfinished one last.
  program
    .command("__complete", { hidden: true })
    .argument("[words...]")
    .allowUnknownOption()
    .helpOption(false)
    .action((words: string[]) => {
      for (const choice of completions(program, words)) terminal.out(choice);
    });
};

/** Words that can stand in the place of the last one. */
export function completions(program: Command, words: readonly string[]): string[] {
  const typed = words.at(-1) ?? "";
  let command = program;
  for (const word of words.slice(0, -1)) command = command.commands.find((sub) => sub.name() === word) ?? command;
  const folders = [
    ...new Set(configNames(projectConfigRoot).map((name) => `cfg/${name.slice(0, name.lastIndexOf("/"))}`)),
  ];
  const chosen = words.find((word) => word.startsWith("--config-dir="))?.slice("--config-dir=cfg/".length);
  const names = configNames(projectConfigRoot).flatMap((name) =>
    chosen !== undefined && name.startsWith(`${chosen}/`) ? [name.slice(chosen.length + 1)] : [],
  );
  const flags = command.options.flatMap(({ long }) => {
    if (long === "--config-dir") return folders.map((folder) => `${long}=${folder}`);
    if (long === "--config-name" && names.length > 0) return names.map((name) => `${long}=${name}`);
    return long ? [long] : [];
  });
  const visible = command.commands.map((sub) => sub.name()).filter((name) => !name.startsWith("_"));
  return [...visible, ...flags].filter((choice) => choice.startsWith(typed));
}

const scripts = {
  bash: `# Completion of dmpo for bash.
_dmpo() {
  local line="\${COMP_LINE:0:COMP_POINT}" words
  read -ra words <<< "$line"
  [[ "$line" == *" " ]] && words+=("")
  local typed="\${words[-1]}" choice
  COMPREPLY=()
  while IFS= read -r choice; do
    # bash itself breaks words at "="
    [[ "$typed" == *=* ]] && choice="\${choice#*=}"
    COMPREPLY+=("$choice")
  done < <(dmpo __complete -- "\${words[@]:1}" 2> /dev/null)
}
complete -o nospace -o default -F _dmpo dmpo`,
  zsh: `#compdef dmpo
# Completion of dmpo for zsh.
_dmpo() {
  local -a choices
  choices=("\${(@f)$(dmpo __complete -- "\${(@)words[2,CURRENT]}" 2> /dev/null)}")
  compadd -Q -- $choices
}
compdef _dmpo dmpo`,
  fish: `# Completion of dmpo for fish.
complete -c dmpo -a '(set -l words (commandline -opc); dmpo __complete -- $words[2..] (commandline -ct) 2> /dev/null)'`,
} as const;
