// Tables for notebooks: HTML that takes its colours from the page, so that it is readable in the light and in the dark.
import { escapeHtml } from "../html.js";
import { formatColumn } from "./number-format.js";
import { textTable } from "./text-table.js";

export interface Table {
  readonly columns: readonly string[];
  /** One cell per column. Numbers are rounded for reading, alike in all rows of a column. */
  readonly rows: readonly (readonly (string | number)[])[];
}

/** A table of at most `limit` rows (default 100); a last line says how many are left out. Contents are escaped. */
export function htmlTable({ columns, rows }: Table, { limit = 100 } = {}): string {
  const shown = rows.slice(0, limit);
  const cells = formattedCells({ columns, rows: shown });
  const align = columns.map((_, at) => (isNumeric({ columns, rows: shown }, at) ? "right" : "left"));
  const row = (tag: "th" | "td", texts: readonly string[]) =>
    `<tr>${texts.map((text, at) => `<${tag} style="text-align: ${align[at]}">${escapeHtml(text)}</${tag}>`).join("")}</tr>`;
  const more = rows.length - shown.length;
  return [
    `<table><thead>${row("th", columns)}</thead><tbody>`,
    ...cells.map((texts) => row("td", texts)),
    ...(more > 0 ? [`<tr><td colspan="${columns.length}">${more.toLocaleString("en-US")} more rows</td></tr>`] : []),
    `</tbody></table>`,
  ].join("");
}

/** The same as lines of text, numbers to the right. */
export function plainTable({ columns, rows }: Table, { limit = 100 } = {}): string {
  const shown = { columns, rows: rows.slice(0, limit) };
  const more = rows.length - shown.rows.length;
  return [
    ...textTable(columns, formattedCells(shown), { right: (at) => isNumeric(shown, at) }),
    ...(more > 0 ? [`${more.toLocaleString("en-US")} more rows`] : []),
  ].join("\n");
}

function formattedCells({ columns, rows }: Table): string[][] {
  const byColumn = columns.map((_, at) => formatColumn(rows.map((row) => row[at]!)));
  return rows.map((_, row) => byColumn.map((column) => column[row]!));
}

/** Whether a column holds numbers only. */
function isNumeric({ rows }: Table, at: number): boolean {
  return rows.length > 0 && rows.every((row) => typeof row[at] === "number");
}
