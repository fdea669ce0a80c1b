// What comes from outside tells a terminal nothing: tensors, runs, notices, errors.
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { encodeRawSafetensors } from "../sdk/src/checkpoints/safetensors.js";
import { run } from "../sdk/src/cli/main.js";
import { failureText } from "../sdk/src/cli/command.js";
import { plainTerminal } from "../sdk/src/cli/terminal.js";
import { InputError } from "../sdk/src/errors.js";
import { announce } from "../sdk/src/experiments/runs/control.js";
import { plainText, warn } from "../sdk/src/plain-text.js";
import { consoleSink } from "../sdk/src/tracking/console-sink.js";
import { temporaryFolder } from "./data/temporary-folder.js";
import { dmpo } from "./cli/dmpo.js";

const folder = temporaryFolder();
/** Clears the screen, sets the title of the window, hides what follows, goes back, turns the writing around. */
const hostile = "\u001b[2J\u001b]0;title\u0007\u009b8m\rback\u202eturned\u2066";
const harmful = /(?![\n\t])[\p{Cc}\p{Bidi_Control}]/u;

test.each([
  ["\u001b[2J", "\\x1b[2J"],
  ["\u0000\u0007\u007f\u009b", "\\x00\\x07\\x7f\\x9b"],
  ["a\rb", "a\\x0db"],
  ["\u202e\u2069\u200f\u061c", "\\u202e\\u2069\\u200f\\u061c"],
  ["two\nlines\r\nand a\ttab", "two\nlines\r\nand a\ttab"],
  ["größe 速度 👍🏽 עברית", "größe 速度 👍🏽 עברית"],
])("%j is written %j", (text, written) => {
  expect(plainText(text)).toBe(written);
});

test("names of tensors, in what `dmpo checkpoint info` lists and in errors", async () => {
  const path = join(folder, "hostile.safetensors");
  const tensor = { dtype: "F32" as const, shape: [1], bytes: new Uint8Array(4) };
  writeFileSync(path, encodeRawSafetensors({ tensors: { [hostile]: tensor }, metadata: { [hostile]: hostile } }));
  const { code, out } = await dmpo("checkpoint", "info", "--tensors", path);
  expect(code).toBe(0);
  expect(out).toContain("\\x1b[2J");
  expect(out).not.toMatch(harmful);
  const { error } = await dmpo("checkpoint", "export", path, join(folder, "x.onnx"));
  expect(error).not.toMatch(harmful);
});

test("what a command line says, in errors of every kind", async () => {
  for (const argv of [
    ["config", "show", `--config-dir=${hostile}`, "--config-name=x"],
    [
      "config",
      "show",
      "--config-dir=cfg/gym/pretrain/hopper-medium-v2",
      "--config-name=pre_meanflow_mlp",
      `+x=${hostile}`,
    ],
    [hostile],
    ["data", "info", hostile],
    ["run", `--${hostile}`],
  ]) {
    const { code, out, error } = await dmpo(...argv);
    expect(code).not.toBe(0);
    expect(error).not.toBe("");
    expect(out + error).not.toMatch(harmful);
  }
});

test("questions, and errors that are not of the user", async () => {
  const said: string[] = [];
  const say = (line: string) => void said.push(line);
  const terminal = plainTerminal({ out: say, error: say, ask: async (question) => (say(question), hostile) });
  terminal.error(failureText(new Error(hostile)));
  expect(await terminal.ask!(hostile)).toBe(hostile);
  expect(said).toHaveLength(2);
  for (const line of said) expect(line).not.toMatch(harmful);
  expect(await run(["version"], { out: say, error: say })).toBe(0);
});

test("the message of an InputError, while its problems stay as they are", () => {
  const error = new InputError("DMPO_X", [{ path: hostile, wrong: hostile, expected: hostile, remedy: hostile }]);
  expect(error.message).not.toMatch(harmful);
  expect(error.problems[0]!.path).toBe(hostile);
});

test("a message stays readable, however much there is to say", () => {
  const long = "x".repeat(100_000);
  const problems = Array.from({ length: 100_000 }, () => ({ path: long, wrong: long, expected: long, remedy: long }));
  const error = new InputError("DMPO_X", problems);
  expect(error.message.length).toBeLessThan(400_000);
  expect(error.message.endsWith("and 99950 more")).toBe(true);
  expect(error.problems).toHaveLength(100_000);
  const edge = new InputError("DMPO_X", [{ path: "x".repeat(500), wrong: "y", expected: "z" }]);
  expect(edge.message).toBe(`${"x".repeat(500)}: y\n  expected z`);
});

test("notices and run.log", () => {
  const notice = vi.spyOn(console, "warn").mockImplementation(() => {});
  warn(hostile);
  const run = mkdtempSync(join(tmpdir(), "dmpo-log-"));
  announce(`run ${hostile}`, run);
  const shown = notice.mock.calls.flat().map(String);
  notice.mockRestore();
  expect(shown).toHaveLength(2);
  for (const text of [...shown, readFileSync(join(run, "run.log"), "utf8")]) expect(text).not.toMatch(harmful);
});

test.each([true, false])("progress on the console (terminal: %s)", async (isTTY) => {
  let text = "";
  const stream = { isTTY, columns: 200, write: (part: string) => void (text += part) };
  const sink = consoleSink({ counter: "epoch", stream, now: () => 0 });
  sink.log({ epoch: 1, [`loss ${hostile}`]: 1, note: hostile });
  await sink.close();
  // Its own: the beginning of the line, and the end of what was there.
  expect(text.replaceAll("\r", "").replaceAll("\u001b[K", "")).not.toMatch(harmful);
});

test("a notice is no error output in a notebook", () => {
  const [warned, said] = (["warn", "info"] as const).map((kind) => vi.spyOn(console, kind).mockReturnValue());
  vi.stubGlobal(Symbol.for("dmpo.notebook"), {});
  warn("in a notebook");
  vi.unstubAllGlobals();
  warn("elsewhere");
  expect([said!.mock.calls, warned!.mock.calls]).toEqual([[["in a notebook"]], [["elsewhere"]]]);
  vi.restoreAllMocks();
});
