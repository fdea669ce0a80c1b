// Figures as notebooks show them: interactive where the page can draw Plotly, and as a picture everywhere else.
import { titleText, withPlainArrays, type DrawableFigure, type Figure } from "./figure.js";
import { fitted } from "./fitting.js";
import { showsAs, type MimeBundle } from "./mime.js";
import { toPng } from "./static/static-export.js";

/** `interactive` (default): Plotly with a picture beside it. `static`: the picture alone, for the smallest notebooks. */
export type FigureMode = "interactive" | "static";

let mode: FigureMode = "interactive";

/** How notebooks show figures from now on. */
export function showFiguresAs(wanted: FigureMode): void {
  mode = wanted;
}

/**
 * The figure as plain data with the method by which notebooks show it. Typed arrays become arrays; names that are too long
 * for the legend continue on a second line.
 */
export function figure({ data, layout }: DrawableFigure): Figure {
  return showsAs(fitted(withPlainArrays({ data, layout }) as Figure), figureBundle);
}

/**
 * Plotly's JSON, a PNG of the figure's own size (base64) and a line of text. A figure that cannot be drawn here, such as
 * a 3-D one, has no PNG.
 */
export async function figureBundle({ data, layout }: Figure): Promise<MimeBundle> {
  const picture = await toPng({ data, layout }, { scale: 1 }).catch(() => undefined);
  const names = data.flatMap(({ name, showlegend }) => (name && showlegend !== false ? [name] : []));
  return {
    ...((mode === "interactive" || !picture) && { "application/vnd.plotly.v1+json": { data, layout } }),
    ...(picture && { "image/png": picture.toString("base64") }),
    "text/plain": `Figure: ${titleText({ data, layout }) ?? ([...new Set(names)].slice(0, 8).join(", ") || "untitled")}`,
  };
}
