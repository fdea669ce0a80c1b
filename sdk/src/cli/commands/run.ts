// `dmpo run`: the experiment that a configuration describes.
import { examples, exitCodes, type AddCommand } from "../command.js";
import { loadConfigRoom, withConfigFlags, type ConfigFlags } from "../config-flags.js";
import { untilInterrupted } from "../interrupt.js";

export const addRun: AddCommand = (program, { terminal, exitWith }) => {
  const command = withConfigFlags(
    program.command("run").description("run the experiment that a configuration describes"),
  );
  examples(command, {
    "run --config-dir=cfg/gym/pretrain/hopper-medium-v2 --config-name=pre_improved_meanflow_dispersive_mlp":
      "pre-trains a policy on demonstrations",
    "run --config-dir=cfg/gym/finetune/hopper-v2 --config-name=ft_ppo_meanflow_mlp base_policy_path=log/best.safetensors":
      "fine-tunes it in simulation",
  }).action(async (overrides: string[], flags: ConfigFlags) => {
    const { resolveExperiment } = await loadConfigRoom();
    const experiment = resolveExperiment(flags.configDir, flags.configName, overrides);
    for (const notice of experiment.notices) terminal.error(`dmpo: ${notice}`);
    const { runExperiment } = await import("../../config/dispatch.js");
    const interrupted = await untilInterrupted(terminal, (signal) =>
      runExperiment(experiment, { signal, onProgress: (line) => terminal.out(line) }),
    );
    if (interrupted) exitWith(exitCodes.interrupted);
  });
};
