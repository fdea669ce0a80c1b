// Metrics as other programs write them: JSON lines with Python's extra words, a byte order mark, damaged lines.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { jsonlSink } from "../../sdk/src/tracking/jsonl-sink.js";
import { readMetrics } from "../../sdk/src/tracking/read-metrics.js";
import { temporaryFolder } from "../data/temporary-folder.js";

const folder = temporaryFolder();
function file(text: string): string {
  const path = join(folder, "run/metrics.jsonl");
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  return path;
}

test.each<[string, string, unknown]>([
  ["NaN and infinities", '{"a": NaN, "b": -Infinity, "c": Infinity}', { a: NaN, b: -Infinity, c: Infinity }],
  ["the words in texts", '{"NaN": "NaN \\" Infinity", "x": "a, NaN"}', { NaN: 'NaN " Infinity', x: "a, NaN" }],
  ["a byte order mark and CR LF", '\uFEFF{"a": 1}\r\n', { a: 1 }],
  ["wide integers", '{"a": 9007199254740993000000, "ok": true, "none": null, "list": [1]}', { a: 9007199254740993e6, ok: 1 }], // prettier-ignore
])("%s", async (_, text, expected) => {
  expect(await readMetrics(file(text))).toEqual([expected]);
});

test.each([
  ['{"a": 1}\n[1]\n', ":2: is no object"],
  ["null\n", ":1: is no object"],
  ['{"a": nan}\n{"a": 1}\n', ":1: is no JSON"],
  ["<!doctype html>\n", "is a web page"],
])("%j is refused by its line", async (text, message) => {
  await expect(readMetrics(file(text))).rejects.toThrow(message);
});

test("a bigint is logged as a number", async () => {
  const path = join(folder, "bigint.jsonl");
  const sink = jsonlSink(path);
  // What JavaScript users can do.
  sink.log({ step: 7n as unknown as number });
  await sink.close();
  expect(readFileSync(path, "utf8")).toBe('{"step":7}\n');
});
