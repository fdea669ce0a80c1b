// Light and dark: what is behind the player decides, as notebooks have themes of their own.

export const style = `
:host { display: block; }
.player { --ink: #24292f; --muted: #5b6570; --line: #d8dee4; --panel: #ffffff; --soft: #f0f3f6; --accent: #0072b2; --second: #d55e00;
  color: var(--ink); background: var(--panel); border: 1px solid var(--line); border-radius: 10px; overflow: hidden;
  font: 13px/1.4 system-ui, -apple-system, "Segoe UI", Roboto, Arial, sans-serif; font-variant-numeric: tabular-nums; }
.player[data-theme="dark"] { --ink: #d6dbe2; --muted: #98a2ae; --line: #323943; --panel: #171b20; --soft: #232932; --accent: #56b4e9; --second: #e69f00; }
.view { position: relative; }
canvas { display: block; width: 100%; aspect-ratio: 16 / 9; outline: none; cursor: grab; touch-action: pan-y; }
canvas:active { cursor: grabbing; }
canvas:focus-visible { box-shadow: inset 0 0 0 2px var(--accent); }
.label { position: absolute; top: 10px; margin-left: 12px; padding: 2px 8px; box-sizing: border-box; border-radius: 6px; pointer-events: none;
  background: color-mix(in srgb, var(--panel) 78%, transparent); white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
.label[data-series]::before { content: ""; display: inline-block; width: 8px; height: 8px; margin-right: 6px; border-radius: 50%; background: var(--accent); }
.label[data-series="1"]::before { background: var(--second); }
.bar { display: flex; flex-wrap: wrap; align-items: center; gap: 8px; padding: 8px 12px; border-top: 1px solid var(--line); }
button, select { font: inherit; color: inherit; height: 28px; padding: 0 10px; border: 1px solid var(--line); border-radius: 7px; background: var(--panel); cursor: pointer; }
select { padding: 0 4px; }
button:hover, select:hover { background: var(--soft); }
button[aria-pressed="true"] { background: color-mix(in srgb, var(--accent) 14%, var(--panel)); border-color: var(--accent); }
button:focus-visible, select:focus-visible, input:focus-visible { outline: 2px solid var(--accent); outline-offset: 1px; }
.play { width: 34px; padding: 0; display: inline-grid; place-items: center; border-radius: 50%; height: 34px; background: var(--accent); border-color: var(--accent); color: var(--panel); }
.play:hover { background: var(--accent); filter: brightness(1.1); }
.play svg { width: 14px; height: 14px; fill: currentColor; }
input[type="range"] { flex: 1 1 120px; min-width: 90px; height: 20px; margin: 0; appearance: none; -webkit-appearance: none; background: none; cursor: pointer; }
input[type="range"]::-webkit-slider-runnable-track { height: 4px; border-radius: 2px; background: linear-gradient(90deg, var(--accent) var(--played, 0%), var(--line) var(--played, 0%)); }
input[type="range"]::-moz-range-track { height: 4px; border-radius: 2px; background: linear-gradient(90deg, var(--accent) var(--played, 0%), var(--line) var(--played, 0%)); }
input[type="range"]::-webkit-slider-thumb { -webkit-appearance: none; width: 14px; height: 14px; margin-top: -5px; border-radius: 50%; background: var(--accent); border: 2px solid var(--panel); }
input[type="range"]::-moz-range-thumb { width: 12px; height: 12px; border-radius: 50%; background: var(--accent); border: 2px solid var(--panel); }
.time { min-width: 96px; text-align: right; color: var(--muted); }
.curves { padding: 2px 12px 10px; }
.curve { display: grid; grid-template-columns: minmax(80px, 16%) 1fr 60px; align-items: center; gap: 10px; margin-top: 6px; }
.player[data-count="2"] .curve { grid-template-columns: minmax(80px, 16%) 1fr 124px; }
.player[data-count="2"] canvas { aspect-ratio: 2 / 1; }
.player[data-count="2"] .view::after { content: ""; position: absolute; inset: 0 auto 0 50%; border-left: 1px solid var(--line); }
.name { color: var(--muted); overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.value { text-align: right; white-space: nowrap; }
.value span + span { color: var(--second); margin-left: 8px; }
.plot { position: relative; height: 40px; background: var(--soft); border-radius: 5px; cursor: ew-resize; touch-action: pan-y; }
.plot svg { position: absolute; inset: 0; width: 100%; height: 100%; overflow: visible; }
.plot path { fill: none; stroke: var(--accent); stroke-width: 1.5; vector-effect: non-scaling-stroke; stroke-linejoin: round; }
.plot path:nth-of-type(2) { stroke: var(--second); }
.cursor { position: absolute; top: 0; bottom: 0; width: 2px; margin-left: -1px; background: var(--ink); opacity: 0.75; pointer-events: none; }
`;

/** Whether what lies behind an element is dark; a page without a background of its own is as the system is, if it says it may be. */
export function isDark(element: Element): boolean {
  for (let at: Element | null = element; at; at = parentOf(at)) {
    const [red, green, blue, alpha = 1] = (getComputedStyle(at).backgroundColor.match(/[\d.]+/g) ?? []).map(Number);
    if (alpha > 0.5 && red !== undefined) return 0.3 * red + 0.59 * green! + 0.11 * blue! < 128;
  }
  const scheme = getComputedStyle(document.documentElement).colorScheme;
  return /dark/.test(scheme) && (!/light/.test(scheme) || matchMedia("(prefers-color-scheme: dark)").matches);
}

function parentOf(element: Element): Element | null {
  const root = element.getRootNode();
  return element.parentElement ?? (root instanceof ShadowRoot ? root.host : null);
}

/** Tells when that may have changed; returns what ends it. */
export function onThemeChange(tell: () => void): () => void {
  // Colours of a theme that is just being loaded come a little later.
  const soon = () => setTimeout(tell, 100);
  const media = matchMedia("(prefers-color-scheme: dark)");
  media.addEventListener("change", soon);
  const changes = new MutationObserver(soon);
  for (const element of [document.documentElement, document.body]) {
    changes.observe(element, {
      attributes: true,
      attributeFilter: ["class", "style", "data-jp-theme-light", "data-vscode-theme-kind", "data-theme"],
    });
  }
  return () => {
    media.removeEventListener("change", soon);
    changes.disconnect();
  };
}
