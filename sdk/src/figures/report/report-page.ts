// A report as one HTML file that works offline: text, tables and figures, interactive where scripts run, else pictures.
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { InputError } from "../../errors.js";
import { writeFileAtomic } from "../../files.js";
import { preferredSize, titleText, withPlainArrays, type Figure } from "../figure.js";
import { fitted } from "../fitting.js";
import { formatColumn } from "../number-format.js";
import { plotlySource } from "../plotly-bundle.js";
import { toSvg } from "../static/static-export.js";
import { topMargin } from "../theme.js";
import { escapeHtml, htmlPage, jsonInScript } from "../../html.js";
import { pageScript, pageStyle } from "./page-assets.js";

export interface ReportTable {
  readonly title: string;
  readonly columns: readonly string[];
  /** One cell per column. Numbers are rounded for reading, alike in all rows of a column. */
  readonly rows: readonly (readonly (string | number)[])[];
}

export interface ReportFigure {
  /** Heading; default: the figure's own title. An empty one leaves it out. */
  readonly title?: string;
  readonly caption?: string;
  readonly figure: Figure;
}

/** A 3-D player, see `playerHtml`. */
export interface ReportPlayer {
  readonly title: string;
  readonly caption?: string;
  readonly html: string;
}

/** What a report shows, in this order. */
export interface Report {
  /** Heading of the page. */
  readonly title: string;
  /** Paragraphs of plain text. */
  readonly summary?: readonly string[];
  /** Each with its own heading. */
  readonly tables?: readonly ReportTable[];
  /** Each with heading and caption. */
  readonly players?: readonly ReportPlayer[];
  /** Each with heading and caption. */
  readonly figures?: readonly ReportFigure[];
  /** Small, at the end; e.g. versions. */
  readonly footer?: string;
}

/** Widths (pixels) above which a figure scrolls sideways on a phone instead of shrinking. */
const wide = 900;

/**
 * Writes `folder/index.html`, making the folder, and returns the file's path. The page loads nothing from elsewhere; its
 * size is about 0.7 MB for Plotly plus 20 to 150 kB per figure.
 * @throws InputError DMPO_REPORT_TABLE if a row does not fit its columns, DMPO_FIGURE_DRAW if a figure cannot be drawn.
 */
export async function writeReport(folder: string, report: Report): Promise<string> {
  const path = join(folder, "index.html");
  await writeFileAtomic(path, await reportHtml(report));
  return path;
}

/** The text of the page that {@link writeReport} writes. */
export async function reportHtml(report: Report): Promise<string> {
  const { title, summary = [], tables = [], players = [], figures = [], footer } = report;
  checkTables(tables);
  const plain = figures.map(({ figure }) => untitled(fitted(withPlainArrays(figure))));
  const sections: string[] = [];
  for (const [index, figure] of figures.entries()) sections.push(await figureSection(figure, plain[index]!, index));
  const body = `<main>
<h1>${escapeHtml(title)}</h1>
<div class="summary">${summary.map((paragraph) => `<p>${escapeHtml(paragraph)}</p>`).join("\n")}</div>
${tables.map(tableSection).join("\n")}
${players.map(playerSection).join("\n")}
${sections.join("\n")}
${footer === undefined ? "" : `<footer>${escapeHtml(footer)}</footer>`}
</main>
${figures.length === 0 ? "" : interactiveParts(plain)}`;
  return htmlPage(title, pageStyle, body);
}

function checkTables(tables: readonly ReportTable[]): void {
  const problems = tables.flatMap(({ title, columns, rows }) =>
    rows.flatMap((row, index) =>
      row.length === columns.length
        ? []
        : [
            {
              path: `table "${title}".rows[${index}]`,
              wrong: `${row.length} cells`,
              expected: `${columns.length}, one per column`,
            },
          ],
    ),
  );
  if (problems.length > 0) throw new InputError("DMPO_REPORT_TABLE", problems);
}

function tableSection({ title, columns, rows }: ReportTable): string {
  const cells = columns.map((_, column) => formatColumn(rows.map((row) => row[column]!)));
  const numeric = cells.map((column) => column.every((text) => /^[−–∞\d]/.test(text)));
  const cell = (tag: "th" | "td", text: string, column: number) =>
    `<${tag}${numeric[column] ? ' class="number"' : ""}>${escapeHtml(text)}</${tag}>`;
  const head = columns.map((name, column) => cell("th", name, column)).join("");
  const body = rows.map((_, row) => `<tr>${cells.map((column, at) => cell("td", column[row]!, at)).join("")}</tr>`);
  return `<section class="card"><h2>${escapeHtml(title)}</h2>
<div class="scroll"><table><thead><tr>${head}</tr></thead><tbody>${body.join("\n")}</tbody></table></div></section>`;
}

function playerSection({ title, caption, html }: ReportPlayer): string {
  const explained = caption === undefined ? "" : `<figcaption>${escapeHtml(caption)}</figcaption>`;
  return `<figure class="card"><h2>${escapeHtml(title)}</h2>\n<div class="player">${html}</div>\n${explained}</figure>`;
}

async function figureSection({ title, caption, figure }: ReportFigure, plain: Figure, index: number): Promise<string> {
  const heading = title ?? titleText(figure);
  const subtitle = figure.layout.title?.subtitle?.text;
  const { width, height } = preferredSize(plain);
  const picture = Buffer.from(await toSvg(plain)).toString("base64");
  return `<figure class="card">
${heading ? `<h2>${escapeHtml(heading)}</h2>` : ""}${subtitle ? `<p class="subtitle">${escapeHtml(subtitle)}</p>` : ""}
<div class="scroll"><div data-figure="${index}"${width > wide ? ' class="wide"' : ""}>
<img class="static" width="${width}" height="${height}" alt="${escapeHtml(heading || caption || "figure")}" src="data:image/svg+xml;base64,${picture}">
<div class="plot" style="height:${height}px" hidden></div>
</div></div>
${caption === undefined ? "" : `<figcaption>${escapeHtml(caption)}</figcaption>`}
</figure>`;
}

/** The figure without its title, which the page shows as a heading, and without the room for it. */
function untitled(figure: Figure): Figure {
  const { title, ...layout } = figure.layout;
  if (!title) return figure;
  const { height } = preferredSize(figure);
  const margin = layout.margin as { t?: number } | undefined;
  const saved = topMargin({ title: title.text, subtitle: title.subtitle?.text }) - topMargin({});
  return {
    data: figure.data,
    layout: { ...layout, height: height - saved, margin: { ...margin, t: Math.max(24, (margin?.t ?? 100) - saved) } },
  };
}

function interactiveParts(figures: readonly Figure[]): string {
  const packed = gzipSync(plotlySource(), { level: 9 }).toString("base64");
  const fluid = figures.map(({ data, layout: { width, height, ...layout } }) => ({ data, layout }));
  return `<script type="application/json" id="figures">${jsonInScript(fluid)}</script>
<script type="text/plain" id="plotly">${packed}</script>
<script>${pageScript}</script>`;
}
