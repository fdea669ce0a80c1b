// `npm run kernel:compare`: the protocol cases and latencies of this kernel beside plain tslab, ipykernel and Deno's kernel,
// as the tables of docs/kernel.md. Deno is installed into a temporary folder. Arguments name kernels; default: all.
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { installKernel } from "../kernel-ext/dist/commands/registration.js";
import { ensureJupyter, projectRoot } from "./jupyter-environment.mjs";

const denoVersion = "2.9.6";
const titles = { dmpo: "this kernel", tslab: "plain tslab", python3: "ipykernel", deno: "Deno" };
const wanted = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(titles);

const { python } = ensureJupyter(console.error);
const place = mkdtempSync(join(tmpdir(), "dmpo-compare-"));
try {
  await installKernel({ prefix: place });
  if (wanted.includes("tslab")) register("tslab", tslabCommand(), "signal");
  if (wanted.includes("deno")) register("deno", denoCommand(), "message");
  const reports = wanted.map(assess);
  console.log([countTable(reports), failureTable(reports)].join("\n\n"));
} finally {
  rmSync(place, { recursive: true, force: true });
}

function assess(kernel) {
  const json = join(place, `${kernel}.json`);
  const battery = join(projectRoot, "test/e2e/protocol/battery.py");
  const packages = [
    "arquero",
    "@tensorflow/tfjs-backend-cpu",
    "@tensorflow/tfjs-core",
    "h5wasm",
    "@types/node",
    ...(kernel === "dmpo" ? [] : ["dmpo", "tslab"]),
  ];
  const links = packages.flatMap((name) => ["--link", `${name}=${join(projectRoot, "node_modules", name)}`]);
  spawnSync(python, [battery, "--kernel", kernel, "--json", json, "--measure", ...links], {
    env: { ...process.env, JUPYTER_PATH: join(place, "share/jupyter") },
    stdio: ["ignore", 2, 2],
  });
  return JSON.parse(readFileSync(json, "utf8"));
}

function register(name, argv, interruptMode) {
  const folder = join(place, "share/jupyter/kernels", name);
  mkdirSync(folder, { recursive: true });
  const kernelspec = { argv, display_name: name, language: "typescript", interrupt_mode: interruptMode };
  writeFileSync(join(folder, "kernel.json"), JSON.stringify(kernelspec));
}

function tslabCommand() {
  return [
    process.execPath,
    join(projectRoot, "node_modules/tslab/bin/tslab"),
    "kernel",
    "--config-path",
    "{connection_file}",
  ];
}

function denoCommand() {
  const folder = join(place, "deno");
  mkdirSync(folder);
  writeFileSync(join(folder, "package.json"), '{ "private": true }');
  const install = ["install", "--no-audit", "--no-fund", "--ignore-scripts", `deno@${denoVersion}`];
  execFileSync("npm", install, { cwd: folder, stdio: ["ignore", "ignore", "inherit"] });
  // The binary lies in the package of this platform; the launcher beside it would be put there by an install script.
  const [platform] = readdirSync(join(folder, "node_modules/@deno"));
  return [join(folder, "node_modules/@deno", platform, "deno"), "jupyter", "--kernel", "--conn", "{connection_file}"];
}

function countTable(reports) {
  const count = ({ cases }, state) => cases.filter((outcome) => outcome.state === state).length;
  const rows = [
    [
      "cases passed",
      (report) => `${count(report, "passed")} of ${report.cases.length - count(report, "not applicable")}`,
    ],
    ["not applicable", (report) => count(report, "not applicable")],
    ["start to first answer, s", ({ measured }) => measured.start.toFixed(1)],
    ["first cell `1+1`, ms", ({ measured }) => measured.first.toFixed(0)],
    ["later cells, median / p95, ms", ({ measured }) => `${measured.median.toFixed(1)} / ${measured.p95.toFixed(1)}`],
    ["resident memory when ready, MB", ({ measured }) => measured.memory.toFixed(0)],
  ];
  return [
    `| | ${reports.map(({ kernel }) => titles[kernel]).join(" | ")} |`,
    `|---|${reports.map(() => "---").join("|")}|`,
    ...rows.map(([title, cell]) => `| ${title} | ${reports.map(cell).join(" | ")} |`),
  ].join("\n");
}

/** Which cases some kernel fails: `x` failed, `-` not applicable. */
function failureTable(reports) {
  const marks = { passed: "ok", failed: "**x**", "not applicable": "-" };
  const lines = reports[0].cases.flatMap(({ room, title }, i) => {
    const states = reports.map(({ cases }) => cases[i].state);
    return states.includes("failed")
      ? [`| ${room}: ${title} | ${states.map((state) => marks[state]).join(" | ")} |`]
      : [];
  });
  return [
    `| case | ${reports.map(({ kernel }) => titles[kernel]).join(" | ")} |`,
    `|---|${reports.map(() => "---").join("|")}|`,
    ...lines,
  ].join("\n");
}
