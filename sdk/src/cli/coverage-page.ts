// docs/guide-coverage.md: what happened to the guide's commands when they were run, and the state of all configurations, as a page.
// `npm run test:guide` runs them and writes it; a test keeps it in step.
import { commandOf, guideCommands, summaryOf, type CommandState } from "./coverage.js";
import type { GuideRun, GuideRuns } from "./guide-runs.js";
import { configNames, projectConfigRoot } from "../config/run/locations.js";

/** The page in Markdown; `states` are those of {@link coverage}, all of them. */
export function coveragePage(states: readonly CommandState[], { machine, runs, before, others }: GuideRuns): string {
  const byCommand = new Map(states.map((state) => [state.command.replace("npx dmpo run ", ""), state]));
  const guide = guideCommands().map((command) => stateOf(byCommand.get(command)!, runs[command], command));
  const configs = configNames(projectConfigRoot).map((name) => {
    const state = byCommand.get(commandOf(name))!;
    return { title: titleOf(state), line: name };
  });
  const counts = new Map<string, number>();
  for (const { title } of guide) counts.set(title, (counts.get(title) ?? 0) + 1);
  const summary = [...counts].map(([title, count]) => `${count} ${title.toLowerCase()}`).join(", ");
  const given = Object.values(runs).filter((run) => run.outcome === "ran" && run.given.length > 0).length;
  return [
    "# The guide's commands",
    "",
    "Each was run from beginning to end with `fast_dev_run=True` ([docs/runs.md](runs.md#a-try)), in the guide's order, by",
    "`npm run test:guide`, which writes this page; `npx vitest run test/cli/coverage.test.ts -u` brings its lists up to date.",
    `Seconds are those of the whole process, on ${machine}.`,
    ...(given > 0
      ? ["In brackets: what a command was given in place of the guide's `/path/to/...`, a hub or published data."]
      : []),
    "A command that waits has a valid configuration; it ends with one line naming the parts still to be written.",
    "",
    `## Commands of the guide (${guide.length}: ${summary})`,
    ...byTitle(guide),
    ...section("Others of its commands", "What the guide does with other scripts.", others),
    ...section("Before them", "Pre-training that some of them begin with and that the guide does not name.", before),
    "",
    `## All configurations (${summaryOf(configNames(projectConfigRoot).map((name) => byCommand.get(commandOf(name))!))})`,
    ...byTitle(configs, withTasksJoined),
    "",
  ].join("\n");
}

interface Entry {
  readonly title: string;
  readonly line: string;
  /** After the line. */
  readonly remark?: string;
}

function stateOf(state: CommandState, run: GuideRun | undefined, line: string): Entry {
  if (state.status !== "runs") return { title: titleOf(state), line };
  // What was recorded while it still had to wait says nothing.
  if (!run || run.outcome === "waits") return { title: "Not run yet", line };
  return run.outcome === "ran"
    ? { title: "Ran", line, remark: remarkOf(run) }
    : { title: "Failed", line, remark: `${remarkOf(run)}: ${run.problem}` };
}

function remarkOf({ seconds, given }: GuideRun): string {
  const with_ = given.length > 0 ? ` (${given.join("; ")})` : "";
  return `${seconds.toFixed(0)} s${with_}`;
}

function section(title: string, text: string, runs: GuideRuns["others"]): string[] {
  const entries = Object.entries(runs);
  if (entries.length === 0) return [];
  const lines = entries.map(([line, run]) => {
    const state = run.outcome === "ran" ? "" : ` ${run.outcome}: ${run.problem}`;
    return `- \`${line}\` ${remarkOf(run)}${state}`;
  });
  return ["", `## ${title} (${entries.length})`, "", text, "", ...lines];
}

/** One list for each title, what ran first. */
function byTitle(entries: readonly Entry[], join = (lines: readonly string[]) => lines): string[] {
  const lists = new Map<string, Entry[]>();
  for (const entry of entries) lists.set(entry.title, [...(lists.get(entry.title) ?? []), entry]);
  const isFirst = (title: string) => title === "Run" || title === "Ran";
  return [...lists]
    .sort(([a], [b]) => (isFirst(a) ? -1 : isFirst(b) ? 1 : a.localeCompare(b)))
    .flatMap(([title, list]) => {
      const remarks = list.map(({ line, remark }) => `- \`${line}\`${remark === undefined ? "" : ` ${remark}`}`);
      const joined = join(list.map(({ line }) => line)).map((line) => `- \`${line}\``);
      return ["", `### ${title}`, "", ...(list.some(({ remark }) => remark) ? remarks : joined)];
    });
}

function titleOf({ status, missing }: CommandState): string {
  if (status === "runs") return "Run";
  return status === "invalid" ? "Invalid" : `Wait for ${missing.join(", ")}`;
}

/** "gym/eval/a/x", "gym/eval/b/x" -> "gym/eval/{a,b}/x". */
function withTasksJoined(names: readonly string[]): string[] {
  const tasks = new Map<string, string[]>();
  for (const name of names) {
    const [group, stage, task, config] = name.split("/");
    const key = `${group}/${stage}/*/${config}`;
    tasks.set(key, [...(tasks.get(key) ?? []), task!]);
  }
  return [...tasks].map(([key, list]) => key.replace("*", list.length > 1 ? `{${list.join(",")}}` : list[0]!));
}
