// A file wherever it is: on this machine, on the hub, on the web.
import { z } from "zod";
import { abortSignal, callback, checkOptions, optionsSchema } from "../options.js";
import { userPath } from "../paths.js";
import { isAddress, parseAddress } from "./address.js";
import { fetchHubFile, type HubFileOptions } from "./hub-file.js";
import { fetchWebFile } from "./web-file.js";

export type { DownloadProgress } from "./download.js";

/** How a file is fetched. */
export type FetchOptions = HubFileOptions;

/** For schemas of calls whose options stand beside these. */
export const fetchShape = {
  signal: abortSignal,
  onProgress: callback,
  sha256: z.string().regex(/^[0-9a-fA-F]{64}$/, "64 hexadecimal digits"),
  notify: callback,
} satisfies Record<keyof FetchOptions, z.ZodType>;

const schema = optionsSchema<FetchOptions>(fetchShape);

/**
 * Downloads a file once and returns its path in the cache.
 *
 * `hf://org/repo/path@revision` and short forms go to the cache of huggingface_hub, `https://` to DMPO_CACHE_DIR. An
 * interrupted download is resumed, contents are verified where a checksum is known (always on the hub), and parallel calls
 * for one file download it once.
 *
 * @throws InputError `DMPO_HUB_ADDRESS`, `_OFFLINE`, `_UNREACHABLE`, `_UNAUTHORIZED`, `_NOT_FOUND`, `_CHECKSUM`, `_LENGTH`,
 * `_DISK`, `_BUSY`, `_STATUS`; the signal's reason.
 */
export function fetchFile(address: string, options: FetchOptions = {}): Promise<string> {
  checkOptions(schema, options);
  const parsed = parseAddress(address);
  return parsed.kind === "hub" ? fetchHubFile(parsed, options) : fetchWebFile(parsed, options);
}

/** A path on this machine as {@link userPath} reads it; an address as {@link fetchFile} gives it. @throws as that does. */
export async function resolvePath(pathOrUrl: string, options: FetchOptions = {}): Promise<string> {
  return isAddress(pathOrUrl) ? fetchFile(pathOrUrl, options) : userPath(pathOrUrl);
}
