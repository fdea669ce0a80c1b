// Notebook files (nbformat 4.5) for the tests.
import { writeFile } from "node:fs/promises";
import { basename } from "node:path";

interface Output {
  readonly output_type: string;
  readonly name?: string;
  readonly text?: string | readonly string[];
  readonly data?: Readonly<Record<string, unknown>>;
  readonly ename?: string;
  readonly evalue?: string;
}

export interface NotebookFile {
  readonly cells: readonly {
    readonly cell_type: "code" | "markdown";
    readonly source: string | readonly string[];
    readonly execution_count?: number | null;
    readonly outputs?: readonly Output[];
  }[];
}

/** Writes a notebook of this kernel with these code cells. */
export async function writeNotebook(path: string, cells: readonly string[]): Promise<void> {
  const notebook = {
    nbformat: 4,
    nbformat_minor: 5,
    metadata: {
      kernelspec: { name: "dmpo", display_name: "DMPO (TypeScript)", language: "typescript" },
      language_info: { name: "typescript" },
    },
    cells: cells.map((source, i) => ({
      id: `${basename(path, ".ipynb")}-${i}`,
      cell_type: "code",
      metadata: {},
      source,
      execution_count: null,
      outputs: [],
    })),
  };
  await writeFile(path, JSON.stringify(notebook));
}
