// `dmpo paths`: by flags, by questions, shown.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { run } from "../../sdk/src/cli/main.js";
import { pathSettings } from "../../sdk/src/paths.js";
import { dmpo } from "./dmpo.js";

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "dmpo-paths-"));
  vi.stubEnv("XDG_CONFIG_HOME", home);
  for (const { variables } of Object.values(pathSettings)) for (const name of variables) vi.stubEnv(name, undefined);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(home, { recursive: true });
});
const stored = () => JSON.parse(readFileSync(join(home, "dmpo", "paths.json"), "utf8")) as unknown;

test("flags set, keep and remove; folders become absolute", async () => {
  expect((await dmpo("paths", "--data", "robots", "--wandb-entity", "team")).code).toBe(0);
  const { out } = await dmpo("paths", "--log", "/scratch/log", "--wandb-entity", "");
  expect(stored()).toEqual({ data: resolve("robots"), log: "/scratch/log" });
  expect(out).toContain(`log folder: /scratch/log  (${join(home, "dmpo", "paths.json")})`);
  expect(out).toContain("Weights & Biases entity: none  (default)");
  await dmpo("paths", "--reset");
  expect(stored()).toEqual({});
});

test("without a terminal it shows, and changes nothing", async () => {
  vi.stubEnv("DPPO_LOG_DIR", "/elsewhere");
  expect((await dmpo("paths")).out).toContain("log folder: /elsewhere  (DPPO_LOG_DIR)");
  expect(() => stored()).toThrow();
});

test("on a terminal it asks; Enter keeps", async () => {
  const questions: string[] = [];
  const answers = ["/data", "", "me"];
  const ask = (question: string) => {
    questions.push(question);
    return Promise.resolve(answers.shift()!);
  };
  await run(["paths"], { out: () => {}, error: () => {}, ask });
  expect(questions).toEqual(["data folder [data]: ", "log folder [log]: ", "Weights & Biases entity [none]: "]);
  expect(stored()).toEqual({ data: "/data", wandbEntity: "me" });
});

test("configurations use what is set, and the reference's variables before it", async () => {
  const show = () =>
    dmpo("config", "show", "--config-dir=cfg/gym/pretrain/hopper-medium-v2", "--config-name=pre_meanflow_mlp");
  await dmpo("paths", "--log", "/scratch/log");
  expect((await show()).out).toMatch(/^logdir: "?\/scratch\/log\/gym\/pretrain\/hopper-medium-v2\//m);
  vi.stubEnv("DPPO_LOG_DIR", "/elsewhere");
  expect((await show()).out).toMatch(/^logdir: "?\/elsewhere\/gym\/pretrain\//m);
});
