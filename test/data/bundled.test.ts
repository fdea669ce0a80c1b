// The recordings that come with the package: their sizes, and that the simulator gives again what they say happened.
import { statSync } from "node:fs";
import { expect, test } from "vitest";
import { bundledDatasets, type BundledDataset } from "../../sdk/src/data/data-folder.js";
import { makeEnvironment } from "../../sdk/src/envs/make-environment.js";
import { recordedRows } from "./recorded-rows.js";

const cases: { readonly name: BundledDataset; readonly env: string }[] = [
  { name: "halfcheetah-medium-mini", env: "halfcheetah-v2" },
  { name: "walker2d-medium-mini", env: "walker2d-v2" },
  { name: "ant-medium-mini", env: "ant-v2" },
  { name: "humanoid-medium-mini", env: "humanoid-v3" },
];

test.each(cases)("$name: from each recorded state the action leads to the next", async ({ name, env }) => {
  const path = bundledDatasets[name];
  expect(statSync(path).size).toBeLessThan(3.01e6);
  const { tables, row } = await recordedRows(path);
  const { rewards, terminals, timeouts } = tables;
  const environment = await makeEnvironment(env);
  // Numbers that never change are those of the simulator: their range divides what they differ by.
  const first = environment.reset();
  const { data, shape } = tables.observations;
  for (let k = 0; k < shape[1]!; k++) {
    const column = Array.from({ length: shape[0]! }, (_, i) => Number(data[i * shape[1]! + k]));
    const [low, high] = [Math.min(...column), Math.max(...column)];
    if (high - low < 1e-6) expect(Math.abs(first[k]! - low), `column ${k}`).toBeLessThan(2e-6);
  }
  const errors: number[] = [];
  for (let i = 0; i < rewards.data.length - 1; i += 97) {
    environment.setState({ qpos: row("qpos", i), qvel: row("qvel", i) });
    const { observation, reward, terminated } = environment.step(row("actions", i));
    expect(reward).toBeCloseTo(Number(rewards.data[i]), 1);
    expect(terminated).toBe(Number(terminals.data[i]) === 1);
    if (terminals.data[i] || timeouts.data[i]) continue;
    const size = (value: number) => Math.max(1, Math.abs(value));
    const next = row("observations", i + 1);
    errors.push(Math.max(...next.map((value, k) => Math.abs(observation[k]! - value) / size(value))));
  }
  environment.close();
  expect(errors.length).toBeGreaterThan(20);
  errors.sort((a, b) => a - b);
  expect(errors[Math.floor(0.9 * errors.length)]).toBeLessThan(2e-3);
  // An impact multiplies what float32 leaves out, and the solver begins elsewhere.
  expect(errors.at(-1)).toBeLessThan(0.1);
});
