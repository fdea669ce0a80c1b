// Tables for notebooks: HTML that takes its colours from the page, so that it is readable in the light and in the dark.
import { formatColumn } from "./number-format.js";
import { escapeHtml } from "./report/html.js";

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

/** The same as lines of text: columns padded to their widest cell, numbers to the right. */
export function textTable({ columns, rows }: Table, { limit = 100 } = {}): string {
  const shown = rows.slice(0, limit);
  const lines = [[...columns], ...formattedCells({ columns, rows: shown })];
  const widths = columns.map((_, at) => Math.max(...lines.map((line) => line[at]!.length)));
  const padded = (line: readonly string[]) =>
    line
      .map((text, at) =>
        isNumeric({ columns, rows: shown }, at) ? text.padStart(widths[at]!) : text.padEnd(widths[at]!),
      )
      .join("  ")
      .trimEnd();
  const more = rows.length - shown.length;
  const [head, ...body] = lines.map(padded);
  const rule = widths.map((width) => "-".repeat(width)).join("  ");
  return [head, rule, ...body, ...(more > 0 ? [`${more.toLocaleString("en-US")} more rows`] : [])].join("\n");
}

function formattedCells({ columns, rows }: Table): string[][] {
  const byColumn = columns.map((_, at) => formatColumn(rows.map((row) => row[at]!)));
  return rows.map((_, row) => byColumn.map((column) => column[row]!));
}

/** Whether a column holds numbers only. */
function isNumeric({ rows }: Table, at: number): boolean {
  return rows.length > 0 && rows.every((row) => typeof row[at] === "number");
}
