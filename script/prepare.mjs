// Makes the project ready to run: installs the dependencies if they are missing, compiles if a source changed. With --development
// also the tools that tests, lint and benchmarks need. Runs before every npm script, therefore silent and fast when there is
// nothing to do. Plain Node, no dependencies.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { pruneDependencies } from "./prune-dependencies.mjs";

const requiredNode = "20.19.0";
const packages = ["sdk", "kernel-ext"];

const developing = process.argv.includes("--development");

const root = fileURLToPath(new URL("..", import.meta.url));
const stampFile = join(root, "node_modules/.dmpo-prepared.json");
const tensorflow = join(root, "sdk/dist/tensorflow.cjs");
const bundle = join(root, "sdk/dist/bundle/index.js");
const lockFile = join(tmpdir(), `dmpo-prepare-${sha256(root).slice(0, 12)}.lock`);

class PrepareError extends Error {}

try {
  requireNode();
  if (pendingWork() !== undefined) await underLock(prepare);
} catch (error) {
  if (!(error instanceof PrepareError)) throw error;
  console.error(`prepare: ${error.message}`);
  process.exitCode = 1;
}

function prepare() {
  // Another process may have done the work while this one waited for the lock.
  const work = pendingWork();
  if (work === undefined) return;
  if (work === "install") {
    // Development tools that are there are kept up to date.
    const scope = developing || hasDevelopmentTools() ? [] : ["--omit=dev"];
    const install = ["ci", ...scope];
    console.log(`prepare: installing dependencies (npm ${install.join(" ")})`);
    command(
      "npm",
      [...install, "--no-audit", "--no-fund"],
      "`npm ci` failed; check the network or the registry settings and run the command again",
    );
    pruneDependencies(join(root, "node_modules"));
  }
  console.log("prepare: compiling");
  if (work === "install" || !existsSync(tensorflow)) {
    command(process.execPath, [join(root, "script/bundle-tensorflow.mjs")], "TensorFlow.js could not be bundled");
  }
  const compiler = join(root, "node_modules/typescript/bin/tsc");
  const sources = sourcesDigest();
  command(
    process.execPath,
    [compiler, "-b", ...compiledPackages()],
    "the TypeScript sources do not compile; see the messages above",
  );
  command(process.execPath, [join(root, "script/bundle-sdk.mjs")], "the compiled sources could not be bundled");
  writeFileSync(
    stampFile,
    JSON.stringify({ dependencies: dependenciesDigest(), developing: hasDevelopmentTools(), sources }),
  );
}

/** What is out of date: "install" (and therefore also compile), "compile" or nothing. */
function pendingWork() {
  const stamp = existsSync(stampFile) ? JSON.parse(readFileSync(stampFile, "utf8")) : {};
  const known = stamp.dependencies === dependenciesDigest() && (!developing || stamp.developing);
  if (!known && !installedAsLocked()) return "install";
  const built =
    [tensorflow, bundle].every(existsSync) &&
    compiledPackages().every((name) => existsSync(join(root, name, "dist/.tsbuildinfo")));
  return built && stamp.sources === sourcesDigest() ? undefined : "compile";
}

function dependenciesDigest() {
  return sha256(readFileSync(join(root, "package-lock.json")));
}

/** Whether npm's own record of what lies in node_modules agrees with the lock file, so that a plain `npm install` counts. */
function installedAsLocked() {
  const installed = packagesOf("node_modules/.package-lock.json");
  return Object.entries(packagesOf("package-lock.json")).every(([path, { version, optional, link, dev }]) => {
    if (!path.startsWith("node_modules/") || link || (dev && !developing)) return true;
    // Optional packages exist for every platform; only this machine's are installed.
    return installed[path] ? installed[path].version === version : optional === true;
  });
}

/** Whether the development tools are installed too. */
function hasDevelopmentTools() {
  return Object.values(packagesOf("node_modules/.package-lock.json")).some(({ dev }) => dev);
}

/** What a lock file, or npm's record of what it installed, lists by path. */
function packagesOf(file) {
  return existsSync(join(root, file)) ? JSON.parse(readFileSync(join(root, file), "utf8")).packages : {};
}

/** Digest of names, sizes and times of everything the compiler reads: 10 ms where `tsc -b` needs a second to say "up to date". */
function sourcesDigest() {
  const hash = createHash("sha256");
  const add = (path) => {
    const { size, mtimeMs } = statSync(path);
    hash.update(`${path}\0${size}\0${mtimeMs}\n`);
  };
  add(join(root, "tsconfig.base.json"));
  for (const name of compiledPackages()) {
    add(join(root, name, "tsconfig.json"));
    add(join(root, name, "package.json"));
    for (const entry of readdirSync(join(root, name, "src"), { recursive: true, withFileTypes: true })) {
      if (entry.isFile()) add(join(entry.parentPath, entry.name));
    }
  }
  return hash.digest("hex");
}

function compiledPackages() {
  return packages.filter((name) => {
    const sources = join(root, name, "src");
    return existsSync(sources) && readdirSync(sources).length > 0;
  });
}

function requireNode() {
  const [major, minor] = process.versions.node.split(".").map(Number);
  const [requiredMajor, requiredMinor] = requiredNode.split(".").map(Number);
  if (major > requiredMajor || (major === requiredMajor && minor >= requiredMinor)) return;
  throw new PrepareError(
    `Node ${process.versions.node} is too old; this project needs Node ${requiredNode} or newer (https://nodejs.org)`,
  );
}

function command(program, parameters, failure) {
  try {
    execFileSync(program, parameters, {
      cwd: root,
      stdio: "inherit",
      shell: process.platform === "win32" && program === "npm",
    });
  } catch (error) {
    throw new PrepareError(error.code === "ENOENT" ? `${basename(program)} was not found on the PATH` : failure);
  }
}

/** Runs `work` while holding the lock file; a lock left by a process that died is taken over. */
async function underLock(work) {
  let announced = false;
  while (!acquireLock()) {
    if (!announced) console.log("prepare: waiting for another process that prepares this project");
    announced = true;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  try {
    work();
  } finally {
    rmSync(lockFile, { force: true });
  }
}

function acquireLock() {
  try {
    writeFileSync(lockFile, String(process.pid), { flag: "wx" });
    return true;
  } catch (error) {
    if (error.code !== "EEXIST") throw error;
    if (lockIsStale()) rmSync(lockFile, { force: true });
    return false;
  }
}

function lockIsStale() {
  try {
    const owner = Number(readFileSync(lockFile, "utf8"));
    // A file that was just created has no content yet: its owner is alive.
    if (owner > 0) process.kill(owner, 0);
    return false;
  } catch (error) {
    return error.code === "ESRCH";
  }
}

function sha256(data) {
  return createHash("sha256").update(data).digest("hex");
}
