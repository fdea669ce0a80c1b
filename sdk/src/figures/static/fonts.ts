// The open font Arimo (SIL OFL 1.1), so that text is drawn and measured alike on every machine, also one without fonts.
import { createRequire } from "node:module";
import { GlobalFonts } from "@napi-rs/canvas";
import { fail } from "../../errors.js";

const files = [
  "400Regular/Arimo_400Regular.ttf",
  "400Regular_Italic/Arimo_400Regular_Italic.ttf",
  "700Bold/Arimo_700Bold.ttf",
];

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
