// Python environments in the project's root, made when they are first needed: .venv with JupyterLab, which `npm run notebook`
// and the end-to-end tests share, unless the Python on the PATH has exactly the versions of notebooks/requirements.txt; and
// .venv-peers with the programs that tests compare with (test/requirements.txt). Plain Node, no dependencies.
import { execFileSync, spawnSync } from "node:child_process";
import { accessSync, constants, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const projectRoot = fileURLToPath(new URL("..", import.meta.url));
const jupyter = { folder: join(projectRoot, ".venv"), requirements: "notebooks/requirements.txt", what: "JupyterLab" };
const peers = {
  folder: join(projectRoot, ".venv-peers"),
  requirements: "test/requirements.txt",
  what: "TensorBoard and others",
};
const windows = process.platform === "win32";

export class EnvironmentError extends Error {}

/**
 * @typedef {object} JupyterEnvironment
 * @property {string} python absolute path of the interpreter
 * @property {string} prefix its sys.prefix: the kernel is registered below it
 */

/**
 * The environment that has what the notebooks need, if there is one. `DMPO_PYTHON` names an interpreter to be looked at first.
 *
 * @returns {JupyterEnvironment | undefined}
 */
export function findJupyter() {
  const candidates = [process.env.DMPO_PYTHON, interpreterIn(jupyter.folder), "python3", "python"];
  for (const candidate of candidates) {
    const found = candidate && inspect(candidate, jupyter.requirements);
    if (found && found.missing.length === 0 && writable(found.prefix))
      return { python: found.python, prefix: found.prefix };
  }
  return undefined;
}

/**
 * Finds the environment or makes it: `.venv` through `python3 -m venv`, filled by pip.
 *
 * @param {(line: string) => void} say told what is being done, before it is done
 * @returns {JupyterEnvironment}
 * @throws {EnvironmentError} where there is no usable Python, or pip fails; the message says what to do
 */
export function ensureJupyter(say) {
  return findJupyter() ?? ensureEnvironment(jupyter, say);
}

/**
 * The Python with what tests compare with, made where it is missing.
 *
 * @param {(line: string) => void} say as for {@link ensureJupyter}
 * @returns {string} the interpreter
 * @throws {EnvironmentError}
 */
export function ensurePeers(say) {
  return ensureEnvironment(peers, say).python;
}

function ensureEnvironment({ folder, requirements, what }, say) {
  const python = interpreterIn(folder);
  const found = inspect(python, requirements);
  if (found?.missing.length === 0) return { python: found.python, prefix: found.prefix };
  if (!works(python)) {
    say(`making a Python environment in ${folder}`);
    // A folder whose interpreter is gone (Python was upgraded) cannot be repaired.
    rmSync(folder, { recursive: true, force: true });
    createVirtualEnvironment(folder);
  }
  say(`installing ${what} (pip install -r ${requirements}), about a minute`);
  const install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement", requirements];
  attempt(
    python,
    install,
    `pip could not install ${what}; check the network or pip's settings and run the command again`,
  );
  const made = inspect(python, requirements);
  if (made && made.missing.length === 0) return { python: made.python, prefix: made.prefix };
  throw new EnvironmentError(
    `${folder} still lacks ${made ? made.missing.join(", ") : "a working Python"}; remove the folder and run the command again`,
  );
}

function createVirtualEnvironment(folder) {
  const base = [process.env.DMPO_PYTHON, "python3", "python"].find((name) => name && works(name));
  if (!base) {
    throw new EnvironmentError(
      "no Python was found; 3.10 or newer is needed (https://python.org; Debian: apt-get install python3 python3-venv)",
    );
  }
  const failure = `\`${base} -m venv\` failed; on Debian and Ubuntu: apt-get install python3-venv`;
  attempt(base, ["-m", "venv", folder], failure);
  // JupyterLab brings CommonJS files that Node would take for ES modules, as the project's own package.json says.
  writeFileSync(join(folder, "package.json"), '{ "private": true }\n');
}

/** What lies behind an interpreter's name, and which lines of the file it does not meet; undefined if it does not run. */
function inspect(python, requirements) {
  const program = [
    "import json, sys",
    "from importlib.metadata import version, PackageNotFoundError",
    "def missing(line):",
    "    name, wanted = line.split('[')[0].split('==')[0], line.split('==')[1]",
    "    try: return version(name) != wanted",
    "    except PackageNotFoundError: return True",
    "print(json.dumps({'python': sys.executable, 'prefix': sys.prefix, 'missing': [line for line in sys.argv[1:] if missing(line)]}))",
  ].join("\n");
  const { status, stdout } = spawnSync(python, ["-c", program, ...linesOf(requirements)], { encoding: "utf8" });
  return status === 0 ? JSON.parse(stdout) : undefined;
}

function linesOf(requirements) {
  const lines = readFileSync(join(projectRoot, requirements), "utf8").split("\n");
  return lines.map((line) => line.replace(/#.*/, "").trim()).filter(Boolean);
}

function works(python) {
  return spawnSync(python, ["-c", "import sys; sys.exit(sys.version_info < (3, 10))"]).status === 0;
}

function writable(folder) {
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function interpreterIn(environment) {
  return windows ? join(environment, "Scripts/python.exe") : join(environment, "bin/python");
}

function attempt(program, parameters, failure) {
  try {
    execFileSync(program, parameters, { cwd: projectRoot, stdio: ["ignore", "inherit", "inherit"] });
  } catch {
    throw new EnvironmentError(failure);
  }
}

/** The system's Chromium or Chrome for browser tests and screenshots: `CHROMIUM_PATH`, else the usual places. */
export function findChromium() {
  const places = [
    process.env.CHROMIUM_PATH,
    "/usr/bin/chromium",
    "/usr/bin/chromium-browser",
    "/usr/bin/google-chrome",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "C:/Program Files/Google/Chrome/Application/chrome.exe",
  ];
  return places.find((place) => place && existsSync(place));
}
