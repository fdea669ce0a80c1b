// What the system refuses is one problem with its path and a remedy, wherever it happens.
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { open, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readCheckpointFile } from "../sdk/src/checkpoints/checkpoint-file.js";
import { failureText } from "../sdk/src/cli/command.js";
import { interpolate } from "../sdk/src/config/language/interpolation.js";
import { evaluateArithmetic } from "../sdk/src/config/language/arithmetic.js";
import { parseOverrides } from "../sdk/src/config/language/overrides.js";
import { readYaml } from "../sdk/src/config/language/yaml-source.js";
import { readDataFile } from "../sdk/src/data/data-file.js";
import { InputError } from "../sdk/src/errors.js";
import { claimFolder } from "../sdk/src/experiments/runs/run-folder.js";
import { writeFileAtomic } from "../sdk/src/files.js";
import { storePaths } from "../sdk/src/paths.js";
import { naming, systemError } from "../sdk/src/system-errors.js";
import { inputErrorOf } from "./config/input-error.js";
import { dmpo } from "./cli/dmpo.js";
import { temporaryFolder } from "./data/temporary-folder.js";

const folder = temporaryFolder();
const file = join(folder, "file");
writeFileSync(file, "x");
const long = join(folder, "n".repeat(300));

async function errorOf(work: Promise<unknown>): Promise<InputError> {
  const error: unknown = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof InputError)) throw new Error(`no InputError but ${String(error)}`);
  expect(error.problems).toHaveLength(1);
  expect(error.problems[0]!.remedy).toBeTruthy();
  return error;
}

test.each<[string, (path: string) => Promise<unknown>]>([
  ["written", (path) => writeFileAtomic(path, "x")],
  ["claimed for a run", claimFolder],
  ["read as a checkpoint", readCheckpointFile],
  ["read as data", readDataFile],
])("a path that is %s", async (_, use) => {
  expect((await errorOf(use(long))).message).toMatch(/n{200}: has a name that is too long\n {2}expected at most 255/);
  expect((await errorOf(use(join(file, "x", "y")))).message).toContain("file");
  const { problems } = await errorOf(use(`${folder}/a\0b`));
  expect(problems[0]).toMatchObject({ wrong: "contains a NUL character" });
  expect(problems[0]!.path).toContain("a\0b");
});

test("a file where a folder is needed", async () => {
  expect((await errorOf(claimFolder(join(file, "run")))).problems[0]!.path).toBe(file);
  const { code, error } = await dmpo("data", "process-d3il-dataset", `--load_path=${file}`, `--save_dir=${folder}`);
  expect([code, error.split("\n").length]).toEqual([1, 3]);
  expect(error).toBe(
    `dmpo: ${file}: leads through a file as if it were a folder\n  expected folders up to the last name\n  check the path`,
  );
});

test.skipIf(process.platform !== "linux")("a device that is always full, and one that never ends", async () => {
  const writing = async () => {
    const device = await open("/dev/full", "w");
    try {
      await device.writeFile("x");
    } finally {
      await device.close();
    }
  };
  expect((await errorOf(naming("the log", writing))).message).toMatch(/^the log: there is no space left on the device/);
  await expect(readCheckpointFile("/dev/zero")).rejects.toThrow("/dev/zero: is a device or a pipe");
  await expect(readDataFile("/dev/zero")).rejects.toThrow("/dev/zero: is a device or a pipe");
});

test.skipIf(process.getuid?.() === 0 || process.platform === "win32")("no permission", async () => {
  const locked = join(folder, "locked");
  mkdirSync(locked);
  chmodSync(locked, 0o555);
  expect((await errorOf(writeFileAtomic(join(locked, "x"), "x"))).message).toContain("is not permitted to you");
});

test.each(["ENOSPC", "EDQUOT", "EROFS", "EACCES", "EPERM", "EIO", "EMFILE", "ENFILE", "EBUSY", "ELOOP", "ESTALE"])(
  "%s is a problem with its cause",
  (code) => {
    const cause = Object.assign(new Error(`${code}: x`), { code, syscall: "write", path: "/data/run/x" });
    const error = systemError(cause)!;
    expect(error).toMatchObject({ code: "DMPO_SYSTEM", cause });
    expect(error.problems[0]).toMatchObject({ path: "/data/run/x", remedy: expect.any(String) as string });
  },
);

