// What the environment says about downloads: the variables of huggingface_hub, and where our own cache lies.
import { getHFHubCachePath } from "@huggingface/hub";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { cacheFolder, cacheHome } from "../paths.js";

const isTrue = (text: string | undefined) => /^(1|on|yes|true)$/i.test(text ?? "");

/** Where the hub's API is: HF_ENDPOINT, else https://huggingface.co. */
export function hubEndpoint(): string {
  return (process.env.HF_ENDPOINT || "https://huggingface.co").replace(/\/+$/, "");
}

/** HF_HUB_OFFLINE or TRANSFORMERS_OFFLINE: take what is in the cache, ask nobody. */
export const isOffline = (): boolean => isTrue(process.env.HF_HUB_OFFLINE || process.env.TRANSFORMERS_OFFLINE);

/** HF_TOKEN, else the token that `hf auth login` stored (HF_TOKEN_PATH, or `token` in HF_HOME); undefined: anonymous. */
export function hubToken(): string | undefined {
  const given = process.env.HF_TOKEN ?? process.env.HUGGING_FACE_HUB_TOKEN;
  if (given !== undefined) return given.trim() || undefined;
  try {
    return readFileSync(process.env.HF_TOKEN_PATH ?? join(hubHome(), "token"), "utf8").trim() || undefined;
  } catch {
    return undefined;
  }
}

/** The cache that Python's huggingface_hub uses too: HF_HUB_CACHE, `hub` in HF_HOME, or ~/.cache/huggingface/hub. */
export const hubCache = (): string => getHFHubCachePath();

/** Files from plain web addresses: DMPO_CACHE_DIR, or `dmpo` in XDG_CACHE_HOME or ~/.cache. */
export const webCache = (): string => join(cacheFolder(), "downloads");

const hubHome = () => process.env.HF_HOME ?? join(cacheHome(), "huggingface");
