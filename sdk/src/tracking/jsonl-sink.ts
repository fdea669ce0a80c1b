// Metrics as JSON lines, readable by any tool, also while a run is going on.
import { z } from "zod";
import { parseOptions, pathText } from "../options.js";
import { closeSync, fstatSync, fsyncSync, openSync, readSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { makeFolder } from "../files.js";
import type { MetricsSink } from "./metrics-sink.js";

/**
 * Appends one JSON object per record; numbers that are not finite become null. Missing folders are made, and a file that is deleted begins anew.
 * Every record is handed to the system at once, so that it survives a crash of this process.
 * @throws the system's error if the file cannot be opened or written.
 */
export function jsonlSink(path: string): MetricsSink {
  parseOptions(z.strictObject({ path: pathText }), { path });
  let file = opened(path);
  let open = true;
  return {
    log(record) {
      if (!open) throw new Error(`${path} is closed`);
      // Deleted while the run goes on: the other files of the run come back as well.
      if (fstatSync(file).nlink === 0) {
        closeSync(file);
        file = opened(path);
      }
      writeSync(
        file,
        `${JSON.stringify(record, (_, value: unknown) => (typeof value === "bigint" ? Number(value) : value))}\n`,
      );
    },
    async close() {
      if (!open) return;
      open = false;
      fsyncSync(file);
      closeSync(file);
    },
  };
}

function opened(path: string): number {
  makeFolder(dirname(path));
  const file = openSync(path, "a+");
  // A line that a power failure cut short must not swallow the next one.
  if (!endsWithNewline(file)) writeSync(file, "\n");
  return file;
}

function endsWithNewline(file: number): boolean {
  const { size } = fstatSync(file);
  const last = Buffer.alloc(1);
  return size === 0 || (readSync(file, last, 0, 1, size - 1) === 1 && last.toString() === "\n");
}
