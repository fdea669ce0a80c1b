// `dmpo-kernel doctor`: tries each thing that a notebook needs, one after the other, for real.
import { Dataset, figures, makeEnvironment, MeanFlow } from "dmpo";
import { execFile } from "node:child_process";
import { access } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { dataFolders, projectEnvironment } from "./jupyter-folders.js";
import { probeKernel } from "./kernel-probe.js";
import { registrations } from "./registration.js";
import { exchangeOneMessage } from "./socket-check.js";

/** `absent` is something that one can do without, `broken` something that one cannot. */
export interface Finding {
  readonly name: string;
  readonly state: "works" | "absent" | "broken";
  /** What was found: a version, a place, the reason of a failure. */
  readonly detail: string;
  readonly remedy?: string;
}

interface Check {
  readonly name: string;
  /** Returns the detail to show; throws what is wrong. */
  readonly attempt: () => Promise<string> | string;
  readonly remedy: string;
  readonly optional?: true;
}

const requiredNode = [20, 19] as const;
const run = promisify(execFile);

const checks: readonly Check[] = [
  { name: "node", attempt: checkNode, remedy: `install Node ${requiredNode.join(".")} or newer (https://nodejs.org)` },
  { name: "zmq", attempt: exchangeOneMessage, remedy: "reinstall the package zeromq: npm ci" },
  { name: "kernel", attempt: probeKernel, remedy: "run `npm ci` and `npm run build` in the project's root" },
  {
    name: "jupyter",
    attempt: checkJupyter,
    remedy: "`npm run notebook` installs it into the project, or: pip install jupyterlab plotly",
    optional: true,
  },
  { name: "registered", attempt: checkRegistration, remedy: "run `dmpo-kernel install`", optional: true },
  {
    name: "charts",
    attempt: checkChartExtension,
    remedy: "pip install plotly beside JupyterLab; without it charts are still pictures. VS Code needs nothing",
    optional: true,
  },
  { name: "pictures", attempt: checkPictures, remedy: "reinstall the packages jsdom and @napi-rs/canvas: npm ci" },
  { name: "compute", attempt: checkCompute, remedy: 'try device: "wasm"; it runs everywhere, about 7 times slower' },
  { name: "simulator", attempt: checkSimulator, remedy: "reinstall the package mujoco-js: npm ci" },
  { name: "assets", attempt: checkAssets, remedy: "restore the folder sdk/data of the project" },
];

/** Tries everything, in the order in which things build on each other; one finding as soon as it is known. */
export async function* diagnose(): AsyncGenerator<Finding> {
  for (const { name, attempt, remedy, optional } of checks) {
    try {
      yield { name, state: "works", detail: await attempt() };
    } catch (error) {
      const detail = error instanceof Error ? error.message : String(error);
      yield { name, state: optional ? "absent" : "broken", detail, remedy };
    }
  }
}

function checkNode(): string {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  const [requiredMajor, requiredMinor] = requiredNode;
  if (major < requiredMajor || (major === requiredMajor && minor < requiredMinor)) {
    throw new Error(`${process.versions.node} is too old`);
  }
  return process.versions.node;
}

async function checkJupyter(): Promise<string> {
  const own = projectEnvironment();
  for (const jupyter of ["jupyter", ...(own ? [join(own, "bin/jupyter")] : [])]) {
    const lab = await run(jupyter, ["lab", "--version"]).catch(() => undefined);
    if (lab) return `JupyterLab ${lab.stdout.trim()} (${jupyter})`;
  }
  throw new Error("there is no JupyterLab on the PATH");
}

async function checkRegistration(): Promise<string> {
  const folders = await registrations();
  if (folders.length === 0) throw new Error("Jupyter does not know the kernel yet");
  return folders.join(", ");
}

async function checkChartExtension(): Promise<string> {
  const extension = "labextensions/jupyterlab-plotly";
  for (const folder of await dataFolders()) {
    const found = await access(join(folder, extension)).then(
      () => true,
      () => false,
    );
    if (found) return `interactive in JupyterLab (${join(folder, extension)})`;
  }
  throw new Error("JupyterLab has no renderer of Plotly figures");
}

async function checkPictures(): Promise<string> {
  const figure = { data: [{ type: "scatter", x: [0, 1], y: [0, 1] }], layout: { title: { text: "doctor" } } };
  const png = await figures.toPng(figure, { width: 300, height: 200, scale: 1 });
  return `a chart as PNG without a browser (${png.length} bytes)`;
}

async function checkCompute(): Promise<string> {
  const data = await Dataset.bundled("hopper-medium-mini");
  const policy = MeanFlow.improved().withNetwork({ mlpDims: [32, 32, 32] });
  const { curve, seconds } = await policy.pretrain(data, { epochs: 1, folder: null, device: "cpu" });
  return `cpu: one epoch of pre-training in ${seconds.toFixed(1)} s, loss ${curve[0]!.loss.toFixed(2)}`;
}

async function checkSimulator(): Promise<string> {
  const environment = await makeEnvironment("hopper-v2");
  environment.reset();
  const { width, height } = environment.render({ width: 96, height: 96 });
  environment.close();
  return `hopper-v2, drawn in ${width} x ${height} pixels`;
}

async function checkAssets(): Promise<string> {
  const data = await Dataset.bundled("hopper-medium-mini");
  return `hopper-medium-mini, ${data.summary().episodes} episodes`;
}
