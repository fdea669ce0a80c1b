// The guide's commands for policies that see, as small as they go: pre-training on a handful of pictures, PPO, evaluation, films; for
// each of robomimic's tasks.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Dataset } from "../../sdk/src/data/dataset.js";
import { builtInEnvironment } from "../../sdk/src/envs/registry.js";
import { loadPolicy } from "../../sdk/src/experiments/load-policy.js";
import { readMetrics } from "../../sdk/src/tracking/read-metrics.js";
import { hasAssets } from "../assets.js";
import { folderWith } from "../config/folder.js";
import { dmpo } from "./dmpo.js";

const tiny = [
  ...["model.network.mlp_dims=[16,16,16]", "model.network.backbone.depth=1", "model.network.backbone.embed_dim=16"],
  ...["model.network.backbone.num_heads=2", "model.network.spatial_emb=8"],
];

/** Steps of one episode with numbers and pictures of the right sizes. */
async function writeData(folder: string, env: string): Promise<void> {
  const { observationDimension, actionDimension, pictures } = builtInEnvironment(env);
  const steps = 16;
  const rows = (width: number) =>
    Array.from({ length: steps }, (_, i) => Float64Array.from({ length: width }, (_, k) => Math.sin(i + k)));
  const images = Uint8Array.from({ length: steps * pictures!.reduce((a, b) => a * b) }, (_, i) => i % 251);
  const data = Dataset.from({
    name: env,
    ...{ observations: rows(observationDimension), actions: rows(actionDimension), episodeLengths: [steps] },
    images: { data: images, shape: [steps, ...pictures!] },
  });
  await data.save(folder);
}

/** That PPO had losses and moved what sees as well as what acts. */
async function assertLearned(pretrained: string, finetuned: string): Promise<void> {
  const rows = await readMetrics(join(finetuned, "metrics.jsonl"));
  const updates = rows.filter((row) => Object.keys(row).some((key) => /loss/i.test(key)));
  expect(updates.length).toBeGreaterThan(0);
  for (const row of updates) {
    const losses = Object.entries(row).filter(([key]) => /loss|kl|gradient/i.test(key));
    for (const [key, value] of losses) expect(Number.isFinite(value), `${key} is ${String(value)}`).toBe(true);
  }
  const [before, after] = await Promise.all(
    [pretrained, finetuned].map((run) => loadPolicy(join(run, "checkpoint", "last.safetensors"))),
  );
  const [old, now] = [before!, after!].map(({ model, weights }) => model.views(weights));
  const names = Object.keys(old!);
  const moved = names.filter((name) => old![name]!.data.some((value, i) => value !== now![name]!.data[i]));
  for (const part of ["backbone.vit.patch_embed", "backbone.vit.net.0", "compress", "mlp"]) {
    expect(
      names.some((name) => name.includes(part)),
      part,
    ).toBe(true);
    expect(
      moved.some((name) => name.includes(part)),
      `${part} was moved`,
    ).toBe(true);
  }
  for (const name of moved) expect(now![name]!.data.every(Number.isFinite), name).toBe(true);
}

test.skipIf(!hasAssets("robosuite", "all")).each(["lift", "can", "square", "transport"])(
  "%s: pre-training, PPO, evaluation and films from pictures",
  { timeout: 900_000 },
  async (task) => {
    const folder = folderWith({});
    await writeData(join(folder, "data"), `${task}-img`);
    const run = async (stage: string, name: string, ...overrides: string[]) => {
      const config = [
        `--config-dir=cfg/robomimic/${stage}/${task}`,
        `--config-name=${name}`,
        "env.n_envs=2",
        "device=cpu",
      ];
      const { code, error } = await dmpo("run", ...config, ...tiny, "env.max_episode_steps=8", ...overrides);
      expect(code, `${stage} ${task}: ${error}`).toBe(0);
    };
    const [data, statistics] = ["train.npz", "normalization.npz"].map((file) => join(folder, "data", file));
    const given = [`train_dataset_path=${data}`, `normalization_path=${statistics}`, "train.n_epochs=1"];
    await run("pretrain", "pre_meanflow_dispersive_mlp_img", ...given, "train.batch_size=8", `logdir=${folder}/pre`);
    const base = `base_policy_path=${folder}/pre/checkpoint/last.safetensors`;
    const steps = ["train.n_train_itr=3", "train.n_steps=2", "train.batch_size=4", "train.update_epochs=1"];
    const short = [...steps, "train.n_critic_warmup_itr=0", "train.actor_lr=1e-3"];
    const filmed = ["env.save_video=True", "train.render.freq=1", "train.render.num=1", "train.grad_accumulate=1"];
    await run("finetune", "ft_ppo_meanflow_mlp_img", base, ...short, ...filmed, `logdir=${folder}/ft`);
    await assertLearned(`${folder}/pre`, `${folder}/ft`);
    const episodes = ["n_episodes=2", "denoising_step_list=[1]", "env.save_video=True"];
    await run("eval", "eval_meanflow_mlp_img", base, ...episodes, `logdir=${folder}/eval`);
    for (const file of ["ft/result.json", "ft/render/itr-0_trial-0.gif", "eval/render/eval_trial-0.gif"]) {
      expect(existsSync(`${folder}/${file}`), file).toBe(true);
    }
  },
);
