// The folder of a sensitivity analysis: one file per finished run, so that it can be stopped at any moment and continued.
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import { fail } from "../../errors.js";
import { systemError } from "../../system-errors.js";
import { writeJson } from "../runs/control.js";
import { cellName, type Cell } from "./grid.js";
import { checkedMeasures, type Measures } from "./measures.js";

/** What all runs have in common. */
export interface Definition {
  /** Source text of `run`, white space unified. What it takes from outside is not seen: put that into `settings`. */
  readonly run: string;
  readonly settings: unknown;
}

const names = z.record(z.string(), z.string());
const values = z.record(z.string(), z.unknown());
const storedDefinition = z.object({ run: z.string(), settings: z.unknown().optional() });
const storedCell = z.object({ labels: names, values, seed: z.int(), measures: values, seconds: z.number() });

export interface FinishedCell extends Cell {
  readonly measures: Measures;
  readonly seconds: number;
}

export class CellStore {
  private constructor(private readonly folder: string) {}

  /** @throws InputError DMPO_SENSITIVITY_CHANGED if the folder holds runs of another definition. */
  static async open(folder: string, definition: Definition): Promise<CellStore> {
    const path = join(folder, "definition.json");
    const stored = await readJson(path, storedDefinition);
    if (!stored) await writeJson(path, definition);
    for (const part of ["run", "settings"] as const) {
      if (stored && !isDeepStrictEqual(stored[part], plain(definition[part]))) changed(path, `another \`${part}\``);
    }
    return new CellStore(folder);
  }

  /** The store of an analysis that somebody else has opened. */
  static reopen(folder: string): CellStore {
    return new CellStore(folder);
  }

  /** The stored run, if there is one. @throws InputError DMPO_SENSITIVITY_CHANGED if its names stand for other values now. */
  async read(cell: Cell): Promise<FinishedCell | undefined> {
    const path = this.#path(cell);
    const stored = await readJson(path, storedCell);
    if (stored && !isDeepStrictEqual(stored.values, plain(cell.values))) {
      changed(path, `${cellName(cell)} meaning ${JSON.stringify(stored.values)}`);
    }
    return stored && { ...stored, measures: checkedMeasures(stored.measures, path) };
  }

  async write(cell: FinishedCell): Promise<void> {
    await writeJson(this.#path(cell), cell);
  }

  /** Readable, and unique by the hash of the names. */
  #path({ labels, seed }: Cell): string {
    const readable = Object.values(labels)
      .join("_")
      .replaceAll(/[^\w.-]+/g, "-")
      .slice(0, 80);
    const hash = createHash("sha256").update(JSON.stringify(labels)).digest("hex").slice(0, 8);
    return join(this.folder, "cells", `${readable}_${hash}_seed-${seed}.json`);
  }
}

/** As it comes back from a file. */
function plain(value: unknown): unknown {
  return value === undefined ? undefined : (JSON.parse(JSON.stringify(value)) as unknown);
}

async function readJson<Schema extends z.ZodType>(path: string, schema: Schema): Promise<z.output<Schema> | undefined> {
  let text;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw systemError(error, path) ?? error;
  }
  const refuse = (wrong: string) =>
    fail("DMPO_SENSITIVITY_FOLDER", path, wrong, "a file of this analysis", "delete it to repeat that run");
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return refuse("is no JSON");
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  return refuse(issue?.path.length ? `has no sound "${issue.path.join(".")}"` : "holds something else");
}

function changed(path: string, what: string): never {
  const remedy = "take another `folder`, or delete this one to start again";
  fail("DMPO_SENSITIVITY_CHANGED", path, `belongs to ${what}`, "runs of the same definition", remedy);
}
