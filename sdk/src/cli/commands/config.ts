// `dmpo config show`: a configuration resolved, with the origin of every value.
import { examples, type AddCommand } from "../command.js";
import { loadConfigRoom, withConfigFlags, type ConfigFlags } from "../config-flags.js";

export const addConfig: AddCommand = (program, { terminal }) => {
  const config = program.command("config").description("look into configurations");
  const show = withConfigFlags(
    config.command("show").description("print the resolved configuration and where each value comes from"),
  );
  examples(show, {
    "config show --config-dir=cfg/gym/finetune/hopper-v2 --config-name=ft_ppo_meanflow_mlp train.gamma=0.995":
      "prints YAML that can be saved and run again",
  }).action(async (overrides: string[], flags: ConfigFlags) => {
    const { resolveConfig, showExperiment } = await loadConfigRoom();
    const resolved = resolveConfig(flags.configDir, flags.configName, overrides);
    for (const notice of resolved.notices) terminal.error(`dmpo: ${notice}`);
    terminal.out(showExperiment(resolved));
    if (resolved.missing.length > 0) terminal.error(`dmpo: not implemented yet: ${resolved.missing.join(", ")}`);
  });
};
