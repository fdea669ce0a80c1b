// The `dmpo-kernel` command: what it registers Jupyter finds, and what it removes is gone.
import { mkdir, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { run } from "../../kernel-ext/dist/commands/main.js";
import { hasJupyter, python, registerKernel } from "./environment.js";

let prefix: string;
beforeEach(async () => {
  prefix = await mkdtemp(join(tmpdir(), "dmpo-command-"));
});
afterEach(() => rm(prefix, { recursive: true, force: true }));

async function command(...argv: string[]) {
  const lines = { out: [] as string[], error: [] as string[] };
  const code = await run(argv, { out: (line) => lines.out.push(line), error: (line) => lines.error.push(line) });
  return { code, out: lines.out.join("\n"), error: lines.error.join("\n") };
}

test("install and uninstall below a prefix leave it empty", async () => {
  expect(await command("install", "--prefix", prefix)).toMatchObject({ code: 0, error: "" });
  const file = join(prefix, "share/jupyter/kernels/dmpo/kernel.json");
  expect(JSON.parse(await readFile(file, "utf8"))).toMatchObject({ language: "typescript" });
  expect((await command("install", "--prefix", prefix)).code).toBe(0);
  expect(await command("uninstall", "--prefix", prefix)).toMatchObject({ code: 0, error: "" });
  expect(await readdir(prefix)).toEqual([]);
});

test("other kernels in the folder stay", async () => {
  const kernels = join(prefix, "share/jupyter/kernels");
  await command("install", "--prefix", prefix);
  await mkdir(join(kernels, "other"));
  await command("uninstall", "--prefix", prefix);
  expect(await readdir(kernels)).toEqual(["other"]);
});

test("install --user follows JUPYTER_DATA_DIR", async () => {
  const before = process.env.JUPYTER_DATA_DIR;
  process.env.JUPYTER_DATA_DIR = join(prefix, "data");
  try {
    expect((await command("install")).out).toBe(`registered in ${join(prefix, "data/kernels/dmpo")}`);
    expect((await command("uninstall", "--user")).code).toBe(0);
    expect(await readdir(prefix)).toEqual([]);
  } finally {
    if (before === undefined) delete process.env.JUPYTER_DATA_DIR;
    else process.env.JUPYTER_DATA_DIR = before;
  }
});

test("removing what is not there, and wrong flags, are clear errors", async () => {
  const absent = await command("uninstall", "--prefix", prefix);
  expect(absent.code).toBe(1);
  expect(absent.error).toContain("not registered here");
  expect((await command("install", "--user", "--prefix", prefix)).code).toBe(2);
  expect((await command("instal")).error).toContain("--help");
  expect((await command("install", "--prefix", "/dev/null/x")).error).toContain("cannot be written");
});

test("doctor finds everything in order that the project brings itself", async () => {
  const { code, out } = await command("doctor");
  expect(out).not.toContain("BROKEN");
  expect(code).toBe(0);
  for (const name of ["node", "zmq", "kernel", "pictures", "compute", "simulator", "assets"]) {
    expect(out).toMatch(new RegExp(`^ok +${name} `, "m"));
  }
});

test.skipIf(!hasJupyter)("Jupyter lists the registered kernel", async () => {
  const registered = await registerKernel();
  try {
    const list = await python(registered, ["-m", "jupyter_client.kernelspecapp", "list", "--json"]);
    expect((JSON.parse(list) as { kernelspecs: object }).kernelspecs).toHaveProperty("dmpo.spec.display_name");
  } finally {
    await registered.remove();
  }
});
