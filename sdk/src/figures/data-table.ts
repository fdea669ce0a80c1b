// Results as data frames to filter, group and join: arquero's, and danfo's where that is installed.
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { inspect } from "node:util";
import type * as Arquero from "arquero";
import { fail } from "../errors.js";
import { htmlTable, plainTable, type Table } from "./html-table.js";
import { displayMethod, showsAs } from "./mime.js";

/** Arquero's table: `filter`, `derive`, `groupby`, `join`, `toCSV`, ... */
export type ColumnTable = Arquero.ColumnTable;

/** One row of a table: values by the name of their column. */
export type Row = Readonly<Record<string, unknown>>;

/** What is used of a danfo data frame; give the call danfo's own type to have all of it. */
export interface DanfoFrame {
  /** Names of the columns. */
  readonly columns: readonly string[];
  /** [rows, columns]. */
  readonly shape: readonly number[];
  /** One array of cells per row. */
  readonly values: unknown;
}

/** Names of columns are anything: what a row has by itself, not what every object inherits. */
const ownValue = (row: Row, name: string) => (Object.hasOwn(row, name) ? row[name] : undefined);

const require = createRequire(import.meta.url);

/**
 * An arquero table with the columns of all rows, undefined where a row has none. It, and whatever is derived from it, shows
 * itself in a notebook (the first 100 rows).
 */
export function dataTable(rows: readonly Row[]): ColumnTable {
  // Loaded when first needed: it takes a tenth of a second.
  const { ColumnTable, table } = require("arquero") as typeof Arquero;
  if (!(displayMethod in ColumnTable.prototype)) showsAs(ColumnTable.prototype, tableBundle);
  const names = columnNames(rows);
  return table(Object.fromEntries(names.map((name) => [name, rows.map((row) => ownValue(row, name))])), names);
}

/**
 * A danfo data frame with the columns of all rows, which are null where a row has none; it shows itself as tables do.
 * @throws InputError DMPO_DANFO where danfojs-node is not installed, saying how to install it.
 */
export async function danfoFrame<Frame = DanfoFrame>(rows: readonly Row[]): Promise<Frame> {
  const { DataFrame } = await loadDanfo();
  const names = columnNames(rows);
  const values = rows.map((row) => names.map((name) => ownValue(row, name) ?? null));
  if (!(displayMethod in DataFrame.prototype)) showsAs(DataFrame.prototype, frameBundle);
  return new DataFrame(values, { columns: names }) as Frame;
}

interface Danfo {
  readonly DataFrame: {
    readonly prototype: DanfoFrame;
    new (values: unknown[][], options: { columns: string[] }): DanfoFrame;
  };
}

/** Beside the SDK or beside the notebook. */
async function loadDanfo(): Promise<Danfo> {
  const name = "danfojs-node";
  try {
    return require(
      require.resolve(name, { paths: [fileURLToPath(new URL(".", import.meta.url)), join(process.cwd(), "cell.js")] }),
    ) as Danfo;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "MODULE_NOT_FOUND") throw error;
    return fail(
      "DMPO_DANFO",
      name,
      `cannot be loaded: ${(error as Error).message.split("\n")[0]}`,
      "danfojs-node 1.2.0, which is optional; toTable() needs nothing",
      'put "overrides": { "@tensorflow/tfjs-node": "npm:@tensorflow/tfjs@4.22.0", "xlsx": "0.18.5" } into your ' +
        "package.json and run `npm install danfojs-node@1.2.0 @tensorflow/tfjs@4.22.0`",
    );
  }
}

function columnNames(rows: readonly Row[]): string[] {
  return [...new Set(rows.flatMap((row) => Object.keys(row)))];
}

function tableBundle(table: ColumnTable) {
  const columns = table.columnNames();
  const values = columns.map((name) => Array.from(table.array(name), cellOf));
  return bundleOf({
    columns,
    rows: Array.from({ length: table.numRows() }, (_, row) => values.map((column) => column[row]!)),
  });
}

function frameBundle({ columns, values }: DanfoFrame) {
  return bundleOf({ columns, rows: (values as unknown[][]).map((row) => row.map(cellOf)) });
}

function bundleOf(table: Table) {
  return { "text/html": htmlTable(table), "text/plain": plainTable(table) };
}

function cellOf(value: unknown): string | number {
  if (typeof value === "number") return value;
  if (value === undefined || value === null) return "";
  return typeof value === "string" ? value : inspect(value, { breakLength: Infinity });
}
