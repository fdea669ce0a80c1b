// `dmpo sync`: uploads runs that were tracked offline.
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { fail } from "../../errors.js";
import { examples, exitCodes, path, type AddCommand } from "../command.js";
import { untilInterrupted } from "../interrupt.js";

export const addSync: AddCommand = (program, { terminal, exitWith }) => {
  const command = program
    .command("sync")
    .description("upload offline runs to Weights & Biases with its own command, where that is installed")
    .argument("[folders...]", "run folders, or folders that hold some; by default ./wandb_offline and ./wandb");
  examples(command, {
    sync: "all runs below ./wandb_offline and ./wandb",
    "sync wandb_offline/wandb/offline-run-20250510_101500-ab12cd34": "one run",
  }).action(async (given: string[]) => {
    const folders = given.map(path);
    const { syncRuns } = await import("../../tracking/wandb-sync.js");
    const runs = (folders.length > 0 ? folders : ["wandb_offline", "wandb"]).flatMap((folder) => runsIn(folder));
    if (runs.length === 0) {
      const shown = folders.join(", ") || "./wandb_offline and ./wandb";
      fail("DMPO_WANDB_SYNC", shown, "no run of Weights & Biases in it", "a folder offline-run-<time>-<id>");
    }
    const interrupted = await untilInterrupted(terminal, (signal) =>
      syncRuns(runs, { signal, onLine: (line) => terminal.out(line) }),
    );
    if (interrupted) exitWith(exitCodes.interrupted);
  });
};

/** The folder itself if it is a run, else those at most two levels below. */
function runsIn(folder: string, depth = 2): string[] {
  const entries = statSync(folder, { throwIfNoEntry: false })?.isDirectory() ? readdirSync(folder) : [];
  if (entries.some((name) => name.endsWith(".wandb"))) return [folder];
  if (depth === 0) return [];
  return entries.sort().flatMap((name) => (name === "latest-run" ? [] : runsIn(join(folder, name), depth - 1)));
}
