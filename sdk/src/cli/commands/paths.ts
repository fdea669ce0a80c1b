// `dmpo paths`: where data and logs lie and who owns W&B runs, asked or given, kept for this user.
import { resolve } from "node:path";
import { pathInUse, pathSettings, storedPaths, storedPathsFile, storePaths, type PathSetting } from "../../paths.js";
import { examples, type AddCommand, path } from "../command.js";
import type { Terminal } from "../terminal.js";

type Flags = Partial<Record<PathSetting, string>> & { readonly show?: true; readonly reset?: true };

export const addPaths: AddCommand = (program, { terminal }) => {
  const command = program
    .command("paths")
    .description("set the data folder, the log folder and the Weights & Biases entity")
    .option("--data <folder>", "where data sets lie", path)
    .option("--log <folder>", "where runs write", path)
    .option("--wandb-entity <name>", 'user or team of Weights & Biases; "" removes it')
    .option("--show", "only show what is in use and why")
    .option("--reset", "forget what was set");
  command.addHelpText(
    "after",
    `
In use is the first of: logdir=... and the like on the command line of a run; DMPO_DATA_DIR, DMPO_LOG_DIR,
DMPO_WANDB_ENTITY; the same with DPPO_ or REINFLOW_; what this command stored in $XDG_CONFIG_HOME/dmpo/paths.json
(default ~/.config); \`data\` in the project (the nearest folder with a package.json), ./log, none.`,
  );
  examples(command, {
    paths: "asks for each, on a terminal; Enter keeps what is there",
    "paths --data ~/robots/data --log /scratch/log": "sets two of them",
    "paths --show": "says what is in use and why",
  }).action(async ({ show, reset, ...given }: Flags) => {
    if (reset) await storePaths({});
    else if (Object.keys(given).length > 0) await storePaths(merged(given));
    else if (!show && terminal.ask) await storePaths(merged(await askAll(terminal, terminal.ask)));
    report(terminal);
  });
};

/** Folders are kept absolute, so that they mean the same from everywhere; an empty text removes a setting. */
function merged(given: Partial<Record<PathSetting, string>>) {
  const absolute = Object.entries(given).map(([name, value]) => [
    name,
    name === "wandbEntity" || value === "" ? value : resolve(path(value)),
  ]);
  const all = { ...storedPaths(), ...(Object.fromEntries(absolute) as typeof given) };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== ""));
}

async function askAll(terminal: Terminal, ask: NonNullable<Terminal["ask"]>) {
  terminal.out("Enter keeps what is in [].");
  const answers: Partial<Record<PathSetting, string>> = {};
  for (const name of Object.keys(pathSettings) as PathSetting[]) {
    const answer = (await ask(`${pathSettings[name].what} [${pathInUse(name).value || "none"}]: `)).trim();
    if (answer !== "") answers[name] = answer;
  }
  return answers;
}

function report(terminal: Terminal): void {
  for (const name of Object.keys(pathSettings) as PathSetting[]) {
    const { value, origin } = pathInUse(name);
    terminal.out(`${pathSettings[name].what}: ${value || "none"}  (${origin})`);
  }
  terminal.out(`settings: ${storedPathsFile()}`);
}
