// Samples the mutants of a room, has Stryker run the tests that import it, and reports what they did not notice.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createHash } from "node:crypto";
import { availableParallelism } from "node:os";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { Stryker } from "@stryker-mutator/core";
import { Instrumenter } from "@stryker-mutator/instrumenter";
import { descriptions } from "./ignore-descriptions.mjs";
import { keyOf } from "./sample.mjs";

/** Of `envs` only what steps no physics: MuJoCo's models and the pictures of them have traces and images to compare with. */
const withoutPhysics = /^sdk\/src\/envs\/(?!simulator\.ts)[^/]+\.ts$/;
const DEFAULT_MUTANTS = 300;

const root = fileURLToPath(new URL("../..", import.meta.url));
process.chdir(root);
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    mutants: { type: "string", default: String(DEFAULT_MUTANTS) },
    seed: { type: "string", default: "1" },
    tests: { type: "string", multiple: true, default: [] },
    own: { type: "boolean", default: false },
    concurrency: { type: "string", default: String(availableParallelism()) },
    fresh: { type: "boolean", default: false },
  },
});
const room = positionals[0]?.replace(/\/$/, "") ?? "";
const wanted = Number(values.mutants);
const sources = sourcesOf(room);
if (sources.length === 0 || !(wanted >= 1)) {
  const rooms = readdirSync("sdk/src", { withFileTypes: true }).filter((entry) => entry.isDirectory());
  console.error(
    "usage: npm run test:mutation -- ROOM [--mutants 300] [--seed 1] [--tests FOLDER] [--own] [--concurrency N] [--fresh]",
  );
  console.error(`ROOM is a folder of sdk/src: ${rooms.map(({ name }) => name).join(", ")}, or one inside these`);
  process.exit(2);
}

const tests = testsOf(sources);
const mutants = await mutantsOf(sources);
const sample = sampleOf(mutants);
console.log(
  `${room}: ${sources.length} files, ${sample.length} of ${mutants.length} mutants, ${tests.length} test files`,
);

const folder = join(root, ".mutation", room.replaceAll("/", "-"));
if (values.fresh) rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
// Left by a run that was stopped.
const sandbox = join(folder, "sandbox");
rmSync(sandbox, { recursive: true, force: true });
// What tests look for beside the repository is beside its copy too.
mkdirSync(sandbox);
const shared = join(root, "../shared");
if (existsSync(shared)) symlinkSync(shared, join(sandbox, "shared"));
const sampleFile = join(folder, "sample.json");
const incrementalFile = join(folder, "incremental.json");
writeFileSync(sampleFile, JSON.stringify(sample));
process.env.DMPO_MUTATION_TESTS = JSON.stringify(tests);

const results = await new Stryker({
  mutate: sources,
  testRunner: "vitest-whole",
  vitest: { configFile: "script/mutation/vitest.config.mjs", related: false },
  plugins: [
    "@stryker-mutator/vitest-runner",
    ...["runner.mjs", "sample.mjs", "ignore-descriptions.mjs"].map((plugin) => join(root, "script/mutation", plugin)),
  ],
  ignorers: ["descriptions"],
  checkers: ["sample"],
  sampleFile,
  sampleRoot: root,
  coverageAnalysis: "perTest",
  concurrency: Number(values.concurrency),
  dryRunTimeoutMinutes: 30,
  // A test that other programs slow down is no test that a mutant keeps from ending.
  timeoutMS: 30_000,
  timeoutFactor: 2,
  incremental: true,
  incrementalFile,
  tempDirName: sandbox,
  ignorePatterns: [
    "/.mutation",
    "/.venv*",
    "/log",
    "/data",
    "/runs",
    "/dmpo_eval_results",
    "/docs/images",
    "/notebooks",
  ],
  reporters: ["html", "progress-append-only"],
  htmlReporter: { fileName: join(folder, "report.html") },
  warnings: { unknownOptions: false },
  disableTypeChecks: false,
  logLevel: "warn",
  allowConsoleColors: false,
}).runMutationTest();
forgetTheUnsampled();
report(results.filter(({ status }) => status !== "CompileError" && status !== "Ignored"));

function sourcesOf(room) {
  if (!/^[\w/-]+$/.test(room)) return [];
  try {
    const files = filesBelow(join("sdk/src", room)).filter((file) => file.endsWith(".ts"));
    return room === "envs" ? files.filter((file) => withoutPhysics.test(file)) : files;
  } catch (error) {
    if (error.code === "ENOENT") return [];
    throw error;
  }
}

/**
 * Fast tests of the room's own folder and, without --own, those that import one of the sources, themselves or through another file
 * below test/; and those that --tests adds. Tests of the examples in the documentation, directly in test/, try everything at once and
 * take too long.
 */