test("a deleted working directory; other errors stay what they are", () => {
  const deleted = Object.assign(new Error("ENOENT"), { code: "ENOENT", syscall: "uv_cwd" });
  expect(systemError(deleted)!.message).toMatch(/^working directory: was deleted/);
  for (const other of [new TypeError("x"), Object.assign(new Error("x"), { code: "ERR_X" }), "x", undefined]) {
    expect(systemError(other)).toBeUndefined();
  }
  const input = new InputError("DMPO_X", [{ path: "a", wrong: "b", expected: "c" }]);
  expect(systemError(input)).toBeUndefined();
});

test("the temporary file stands for the file that it becomes", async () => {
  const error = Object.assign(new Error("x"), {
    ...{ code: "ENOSPC", syscall: "write", path: "/run/x.pt.2c100600-7c6e-4711-a5e7-397b9be95367.tmp" },
  });
  expect(systemError(error)!.problems[0]!.path).toBe("/run/x.pt");
  await expect(naming("x", () => Promise.resolve(3))).resolves.toBe(3);
});

test("the stack only where it is asked for, with what the system said", async () => {
  const cause: unknown = await readFile(long).catch((error: unknown) => error);
  expect(failureText(cause)).not.toContain("    at ");
  expect(failureText(cause, true)).toContain("ENAMETOOLONG");
  const arguments_ = ["checkpoint", "info", long] as const;
  expect((await dmpo(...arguments_)).error).not.toContain("    at ");
  expect((await dmpo(...arguments_, "--verbose")).error).toMatch(/ at .*checkpoint-file/);
  expect(failureText(new TypeError("a fault of the program"))).toContain("    at ");
});

test("settings that cannot be stored", async () => {
  process.env.XDG_CONFIG_HOME = file;
  try {
    expect((await errorOf(storePaths({}))).message).toContain("leads through a file");
    await expect(stat(join(file, "dmpo"))).rejects.toThrow();
    expect(readFileSync(file, "utf8")).toBe("x");
  } finally {
    delete process.env.XDG_CONFIG_HOME;
  }
});

test("what nests without end is refused, not overrun", () => {
  const deep = (count: number, open: string, inner: string, close: string) =>
    open.repeat(count) + inner + close.repeat(count);
  expect(inputErrorOf(() => parseOverrides([`a=${deep(20_000, "[", "", "]")}`])).message).toContain("nest too deeply");
  expect(inputErrorOf(() => parseOverrides([`${"a.".repeat(20_000)}b=1`])).message).toContain("nests too deeply");
  expect(() => evaluateArithmetic(deep(20_000, "(", "1", ")"))).toThrow("nests too deeply");
  expect(() => evaluateArithmetic("-".repeat(20_000) + "1")).toThrow("nests too deeply");
  expect(evaluateArithmetic(deep(90, "(", "1", ")"))).toBe(1);
  expect(parseOverrides([`a=${deep(100, "[", "1", "]")}`])).toHaveLength(1);

  const yaml = (text: string) => {
    const path = join(folder, "deep.yaml");
    writeFileSync(path, text);
    return readYaml(path).settings;
  };
  const context = { now: new Date(0), environment: {} };
  const chain = (count: number) =>
    Array.from({ length: count }, (_, i) => `c${i}: \${c${i + 1}}`).join("\n") + `\nc${count}: 7\n`;
  expect(interpolate(yaml(chain(1000)), context).problems[0]!.wrong).toContain("too deeply");
  expect(interpolate(yaml(chain(90)), context).settings.get("c0")!.value).toBe(7);
  expect(interpolate(yaml(`a: "${deep(5000, "${", "b", "}")}"`), context).problems[0]!.wrong).toContain("too deeply");
  const merges = Array.from({ length: 300 }, (_, i) => `a${i + 1}: &a${i + 1} {<<: *a${i}}`).join("\n");
  for (const text of [
    `l: ${deep(5000, "[", "", "]")}`,
    `l: ${deep(150, "[", "", "]")}`,
    `l: ${deep(150, "{a: ", "1", "}")}`,
    `a0: &a0 {x: 1}\n${merges}`,
  ]) {
    expect(inputErrorOf(() => yaml(text)).message).toContain("nests too deeply\n  expected at most 100 levels");
  }
  expect(yaml(`l: ${deep(90, "{a: ", "1", "}")}`).size).toBe(1);
});
