// script/prepare.mjs in a small project of its own, with an `npm` and a `tsc` that only leave a record.
import { execFile, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, test } from "vitest";

const script = fileURLToPath(new URL("../../script/prepare.mjs", import.meta.url));
const lock = (version: string) =>
  JSON.stringify({
    packages: {
      "": {},
      "node_modules/a": { version },
      "node_modules/b-windows": { version: "1", optional: true },
      "node_modules/test-tool": { version: "1", dev: true },
    },
  });

let project: string;
let environment: NodeJS.ProcessEnv;

function write(path: string, text: string, mode?: number): void {
  mkdirSync(join(project, path, ".."), { recursive: true });
  writeFileSync(join(project, path), text, { mode });
}

const fakeCompiler = `
const fs = require("node:fs");
fs.appendFileSync("calls.log", "tsc " + process.argv.slice(2).join(" ") + "\\n");
if (fs.readFileSync("sdk/src/index.ts", "utf8").includes("error")) process.exit(1);
fs.mkdirSync("sdk/dist", { recursive: true });
fs.writeFileSync("sdk/dist/.tsbuildinfo", "{}");
`;

// `npm ci` empties node_modules and records what it installed.
const fakeNpm = `#!${process.execPath}
const fs = require("node:fs");
fs.appendFileSync("calls.log", process.argv.slice(2).filter((word) => !word.startsWith("--no-")).join(" ").replace(/^/, "npm ") + "\\n");
Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300);
if (fs.existsSync("offline")) process.exit(1);
fs.rmSync("node_modules", { recursive: true, force: true });
fs.mkdirSync("node_modules/typescript/bin", { recursive: true });
fs.writeFileSync("node_modules/typescript/bin/tsc", ${JSON.stringify(fakeCompiler)});
const packages = JSON.parse(fs.readFileSync("package-lock.json", "utf8")).packages;
delete packages["node_modules/b-windows"];
if (process.argv.includes("--omit=dev")) delete packages["node_modules/test-tool"];
fs.writeFileSync("node_modules/.package-lock.json", JSON.stringify({ packages }));
`;

beforeEach(() => {
  project = realpathSync(mkdtempSync(join(tmpdir(), "dmpo-prepare-test-")));
  mkdirSync(join(project, "script"));
  cpSync(script, join(project, "script/prepare.mjs"));
  cpSync(join(script, "../prune-dependencies.mjs"), join(project, "script/prune-dependencies.mjs"));
  // The bundles go away with the folder, as what tsc compiled does.
  write(
    "script/bundle-tensorflow.mjs",
    `import fs from "node:fs"; fs.mkdirSync("sdk/dist", { recursive: true }); fs.writeFileSync("sdk/dist/tensorflow.cjs", "");`,
  );
  write(
    "script/bundle-sdk.mjs",
    `import fs from "node:fs"; fs.mkdirSync("sdk/dist/bundle", { recursive: true }); fs.writeFileSync("sdk/dist/bundle/index.js", "");`,
  );
  write("package-lock.json", lock("1.0.0"));
  write("tsconfig.base.json", "{}");
  write("sdk/tsconfig.json", "{}");
  write("sdk/package.json", "{}");
  write("sdk/src/index.ts", "export {};");
  write("bin/npm", fakeNpm, 0o755);
  environment = { ...process.env, PATH: join(project, "bin") + delimiter + process.env.PATH, TMPDIR: project };
});

afterEach(() => rmSync(project, { recursive: true, force: true }));

function prepare(...parameters: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(project, "script/prepare.mjs"), ...parameters], {
    cwd: project,
    env: environment,
    encoding: "utf8",
  });
  return { status, output: stdout + stderr };
}

const calls = () =>
  existsSync(join(project, "calls.log")) ? readFileSync(join(project, "calls.log"), "utf8").trim().split("\n") : [];

test("a fresh clone is installed and compiled; a second run is silent and does nothing", () => {
  expect(prepare()).toEqual({ status: 0, output: expect.stringMatching(/installing.*\n.*compiling/) });
  expect(calls()).toEqual(["npm ci --omit=dev", "tsc -b sdk"]);
  expect(prepare()).toEqual({ status: 0, output: "" });
  expect(calls()).toHaveLength(2);
});

test("development tools are installed where they are asked for, and then kept", () => {
  prepare();
  expect(prepare("--development").status).toBe(0);
  expect(calls().slice(2)).toEqual(["npm ci", "tsc -b sdk"]);
  expect(prepare("--development")).toEqual({ status: 0, output: "" });
  expect(prepare()).toEqual({ status: 0, output: "" });
  write("package-lock.json", lock("1.0.1"));
  prepare();
  expect(calls().slice(4)).toEqual(["npm ci", "tsc -b sdk"]);
});

test("a changed source is compiled without installing", () => {
  prepare();
  write("sdk/src/nn/new.ts", "export {};");
  expect(prepare().status).toBe(0);
  expect(calls().slice(2)).toEqual(["tsc -b sdk"]);
});

test("a changed lock file is installed, unless npm has already installed the same versions", () => {
  prepare();
  write("package-lock.json", lock("1.0.1"));
  prepare();
  expect(calls().slice(2)).toEqual(["npm ci --omit=dev", "tsc -b sdk"]);
  write("package-lock.json", lock("1.0.1") + "\n");
  expect(prepare()).toEqual({ status: 0, output: "" });
});

test("a removed dist folder is compiled again", () => {
  prepare();
  rmSync(join(project, "sdk/dist"), { recursive: true });
  prepare();
  expect(calls().slice(2)).toEqual(["tsc -b sdk"]);
});

test("failures say what failed and are tried again", () => {
  write("offline", "");
  expect(prepare()).toEqual({ status: 1, output: expect.stringContaining("`npm ci` failed; check the network") });
  rmSync(join(project, "offline"));
  write("sdk/src/index.ts", "error");
  expect(prepare()).toEqual({ status: 1, output: expect.stringContaining("do not compile") });
  write("sdk/src/index.ts", "export {};");
  expect(prepare().status).toBe(0);
});

test("an old Node is refused with the version that is needed", () => {
  const source = readFileSync(script, "utf8").replace('requiredNode = "20.19.0"', 'requiredNode = "99.1.0"');
  write("script/prepare.mjs", source);
  expect(prepare()).toEqual({
    status: 1,
    output: expect.stringMatching(/Node \d+.* is too old; this project needs Node 99.1.0/),
  });
});

test("two at once do the work once, and the lock of a dead process is taken over", async () => {
  const run = () =>
    promisify(execFile)(process.execPath, [join(project, "script/prepare.mjs")], { cwd: project, env: environment });
  await Promise.all([run(), run()]);
  expect(calls()).toEqual(["npm ci --omit=dev", "tsc -b sdk"]);

  const dead = spawnSync(process.execPath, ["-e", ""]).pid;
  write("sdk/src/index.ts", "export { };");
  const digest = createHash("sha256").update(`${project}/`).digest("hex");
  write(`dmpo-prepare-${digest.slice(0, 12)}.lock`, String(dead));
  expect(prepare().status).toBe(0);
  expect(calls().slice(2)).toEqual(["tsc -b sdk"]);
});
