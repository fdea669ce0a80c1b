// Fonts for writing systems that Arimo lacks: Noto, as packages of the npm registry (SIL OFL 1.1). Each is fetched by npm
// when the first picture needs it and stays in the cache folder, unless it is installed beside this package anyway.
import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rename, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { makeFolder } from "../../files.js";
import { cacheFolder } from "../../paths.js";
import { warn } from "../../plain-text.js";

const scope = "@fontsource-variable";
const version = "5.3.1";

export type FontPackage = "noto-sans-sc" | "noto-sans-jp" | "noto-sans-kr" | "noto-emoji";

/** One file of a font: some of its characters, under a family of its own. */
export interface FontFace {
  readonly family: string;
  /** WOFF2. */
  readonly path: string;
  readonly covers: (codePoint: number) => boolean;
}

/** Files of the fonts that have `characters`; `text` says of which language ideographs are. */
export async function findFaces(characters: readonly string[], text: string): Promise<FontFace[]> {
  const found = new Set<FontFace>();
  for (const character of characters) {
    for (const name of packagesFor(character, text)) {
      const face = (await facesOf(name)).find(({ covers }) => covers(character.codePointAt(0)!));
      if (!face) continue;
      found.add(face);
      break;
    }
  }
  return [...found];
}

const kana = /[\p{Script=Hiragana}\p{Script=Katakana}]/u;
const hangul = /\p{Script=Hangul}/u;
const ideographs = /[\p{Script=Han}\p{Script=Bopomofo}\u3000-\u303f\uff00-\uffef]/u;

/**
 * Packages in which to look for a character, the best first. Ideographs look different in Japanese and Korean: text with
 * kana or hangul has them from its own font as far as that goes.
 */
export function packagesFor(character: string, text: string): FontPackage[] {
  if (hangul.test(character)) return ["noto-sans-kr"];
  if (kana.test(character)) return ["noto-sans-jp"];
  if (/[\p{Extended_Pictographic}\p{Regional_Indicator}]/u.test(character)) return ["noto-emoji"];
  if (!ideographs.test(character)) return [];
  if (kana.test(text)) return ["noto-sans-jp", "noto-sans-sc"];
  return hangul.test(text) ? ["noto-sans-kr", "noto-sans-sc"] : ["noto-sans-sc", "noto-sans-jp"];
}

const loaded = new Map<FontPackage, Promise<FontFace[]>>();

function facesOf(name: FontPackage): Promise<FontFace[]> {
  let faces = loaded.get(name);
  if (!faces) loaded.set(name, (faces = loadFaces(name)));
  return faces;
}

async function loadFaces(name: FontPackage): Promise<FontFace[]> {
  const folder = installedFolder(name) ?? (await fetchPackage(name));
  if (folder === undefined) return [];
  const ranges = JSON.parse(readFileSync(join(folder, "unicode.json"), "utf8")) as Readonly<Record<string, string>>;
  return Object.entries(ranges).map(([key, range]) => {
    const subset = key.replace(/[[\]]/g, "");
    return {
      family: `${name}-${subset}`,
      path: join(folder, "files", `${name}-${subset}-wght-normal.woff2`),
      covers: inRanges(range),
    };
  });
}

/** "U+4e00-4e0f,U+4e11" as a test of code points. */
function inRanges(text: string): (codePoint: number) => boolean {
  const ranges = text.split(",").map((range) => {
    const [from, to = from] = range
      .trim()
      .slice(2)
      .split("-")
      .map((hexadecimal) => parseInt(hexadecimal, 16));
    return [from!, to!] as const;
  });
  return (codePoint) => ranges.some(([from, to]) => codePoint >= from && codePoint <= to);
}

function installedFolder(name: FontPackage): string | undefined {
  try {
    return dirname(createRequire(import.meta.url).resolve(`${scope}/${name}/unicode.json`));
  } catch {
    return undefined;
  }
}

/** Where the package lies after fetching it, undefined where that fails. Installs into a temporary folder that then gets its name, so that nothing partial is taken for a font. */
async function fetchPackage(name: FontPackage): Promise<string | undefined> {
  const fonts = join(cacheFolder(), "fonts");
  const home = join(fonts, `${name}-${version}`);
  const folder = join(home, "node_modules", scope, name);
  if (existsSync(folder)) return folder;
  let partial: string | undefined;
  try {
    makeFolder(fonts);
    partial = await mkdtemp(join(fonts, "partial-"));
    warn(`dmpo: fetching the font ${scope}/${name} from the npm registry, once`);
    const options = ["--no-save", "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=0"];
    const isWindows = process.platform === "win32";
    await promisify(execFile)(
      isWindows ? "npm.cmd" : "npm",
      ["install", "--prefix", isWindows ? `"${partial}"` : partial, ...options, `${scope}/${name}@${version}`],
      { shell: isWindows, timeout: 60_000 },
    );
    await rename(partial, home).catch(() => {}); // another process may have been faster
  } catch {
    // Whoever asked says which characters remain without a font.
  } finally {
    if (partial) await rm(partial, { recursive: true, force: true });
  }
  return existsSync(folder) ? folder : undefined;
}
