// Saving a figure to a file whose extension says the format.
import { extname } from "node:path";
import { fail, nearest } from "../errors.js";
import { writeFileAtomic } from "../files.js";
import { userPath } from "../paths.js";
import { figure } from "./displayed-figure.js";
import { titleText, type DrawableFigure, type Figure } from "./figure.js";
import { reportHtml } from "./report/report-page.js";
import { toPng, toSvg } from "./static/static-export.js";

const formats: Readonly<Record<string, (drawn: Figure) => Promise<string | Uint8Array>>> = {
  ".png": (drawn) => toPng(drawn),
  ".svg": (drawn) => toSvg(drawn),
  ".json": async ({ data, layout }) => JSON.stringify({ data, layout }),
  ".html": (drawn) => reportHtml({ title: titleText(drawn) ?? "Figure", figures: [{ title: "", figure: drawn }] }),
};

/**
 * Writes the figure as `.png` (twice the pixels), `.svg`, `.json` (Plotly's data and layout) or `.html` (interactive, offline),
 * making missing folders.
 * @throws InputError DMPO_FIGURE_FORMAT for another extension, DMPO_FIGURE_DRAW if it cannot be drawn.
 */
export async function saveFigure({ data, layout }: DrawableFigure, path: string): Promise<void> {
  const extension = extname(path).toLowerCase();
  const format = formats[extension];
  if (!format) {
    const known = Object.keys(formats);
    const guess = nearest(extension, known);
    fail(
      "DMPO_FIGURE_FORMAT",
      path,
      `unknown extension "${extension}"`,
      known.join(", "),
      guess && `did you mean "${guess}"?`,
    );
  }
  await writeFileAtomic(userPath(path), await format(figure({ data, layout })));
}
