// The guide's text: its commands, and the names of its appendix tables.
import { readFileSync } from "node:fs";
import { sharedFile } from "../shared.js";

const guide = () => readFileSync(sharedFile("guide.md"), "utf8");

/** Arguments of every `python script/run.py` with a concrete configuration, in order, repetitions included. */
export function commandsOfGuide(): string[] {
  const blocks = [...guide().matchAll(/```bash\n(.*?)```/gs)].map(([, block]) => block!.replace(/\\\n\s*/g, " "));
  return blocks
    .flatMap((block) => block.split("\n"))
    .flatMap((line) => /^(?:nohup )?python script\/run\.py (.*)$/.exec(line.trim())?.[1] ?? [])
    .filter((rest) => !rest.includes("<"))
    .map((rest) =>
      rest
        .replace(/\s*>.*$/, "")
        .replace(/\s+/g, " ")
        .trim(),
    );
}

/** Names in the appendix "--config-name" tables. */
export function namesOfAppendix(): string[] {
  const appendix = guide().slice(guide().lastIndexOf("## 附录"));
  return [...appendix.matchAll(/^\| `([a-z0-9_]+)` \|/gm)].map(([, name]) => name!);
}

/** The tasks that the guide lists as supported, by section: { "2.1": ["lift", ...], ... }. */
export function supportedTasks(): Record<string, string[]> {
  const sections = guide().split(/^### /m).slice(1);
  return Object.fromEntries(
    sections.flatMap((section) => {
      const tasks = /\*\*支持任务：\*\*(.*)/.exec(section)?.[1];
      return tasks ? [[section.slice(0, 3), [...tasks.matchAll(/`([^`]+)`/g)].map(([, task]) => task!)]] : [];
    }),
  );
}
