// `dmpo config show`: a configuration resolved, with the origin of every value. `dmpo config help`: what a key means.
import type { OptionHelp } from "../../option-help.js";
import { examples, type AddCommand } from "../command.js";
import { loadConfigRoom, loadKeyRoom, withConfigFlags, type ConfigFlags } from "../config-flags.js";

export const addConfig: AddCommand = (program, { terminal }) => {
  const config = program.command("config").description("look into configurations").helpCommand(false);
  examples(
    config
      .command("help")
      .description("what may stand under a key of configurations: type, range, default, and which kinds have it")
      .argument("<key>", "such as train.gamma, or a section such as train.critic_lr_scheduler"),
    { "config help train.gamma": "its meaning, in every kind of configuration that has it" },
  ).action(async (key: string) => {
    const { keyHelp, optionSentence, toSnakeCase } = await loadKeyRoom();
    const lineOf = (name: string, option: OptionHelp) =>
      [
        `${name}: ${option.type.replaceAll("readonly ", "").replace(/\w+(?=\??:)/g, toSnakeCase)}.`,
        optionSentence(option),
      ]
        .join(" ")
        .trim();
    for (const { help, where } of keyHelp(key)) {
      terminal.out(lineOf(key, help));
      for (const inner of help.options ?? []) terminal.out(`  ${lineOf(toSnakeCase(inner.name), inner)}`);
      terminal.out(`  in ${where.join("; ")}`);
    }
  });
  const show = withConfigFlags(
    config.command("show").description("print the resolved configuration and where each value comes from"),
  );
  examples(show, {
    "config show --config-dir=cfg/gym/finetune/hopper-v2 --config-name=ft_ppo_meanflow_mlp train.gamma=0.995":
      "prints YAML that can be saved and run again",
  }).action(async (overrides: string[], flags: ConfigFlags) => {
    const { headOf, resolveConfig, showExperiment } = await loadConfigRoom();
    const resolved = resolveConfig(flags.configDir, flags.configName, overrides);
    for (const notice of resolved.notices) terminal.error(`dmpo: ${notice}`);
    terminal.out(headOf(flags.configDir, flags.configName) + showExperiment(resolved));
    if (resolved.missing.length > 0) terminal.error(`dmpo: not implemented yet: ${resolved.missing.join(", ")}`);
  });
};
