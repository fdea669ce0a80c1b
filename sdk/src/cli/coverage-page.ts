// docs/guide-coverage.md: the state of the guide's commands and of all configurations, as a page. A test keeps it in step.
import { commandOf, guideCommands, summaryOf, type CommandState } from "./coverage.js";
import { configNames, projectConfigRoot } from "../config/run/locations.js";

/** The page in Markdown; `states` are those of {@link coverage}, all of them. */
export function coveragePage(states: readonly CommandState[]): string {
  const byCommand = new Map(states.map((state) => [state.command.replace("npx dmpo run ", ""), state]));
  const guide = guideCommands().map((command) => byCommand.get(command)!);
  const configs = configNames(projectConfigRoot).map((name) => ({ name, ...byCommand.get(commandOf(name))! }));
  return [
    "# The guide's commands",
    "",
    "What `npx dmpo configs --check` says, kept in step by `test/cli/coverage.test.ts` (`npx vitest run -u` on it rewrites",
    "this page). A command that waits has a valid configuration; it ends with one line naming the parts still to be written.",
    "",
    `## Commands of the guide (${summaryOf(guide)})`,
    ...byState(guide.map((state) => ({ state, line: state.command.replace("npx dmpo run ", "") }))),
    "",
    `## All configurations (${summaryOf(configs)})`,
    ...byState(
      configs.map((state) => ({ state, line: state.name })),
      withTasksJoined,
    ),
    "",
  ].join("\n");
}

interface Entry {
  readonly state: CommandState;
  readonly line: string;
}

/** One list for each set of missing parts. */
function byState(entries: readonly Entry[], join = (lines: readonly string[]) => lines): string[] {
  const lists = new Map<string, string[]>();
  for (const { state, line } of entries) {
    const title = titleOf(state);
    lists.set(title, [...(lists.get(title) ?? []), line]);
  }
  return [...lists]
    .sort(([a], [b]) => (a === "Run" ? -1 : b === "Run" ? 1 : a.localeCompare(b)))
    .flatMap(([title, lines]) => ["", `### ${title}`, "", ...join(lines).map((line) => `- \`${line}\``)]);
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
