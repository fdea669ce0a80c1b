// Every notebook of the project runs from start to end through nbclient, and its result can be read without running it.
import { readdirSync } from "node:fs";
import { cp, mkdir, mkdtemp, readFile, rm, stat, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hasJupyter, projectRoot, python, registerKernel, type Registered } from "./environment.js";
import { type NotebookFile, writeNotebook } from "./notebook-file.js";
import type { AssetPackage } from "../../sdk/src/envs/assets/assets.js";
import { hasAssets } from "../assets.js";
import { hasShared, sharedFile } from "../shared.js";

const source = join(projectRoot, "notebooks");
const notebooks = readdirSync(source).filter((name) => name.endsWith(".ipynb"));
/** Models that a notebook would otherwise fetch. */
const assets: Readonly<Record<string, AssetPackage>> = { "30-kitchen": "kitchen", "40-robomimic": "robosuite" };
/** Some need the demonstrations of D3IL, or models, which are other people's. */
const isRunnable = (name: string) => {
  const needed = assets[name.replace(".ipynb", "")];
  return (hasShared || !name.startsWith("20-d3il")) && (needed === undefined || hasAssets(needed));
};
if (hasShared) process.env.DMPO_D3IL_DEMONSTRATIONS ??= sharedFile("data/d3il-avoiding/demos");
const allowedSeconds = 300;
const allowedBytes = 5e6;
const plotly = "application/vnd.plotly.v1+json";

describe.skipIf(!hasJupyter)("notebooks", () => {
  let registered: Registered;
  let folder: string;

  beforeAll(async () => {
    registered = await registerKernel();
    // Beside the project's own folder, because notebooks may read files next to them and write runs there.
    folder = join(await mkdtemp(join(tmpdir(), "dmpo-notebooks-")), "notebooks");
    await cp(source, folder, { recursive: true, filter: (path) => !/log|runs/.test(path.slice(source.length)) });
    await symlink(join(projectRoot, "node_modules"), join(folder, "../node_modules"));
    await mkdir(join(folder, "executed"));
  });
  afterAll(async () => {
    await registered?.remove();
    await rm(join(folder, ".."), { recursive: true, force: true });
  });

  const execute = (name: string) => {
    const program = join(projectRoot, "test/e2e/run-notebook.py");
    return python(registered, [program, join(folder, name), join(folder, `run-${name}`), String(allowedSeconds)]);
  };
  const executed = async (name: string) =>
    JSON.parse(await readFile(join(folder, `run-${name}`), "utf8")) as NotebookFile;
  const toHtml = (file: string) =>
    python(registered, [
      "-m",
      "nbconvert",
      "--to",
      "html",
      "--log-level=ERROR",
      "--output-dir",
      join(folder, "executed"),
      file,
    ]);

  test.each(notebooks.filter(isRunnable))(
    "%s runs within five minutes, readable everywhere",
    { timeout: 900_000 },
    async (name) => {
      const started = performance.now();
      await execute(name);
      expect((performance.now() - started) / 1000).toBeLessThan(allowedSeconds);
      await assertReadable(await executed(name), join(folder, `run-${name}`));
      await toHtml(join(folder, `run-${name}`));
    },
  );

  test.each(notebooks)("%s is committed with its outputs", async (name) => {
    const file = join(source, name);
    await assertReadable(JSON.parse(await readFile(file, "utf8")) as NotebookFile, file);
  });

  test("counts, errors and HTML of a small notebook", async () => {
    await writeNotebook(join(folder, "small.ipynb"), [
      'console.log("hello")',
      'import { figures } from "dmpo";\nfigures.histogram([{ name: "returns", values: [1, 2, 2, 3] }])',
    ]);
    await execute("small.ipynb");
    await assertReadable(await executed("small.ipynb"), join(folder, "run-small.ipynb"));
    await toHtml(join(folder, "run-small.ipynb"));
    const html = await readFile(join(folder, "executed/run-small.html"), "utf8");
    expect(html).toContain("data:image/png;base64");
  });

  test("a failing cell stops the execution and leaves its error in the file", async () => {
    await writeNotebook(join(folder, "failing.ipynb"), [
      "const fine = 1;",
      'throw new RangeError("on purpose")',
      "fine",
    ]);
    await expect(execute("failing.ipynb")).rejects.toThrow(/RangeError: on purpose/);
    const { cells } = await executed("failing.ipynb");
    expect(cells[1]!.outputs![0]).toMatchObject({ output_type: "error", ename: "RangeError", evalue: "on purpose" });
    expect(cells[2]!.outputs).toEqual([]);
  });

  test("--allow-errors runs the cells after a failing one", async () => {
    await writeNotebook(join(folder, "allowed.ipynb"), ['throw new Error("passed over")', '"still " + "here"']);
    const flags = [
      "--to",
      "notebook",
      "--execute",
      "--allow-errors",
      "--log-level=ERROR",
      "--output",
      "run-allowed.ipynb",
    ];
    await python(registered, ["-m", "nbconvert", ...flags, join(folder, "allowed.ipynb")]);
    const { cells } = await executed("allowed.ipynb");
    expect(JSON.stringify(cells[1]!.outputs)).toContain("still here");
  });
});

/** Numbered 1..n, free of errors, small, and with a picture wherever there is an interactive chart. */
async function assertReadable({ cells }: NotebookFile, file: string): Promise<void> {
  const code = cells.filter(
    ({ cell_type, source: text }) => cell_type === "code" && [text].flat().join("").trim() !== "",
  );
  expect(code.map((cell) => cell.execution_count)).toEqual(code.map((_, i) => i + 1));
  const outputs = code.flatMap((cell) => cell.outputs ?? []);
  expect(outputs.filter(({ output_type }) => output_type === "error")).toEqual([]);
  for (const { data } of outputs) {
    if (data && plotly in data) expect(Object.keys(data), "a chart needs a PNG").toContain("image/png");
  }
  expect((await stat(file)).size).toBeLessThan(allowedBytes);
}
