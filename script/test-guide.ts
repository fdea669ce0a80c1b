// `npm run test:guide [-- TEXT] [--minutes N] [--fresh]`: every command of the guide from beginning to end, in its order, each with
// the checkpoints of those before it, as small as `fast_dev_run` makes it. Writes docs/guide-runs.json and docs/guide-coverage.md.
// What ran is not run again until --fresh; TEXT chooses commands that contain it, and runs them again.
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { format } from "prettier";
import { coverage, guideCommands } from "../sdk/src/cli/coverage.js";
import { coveragePage } from "../sdk/src/cli/coverage-page.js";
import { fastDevRunData } from "../sdk/src/config/schema/fast-dev-run.js";
import { guideRunsSchema, type GuideRun } from "../sdk/src/cli/guide-runs.js";
import { commandFrom, fitting, fittingTeachers, preparations, teacherNeeds } from "./guide/prerequisites.js";
import { wantsBase, wantsTuned, type Command } from "./guide/prerequisites.js";
import { otherCommands } from "./guide/other-commands.js";
import { standIn } from "./guide/stand-in-data.js";

const { values, positionals } = parseArgs({
  options: { minutes: { type: "string", default: "Infinity" }, fresh: { type: "boolean", default: false } },
  allowPositionals: true,
});
const [text = ""] = positionals;
const until = Date.now() + 60_000 * Number(values.minutes);
/** Of one command. */
const MOST_SECONDS = 540;

const root = fileURLToPath(new URL("..", import.meta.url));
const recordFile = join(root, "docs/guide-runs.json");
const pageFile = join(root, "docs/guide-coverage.md");
const program = join(root, "sdk/bin/dmpo.js");

// Folders of its own: what people have on this machine neither helps nor is touched.
const folder = join(tmpdir(), "dmpo-test-guide");
if (values.fresh) rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
const data = join(folder, "data");
process.env.DMPO_DATA_DIR = data;
const environment = {
  ...process.env,
  DMPO_DATA_DIR: data,
  DMPO_LOG_DIR: join(folder, "log"),
  DMPO_EVAL_DIR: join(folder, "eval"),
  XDG_CONFIG_HOME: join(folder, "config"),
  // Small data: neither gigabytes of recordings nor released checkpoints.
  HF_HUB_OFFLINE: "1",
};

const empty = { machine: "", runs: {}, before: {}, others: {} };
const record = guideRunsSchema.parse(
  values.fresh || !existsSync(recordFile) ? empty : JSON.parse(readFileSync(recordFile, "utf8")),
);
record.machine = `${availableParallelism()} cores at a load of ${loadavg()[2]!.toFixed(0)}`;

/** Folder of the run of a line; equal lines share one. */
const folderOf = (line: string) => {
  const words = line.replace("--config-dir=cfg/", "").replace("--config-name=", "");
  return join(folder, "runs", words.replace(/[^A-Za-z0-9]+/g, "-").slice(0, 150));
};
const hasRun = (line: string) => existsSync(join(folderOf(line), "config.yaml"));
/** Commands that have run, and of which there are checkpoints. */
const finished: Command[] = [];

const isDue = (run: GuideRun | undefined, line: string) =>
  text === "" ? run?.outcome !== "ran" || !isKept(line) : line.includes(text);
const isKept = (line: string) => !line.startsWith("--") || hasRun(line);

await others();
for (const line of guideCommands()) {
  if (Date.now() > until) break;
  const known = record.runs[line];
  const command = commandFrom(line);
  if (!isDue(known, line)) {
    if (known?.outcome === "ran" && hasRun(line)) finished.push(command);
    continue;
  }
  if (command.resolved.missing.length > 0) {
    record.runs[line] = { outcome: "waits", seconds: 0, given: [], problem: command.resolved.missing.join(", ") };
    continue;
  }
  record.runs[line] = await runCommand(command);
  await save();
}
await save();
writeFileSync(pageFile, await pretty(coveragePage(coverage(), record), "markdown"));
const outcomes = Object.values(record.runs).map(({ outcome }) => outcome);
const count = (outcome: string) => outcomes.filter((one) => one === outcome).length;
console.log(`${count("ran")} ran, ${count("failed")} failed, ${count("waits")} wait -> ${pageFile}`);
if (count("failed") > 0) process.exitCode = 1;

async function others(): Promise<void> {
  for (const { line, argv, given, waits } of otherCommands(folder, data)) {
    if (!isDue(record.others[line], line)) continue;
    record.others[line] = waits
      ? { outcome: "waits", seconds: 0, given: [], problem: waits }
      : await run(line, argv, [...given]);
    await save();
  }
}

