// What the environment says about downloads: the variables of huggingface_hub, and where our own cache lies.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fail } from "../errors.js";
import { cacheFolder, cacheHome } from "../paths.js";

const isTrue = (text: string | undefined) => /^(1|on|yes|true)$/i.test(text ?? "");

/** Where the hub's API is: HF_ENDPOINT, else https://huggingface.co. */
export function hubEndpoint(): string {
  return (process.env.HF_ENDPOINT || "https://huggingface.co").replace(/\/+$/, "");
}

/** HF_HUB_OFFLINE or TRANSFORMERS_OFFLINE: take what is in the cache, ask nobody. */
export const isOffline = (): boolean => isTrue(process.env.HF_HUB_OFFLINE || process.env.TRANSFORMERS_OFFLINE);

/** HF_HUB_DOWNLOAD_TIMEOUT: seconds that a transfer may stand still or creep. Default 30. */
export function downloadTimeout(): number {
  const seconds = Number(process.env.HF_HUB_DOWNLOAD_TIMEOUT);
  return seconds > 0 && seconds < 1e6 ? seconds : 30;
}

/**
 * HF_TOKEN, else the token that `hf auth login` stored (HF_TOKEN_PATH, or `token` in HF_HOME); undefined: anonymous.
 * @throws InputError `DMPO_HUB_TOKEN` if it cannot be one; the message does not repeat it.
 */
export function hubToken(): string | undefined {
  const token = (process.env.HF_TOKEN ?? process.env.HUGGING_FACE_HUB_TOKEN ?? storedToken()).trim();
  if (!/^[\x21-\x7e]*$/.test(token)) {
    fail("DMPO_HUB_TOKEN", "HF_TOKEN", "holds blanks or other characters that no token has", "hf_ and letters");
  }
  return token || undefined;
}

function storedToken(): string {
  try {
    return readFileSync(process.env.HF_TOKEN_PATH ?? join(hubHome(), "token"), "utf8");
  } catch {
    return "";
  }
}

/**
 * The cache that Python's huggingface_hub uses too: HF_HUB_CACHE (HUGGINGFACE_HUB_CACHE in older setups), `hub` in HF_HOME, or
 * ~/.cache/huggingface/hub.
 */
export const hubCache = (): string =>
  process.env.HF_HUB_CACHE ?? process.env.HUGGINGFACE_HUB_CACHE ?? join(hubHome(), "hub");

/** Files from plain web addresses: DMPO_CACHE_DIR, or `dmpo` in XDG_CACHE_HOME or ~/.cache. */
export const webCache = (): string => join(cacheFolder(), "downloads");

const hubHome = () => process.env.HF_HOME ?? join(cacheHome(), "huggingface");
