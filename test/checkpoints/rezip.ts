// Rewrites the entries of a PyTorch file, to make others of it.
import { zipSync } from "fflate";
import { openZip } from "../../sdk/src/zip-archive.js";

type Change = (bytes: Uint8Array) => Uint8Array | undefined;

/** The file with entries (without their folder) changed or, for undefined, left out, and others added. */
export function rezip(
  file: Uint8Array | undefined,
  changes: Readonly<Record<string, Change>>,
  added: Readonly<Record<string, Uint8Array>> = {},
  level: 0 | 9 = 0,
): Uint8Array {
  const entries: Record<string, Uint8Array> = { ...added };
  for (const [name, extract] of file ? openZip(file, "rezip") : []) {
    const change = changes[name.replace(/^[^/]*\//, "")];
    const bytes = change ? change(extract()) : extract();
    if (bytes) entries[name] = new Uint8Array(bytes);
  }
  return zipSync(entries, { level });
}
