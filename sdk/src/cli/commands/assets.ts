// `dmpo assets fetch|list|verify`: models and meshes of other people's packages, which some environments are made of.
import type { Command } from "commander";
import type { AssetPackage, AssetSubset } from "../../envs/assets/assets.js";
import { fail } from "../../errors.js";
import { examples, exitCodes, type AddCommand, type CommandContext } from "../command.js";

export const addAssets: AddCommand = (program, context) => {
  const assets = program
    .command("assets")
    .description("models and meshes of other people's packages: fetch, list, verify");
  for (const add of [addFetch, addList, addVerify]) add(assets, context);
};

function addFetch(assets: Command, { terminal }: CommandContext): void {
  const command = assets
    .command("fetch")
    .description("fetch what is missing, through the Python package index that this user has configured")
    .argument("<family>", "robomimic, kitchen, furniture, or all")
    .option("--physics", "only what simulating needs, without what is seen in pictures");
  examples(command, {
    "assets fetch all": "once, so that everything runs without a connection",
    "assets fetch kitchen --physics": "0.2 MB where the index takes ranged requests",
  }).action(async (family: string, flags: { physics?: boolean }) => {
    const { fetchAssets } = await import("../../envs/assets/assets.js");
    const subset: AssetSubset = flags.physics ? "physics" : "all";
    for (const name of await packagesOf(family)) {
      terminal.out(await fetchAssets(name, { subset, notify: (line) => terminal.error(line) }));
    }
  });
}

function addList(assets: Command, { terminal }: CommandContext): void {
  assets
    .command("list")
    .description("packages, releases, licences, and how much of them is here")
    .action(async () => {
      for (const { text } of await states()) terminal.out(text);
    });
}

function addVerify(assets: Command, { terminal, exitWith }: CommandContext): void {
  assets
    .command("verify")
    .description("compare every file that is here with its known SHA-256")
    .action(async () => {
      for (const { text, damaged } of await states()) {
        terminal.out(text);
        for (const path of damaged) terminal.out(`  damaged: ${path}`);
        if (damaged.length > 0) exitWith(exitCodes.failure);
      }
    });
}

async function packagesOf(family: string): Promise<readonly AssetPackage[]> {
  const { assetFamilies } = await import("../../envs/assets/assets.js");
  if (family === "all") return Object.values(assetFamilies);
  const found = Object.hasOwn(assetFamilies, family) ? assetFamilies[family] : undefined;
  const known = [...Object.keys(assetFamilies), "all"].join(", ");
  return [found ?? fail("DMPO_ASSETS_MISSING", family, "is no family of environments", `one of ${known}`)];
}

/** A line for each package, and what of it is here but not as it should be. */
async function states() {
  const { assetFamilies, assetState } = await import("../../envs/assets/assets.js");
  return Object.entries(assetFamilies).map(([family, name]) => {
    const { folder, distribution, version, license, physics, all, damaged } = assetState(name);
    const here = all ? "complete" : physics ? "physics complete, pictures missing" : "not here";
    return { text: `${family}  ${distribution} ${version} (${license})  ${here}  ${folder}`, damaged };
  });
}
