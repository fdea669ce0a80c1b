// `dmpo run`: the experiment that a configuration describes, or with --multirun one for each combination of values.
import type { ResolvedConfig } from "../../config/run/experiment.js";
import { count, examples, exitCodes, type AddCommand } from "../command.js";
import { loadConfigRoom, withConfigFlags, type ConfigFlags } from "../config-flags.js";
import { untilInterrupted } from "../interrupt.js";
import { runSweep } from "../sweep.js";
import type { Terminal } from "../terminal.js";

interface RunFlags extends ConfigFlags {
  readonly multirun?: boolean;
  readonly jobs: number;
}

export const addRun: AddCommand = (program, { terminal, exitWith }) => {
  const command = withConfigFlags(
    program.command("run").description("run the experiment that a configuration describes"),
  )
    .option("-m, --multirun", "comma lists in overrides are sweeps: one run for each combination")
    .option("-j, --jobs <number>", "with --multirun: runs at a time, each in a process of its own", count, 1);
  examples(command, {
    "run --config-dir=cfg/gym/pretrain/hopper-medium-v2 --config-name=pre_improved_meanflow_dispersive_mlp":
      "pre-trains a policy on demonstrations",
    "run --config-dir=cfg/gym/finetune/hopper-v2 --config-name=ft_ppo_meanflow_mlp base_policy_path=log/last.safetensors":
      "fine-tunes it in simulation",
    "run -m -j 2 --config-dir=cfg/gym/pretrain/hopper-medium-v2 --config-name=pre_meanflow_mlp seed=1,2 train.n_epochs=20,40":
      "four runs, two at a time, and a table of their results",
    "run --config-dir=cfg/gym/eval/hopper-medium-v2 --config-name=eval_meanflow_mlp base_policy_path=p.pt > eval.log 2>&1 &":
      "in the background: the log has no control characters",
  }).action(async (overrides: string[], { multirun, jobs, ...flags }: RunFlags) => {
    if (multirun) {
      exitWith(await runSweep(flags, overrides, jobs, terminal, (resolved) => runHere(resolved, terminal)));
      return;
    }
    const { resolveConfig } = await loadConfigRoom();
    exitWith(await runHere(resolveConfig(flags.configDir, flags.configName, overrides), terminal));
  });
};

/** Runs in this process and gives the exit code. */
async function runHere(resolved: ResolvedConfig, terminal: Terminal): Promise<number> {
  for (const notice of resolved.notices) terminal.error(`dmpo: ${notice}`);
  if (resolved.missing.length > 0) {
    terminal.error(`dmpo: not implemented yet: ${resolved.missing.join(", ")}. The configuration itself is valid.`);
    return exitCodes.waits;
  }
  const { runExperiment } = await import("../../config/run/dispatch.js");
  const interrupted = await untilInterrupted(terminal, (signal) =>
    runExperiment(resolved.experiment(), { signal, onProgress: (line) => terminal.out(line) }),
  );
  return interrupted ? exitCodes.interrupted : exitCodes.ok;
}
