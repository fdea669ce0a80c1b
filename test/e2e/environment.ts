// What the end-to-end tests need besides npm packages, and how they say that it is missing: Python with JupyterLab, Chromium.
import { execFile, spawn, type ChildProcess } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { chromium, type Browser } from "playwright-core";
import { installKernel } from "../../kernel-ext/dist/commands/registration.js";
import { findChromium, findJupyter } from "../../script/jupyter-environment.mjs";

export const projectRoot = fileURLToPath(new URL("../..", import.meta.url));
const jupyter = findJupyter();
const browserPath = findChromium();

/** Whether there is a Python with the versions of notebooks/requirements.txt; use with `describe.skipIf(!hasJupyter)`. */
export const hasJupyter = jupyter !== undefined;
export const hasChromium = browserPath !== undefined;

// In continuous integration a missing program is a failure, not a reason to test less.
if (process.env.CI && !(hasJupyter && hasChromium)) {
  throw new Error(
    `the end-to-end tests need ${hasJupyter ? "" : "JupyterLab (npm run test:e2e installs it) "}${hasChromium ? "" : "Chromium"}`,
  );
}
if (!hasJupyter) console.warn("skipped: no Python with JupyterLab; `npm run test:e2e` installs it into .venv");
if (!hasChromium) console.warn("skipped: no Chromium or Chrome was found; set CHROMIUM_PATH");

/** A Jupyter that knows this kernel, registered in a folder of the test's own. */
export interface Registered {
  readonly python: string;
  /** Environment variables for Jupyter's programs. */
  readonly env: NodeJS.ProcessEnv;
  /** Removes the registration. */
  readonly remove: () => Promise<void>;
}

export async function registerKernel(): Promise<Registered> {
  const prefix = await mkdtemp(join(tmpdir(), "dmpo-e2e-"));
  await installKernel({ prefix });
  // The question whether one wants news would lie over the page.
  const disabledExtensions = { "@jupyterlab/apputils-extension:announcements": true };
  await mkdir(join(prefix, "config/labconfig"), { recursive: true });
  await writeFile(join(prefix, "config/labconfig/page_config.json"), JSON.stringify({ disabledExtensions }));
  const env = {
    ...process.env,
    JUPYTER_PATH: join(prefix, "share/jupyter"),
    // Settings, trust database and connection files of the person at this machine stay out of it.
    JUPYTER_CONFIG_DIR: join(prefix, "config"),
    JUPYTER_DATA_DIR: join(prefix, "data"),
    JUPYTER_RUNTIME_DIR: join(prefix, "runtime"),
    IPYTHONDIR: join(prefix, "ipython"),
    JUPYTER_PLATFORM_DIRS: "1",
  };
  return { python: jupyter!.python, env, remove: () => rm(prefix, { recursive: true, force: true }) };
}

/** Runs Python and returns what it printed; throws with its standard error where it fails. */
export async function python(
  { python: program, env }: Registered,
  parameters: readonly string[],
  timeout = 600_000,
): Promise<string> {
  const { stdout } = await promisify(execFile)(program, parameters, {
    env,
    cwd: projectRoot,
    timeout,
    maxBuffer: 1 << 28,
  });
  return stdout;
}

/** @param graphics whether pages can draw in space, which Chromium computes without a graphics card. */
export async function launchBrowser({ graphics = false } = {}): Promise<Browser> {
  const quiet = ["--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
  // Containers give Chromium neither user namespaces nor much shared memory.
  const drawing = graphics ? ["--use-angle=swiftshader", "--enable-unsafe-swiftshader"] : ["--disable-gpu"];
  const contained = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-quic", ...drawing];
  return chromium.launch({ executablePath: browserPath, args: [...quiet, ...contained] });
}

/** A JupyterLab server on a free port, without a password, that shows `folder`. */
export class LabServer {
  private constructor(
    readonly url: string,
    readonly process: ChildProcess,
  ) {}

  static async start({ python: program, env }: Registered, folder: string): Promise<LabServer> {
    const settings = [
      "--no-browser",
      "--ip=127.0.0.1",
      "--port=0",
      "--IdentityProvider.token=",
      "--ServerApp.password=",
      "--ServerApp.disable_check_xsrf=True",
      `--ServerApp.root_dir=${folder}`,
      "--LabApp.expose_app_in_browser=True",
      ...(process.getuid?.() === 0 ? ["--allow-root"] : []),
    ];
    const child = spawn(program, ["-m", "jupyterlab", ...settings], { env, stdio: ["ignore", "ignore", "pipe"] });
    const url = await new Promise<string>((resolve, reject) => {
      let log = "";
      child.stderr.on("data", (chunk: Buffer) => {
        log += chunk.toString();
        const found = /(http:\/\/127\.0\.0\.1:\d+\/)/.exec(log);
        if (found) resolve(found[1]!);
      });
      child.once("exit", () => reject(new Error(`JupyterLab ended: ${log.slice(-2000)}`)));
    });
    const server = new LabServer(url, child);
    await server.#untilReady();
    return server;
  }

  async stop(): Promise<void> {
    if (this.process.exitCode !== null) return;
    const ended = new Promise((resolve) => this.process.once("exit", resolve));
    this.process.kill("SIGTERM");
    await ended;
  }

  async #untilReady(): Promise<void> {
    for (;;) {
      const answer = await fetch(`${this.url}api/status`).catch(() => undefined);
      if (answer?.ok) return;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}
