// Fonts of pictures: the open font Arimo (SIL OFL 1.1), so that text is drawn and measured alike on every machine, and
// for characters that it lacks a font of the system or one of the packages in fallback-fonts.ts.
import { createRequire } from "node:module";
import { createCanvas, GlobalFonts, type SKRSContext2D } from "@napi-rs/canvas";
import { fail } from "../../errors.js";
import { findFaces, type FontFace } from "./fallback-fonts.js";

const files = [
  "400Regular/Arimo_400Regular.ttf",
  "400Regular_Italic/Arimo_400Regular_Italic.ttf",
  "700Bold/Arimo_700Bold.ttf",
];
/** Characters that have no picture of their own: marks, joiners, spaces, variation selectors. */
const partOfOthers = /[\p{M}\p{Cc}\p{Cf}\p{Z}]/u;
const noCharacter = "\u{10ffff}";

const faces: FontFace[] = [];
const hasPicture = new Map<string, boolean>();
let looked: { readonly context: SKRSContext2D; readonly missing: string } | undefined;

/** Registers Arimo with the canvas, once per process. Throws DMPO_FIGURE_FONT if a font file cannot be read. */
export function registerFonts(): void {
  if (GlobalFonts.has("Arimo")) return;
  const { resolve } = createRequire(import.meta.url);
  for (const file of files) {
    const path = resolve(`@expo-google-fonts/arimo/${file}`);
    if (!GlobalFonts.registerFromPath(path, "Arimo"))
      fail(
        "DMPO_FIGURE_FONT",
        path,
        "is not a readable font",
        "the TrueType file of the package",
        "run `npm install` again",
      );
  }
}

/**
 * Sees to it that every character of `text` can be drawn, fetching fonts at need. Characters that then still have no font
 * are named in one warning and drawn as "?".
 */
export async function provideFonts(text: string): Promise<void> {
  const lacking = (characters: readonly string[]) => characters.filter((character) => !isDrawable(character));
  const missing = lacking([...new Set(text)].filter((character) => !hasPicture.has(character)));
  if (missing.length === 0) return;
  for (const face of await findFaces(missing, text)) {
    if (!GlobalFonts.registerFromPath(face.path, face.family)) continue;
    faces.push(face);
    looked = undefined;
  }
  missing.forEach((character) => hasPicture.delete(character));
  const without = lacking(missing);
  if (without.length === 0) return;
  console.warn(
    `dmpo: no font here has ${without.slice(0, 12).join(" ")}, drawn as "?" in pictures. Install a font that has them, such as Noto Sans, or connect to the network once.`,
  );
}

/** The text as it can be drawn: characters without a font become "?". */
export function drawable(text: string): string {
  if (/^[ -~]*$/.test(text)) return text;
  return Array.from(text, (character) => (isDrawable(character) ? character : "?")).join("");
}

/** The fetched fonts that `text` needs. */
export function facesFor(text: string): FontFace[] {
  const codes = Array.from(new Set(text), (character) => character.codePointAt(0)!).filter((code) => code > 0x2ff);
  return faces.filter(({ covers }) => codes.some(covers));
}

/** A font for a canvas context, size in pixels. */
export function canvasFont(style: string, weight: string, size: number): string {
  return `${style} ${weight} ${size}px ${["Arimo", ...faces.map(({ family }) => family)].join(", ")}, sans-serif`;
}

function isDrawable(character: string): boolean {
  if (character <= "~" || partOfOthers.test(character)) return true;
  let known = hasPicture.get(character);
  if (known === undefined) {
    // What has no glyph looks like what no font has.
    looked ??= looking();
    known = pictureOf(character, looked.context) !== looked.missing;
    hasPicture.set(character, known);
  }
  return known;
}

function looking() {
  const context = createCanvas(32, 32).getContext("2d");
  context.font = canvasFont("normal", "normal", 20);
  return { context, missing: pictureOf(noCharacter, context) };
}

function pictureOf(character: string, context: SKRSContext2D): string {
  context.clearRect(0, 0, 32, 32);
  context.fillText(character, 2, 24);
  return Buffer.from(context.getImageData(0, 0, 32, 32).data.buffer).toString("latin1");
}