/** Prepares what it begins with, and runs it. */
async function runCommand(command: Command): Promise<GuideRun> {
  const { line, overrides, resolved } = command;
  const given: string[] = [];
  const added: string[] = [];
  const said = await standIn(resolved);
  if (said && resolved.stage !== "eval" && readsData(command)) given.push(said);
  const teacher = teacherNeeds(command);
  if (teacher) {
    const [chosen] = fittingTeachers(teacher, finished);
    if (chosen) take("teacher_path", chosen);
  }
  if (wantsBase(command)) {
    const base = wantsTuned(command) ? tunedFor(command) : undefined;
    const chosen = base ?? (await baseFor(command));
    if (chosen) take("base_policy_path", chosen);
  }
  if (overrides.some((one) => one.startsWith("resume_path="))) {
    const before = finished.find(({ directory, name }) => directory === command.directory && name === command.name);
    if (before) take("resume_path", before, "state_2");
  }
  if (overrides.some((one) => one.startsWith("normalization_path="))) {
    // Of the few demonstrations that such runs make.
    const statistics = join(fastDevRunData, command.directory.includes("robomimic") ? "robomimic" : "gym");
    added.push(`normalization_path=${join(statistics, `${resolved.envName}-img`, "normalization.npz")}`);
  }
  const words = overrides.filter((one) => !added.some((other) => other.split("=")[0] === one.split("=")[0]));
  const flags = [`--config-dir=${command.directory}`, `--config-name=${command.name}`];
  rmSync(folderOf(line), { recursive: true, force: true });
  const small = ["fast_dev_run=True", `logdir=${folderOf(line)}`];
  const result = await run(line, ["run", ...flags, ...words, ...added, ...small], given);
  if (result.outcome === "ran") finished.push(command);
  return result;

  function take(key: string, from: Command, file = "last") {
    const checkpoint = join(folderOf(from.line), "checkpoint", `${file}.safetensors`);
    added.push(`${key}=${checkpoint}`);
    given.push(`the checkpoint of ${from.name}`);
  }
}

function readsData({ resolved }: Command): boolean {
  const experiment = resolved.experiment();
  return experiment.stage === "pretrain" || (experiment.stage === "finetune" && experiment.options.data !== null);
}

function hasCheckpoint({ line }: Command): boolean {
  return existsSync(join(folderOf(line), "checkpoint", "last.safetensors"));
}

function tunedFor(command: Command): Command | undefined {
  return fitting(
    command,
    finished.filter((one) => one.resolved.stage === "finetune" && hasCheckpoint(one)),
  )[0];
}

/** The nearest pre-training that has run, or one that the guide does not name, where that is nearer. */
async function baseFor(command: Command): Promise<Command | undefined> {
  const done = finished.filter((one) => ["pretrain", "offline"].includes(one.resolved.stage) && hasCheckpoint(one));
  const [chosen] = fitting(command, [...done, ...preparations(command)]);
  if (!chosen || hasCheckpoint(chosen)) return chosen;
  const result = await runCommand(chosen);
  record.before[chosen.line] = result;
  return result.outcome === "ran" ? chosen : undefined;
}

async function run(line: string, argv: readonly string[], given: string[]): Promise<GuideRun> {
  const began = performance.now();
  const child = spawn(process.execPath, [program, ...argv], { cwd: folder, env: environment });
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const limit = setTimeout(() => child.kill("SIGKILL"), 1000 * MOST_SECONDS);
  const code = await new Promise<number | null>((done) => child.on("close", done));
  clearTimeout(limit);
  const seconds = Math.round((performance.now() - began) / 100) / 10;
  const lines = output.trim().split("\n");
  const at = lines.findLastIndex((one) => one.startsWith("dmpo: "));
  const problem = code === null ? `takes more than ${MOST_SECONDS} s` : lines.slice(at).join(" ").replace(/\s+/g, " ");
  const outcome = code === 0 ? "ran" : code === 3 ? "waits" : "failed";
  console.log(`${outcome} ${seconds.toFixed(1).padStart(6)} s  ${line}${outcome === "ran" ? "" : `\n    ${problem}`}`);
  return {
    outcome,
    seconds,
    given,
    ...(outcome !== "ran" && { problem: problem.slice(0, 600).replaceAll(folder, "FOLDER") }),
  };
}

/** After every command, so that a stopped test goes on. */
async function save(): Promise<void> {
  writeFileSync(recordFile, await pretty(JSON.stringify(record), "json"));
}

function pretty(contents: string, parser: string): Promise<string> {
  return format(contents, { parser, printWidth: 120 });
}
