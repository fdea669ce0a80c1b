// The folder of a sensitivity analysis: one file per finished run, so that it can be stopped at any moment and continued.
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { fail } from "../../errors.js";
import { writeJson } from "../runs/control.js";
import { cellName, type Cell } from "./grid.js";
import type { Measures } from "./measures.js";

/** What all runs have in common. */
export interface Definition {
  /** Source text of `run`, white space unified. What it takes from outside is not seen: put that into `settings`. */
  readonly run: string;
  readonly settings: unknown;
}

export interface FinishedCell extends Cell {
  readonly measures: Measures;
  readonly seconds: number;
}

export class CellStore {
  private constructor(private readonly folder: string) {}

  /** @throws InputError DMPO_SENSITIVITY_CHANGED if the folder holds runs of another definition. */
  static async open(folder: string, definition: Definition): Promise<CellStore> {
    const path = join(folder, "definition.json");
    const stored = await readJson<Definition>(path);
    if (!stored) await writeJson(path, definition);
    for (const part of ["run", "settings"] as const) {
      if (stored && !isDeepStrictEqual(stored[part], plain(definition[part]))) changed(path, `another \`${part}\``);
    }
    return new CellStore(folder);
  }

  /** The stored run, if there is one. @throws InputError DMPO_SENSITIVITY_CHANGED if its names stand for other values now. */
  async read(cell: Cell): Promise<FinishedCell | undefined> {
    const path = this.#path(cell);
    const stored = await readJson<FinishedCell>(path);
    if (stored && !isDeepStrictEqual(stored.values, plain(cell.values))) {
      changed(path, `${cellName(cell)} meaning ${JSON.stringify(stored.values)}`);
    }
    return stored;
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

async function readJson<T>(path: string): Promise<T | undefined> {
  let text;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  try {
    return JSON.parse(text) as T;
  } catch {
    return fail(
      "DMPO_SENSITIVITY_FOLDER",
      path,
      "is no JSON",
      "a file of this analysis",
      "delete it to repeat that run",
    );
  }
}

function changed(path: string, what: string): never {
  const remedy = "take another `folder`, or delete this one to start again";
  fail("DMPO_SENSITIVITY_CHANGED", path, `belongs to ${what}`, "runs of the same definition", remedy);
}
