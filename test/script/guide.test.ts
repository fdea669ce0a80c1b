// What `npm run test:guide` begins commands of the guide with, and the page of what happened.
import { expect, test } from "vitest";
import { commandFrom, fitting, preparations, wantsBase, wantsTuned } from "../../script/guide/prerequisites.js";
import { commandOf, guideCommands, projectCommands, type CommandState } from "../../sdk/src/cli/coverage.js";
import { coveragePage } from "../../sdk/src/cli/coverage-page.js";

test.each([
  ["robomimic/finetune/can/ft_ppo_gaussian_mlp", "robomimic/pretrain/can/pre_gaussian_mlp"],
  ["robomimic/finetune/can/ft_ppo_gmm_transformer", "robomimic/pretrain/can/pre_gmm_transformer"],
  ["robomimic/finetune/can/ft_ppo_diffusion_unet", "robomimic/pretrain/can/pre_diffusion_unet"],
  ["robomimic/finetune/can/calql_mlp_online", "robomimic/pretrain/can/calql_mlp_offline"],
  ["gym/eval/ant-medium-expert-v0/eval_shortcut_mlp", "gym/pretrain/ant-medium-expert-v0/pre_shortcut_mlp"],
  ["gym/finetune/kitchen-mixed-v0/ft_ppo_diffusion_mlp", "gym/pretrain/kitchen-mixed-v0/pre_diffusion_mlp"],
  ["furniture/finetune/one_leg_low/ft_ppo_diffusion_unet", "furniture/pretrain/one_leg_low/pre_diffusion_unet"],
  ["d3il/finetune/avoid_m1/ft_ppo_gmm_mlp", "d3il/pretrain/avoid_m1/pre_gmm_mlp"],
])("%s begins with %s", { timeout: 120_000 }, (name, expected) => {
  const command = commandFrom(commandOf(name));
  expect(wantsBase(command)).toBe(true);
  expect(preparations(command)[0]!.line).toBe(commandOf(expected));
});

test("policies of other tasks, networks of other kinds and algorithms that hand on more do not fit", () => {
  const command = commandFrom(commandOf("robomimic/finetune/can/ft_ppo_gaussian_mlp"));
  const others = [
    ...["robomimic/pretrain/lift/pre_gaussian_mlp", "robomimic/pretrain/can/pre_gmm_mlp"],
    "robomimic/pretrain/can/calql_mlp_offline",
  ];
  expect(fitting(command, others.map(commandOf).map(commandFrom))).toEqual([]);
});

test("what begins with fresh weights, and what the guide calls fine-tuned", () => {
  const [hopper] = [commandOf("gym/scratch/hopper-v2/ppo_gaussian_mlp")];
  expect(wantsBase(commandFrom(hopper))).toBe(false);
  const evaluation = commandOf("gym/eval/hopper-medium-v2/eval_meanflow_mlp");
  const named = (path: string) => wantsTuned(commandFrom(`${evaluation} base_policy_path=${path}`));
  expect([named("/path/to/finetuned_checkpoint.pt"), named("/path/to/checkpoint.pt")]).toEqual([true, false]);
});

test("the page says of each command how long it ran, what it was given, and what failed or was not run", () => {
  const [first, second, third, fourth, ...rest] = guideCommands() as [string, string, string, string, ...string[]];
  const state = (command: string, missing: string[] = []): CommandState => ({
    command: `npx dmpo run ${command}`,
    status: missing.length > 0 ? "waits" : "runs",
    missing,
  });
  const others = new Set([...rest, ...projectCommands()]);
  for (const one of [first, second, third, fourth]) others.delete(one);
  const waiting = [...others].map((command) => state(command, ["pictures of can"]));
  const page = coveragePage([state(first), state(second), state(third), state(fourth), ...waiting], {
    machine: "two cores",
    runs: {
      [first]: { outcome: "ran", seconds: 12.4, given: ["the checkpoint of x"] },
      [second]: { outcome: "failed", seconds: 3, given: [], problem: "no luck" },
      // It waited when it was tried, and no longer does.
      [third]: { outcome: "waits", seconds: 0, given: [], problem: "pictures" },
    },
    before: { before: { outcome: "ran", seconds: 2, given: [] } },
    others: { "data list": { outcome: "waits", seconds: 0, given: [], problem: "files" } },
  });
  const heading = `(${rest.length + 4}: 1 ran, 1 failed, 2 not run yet, ${rest.length} wait for pictures of can)`;
  expect(page).toContain(`## Commands of the guide ${heading}`);
  expect(page).toContain(`### Ran\n\n- \`${first}\` 12 s (the checkpoint of x)\n`);
  expect(page).toContain(`### Failed\n\n- \`${second}\` 3 s: no luck\n`);
  expect(page).toContain(`### Not run yet\n\n- \`${third}\`\n- \`${fourth}\`\n`);
  expect(page).toContain("- `data list` 0 s waits: files");
  expect(page).toContain("- `before` 2 s\n");
});
