// The player as HTML that needs nothing from elsewhere: a still picture, which a script replaces by the scene where scripts run.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { gzipSync } from "node:zlib";
import { escapeHtml, htmlPage } from "../../html.js";
import { pack } from "./pack.js";
import type { PlayerSettings } from "./packed.js";
import type { PlayedRollout } from "./recording.js";

/** What stands in place of the scene where scripts do not run. */
export interface Still {
  /** MIME type, e.g. "image/webp". */
  readonly type: string;
  readonly content: Uint8Array;
  /** CSS pixels. */
  readonly width: number;
}

export interface PlayerOptions extends PlayerSettings {
  readonly still: Still;
}

/** Widest on a page, CSS pixels: one scene, or two side by side. */
const widest = [760, 1100] as const;

let library: { readonly packed: string; readonly version: string } | undefined;

/** The script of the player with the parts of three.js that it uses; `npm run build` makes it. */
function playerLibrary() {
  if (library) return library;
  const source = readFileSync(createRequire(import.meta.url).resolve("#player"));
  const version = createHash("sha256").update(source).digest("hex").slice(0, 12);
  return (library = { packed: gzipSync(source, { level: 9 }).toString("base64"), version });
}

/** A piece of a page, e.g. an output of a notebook; several on one page share a single script and graphics context. */
export function playerHtml(rollouts: readonly PlayedRollout[], { still, ...settings }: PlayerOptions): string {
  const { packed, version } = playerLibrary();
  const data = Buffer.from(pack(rollouts, settings)).toString("base64");
  const id = createHash("sha256").update(data).digest("hex").slice(0, 16);
  const title = rollouts.map((rollout) => rollout.title).join("; ");
  const picture = Buffer.from(still.content).toString("base64");
  return `<div data-dmpo-player="${id}" style="max-width: ${widest[rollouts.length > 1 ? 1 : 0]}px"><img alt="${escapeHtml(title)}" width="${still.width}" style="max-width: 100%" src="data:${still.type};base64,${picture}"></div>
<script>${starter(id, version, packed, data)}</script>`;
}

/** A page with a heading and players below one another, in any order of words. */
export function playerPage(title: string, parts: readonly string[]): string {
  const style = `
:root { color-scheme: light dark; }
body { max-width: 1100px; margin: 0 auto; padding: 24px 16px; background: light-dark(#fff, #0f1216); color: light-dark(#24292f, #d6dbe2); font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, Arial, sans-serif; }
h1 { font-size: 1.4rem; }
`;
  return htmlPage(title, style, `<h1>${escapeHtml(title)}</h1>\n${parts.join("\n")}`);
}

/**
 * The first of a page unpacks the library, all others wait for it. Notebooks may run a script before what stands beside it is part of
 * the page, so it is looked for a while.
 */
function starter(id: string, version: string, packed: string, data: string): string {
  return `(async (origin) => {
const unzip = (text) => new Response(new Blob([Uint8Array.from(atob(text), (c) => c.charCodeAt(0))]).stream().pipeThrough(new DecompressionStream("gzip")));
const find = () => [origin, document].flatMap((root) => [...(root?.querySelectorAll?.('[data-dmpo-player="${id}"]:not([data-started])') ?? [])]);
let hosts = find();
for (let i = 0; i < 100 && hosts.length === 0; i++) { await new Promise((done) => setTimeout(done, 50)); hosts = find(); }
for (const host of hosts) host.dataset.started = "";
if (hosts.length === 0) return;
const library = (window["dmpo player ${version}"] ??= (async () => {
const script = document.createElement("script");
script.textContent = await unzip("${packed}").text();
document.head.append(script);
return window.dmpoPlayer;
})());
const bytes = new Uint8Array(await unzip("${data}").arrayBuffer());
const { start } = await library;
for (const host of new Set(hosts)) start(host, bytes);
})(document.currentScript?.getRootNode());`;
}
