// The README's program runs as it stands, with fewer epochs and iterations; its commands name what exists
// (test/cli/run.slow.test.ts runs the three stages).
import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { builtInNames } from "../sdk/src/envs/registry.js";
import { policies } from "../sdk/src/policies/registry.js";
import { algorithms } from "../sdk/src/rl/registry.js";
import { resolveExperiment } from "../sdk/src/config/run/experiment.js";

const root = fileURLToPath(new URL("..", import.meta.url));

test("the README's table lists what exists: the registries of policies, algorithms and environments", async () => {
  const readme = await readFile(join(root, "README.md"), "utf8");
  const row = (title: string) => [
    ...new RegExp(`^\\| ${title} \\|(.*)\\|$`, "m").exec(readme)![1]!.matchAll(/`([^`]+)`/g),
  ];
  const listed = ["policies", "algorithms", "tasks"].map((title) => row(title).map(([, name]) => name));
  expect(listed).toEqual([Object.keys(policies), Object.keys(algorithms), builtInNames]);
});

test("the commands of the README", async () => {
  const readme = await readFile(join(root, "README.md"), "utf8");
  const commands = [...readme.matchAll(/^npx dmpo (?:run|config show) ([^#\n]*)/gm)].map(([, rest]) =>
    rest!.trim().split(/\s+/),
  );
  expect(commands).toHaveLength(4);
  for (const [directory, name, ...overrides] of commands) {
    const value = (flag: string) => flag.slice(flag.indexOf("=") + 1);
    expect(() => resolveExperiment(join(root, value(directory!)), value(name!), overrides), name).not.toThrow();
  }
});

test("the program of the README", { timeout: 240_000 }, async () => {
  const readme = await readFile(join(root, "README.md"), "utf8");
  const program = /```ts\n(.*?)```/s.exec(readme)![1]!;
  expect(program).toContain("epochs: 40");
  const short = program
    .replace("epochs: 40", "epochs: 1")
    .replace("iterations: 50", "iterations: 2, steps: 5, evaluationEpisodes: 2");
  const folder = await mkdtemp(join(tmpdir(), "dmpo-readme-"));
  try {
    await symlink(join(root, "node_modules"), join(folder, "node_modules"));
    await writeFile(join(folder, "package.json"), '{ "type": "module" }');
    await writeFile(join(folder, "program.ts"), short);
    const { stdout } = await promisify(execFile)(process.execPath, ["--import", "tsx", "program.ts"], { cwd: folder });
    expect(stdout).toMatch(/denoising steps +return/);
    expect(await readdir(join(folder, "dmpo_eval_results/meanflow"))).toHaveLength(1);
    expect(await readdir(join(folder, "log"))).toEqual(["finetune", "pretrain"]);
  } finally {
    await rm(folder, { recursive: true });
  }
});
