// Room for what is written around a plot: long titles and names continue on a second line, and a figure with many names
// below it grows. Widths are estimates, because figures are made without any font.
import { preferredSize, type Figure, type Trace } from "./figure.js";

/** Breaks a text with Plotly's markup between words so that no line exceeds `width`, in font sizes. */
export function wrapped(text: string, width: number): string {
  if (lineCount(text) > 1) return text; // its author, or this function, has broken it
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/(?<= )(?![^<]*>)/)) {
    if (line !== "" && widthOf(line + word.trimEnd()) > width) {
      lines.push(line.trimEnd());
      line = "";
    }
    line += word;
  }
  return [...lines, line].join("<br>");
}

export function lineCount(text: string): number {
  return text.split(/<br *\/?>/i).length;
}

/** In font sizes; generous for sans-serif letters, 1 for ideographs and emoji. */
function widthOf(text: string): number {
  const visible = text.replace(/<[^<>]*>/g, "");
  return Array.from(visible).reduce((sum, character) => sum + (character >= "\u2e80" ? 1 : 0.54), 0);
}

const markWidth = 46;
const sideMargins = 84;

/** The figure with names that fit and, below the plot, as much height as they take. */
export function fitted({ data, layout }: Figure): Figure {
  const legend = (layout.legend ?? {}) as { orientation?: string; font?: { size?: number }; maxheight?: number };
  const isListed = ({ name, showlegend }: Trace) => name !== undefined && showlegend !== false;
  if (layout.showlegend === false || !data.some(isListed)) return { data, layout };
  const size = legend.font?.size ?? 12;
  const { width, height } = preferredSize({ data, layout });
  const isBelow = legend.orientation === "h";
  const room = (isBelow ? width - sideMargins : width / 2) - markWidth;
  const named = data.map((trace) =>
    trace.name === undefined ? trace : { ...trace, name: wrapped(trace.name, room / size) },
  );
  if (!isBelow) return { data: named, layout };
  const names = [...new Set(named.filter(isListed).map(({ name }) => name!))];
  const widest = Math.max(
    ...names.flatMap((name) => name.split("<br>").map((line) => widthOf(line) * size + markWidth)),
  );
  const perRow = Math.max(1, Math.floor((width - sideMargins) / widest));
  const rowHeight = 1.5 * size * Math.max(...names.map(lineCount));
  const extra = Math.ceil(names.length / perRow) * rowHeight - 0.15 * height;
  if (extra <= 0 || legend.maxheight !== undefined) return { data: named, layout };
  return {
    data: named,
    layout: { ...layout, height: Math.round(height + extra), legend: { ...legend, maxheight: 1 } },
  };
}
