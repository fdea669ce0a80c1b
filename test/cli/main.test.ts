// The `dmpo` command in this process: output, exit codes, messages.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { folderWith } from "../config/folder.js";
import { dmpo } from "./dmpo.js";

const hopper = ["--config-dir=cfg/gym/pretrain/hopper-medium-v2", "--config-name=pre_meanflow_mlp"];

test("help shows commands, examples and exit codes", async () => {
  const { code, out } = await dmpo("--help");
  expect(code).toBe(0);
  for (const text of ["dmpo run --config-dir=", "config", "configs", "version", "Examples:", "130 interrupted"]) {
    expect(out).toContain(text);
  }
});

test.each([["version"], ["--version"]])("%s", async (argument) => {
  expect(await dmpo(argument)).toEqual({ code: 0, out: expect.stringMatching(/^\d+\.\d+\.\d+$/), error: "" });
});

test("configs lists what can be run, ready to paste", async () => {
  const { code, out } = await dmpo("configs", "hopper-medium-v2/pre_meanflow_mlp");
  expect(code).toBe(0);
  expect(out).toBe(hopper.join(" "));
  expect((await dmpo("configs")).out).not.toContain("base/");
});

test("config show prints values and origins; `--config-dir value` works too", async () => {
  const { code, out, error } = await dmpo(
    "config",
    "show",
    "--config-dir",
    "cfg/gym/pretrain/hopper-medium-v2",
    "--config-name",
    "pre_meanflow_mlp",
    "seed=3",
    "~train.save_model_freq",
    "+wandb.offline_mode=True",
  );
  expect({ code, error }).toEqual({ code: 0, error: "" });
  expect(out).toMatch(/^seed: 3 +# command line: seed=3$/m);
  expect(out).toMatch(/^ {2}n_epochs: 40 +# cfg\/base\/gym\/pretrain\/hopper.yaml:4$/m);
  expect(out).toMatch(/^ {2}save_model_freq: null +# default$/m);
  expect(out).toMatch(/^ {2}offline_mode: true +# command line: \+wandb.offline_mode=True$/m);
});

test("config show begins with what the file says of itself: which settings these are", async () => {
  const show = async (name: string) =>
    (await dmpo("config", "show", "--config-dir=cfg/gym/finetune/ant-v2", `--config-name=${name}`)).out;
  expect(await show("ft_ppo_meanflow_mlp")).toMatch(/^# PPO .* by the recipe of hopper: .*\n# .*\nname: ant-/);
  expect(await show("ft_ppo_meanflow_mlp_reference")).toMatch(
    /^# With the settings of the PyTorch reference.*\nname: ant-/,
  );
});

test("a folder that is only in the project is used, and said so on standard error", async () => {
  const { code, error } = await dmpo(
    "config",
    "show",
    "--config-dir=gym/pretrain/hopper-medium-v2",
    "--config-name=pre_meanflow_mlp",
  );
  expect({ code, error }).toEqual({
    code: 0,
    error: expect.stringContaining("using cfg/gym/pretrain/hopper-medium-v2"),
  });
});

test.each([
  ["no command", [], "Usage: dmpo"],
  ["an unknown command", ["rnu"], "Did you mean run?"],
  ["a missing flag", ["run", "--config-dir=cfg"], "--config-name"],
  ["an unknown flag", ["run", ...hopper, "--seed=1"], "unknown option '--seed=1'"],
  ["a bad override", ["run", ...hopper, "seed"], "seed: not an override"],
  ["an unknown key", ["run", ...hopper, "train.n_epoch=1"], 'did you mean "train.n_epochs"?'],
  ["an unknown config", ["run", hopper[0]!, "--config-name=pre_meanflw_mlp"], 'did you mean "pre_meanflow_mlp"?'],
  [
    "a missing checkpoint",
    ["run", "--config-dir=cfg/gym/eval/hopper-medium-v2", "--config-name=eval_meanflow_mlp"],
    "base_policy_path: missing",
  ],
])("%s is wrong usage", async (_, argv, message) => {
  const { code, error } = await dmpo(...argv);
  expect({ code, error }).toEqual({ code: 2, error: expect.stringContaining(message) });
  expect(error).not.toMatch(/^\s+at /m);
});

test("what fails in a run is a failure without a stack trace", async () => {
  const folder = folderWith({});
  const argv = ["run", ...hopper, `logdir=${folder}/run`, `train_dataset_path=${folder}/none.npz`];
  const { code, error } = await dmpo(...argv);
  expect({ code, error }).toEqual({ code: 1, error: expect.stringContaining("none.npz") });
  expect(error).not.toMatch(/^\s+at /m);
});

test("a run writes its folder; what disagrees with a checkpoint is refused before anything is written", async () => {
  const folder = folderWith({});
  const small = ["train.n_epochs=1", "max_n_episodes=2", "model.network.mlp_dims=[16]", "test_in_mujoco=False"];
  const { code, out } = await dmpo("run", ...hopper, ...small, `logdir=${folder}/run`);
  expect({ code, out }).toEqual({ code: 0, out: expect.stringContaining(`writing to ${folder}/run`) });
  expect(out).toMatch(/^epoch 1\/1 {2}0:\d\d {2}.* {2}0:00 left {2}loss [\d.]+/m);
  expect(readFileSync(`${folder}/run/config.yaml`, "utf8")).toMatch(/mlp_dims: \[16\] +# command line/);
  expect(readFileSync(`${folder}/run/metrics.jsonl`, "utf8")).toMatch(/^\{"stage":"pretrain","epoch":1.*\}\n$/);

  const finetuning = ["--config-dir=cfg/gym/finetune/hopper-v2", "--config-name=ft_ppo_meanflow_mlp"];
  const checkpoint = `base_policy_path=${folder}/run/checkpoint/last.safetensors`;
  const wrong = ["cond_steps=2", "model.network.mlp_dims=[8]", "obs_dim=12", `logdir=${folder}/none`];
  const refused = await dmpo("run", ...finetuning, checkpoint, ...wrong);
  expect(refused.code).toBe(2);
  for (const text of [
    "cond_steps: 2 in",
    "model.network.mlp_dims: [8] in",
    "obs_dim: 12 in",
    "choose the configuration of its task",
    "override it with cond_steps=1",
  ]) {
    expect(refused.error).toContain(text);
  }
  expect(refused.error).not.toContain("override it with obs_dim");
  expect(existsSync(`${folder}/none`)).toBe(false);
});

test("resume_path is looked for before a folder is made, and fetched where it is an address", async () => {
  const folder = folderWith({});
  const argv = ["run", ...hopper, "max_n_episodes=2", `logdir=${folder}/run`];
  const missing = await dmpo(...argv, `resume_path=${folder}/state_3.pt`);
  expect(missing).toMatchObject({
    code: 2,
    error: expect.stringMatching(/state_3\.pt: does not exist\n {2}expected a checkpoint/),
  });
  const server = createServer((_, response) => response.writeHead(404).end()).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const absent = await dmpo(...argv, `resume_path=http://127.0.0.1:${port}/state_3.pt`);
  server.close();
  expect(absent.error).toContain("404");
  expect(existsSync(`${folder}/run`)).toBe(false);
});

test("a reader that leaves early, as head does, is no failure", async () => {
  const program = fileURLToPath(new URL("../../sdk/src/cli/main.ts", import.meta.url));
  const script = `import { run } from ${JSON.stringify(program)}; process.exitCode = await run(["data", "list"]);`;
  const child = spawn(process.execPath, ["--import", "tsx", "--input-type=module", "-e", script]);
  child.stdout.destroy();
  let error = "";
  child.stderr.on("data", (chunk: Buffer) => (error += chunk.toString()));
  const [code] = (await once(child, "close")) as [number];
  expect({ code, error }).toEqual({ code: 0, error: "" });
});

test("nothing written contains control characters", async () => {
  for (const argv of [["--help"], ["configs"], ["config", "show", ...hopper], ["run", ...hopper, "x=1"]]) {
    const { out, error } = await dmpo(...argv);
    // eslint-disable-next-line no-control-regex -- that is the question
    expect(out + error).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f]/);
  }
});
