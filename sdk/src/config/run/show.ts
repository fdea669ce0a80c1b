// A resolved configuration as YAML, with the place each value was written in as a comment.
import { readFileSync } from "node:fs";
import { stringify } from "yaml";
import type { Experiment } from "./experiment.js";
import { locateConfig } from "./locations.js";

const COMMENT_COLUMN = 48;

/** YAML that can be saved and run again. */
export function showExperiment({ config, origins }: Pick<Experiment, "config" | "origins">): string {
  return lines(config, "", "", origins).join("\n");
}

/** What a configuration says of itself: the comment that its file opens with, "" where there is none. */
export function headOf(configDir: string, configName: string): string {
  const [head] = /^(#.*\n)*/.exec(readFileSync(locateConfig(configDir, configName).file, "utf8"))!;
  return head;
}

function lines(section: object, prefix: string, indent: string, origins: (path: string) => string): string[] {
  return Object.entries(section).flatMap(([key, value]) => {
    if (value === undefined) return [];
    const path = prefix + key;
    if (isSection(value)) return [`${indent}${key}:`, ...lines(value, `${path}.`, `${indent}  `, origins)];
    const text = stringify(value, { collectionStyle: "flow", lineWidth: 0, flowCollectionPadding: false }).trimEnd();
    return [`${`${indent}${key}: ${text}`.padEnd(COMMENT_COLUMN)}  # ${origins(path)}`];
  });
}

function isSection(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value) && Object.keys(value).length > 0;
}
