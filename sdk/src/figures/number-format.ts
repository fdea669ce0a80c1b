// Numbers as people read them: integers in full, otherwise four significant digits.

/** Made at first use: the first of them loads the rules of all languages. */
const format = (options: Intl.NumberFormatOptions) => {
  let made: Intl.NumberFormat | undefined;
  return (value: number) => (made ??= new Intl.NumberFormat("en-US", options)).format(value);
};
const grouped = format({ maximumFractionDigits: 0, signDisplay: "negative" });
const significant = format({ maximumSignificantDigits: 4, signDisplay: "negative" });

/** 566652 -> "566,652", 2893.4 -> "2,893", 0.98765 -> "0.9877", 0.00003 -> "3e-5", NaN -> "–". */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "–" : value > 0 ? "∞" : "−∞";
  const size = Math.abs(value);
  if (Number.isInteger(value) || size >= 1000) return minus(grouped(value));
  if (size < 1e-3) return minus(Number(value.toPrecision(3)).toExponential());
  return minus(significant(value));
}

/**
 * Cells of a table column: its numbers with as many decimals as give the largest four significant digits. Text stays as
 * it is, and so do numbers too small to be seen that way.
 */
export function formatColumn(cells: readonly (string | number)[]): string[] {
  const numbers = cells.filter((cell) => typeof cell === "number" && Number.isFinite(cell)) as number[];
  const largest = Math.max(...numbers.map(Math.abs), 0);
  const decimals =
    numbers.every(Number.isInteger) || largest >= 1000 ? 0 : Math.min(6, 3 - Math.floor(Math.log10(largest)));
  const fixed = new Intl.NumberFormat("en-US", {
    minimumFractionDigits: decimals,
    maximumFractionDigits: decimals,
    signDisplay: "negative",
  });
  return cells.map((cell) => {
    if (typeof cell === "string") return cell;
    const visible = Number.isInteger(cell) || Math.abs(cell) >= 10 ** (1 - decimals);
    return Number.isFinite(cell) && visible ? minus(fixed.format(cell)) : formatNumber(cell);
  });
}

function minus(text: string): string {
  return text.replace(/^-/, "−");
}
