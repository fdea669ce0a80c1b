// The three stages through the command, as small as they go: demonstrations to checkpoint to fine-tuned policy to report.
import { existsSync } from "node:fs";
import { expect, test } from "vitest";
import { folderWith } from "../config/folder.js";
import { dmpo } from "./dmpo.js";

test("pre-training, fine-tuning and evaluation follow from one another", async () => {
  const folder = folderWith({});
  const stage = async (directory: string, name: string, ...overrides: string[]) => {
    const config = [`--config-dir=cfg/gym/${directory}`, `--config-name=${name}`, "env.n_envs=2"];
    const { code, out } = await dmpo("run", ...config, ...overrides);
    expect(code, name).toBe(0);
    return out;
  };

  const small = ["train.n_epochs=1", "max_n_episodes=2", "model.network.mlp_dims=[16]", "n_episodes=2"];
  await stage("pretrain/hopper-medium-v2", "pre_improved_meanflow_dispersive_mlp", ...small, `logdir=${folder}/pre`);
  const base = `base_policy_path=${folder}/pre/checkpoint/best.safetensors`;
  const short = [
    "train.n_train_itr=3",
    "train.n_steps=5",
    "train.n_critic_warmup_itr=0",
    "train.evaluation_episodes=2",
  ];
  await stage("finetune/hopper-v2", "ft_ppo_meanflow_mlp", base, ...short, `logdir=${folder}/ft`);
  const tuned = `base_policy_path=${folder}/ft/checkpoint/best.safetensors`;
  const steps = ["denoising_step_list=[1,2]", "n_episodes=2"];
  const report = await stage("eval/hopper-medium-v2", "eval_meanflow_mlp", tuned, ...steps, `logdir=${folder}/eval`);

  expect(report).toContain(`written to ${folder}/eval`);
  for (const file of ["pre/result.json", "ft/result.json", "eval/eval_statistics.json", "eval/denoise_step.png"]) {
    expect(existsSync(`${folder}/${file}`), file).toBe(true);
  }
});
