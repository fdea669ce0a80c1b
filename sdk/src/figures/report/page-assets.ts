// Style and script of the report page.

export const pageStyle = `
:root { color-scheme: light; --ink: #24292f; --muted: #57606a; --line: #d8dee4; }
* { box-sizing: border-box; }
body { margin: 0; background: #f6f8fa; color: var(--ink); font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, Arial, sans-serif; }
main { max-width: 1040px; margin: 0 auto; padding: 32px 24px 48px; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 16px; }
h2 { font-size: 1.15rem; line-height: 1.3; margin: 0; }
.summary { max-width: 46rem; }
.summary p { margin: 0 0 12px; }
.card { margin: 24px 0 0; padding: 20px 24px; background: #fff; border: 1px solid var(--line); border-radius: 10px; }
.subtitle { margin: 2px 0 0; color: var(--muted); font-size: .9rem; }
.player { margin-top: 12px; }
.player > div { max-width: none !important; }
.scroll { overflow-x: auto; }
.static { display: block; width: 100%; height: auto; }
.plot { width: 100%; }
.interactive .static { display: none; }
figcaption { margin-top: 12px; color: var(--muted); font-size: .9rem; max-width: 46rem; }
table { border-collapse: collapse; width: 100%; margin-top: 12px; font-size: .92rem; font-variant-numeric: tabular-nums; }
th, td { padding: 8px 12px; text-align: left; border-bottom: 1px solid var(--line); white-space: nowrap; }
th { color: var(--muted); font-weight: 600; }
tbody tr:last-child td { border-bottom: 0; }
.number { text-align: right; }
footer { margin-top: 32px; color: var(--muted); font-size: .85rem; }
@media (max-width: 640px) {
  main { padding: 20px 12px 32px; }
  .card { padding: 16px 14px; }
  .wide { min-width: 720px; }
}
@media print {
  body { background: #fff; font-size: 11pt; }
  main { max-width: none; padding: 0; }
  .card { border: 0; padding: 0; break-inside: avoid; }
  .interactive .static { display: block; }
  .plot { display: none; }
  .scroll { overflow: visible; }
  .wide { min-width: 0; }
}
`;

/**
 * Unpacks Plotly and draws each figure over its picture when it comes into view. Without scripts, in an old browser and
 * on paper the pictures stay. The buttons are listed because Plotly's own set has one that sends the chart away; on
 * touch screens there are none, and a finger scrolls the page.
 */
export const pageScript = `
(async () => {
  const text = (id) => document.getElementById(id).textContent;
  const packed = Uint8Array.from(atob(text("plotly")), (character) => character.charCodeAt(0));
  const unpacked = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  const script = document.createElement("script");
  script.textContent = await new Response(unpacked).text();
  document.head.append(script);
  const figures = JSON.parse(text("figures"));
  const pointer = matchMedia("(hover: hover)").matches;
  const config = {
    responsive: true,
    displaylogo: false,
    displayModeBar: pointer ? "hover" : false,
    modeBarButtons: [["toImage", "zoom2d", "pan2d", "resetScale2d"]],
  };
  const draw = async (holder) => {
    const plot = holder.querySelector(".plot");
    const { data, layout } = figures[Number(holder.dataset.figure)];
    plot.hidden = false;
    try {
      await Plotly.newPlot(plot, data, pointer ? layout : { ...layout, dragmode: false }, config);
      holder.classList.add("interactive");
    } catch (error) {
      plot.hidden = true;
      throw error;
    }
  };
  const watcher = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      watcher.unobserve(target);
      void draw(target);
    }
  }, { rootMargin: "300px" });
  for (const holder of document.querySelectorAll("[data-figure]")) watcher.observe(holder);
})();
`;
