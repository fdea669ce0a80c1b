// A figure is plain data, Plotly's {data, layout}: it can be drawn in a notebook, saved, compared in a test or written
// as JSON without loading a browser or Plotly itself.

/** A Plotly trace. The attributes set by the charts here are typed; any other attribute of the schema may be added. */
export interface Trace {
  readonly type: "scatter" | "bar" | (string & {});
  readonly name?: string;
  readonly x?: readonly (number | string | null)[];
  readonly y?: readonly (number | null)[];
  readonly showlegend?: boolean;
  readonly [attribute: string]: unknown;
}

/** A Plotly axis. */
export interface Axis {
  readonly title?: { readonly text: string; readonly [attribute: string]: unknown };
  readonly type?: "linear" | "log" | "category";
  readonly range?: readonly [number, number];
  readonly [attribute: string]: unknown;
}

/** A Plotly layout. `width` and `height` (pixels) are set only where the drawing's geometry asks for them. */
export interface Layout {
  readonly title?: {
    readonly text: string;
    readonly subtitle?: { readonly text: string };
    readonly [attribute: string]: unknown;
  };
  readonly width?: number;
  readonly height?: number;
  readonly xaxis?: Axis;
  readonly yaxis?: Axis;
  readonly [attribute: string]: unknown;
}

/** What every chart function returns and every export function takes. */
export interface Figure {
  /** Plotly traces: lines, bars, points. */
  readonly data: readonly Trace[];
  /** Titles, axes, size in pixels. */
  readonly layout: Layout;
}

/** A figure whose numbers may lie in typed arrays. */
export interface DrawableFigure {
  readonly data: readonly { readonly type: string; readonly [attribute: string]: unknown }[];
  readonly layout: Layout;
}

/** The figure's title without Plotly's markup, such as <b>. */
export function titleText({ layout }: Figure): string | undefined {
  return layout.title?.text
    .replace(/<br *\/?>/gi, " ")
    .replace(/<\/?(?:b|i|em|strong|s|u|sub|sup|br|span|a)(?: [^<>]*)?>/gi, "");
}

/** Size of a drawing in CSS pixels. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

/** The size that the figure asks for, 720 x 440 if it does not. */
export function preferredSize({ layout }: Figure): Size {
  return { width: layout.width ?? 720, height: layout.height ?? 440 };
}

/** The same value with plain arrays in place of typed ones, as JSON needs it. */
export function withPlainArrays<T>(value: T): T {
  if (ArrayBuffer.isView(value) && !(value instanceof DataView)) return Array.from(value as never) as T;
  if (Array.isArray(value)) return value.map(withPlainArrays) as T;
  if (typeof value !== "object" || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, withPlainArrays(part as unknown)])) as T;
}
