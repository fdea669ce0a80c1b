// Every command of the guide, and every name of its appendix on every task that it supports, has a valid configuration.
import { readFileSync } from "node:fs";
import { format } from "prettier";
import type * as MissingParts from "../../sdk/src/config/schema/missing-parts.js";
import { expect, onTestFinished, test, vi } from "vitest";
import { coveragePage } from "../../sdk/src/cli/coverage-page.js";
import { guideRunsSchema } from "../../sdk/src/cli/guide-runs.js";
import {
  commandOf,
  coverage,
  guideCommands,
  projectCommands,
  commandState,
  summaryOf,
} from "../../sdk/src/cli/coverage.js";
import { hasShared, sharedFile } from "../shared.js";
import { commandsOfGuide, namesOfAppendix, supportedTasks } from "../config/guide.js";

/** Parts that commands are made to wait for: nothing does now. */
const waiting = vi.hoisted((): { parts?: string[] } => ({}));
vi.mock("../../sdk/src/config/schema/missing-parts.js", async (original) => {
  const { missingParts } = await original<typeof MissingParts>();
  return { missingParts: (...given: Parameters<typeof missingParts>) => waiting.parts ?? missingParts(...given) };
});

test.skipIf(!hasShared)("the list of commands is the guide's", () => {
  const commands = commandsOfGuide();
  expect(commands).toHaveLength(145);
  expect(guideCommands()).toEqual([...new Set(commands)]);
});

test("every command and every configuration is valid, and docs/guide-coverage.md says how it ran or what it waits for", async () => {
  const states = coverage();
  expect(states.filter(({ status }) => status === "invalid")).toEqual([]);
  expect(states.filter(({ status }) => status === "waits")).toEqual([]);
  const record = readFileSync(new URL("../../docs/guide-runs.json", import.meta.url), "utf8");
  const page = await format(coveragePage(states, guideRunsSchema.parse(JSON.parse(record))), {
    parser: "markdown",
    printWidth: 120,
  });
  await expect(page).toMatchFileSnapshot("../../docs/guide-coverage.md");
});

/** Families of tasks: the guide keeps the kitchen in the folder of gym but lists its tasks apart. */
const familyOf = (group: string, task: string) => (task.startsWith("kitchen") ? "kitchen" : group);

/** Which families a name of the appendix is meant for: those in which the reference has it on some task. */
function familiesOf(name: string): [stage: string, family: string][] {
  const reference = JSON.parse(readFileSync(sharedFile("spec/configs.json"), "utf8")) as Record<string, unknown>;
  const found = Object.keys(reference).flatMap((key) => {
    const [group, stage, task, config] = key.split("/") as [string, string, string, string];
    return config === name ? [`${stage}/${familyOf(group, task)}`] : [];
  });
  return [...new Set(found)].map((entry) => entry.split("/") as [string, string]);
}

test.skipIf(!hasShared)("every name of the appendix exists on all tasks that the guide supports", () => {
  const tasks = supportedTasks();
  const families = ["robomimic", "gym", "kitchen", "d3il", "furniture"];
  const supported = (stage: string, family: string) => {
    const list = tasks[`${stage === "finetune" ? 3 : 2}.${families.indexOf(family) + 1}`]!;
    // The guide evaluates humanoids in a folder of another name.
    return stage === "eval" ? list.map((task) => task.replace("humanoid-medium-v3", "Humanoid-expert-v3")) : list;
  };
  const wanted = namesOfAppendix().flatMap((name) =>
    familiesOf(name).flatMap(([stage, family]) =>
      supported(stage, family).map((task) =>
        commandOf(`${family === "kitchen" ? "gym" : family}/${stage}/${task}/${name}`),
      ),
    ),
  );
  expect(wanted.length).toBeGreaterThan(400);
  const existing = new Set(projectCommands());
  expect(wanted.filter((command) => !existing.has(command))).toEqual([]);
});

test("states say what a command waits for", () => {
  const command = "--config-dir=cfg/robomimic/finetune/can --config-name=ft_ppo_diffusion_unet_img";
  waiting.parts = ["pictures of can"];
  onTestFinished(() => void delete waiting.parts);
  expect(commandState(command)).toEqual({
    command: `npx dmpo run ${command}`,
    status: "waits",
    missing: ["pictures of can"],
  });
  const broken = commandState(`${command} train.gamma=2`);
  expect(broken).toMatchObject({ status: "invalid", missing: [], problem: expect.stringContaining("train.gamma: 2") });
  expect(summaryOf([commandState(command), broken])).toBe("2 commands: 0 run, 1 wait, 1 invalid");
  delete waiting.parts;
  expect(coverage("pre_improved_meanflow_dispersive_mlp wandb=null").map(({ status }) => status)).toEqual(["runs"]);
});
