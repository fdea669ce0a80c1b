// The guide's commands for policies that see, as small as they go: pre-training on a handful of pictures, PPO, evaluation, films; for
// each of robomimic's tasks.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Dataset } from "../../sdk/src/data/dataset.js";
import { builtInEnvironment } from "../../sdk/src/envs/registry.js";
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
    const short = ["train.n_train_itr=2", "train.n_steps=2", "train.batch_size=4", "train.update_epochs=1"];
    const filmed = ["env.save_video=True", "train.render.freq=1", "train.render.num=1", "train.grad_accumulate=1"];
    await run("finetune", "ft_ppo_meanflow_mlp_img", base, ...short, ...filmed, `logdir=${folder}/ft`);
    const episodes = ["n_episodes=2", "denoising_step_list=[1]", "env.save_video=True"];
    await run("eval", "eval_meanflow_mlp_img", base, ...episodes, `logdir=${folder}/eval`);
    for (const file of ["ft/result.json", "ft/render/itr-0_trial-0.gif", "eval/render/eval_trial-0.gif"]) {
      expect(existsSync(`${folder}/${file}`), file).toBe(true);
    }
  },
);
