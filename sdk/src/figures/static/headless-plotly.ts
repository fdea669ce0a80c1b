// Plotly in Node without a browser: jsdom for the document, @napi-rs/canvas for text metrics and 2-D canvases.
// Loaded on the first drawing only (about a second, 200 MB); there is no WebGL, so 3-D traces and scattergl cannot be drawn.
import { createCanvas, type Canvas } from "@napi-rs/canvas";
import { JSDOM, VirtualConsole, type DOMWindow } from "jsdom";
import type { Figure, Size } from "../figure.js";
import { plotlySource } from "../plotly-bundle.js";
import { provideFonts, registerFonts } from "./fonts.js";
import { installSvgGeometry } from "./svg-geometry.js";

interface Plotly {
  readonly PlotSchema: { get(): { readonly traces: Readonly<Record<string, unknown>> } };
  toImage(figure: object, options: Size & { format: "svg"; imageDataOnly: true }): Promise<string>;
}

/** A document with Plotly in it. */
export class HeadlessPlotly {
  private readonly window: DOMWindow;
  private readonly plotly: Plotly;
  #traces: Readonly<Record<string, unknown>> | undefined;

  constructor() {
    registerFonts();
    this.window = new JSDOM("<!doctype html><body></body>", {
      runScripts: "outside-only",
      virtualConsole: new VirtualConsole(),
    }).window;
    installSvgGeometry(this.window);
    installBrowserParts(this.window);
    this.window.eval(plotlySource());
    this.plotly = (this.window as unknown as { Plotly: Plotly }).Plotly;
  }

  /** A document of SVG text, and its text. */
  readonly parse = (svg: string): XMLDocument => new this.window.DOMParser().parseFromString(svg, "image/svg+xml");
  readonly serialize = (document: XMLDocument): string => new this.window.XMLSerializer().serializeToString(document);

  /** SVG text of the figure, which stays as it is. Throws for traces that this build of Plotly would leave out. */
  async draw(figure: Figure, size: Size): Promise<string> {
    this.#expectKnown(figure);
    // Plotly completes the axes of what it draws.
    const { data, layout } = structuredClone(figure);
    await provideFonts(textOf([data, layout]));
    const named = data.map((trace, index) => ({ uid: `t${index}`, ...trace })); // else Plotly's random names
    const image = { data: named, layout: { ...layout, ...size }, config: {} };
    return this.plotly.toImage(image, { ...size, format: "svg", imageDataOnly: true });
  }

  #expectKnown({ data }: Figure): void {
    this.#traces ??= this.plotly.PlotSchema.get().traces;
    const unknown = data.find(({ type }) => !Object.hasOwn(this.#traces!, type));
    if (unknown) throw new Error(`there are no traces of type "${unknown.type}"`);
  }

  /** Frees the document; a drawing under way fails. */
  close(): void {
    this.window.close();
  }
}

/** All texts of a figure, one after another. */
function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return "";
  return Object.values(value).map(textOf).join("");
}

function installBrowserParts(window: DOMWindow): void {
  const backings = new WeakMap<HTMLCanvasElement, Canvas>();
  const backing = (element: HTMLCanvasElement): Canvas => {
    const existing = backings.get(element);
    if (existing?.width === element.width && existing.height === element.height) return existing;
    const canvas = createCanvas(element.width, element.height);
    backings.set(element, canvas);
    return canvas;
  };
  Object.assign(window.HTMLCanvasElement.prototype, {
    getContext(this: HTMLCanvasElement, kind: string) {
      return kind === "2d" ? backing(this).getContext("2d") : null;
    },
    toDataURL(this: HTMLCanvasElement) {
      return backing(this).toDataURL("image/png");
    },
  });
  window.URL.createObjectURL = () => "blob:none";
  window.matchMedia = () =>
    ({ matches: false, addEventListener() {}, removeEventListener() {} }) as unknown as MediaQueryList;
  // jsdom's own frame timer would keep the process alive.
  window.requestAnimationFrame = (callback) => window.setTimeout(() => callback(performance.now()), 0);
}
