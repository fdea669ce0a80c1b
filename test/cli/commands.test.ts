// Commands around configurations: check, sweep, doctor, completion, and runs that wait.
import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type * as MissingParts from "../../sdk/src/config/schema/missing-parts.js";
import { expect, onTestFinished, test, vi } from "vitest";
import { folderWith } from "../config/folder.js";
import { dmpo } from "./dmpo.js";

/** Parts that commands are made to wait for: nothing does now. */
const waiting = vi.hoisted((): { parts?: string[] } => ({}));
vi.mock("../../sdk/src/config/schema/missing-parts.js", async (original) => {
  const { missingParts } = await original<typeof MissingParts>();
  return { missingParts: (...given: Parameters<typeof missingParts>) => waiting.parts ?? missingParts(...given) };
});

const can = ["--config-dir=cfg/robomimic/finetune/can", "--config-name=ft_ppo_gaussian_mlp_img"];
const hopper = ["--config-dir=cfg/gym/pretrain/hopper-medium-v2", "--config-name=pre_meanflow_mlp"];
const small = ["train.n_epochs=1", "max_n_episodes=2", "model.network.mlp_dims=[16]", "test_in_mujoco=False"];

test("a run whose parts do not exist yet ends with one line that names them", async () => {
  waiting.parts = ["pictures of can"];
  onTestFinished(() => void delete waiting.parts);
  expect(await dmpo("run", ...can)).toEqual({
    code: 3,
    out: "",
    error: expect.stringMatching(/^dmpo: not implemented yet: pictures of can\. [^\n]*$/),
  });
});

test("configs --check, as a table and for machines", async () => {
  expect((await dmpo("configs", "--check", "robomimic/finetune/can")).out).toMatch(/\d+ run, 0 wait, 0 invalid$/);
  waiting.parts = ["pictures of can"];
  onTestFinished(() => void delete waiting.parts);
  const table = await dmpo("configs", "--check", "robomimic/finetune/can");
  expect(table.code).toBe(0);
  expect(table.out).toMatch(/^state +command +not implemented yet$/m);
  expect(table.out).toMatch(/^waits +npx dmpo run .*--config-name=ft_ppo_gaussian_mlp_img +pictures of can$/m);
  expect(table.out).toMatch(/\d+ commands: \d+ run, \d+ wait, 0 invalid$/);
  const { out } = await dmpo("configs", "--check", "--json", "ft_ppo_gaussian_mlp seed=1");
  expect(JSON.parse(out)).toEqual([]);
  const states = JSON.parse((await dmpo("configs", "--check", "--json", "robomimic/finetune/can")).out) as object[];
  const inState = (status: string) =>
    expect.objectContaining({ command: expect.any(String), status, missing: expect.any(Array) });
  expect(states).toEqual(expect.arrayContaining([inState("waits")]));
});

test("configs names what is near to a text that no configuration contains", async () => {
  for (const argv of [["hoper"], ["--check", "hoper"]]) {
    const { code, out, error } = await dmpo("configs", ...argv);
    expect({ code, out, error }).toEqual({
      code: 1,
      out: "",
      error: expect.stringContaining('did you mean "hopper"?'),
    });
  }
});

test.for([
  ["one after another", []],
  ["in two processes", ["--jobs", "2"]],
] as const)("a sweep runs every combination, %s, and ends with a table", { timeout: 120_000 }, async ([, flags]) => {
  const folder = folderWith({});
  const { code, out } = await dmpo("run", "-m", ...flags, ...hopper, ...small, "seed=1,2", `logdir=${folder}/run`);
  expect(code).toBe(0);
  expect(out).toMatch(/^run +overrides +state +seconds +result +folder$/m);
  expect(out).toMatch(/^1\/2 +seed=1 +done +\d+ +loss [\d.]+ +\S+\/run_0$/m);
  // The lines of processes of their own are marked with the run's number.
  expect(/^\[2\/2\] .*epoch/m.test(out)).toBe(flags.length > 0);
  expect(readdirSync(folder).sort()).toEqual(["run_0", "run_1"]);
  expect(readFileSync(`${folder}/run_1/config.yaml`, "utf8")).toMatch(/^seed: 2 /m);
});

