// The lint rule that keeps imports between the rooms pointing downwards really fires.
import { ESLint } from "eslint";
import { fileURLToPath } from "node:url";
import { beforeAll, expect, test } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
let eslint: ESLint;

beforeAll(() => {
  // Snippets exist on no disk, so the type-aware rules have nothing to read; only this rule is asked.
  eslint = new ESLint({
    cwd: root,
    ruleFilter: ({ ruleId }) => ruleId === "dmpo/import-direction",
    overrideConfig: { languageOptions: { parserOptions: { projectService: false } } },
  });
});

async function complaints(path: string, code: string): Promise<string[]> {
  const [result] = await eslint.lintText(code, { filePath: `${root}/sdk/src/${path}` });
  return result!.messages.map(({ message }) => message);
}

test.each([
  ["cli/main.ts", "../config/experiment.js"],
  ["config/dispatch.ts", "../experiments/pretraining.js"],
  ["experiments/finetuning.ts", "../rl/ppo.js"],
  ["rl/ppo.ts", "../evaluation/statistics.js"],
  ["rl/ppo.ts", "../tracking/jsonl.js"],
  ["policies/mean-flow.ts", "../nn/mlp.js"],
  ["policies/mean-flow.ts", "../engine/tensor.js"],
  ["envs/vector-env.ts", "../engine/random.js"],
  ["checkpoints/safetensors.ts", "../files.js"],
  ["engine/jvp.ts", "./tensor.js"],
  ["engine/tensor.ts", "@tensorflow/tfjs-core"],
  ["engine/executors/onnx.ts", "onnxruntime-node"],
  ["envs/simulator.ts", "mujoco-js"],
  ["data/hdf5.ts", "h5wasm/node"],
  ["index.ts", "./rl/ppo.js"],
])("%s may import %s", async (path, name) => {
  expect(await complaints(path, `import * as imported from "${name}";\nexport { imported };\n`)).toEqual([]);
});

test.each([
  ["engine/jvp.ts", "../policies/mean-flow.js", "engine must not import policies/mean-flow"],
  ["nn/mlp.ts", "../policies/mean-flow.js", "nn must not import policies"],
  ["policies/mean-flow.ts", "../data/dataset.js", "policies must not import data"],
  ["envs/vector-env.ts", "../engine/tensor.js", "envs must not import engine/tensor"],
  ["evaluation/report.ts", "../rl/ppo.js", "evaluation must not import rl"],
  ["pretrain/pretrain.ts", "../rl/ppo.js", "pretrain must not import rl"],
  ["rl/ppo.ts", "../experiments/finetuning.js", "rl must not import experiments"],
  ["figures/charts.ts", "../evaluation/report.js", "figures must not import evaluation"],
  ["tracking/console.ts", "../engine/tensor.js", "tracking must not import engine"],
  ["config/experiment.ts", "../cli/main.js", "config must not import cli"],
  ["config/experiment.ts", "../index.js", "config must not import index"],
  ["engine/jvp.ts", "@tensorflow/tfjs-core", "only engine/tensor.ts imports @tensorflow/tfjs-core"],
  ["engine/tensor.ts", "onnxruntime-node", "only engine/executors/* imports onnxruntime-node"],
  ["envs/locomotion/hopper.ts", "mujoco-js", "only envs/simulator.ts imports mujoco-js"],
  ["data/npz.ts", "h5wasm", "only data/hdf5.ts imports h5wasm"],
  ["rl/ppo.ts", "../../../script/prepare.mjs", "lies outside sdk/src"],
])("%s must not import %s", async (path, name, message) => {
  expect(await complaints(path, `import * as imported from "${name}";\nexport { imported };\n`)).toEqual([
    expect.stringContaining(message),
  ]);
});

test.each([
  ["a re-export", `export * from "../rl/ppo.js";`],
  ["a named re-export", `export { PPO } from "../rl/ppo.js";`],
  ["a dynamic import", `export const ppo = await import("../rl/ppo.js");`],
  ["a type import", `export type PPO = import("../rl/ppo.js").PPO;`],
])("%s counts as an import", async (_, code) => {
  expect(await complaints("engine/jvp.ts", code)).toHaveLength(1);
});

test("a folder that is no room is reported", async () => {
  expect(await complaints("helpers/misc.ts", "export const x = 1;")).toEqual([
    expect.stringContaining("sdk/src/helpers is not a room"),
  ]);
});
