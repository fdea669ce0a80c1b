// The Python environment with JupyterLab that `npm run notebook` and the end-to-end tests share: the one on the PATH if it
// has exactly the versions of notebooks/requirements.txt, else .venv in the project's root. Plain Node, no dependencies.
import { execFileSync, spawnSync } from "node:child_process";
import { accessSync, constants, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const projectRoot = fileURLToPath(new URL("..", import.meta.url));
export const requirementsFile = join(projectRoot, "notebooks/requirements.txt");
const ownEnvironment = join(projectRoot, ".venv");
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
  const candidates = [process.env.DMPO_PYTHON, interpreterIn(ownEnvironment), "python3", "python"];
  for (const candidate of candidates) {
    const found = candidate && inspect(candidate);
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
  const found = findJupyter();
  if (found) return found;
  const python = interpreterIn(ownEnvironment);
  if (!works(python)) {
    say(`making a Python environment in ${ownEnvironment}`);
    // A folder whose interpreter is gone (Python was upgraded) cannot be repaired.
    rmSync(ownEnvironment, { recursive: true, force: true });
    createVirtualEnvironment();
  }
  say("installing JupyterLab (pip install -r notebooks/requirements.txt), about a minute");
  const install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement", requirementsFile];
  attempt(
    python,
    install,
    "pip could not install JupyterLab; check the network or pip's settings and run the command again",
  );
  const made = inspect(python);
  if (made && made.missing.length === 0) return { python: made.python, prefix: made.prefix };
  throw new EnvironmentError(
    `${ownEnvironment} still lacks ${made ? made.missing.join(", ") : "a working Python"}; remove the folder and run the command again`,
  );
}

function createVirtualEnvironment() {
  const base = [process.env.DMPO_PYTHON, "python3", "python"].find((name) => name && works(name));
  if (!base) {
    throw new EnvironmentError(
      "no Python was found; JupyterLab needs Python 3.10 or newer (https://python.org; Debian: apt-get install python3 python3-venv)",
    );
  }
  const failure = `\`${base} -m venv\` failed; on Debian and Ubuntu: apt-get install python3-venv`;
  attempt(base, ["-m", "venv", ownEnvironment], failure);
  // JupyterLab brings CommonJS files that Node would take for ES modules, as the project's own package.json says.
  writeFileSync(join(ownEnvironment, "package.json"), '{ "private": true }\n');
}

/** What lies behind an interpreter's name, and which requirements it does not meet; undefined if it does not run. */
function inspect(python) {
  const program = [
    "import json, sys",
    "from importlib.metadata import version, PackageNotFoundError",
    "def missing(line):",
    "    name, wanted = line.split('==')",
    "    try: return version(name) != wanted",
    "    except PackageNotFoundError: return True",
    "print(json.dumps({'python': sys.executable, 'prefix': sys.prefix, 'missing': [line for line in sys.argv[1:] if missing(line)]}))",
  ].join("\n");
  const { status, stdout } = spawnSync(python, ["-c", program, ...requirements()], { encoding: "utf8" });
  return status === 0 ? JSON.parse(stdout) : undefined;
}

function requirements() {
  const lines = readFileSync(requirementsFile, "utf8").split("\n");
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
