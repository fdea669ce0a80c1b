// Tables as plain text, for terminals, log files and notebooks.

export interface TextTableOptions {
  /** Which columns are aligned right; default: none. */
  readonly right?: (column: number) => boolean;
  /** A line between the titles and the rows; default true. */
  readonly rule?: boolean;
}

/** Lines of `rows` below `titles`: columns padded to their widest cell, two spaces apart, without spaces at the ends. */
export function textTable(
  titles: readonly string[],
  rows: readonly (readonly string[])[],
  { right = () => false, rule = true }: TextTableOptions = {},
): string[] {
  const widths = titles.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]!.length)));
  const padded = (cells: readonly string[]) =>
    cells
      .map((text, column) => (right(column) ? text.padStart(widths[column]!) : text.padEnd(widths[column]!)))
      .join("  ")
      .trimEnd();
  const line = widths.map((width) => "-".repeat(width)).join("  ");
  return [padded(titles), ...(rule ? [line] : []), ...rows.map(padded)];
}

/** The first column names things, the others are numbers with their spreads. */
export function comparisonTable(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  return textTable(titles, rows, { right: (column) => column > 0 }).join("\n");
}