test("all runs of a sweep are checked before the first one", async () => {
  const folder = folderWith({});
  const { code, error } = await dmpo("run", "-m", ...hopper, "train.gamma=1,2", `logdir=${folder}/run`);
  expect({ code, error }).toEqual({ code: 2, error: expect.stringContaining("train.gamma: unknown key") });
  expect(readdirSync(folder)).toEqual([]);
});

test("a comma list without --multirun says how to sweep", async () => {
  const { code, error } = await dmpo("run", ...hopper, "seed=1,2");
  expect({ code, error }).toEqual({ code: 2, error: expect.stringContaining("needs --multirun") });
});

test("doctor has a line for everything", async () => {
  // In a process of its own, as graphics libraries complain on standard error about the devices that are absent.
  const command = fileURLToPath(new URL("../../sdk/bin/dmpo.js", import.meta.url));
  const { stdout: out } = await promisify(execFile)(process.execPath, [command, "doctor"]);
  for (const name of ["node", "device cpu", "device webgpu", "mujoco", "data folder", "jupyter"]) {
    expect(out).toMatch(new RegExp(`^(ok|absent) +${name} `, "m"));
  }
});

test("doctor --render draws a picture and says where it is", async () => {
  const folder = folderWith({});
  vi.stubEnv("DMPO_LOG_DIR", folder);
  onTestFinished(() => void vi.unstubAllEnvs());
  const { code, out } = await dmpo("doctor", "--render", "d3il");
  expect({ code, out }).toEqual({
    code: 0,
    out: expect.stringMatching(/^ok +d3il: avoiding-m5, 640 x 480, drawn in \d+ ms\n.*\/doctor\/d3il\.png$/),
  });
  // PNG: the signature, then width and height in the header.
  const png = readFileSync(`${folder}/doctor/d3il.png`);
  expect(png.toString("latin1", 1, 4)).toBe("PNG");
  expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([640, 480]);
  const unknown = await dmpo("doctor", "--render", "kitchn");
  expect(unknown).toMatchObject({ code: 1, error: expect.stringContaining('is "kitchen" meant?') });
});

test.each([
  [["c"], ["configs", "config", "checkpoint", "completion"]],
  [
    ["run", "--config-dir=cfg/d3il/f"],
    ["avoid_m1", "avoid_m2", "avoid_m3"].map((task) => `--config-dir=cfg/d3il/finetune/${task}`),
  ],
  [["run", "--config-dir=cfg/d3il/eval/avoid_m1", "--config-name="], ["--config-name=eval_diffusion_mlp"]],
  [["configs", "--j"], ["--json"]],
])("after %j come %j", async (words, expected) => {
  const { code, out } = await dmpo("__complete", "--", ...words);
  expect({ code, words: out.split("\n").sort() }).toEqual({ code: 0, words: [...expected].sort() });
});

test("completion scripts are valid for their shells", async () => {
  const { out } = await dmpo("completion", "bash");
  await promisify(execFile)("bash", ["-n", "-c", out]);
  expect((await dmpo("completion", "zsh")).out).toMatch(/^#compdef dmpo/);
  expect((await dmpo("completion", "fish")).out).toContain("complete -c dmpo");
  expect((await dmpo("completion", "tcsh")).code).toBe(2);
});

test("every command has help with an example", async () => {
  const { out } = await dmpo("--help");
  const names = [...out.matchAll(/^ {2}([a-z0-9]+)(?: |\|)/gm)].map(([, name]) => name!);
  const commands = names.filter((name) => !["help", "version", "config"].includes(name));
  expect(commands).toEqual(expect.arrayContaining(["run", "configs", "doctor", "completion"]));
  for (const name of commands) expect((await dmpo(name, "--help")).out, name).toMatch(/Usage: dmpo |Examples:/);
});
