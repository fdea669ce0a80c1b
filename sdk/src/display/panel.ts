// One output for a value with words, tables and charts. The charts are pictures within the HTML: a page that is offered
// HTML and a picture side by side shows one of them only.
import { preferredSize, titleText, type Figure } from "../figures/figure.js";
import { htmlTable, plainTable, type Table } from "../figures/html-table.js";
import type { MimeBundle } from "../figures/mime.js";
import { formatNumber } from "../figures/number-format.js";
import { toPng } from "../figures/static/static-export.js";
import type { Player } from "../experiments/rollouts/player.js";
import { escapeHtml } from "../html.js";

export interface Panel {
  readonly heading: string;
  /** Sentences of plain text. */
  readonly notes?: readonly string[];
  /** What is known, by name; each number is rounded by itself, and what is undefined is left out. */
  readonly facts?: Readonly<Record<string, string | number | undefined>>;
  readonly tables?: readonly (Table & { readonly title: string })[];
  /** Those without a size of their own are drawn so that two fit side by side. */
  readonly figures?: readonly Figure[];
  readonly players?: readonly Player[];
}

/** Pixels of a picture per pixel of the page: sharp enough on dense screens, and 20 to 120 kB per chart. */
const scale = 1.5;
const compact = { width: 520, height: 330 } as const;
/** Rows of a table; the text says how many more there are. */
const limit = 40;

/** HTML with pictures inside, and the same as text without them. */
export async function panelBundle({
  heading,
  notes = [],
  facts = {},
  tables = [],
  figures = [],
  players = [],
}: Panel): Promise<MimeBundle> {
  const known = Object.entries(facts).flatMap(([name, fact]): [string, string][] =>
    fact === undefined ? [] : [[name, typeof fact === "number" ? formatNumber(fact) : fact]],
  );
  const widest = Math.max(...known.map(([name]) => name.length));
  const pictures = players.map((player) => `<div style="flex: 1 1 480px">${player.html()}</div>`);
  for (const figure of figures) pictures.push(await picture(figure));
  return {
    "text/html": [
      `<div><div style="font-size: 1.15em; font-weight: 600">${escapeHtml(heading)}</div>`,
      ...notes.map((note) => `<div>${escapeHtml(note)}</div>`),
      ...(known.length > 0 ? [factsHtml(known)] : []),
      `<div style="display: flex; flex-wrap: wrap; gap: 8px 24px; align-items: flex-start">`,
      ...tables.map(
        (table) =>
          `<div><div style="opacity: 0.7">${escapeHtml(table.title)}</div>${htmlTable(table, { limit })}</div>`,
      ),
      ...pictures,
      `</div></div>`,
    ].join("\n"),
    "text/plain": [
      [heading, ...notes, ...known.map(([name, fact]) => `${name.padEnd(widest)}  ${fact}`)].join("\n"),
      ...tables.map((table) => [table.title, plainTable(table, { limit })].filter(Boolean).join("\n")),
    ].join("\n\n"),
  };
}

function factsHtml(known: readonly (readonly [string, string])[]): string {
  const cell = (text: string) => `<td style="text-align: left">${escapeHtml(text)}</td>`;
  return `<table><tbody>${known.map((fact) => `<tr>${fact.map(cell).join("")}</tr>`).join("")}</tbody></table>`;
}

async function picture(figure: Figure): Promise<string> {
  const size = figure.layout.width === undefined ? compact : preferredSize(figure);
  const png = await toPng(figure, { scale, ...size });
  const title = escapeHtml(titleText(figure) ?? "chart");
  return `<img alt="${title}" width="${size.width}" style="max-width: 100%" src="data:image/png;base64,${png.toString("base64")}">`;
}

/** Options as rows, those within others under names such as "dispersive.weight". */
export function optionRows(options: object, prefix = ""): [string, string][] {
  return Object.entries(options).flatMap(([key, value]: [string, unknown]): [string, string][] => {
    if (value === undefined) return [];
    if (typeof value === "object" && value !== null && !Array.isArray(value)) {
      return optionRows(value, `${prefix}${key}.`);
    }
    return [[`${prefix}${key}`, typeof value === "string" ? value : JSON.stringify(value)]];
  });
}
