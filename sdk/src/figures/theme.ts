// The look shared by all charts: colours that stay apart for colour-blind readers (Okabe and Ito 2008, without the
// yellow, which is too pale on white), a light grid, titles on the left, the legend below the plot.
import { z } from "zod";
import { optionsSchema, type OptionShape } from "../options.js";
import type { Axis, Layout } from "./figure.js";
import { lineCount, wrapped } from "./fitting.js";

const palette = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#4D4D4D"] as const;
const dashes = ["solid", "dash", "dot", "dashdot"] as const;
const symbols = ["circle", "square", "diamond", "triangle-up", "triangle-down", "cross", "x"] as const;

const titleSize = 17;
const subtitleSize = 13;

export const ink = "#24292F";
const mutedInk = "#57606A";
const gridColor = "#E8EBEF";

/** Metric-compatible with one another: text measured with the bundled Arimo fits wherever the figure is opened. */
const fontFamily = "Arimo, Arial, Helvetica, Liberation Sans, sans-serif";

/** Colour, dash and marker of the series at `index` (from 0); they repeat together only after 28 series. */
export function seriesStyle(index: number) {
  const turn = index % palette.length;
  return {
    color: palette[turn]!,
    dash: dashes[Math.floor(index / palette.length) % dashes.length]!,
    symbol: symbols[turn]!,
  };
}

/** `#RRGGBB` with an opacity in [0, 1]. */
export function translucent(color: string, opacity: number): string {
  const [red, green, blue] = [1, 3, 5].map((at) => parseInt(color.slice(at, at + 2), 16));
  return `rgba(${red}, ${green}, ${blue}, ${opacity})`;
}

/** An axis with a title (write the unit into it) and the common grid; `more` wins. */
export function axis(title: string, more: Omit<Axis, "title"> = {}): Axis {
  return {
    title: { text: title, standoff: 10, font: { size: 13, color: mutedInk } },
    automargin: true,
    showline: true,
    linecolor: "#AFB8C1",
    gridcolor: gridColor,
    zeroline: false,
    ticks: "outside",
    ticklen: 4,
    tickcolor: "#AFB8C1",
    tickfont: { size: 12, color: mutedInk },
    separatethousands: true,
    exponentformat: "SI",
    ...more,
  };
}

/** An axis for counts of steps up to `largest`: 200k, 1M; no fractions. */
export function countAxis(title: string, largest: number): Axis {
  return axis(title, largest >= 1000 ? { tickformat: "~s" } : largest <= 5 ? { dtick: 1 } : {});
}

/** Title of a subplot, centred above the axes with the given suffix ("" or "2" to "6"). */
export function subplotTitle(text: string, suffix: string) {
  return {
    text: `<b>${text}</b>`,
    xref: `x${suffix} domain`,
    yref: `y${suffix} domain`,
    x: 0.5,
    y: 1,
    yanchor: "bottom",
    yshift: 6,
    showarrow: false,
    font: { size: 13, color: ink },
  };
}

export interface Titles {
  /** Above the plot. Default: none, or the chart's own. */
  readonly title?: string;
  /** A second, smaller line: seeds, number of episodes, what the band means. */
  readonly subtitle?: string;
}

/** What a chart's title and subtitle may be. */
export const titleShape: OptionShape<Titles> = { title: z.string(), subtitle: z.string() };

/** Of charts that have no other options. */
export const titleSchema = optionsSchema<Titles>(titleShape);

/** Space above the plot for the titles of subplots, in pixels. */
export const subplotHeadroom = 26;

/** A line across the plot, named in the legend, in the given direction at `value`; `more` sets its axes. */
export function markLine(
  direction: "horizontal" | "vertical",
  value: number,
  more: Readonly<Record<string, unknown>> = {},
) {
  const ends =
    direction === "horizontal"
      ? { xref: "paper", x0: 0, x1: 1, y0: value, y1: value }
      : { yref: "paper", y0: 0, y1: 1, x0: value, x1: value };
  return { type: "line", layer: "between", line: { color: mutedInk, width: 1.5, dash: "dot" }, ...ends, ...more };
}

/** The layout shared by all charts; `more` wins. `headroom` (pixels) stays free between the plot and the titles. */
export function themedLayout(titles: Titles, more: Omit<Layout, "title"> = {}, headroom = 0): Layout {
  const fit = fittedTitles(titles, Number(more.width ?? 720) - 84);
  return {
    title: heading(fit, headroom),
    font: { family: fontFamily, size: 13, color: ink },
    paper_bgcolor: "#FFFFFF",
    plot_bgcolor: "#FFFFFF",
    margin: { l: 60, r: 24, t: topMargin(fit) + headroom, b: 48 },
    legend: {
      orientation: "h",
      tracegroupgap: 0,
      x: 0,
      xanchor: "left",
      y: 0,
      yref: "container",
      yanchor: "bottom",
      font: { size: 12.5 },
    },
    hoverlabel: { font: { family: fontFamily, size: 12 } },
    ...more,
  };
}

/** Height (pixels) above the plot that the title and subtitle need. */
export function topMargin({ title, subtitle }: Titles): number {
  if (title === undefined) return 24;
  return (subtitle === undefined ? 56 : 78) + extraHeight({ title, subtitle });
}

/** Titles broken into lines of at most `width` pixels. */
function fittedTitles({ title, subtitle }: Titles, width: number): Titles {
  return {
    ...(title !== undefined && { title: wrapped(title, width / titleSize) }),
    ...(subtitle !== undefined && { subtitle: wrapped(subtitle, width / subtitleSize) }),
  };
}

/** Pixels of the lines beyond the first. */
function extraHeight({ title = "", subtitle = "" }: Titles): number {
  return Math.round(1.3 * ((lineCount(title) - 1) * titleSize + (lineCount(subtitle) - 1) * subtitleSize));
}

function heading({ title, subtitle }: Titles, headroom: number) {
  if (title === undefined) return undefined;
  return {
    text: `<b>${title}</b>`,
    ...(subtitle !== undefined && { subtitle: { text: subtitle, font: { size: subtitleSize, color: mutedInk } } }),
    x: 0,
    xref: "paper",
    xanchor: "left",
    y: 1,
    yref: "paper",
    yanchor: "bottom",
    pad: { b: headroom + (subtitle === undefined ? 18 : 40) + extraHeight({ title, subtitle }) },
    font: { size: titleSize, color: ink },
  };
}