function testsOf(sources) {
  const targets = new Set(sources);
  const seen = new Map();
  const reaches = (file) => {
    if (!seen.has(file)) {
      seen.set(file, false);
      const imported = importsOf(file);
      seen.set(
        file,
        imported.some((path) => targets.has(path) || (path.startsWith("test/") && reaches(path))),
      );
    }
    return seen.get(file);
  };
  const isFast = (file) => /^test\/(?!e2e\/).+\/.+(?<!\.(?:slow|cluster))\.test\.ts$/.test(file);
  const isOwn = (file) => (room === "envs" ? dirname(file) === "test/envs" : file.startsWith(`test/${room}/`));
  const isGiven = (file) => values.tests.some((folder) => file.startsWith(folder));
  const isWanted = (file) => isOwn(file) || isGiven(file) || (!values.own && reaches(file));
  return filesBelow("test").filter((file) => isFast(file) && isWanted(file));
}

function importsOf(file) {
  const text = readFileSync(file, "utf8");
  return [...text.matchAll(/(?:from|import\()\s*"(\.[^"]*)\.js"/g)]
    .map(([, path]) => relative(root, `${resolve(dirname(file), path)}.ts`))
    .filter((path) => existsSync(path));
}

function filesBelow(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

async function mutantsOf(files) {
  const silent = Object.fromEntries(
    ["trace", "debug", "info", "warn", "error", "fatal"].map((level) => [level, () => {}]),
  );
  const logger = { ...silent, isDebugEnabled: () => false };
  const contents = files.map((name) => ({ name: join(root, name), content: readFileSync(name, "utf8"), mutate: true }));
  const { mutants } = await new Instrumenter(logger).instrument(contents, {
    plugins: null,
    excludedMutations: [],
    ignorers: [descriptions],
  });
  return mutants.filter(({ status }) => status === undefined).map((mutant) => keyOf(mutant, root));
}

/** Ordered by a hash, so that a change of one file leaves the sample of the others as it was. */
function sampleOf(keys) {
  const rank = (key) => createHash("sha256").update(`${values.seed} ${key}`).digest("hex");
  const ranked = keys.map((key) => [rank(key), key]).sort(([a], [b]) => (a < b ? -1 : 1));
  return ranked.slice(0, wanted).map(([, key]) => key);
}

/** What was not in this sample may be in the next: it must not count as known. */
function forgetTheUnsampled() {
  const known = JSON.parse(readFileSync(incrementalFile, "utf8"));
  for (const file of Object.values(known.files)) {
    file.mutants = file.mutants.filter(({ status }) => status !== "CompileError");
  }
  writeFileSync(incrementalFile, JSON.stringify(known));
}

function report(results) {
  const killed = results.filter(({ status }) => status === "Killed" || status === "Timeout").length;
  const rest = results.filter(({ status }) => status !== "Killed" && status !== "Timeout");
  const lines = rest.map(describe).sort();
  writeFileSync(join(folder, "survivors.txt"), lines.map((line) => `${line}\n`).join(""));
  for (const line of lines) console.log(line);
  const score = ((100 * killed) / results.length).toFixed(1);
  enterScore(`${killed} of ${results.length}`, score);
  console.log(`${room}: killed ${killed} of ${results.length} (${score} %)`);
}

/** file:line status: original -> replacement, each on one line. */
function describe({ fileName, location, status, replacement }) {
  const lines = readFileSync(fileName, "utf8")
    .split("\n")
    .slice(location.start.line - 1, location.end.line);
  lines[lines.length - 1] = lines.at(-1).slice(0, location.end.column - 1);
  lines[0] = lines[0].slice(location.start.column - 1);
  const short = (text) => {
    const line = text.replace(/\s+/g, " ");
    return line.length > 100 ? `${line.slice(0, 97)}...` : line;
  };
  const place = `${relative(root, fileName)}:${location.start.line}`;
  return `${place} ${status}: ${short(lines.join("\n"))} -> ${short(replacement)}`;
}

/** The room's row in the table of docs/testing.md, with how it was measured. */
function enterScore(count, score) {
  const page = "docs/testing.md";
  const given = [
    ...(wanted === DEFAULT_MUTANTS ? [] : [`--mutants ${wanted}`]),
    ...(values.own ? ["--own"] : []),
    ...values.tests.map((folder) => `--tests ${folder}`),
  ];
  const options = given.length > 0 ? `\`${given.join(" ")}\`` : "";
  const row = new RegExp(`^\\| ${room} \\|.*$`, "m");
  const text = readFileSync(page, "utf8");
  if (row.test(text))
    writeFileSync(
      page,
      text.replace(row, () => `| ${room} | ${count} | ${score} % | ${options} |`),
    );
}
