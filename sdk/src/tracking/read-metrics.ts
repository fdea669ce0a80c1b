// Metrics of an earlier run, however it kept them: metrics.jsonl, or the pickled result of the PyTorch reference.
import { existsSync, statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { numpyGlobals, NumpyArray } from "../checkpoints/numpy-pickle.js";
import { readPickle } from "../checkpoints/pickle.js";
import { plainGlobals } from "../checkpoints/plain-pickle.js";
import { fail } from "../errors.js";
import { foreignFile } from "../foreign-file.js";
import type { MetricsRecord } from "./metrics-sink.js";

const fileNames = ["metrics.jsonl", "result.pkl"] as const;

/**
 * Reads a `.jsonl` file, a `.pkl` file (a list of dicts, as `result.pkl`), or the first of these in a run's folder.
 * Numbers and texts are kept; what is neither is left out. NaN and Infinity are read as Python's json writes them. A last line that a
 * crash cut short is ignored.
 * @throws InputError `DMPO_METRICS`, or `DMPO_PICKLE` naming what a pickle may not hold.
 */
export async function readMetrics(path: string): Promise<MetricsRecord[]> {
  const file = locate(path);
  const bytes = await readFile(file);
  const foreign = foreignFile(bytes);
  if (foreign) fail("DMPO_METRICS", file, foreign.wrong, "the metrics of a run", foreign.remedy);
  const rows = file.endsWith(".pkl") ? pickled(bytes, file) : lines(bytes.toString("utf8"), file);
  if (rows.length === 0) fail("DMPO_METRICS", file, "holds no records", "one per epoch or iteration");
  return rows;
}

function locate(path: string): string {
  const expected = "a metrics.jsonl or result.pkl file, or a folder that holds one";
  if (!existsSync(path)) fail("DMPO_METRICS", path, "does not exist", expected);
  if (!statSync(path).isDirectory()) {
    if (!/\.(jsonl|pkl)$/.test(path)) fail("DMPO_METRICS", path, "is of an unknown kind", expected);
    return path;
  }
  const found = fileNames.map((name) => join(path, name)).find((file) => existsSync(file));
  return found ?? fail("DMPO_METRICS", path, `holds none of ${fileNames.join(", ")}`, expected);
}

function lines(text: string, file: string): MetricsRecord[] {
  const all = text.replace(/^\uFEFF/, "").split("\n");
  return all.flatMap((line, index) => {
    if (line.trim() === "") return [];
    const where = `${file}:${index + 1}`;
    let record: unknown;
    try {
      record = parseJson(line);
    } catch {
      if (index === all.length - 1) return [];
      fail("DMPO_METRICS", where, "is no JSON", "one JSON object per line");
    }
    if (typeof record !== "object" || record === null || Array.isArray(record)) {
      fail("DMPO_METRICS", where, "is no object", "one JSON object per line");
    }
    return [recordOf(Object.entries(record))];
  });
}

/** JSON, and the three words that Python's json adds to it. */
function parseJson(text: string): unknown {
  const token = /"(?:[^"\\]|\\.)*"|-?\bInfinity\b|\bNaN\b/g;
  const words: Readonly<Record<string, number>> = { NaN, Infinity, "-Infinity": -Infinity };
  const plain = text.replace(token, (found) => (found.startsWith('"') ? found : JSON.stringify(marker + found)));
  return JSON.parse(plain, (_, value: unknown) =>
    typeof value === "string" && value.startsWith(marker) ? words[value.slice(marker.length)] : value,
  );
}

/** Before a word that stands for a number; no text of a record begins so. */
const marker = "\u0000number ";

function pickled(bytes: Uint8Array, source: string): MetricsRecord[] {
  const { value } = readPickle(bytes, { source, globals: { ...plainGlobals, ...numpyGlobals } });
  if (!Array.isArray(value) || !value.every((row) => row instanceof Map)) {
    fail("DMPO_METRICS", source, "holds something else", "a list of dicts, one per iteration");
  }
  return (value as Map<unknown, unknown>[]).map((row) => recordOf([...row].map(([key, item]) => [String(key), item])));
}

function recordOf(entries: readonly (readonly [string, unknown])[]): MetricsRecord {
  return Object.fromEntries(
    entries.flatMap(([key, value]) => {
      const plain = scalar(value);
      return plain === undefined ? [] : [[key, plain] as const];
    }),
  );
}

function scalar(value: unknown): number | string | undefined {
  if (value instanceof NumpyArray && value.data.length === 1) return value.data[0];
  if (typeof value === "bigint" || typeof value === "boolean") return Number(value);
  return typeof value === "number" || typeof value === "string" ? value : undefined;
}
