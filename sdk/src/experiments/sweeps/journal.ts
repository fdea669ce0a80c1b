// The journals of a sweep: JSON lines that are only ever appended to, one file per writer, so that neither a crash nor a second
// machine can damage what another one has written.
import { appendFileSync, closeSync, existsSync, fstatSync, fsyncSync, openSync, readSync, writeSync } from "node:fs";
import { open, readdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { z } from "zod";
import { makeFolder } from "../../files.js";

/** Appends one value and hands it to the device. A line that a crash cut short is closed first. */
export function appendLine(path: string, value: unknown): void {
  makeFolder(dirname(path));
  const file = openSync(path, "a+");
  try {
    const { size } = fstatSync(file);
    const last = Buffer.alloc(1);
    const isCut = size > 0 && readSync(file, last, 0, 1, size - 1) === 1 && last.toString() !== "\n";
    writeSync(file, `${isCut ? "\n" : ""}${JSON.stringify(value)}\n`);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** Reads what has been appended to files since it was last asked. Lines that are not whole, or no `schema`, are left out. */
export class JournalReader<Schema extends z.ZodType> {
  readonly #read = new Map<string, { offset: number; rest: string }>();

  constructor(private readonly schema: Schema) {}

  /** New lines of all files of a folder, or of the named ones. */
  async folder(folder: string, names?: readonly string[]): Promise<z.output<Schema>[]> {
    if (!existsSync(folder)) return [];
    const files = names ?? (await readdir(folder)).filter((name) => name.endsWith(".jsonl")).sort();
    const lines = [];
    for (const name of files) lines.push(...(await this.file(join(folder, name))));
    return lines;
  }

  /** New lines of one file, none where it does not exist. */
  async file(path: string): Promise<z.output<Schema>[]> {
    if (!existsSync(path)) return [];
    const place = this.#read.get(path) ?? { offset: 0, rest: "" };
    const file = await open(path, "r");
    try {
      const { size } = await file.stat();
      if (size <= place.offset) return [];
      const bytes = Buffer.alloc(size - place.offset);
      const { bytesRead } = await file.read(bytes, 0, bytes.length, place.offset);
      const lines = (place.rest + bytes.toString("latin1", 0, bytesRead)).split("\n");
      this.#read.set(path, { offset: place.offset + bytesRead, rest: lines.pop()! });
      return lines.flatMap((line) => this.#parse(Buffer.from(line, "latin1").toString("utf8")));
    } finally {
      await file.close();
    }
  }

  #parse(line: string): z.output<Schema>[] {
    try {
      const { data } = this.schema.safeParse(JSON.parse(line));
      return data === undefined ? [] : [data];
    } catch {
      return [];
    }
  }
}

/** Appends text to a log. */
export function appendText(path: string, text: string): void {
  makeFolder(dirname(path));
  appendFileSync(path, text);
}
