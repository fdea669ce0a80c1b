// Addresses of files that lie elsewhere: `hf://` on a model hub, `https://` anywhere.
import { fail } from "../errors.js";
import { shownValue } from "../schema-issues.js";

/** A file in a repository of the hub. */
export interface HubAddress {
  readonly kind: "hub";
  readonly type: "model" | "dataset";
  /** "organisation/name". */
  readonly repository: string;
  /** Path inside the repository, with "/". */
  readonly path: string;
  /** Branch, tag or commit. */
  readonly revision: string;
}

export interface WebAddress {
  readonly kind: "web";
  readonly url: string;
}

/** Repositories behind the short forms: the first folder of a path decides. */
const shortForms: Readonly<Record<string, Pick<HubAddress, "type" | "repository">>> = {
  pretrained_checkpoints: { type: "model", repository: "Guowei-Zou/DMPO-checkpoints" },
  gym: { type: "dataset", repository: "Guowei-Zou/DMPO-datasets" },
  kitchen: { type: "dataset", repository: "Guowei-Zou/DMPO-datasets" },
  robomimic: { type: "dataset", repository: "Guowei-Zou/DMPO-datasets" },
  d3il: { type: "dataset", repository: "Guowei-Zou/DMPO-datasets" },
  furniture: { type: "dataset", repository: "Guowei-Zou/DMPO-datasets" },
};

const forms =
  "hf://organisation/repository/path/of/file, hf://datasets/organisation/repository/path/of/file, " +
  `or a path below ${Object.keys(shortForms)
    .map((folder) => `hf://${folder}/`)
    .join(", ")}; a revision follows as @revision`;

/** Whether this is an address rather than a path on this machine. */
export const isAddress = (text: string): boolean => /^(hf|https?):\/\//.test(text);

/**
 * Reads `hf://org/repo/path@revision` (also `hf://org/repo@revision/path`, `hf://datasets/org/repo/path` and the short forms
 * such as `hf://pretrained_checkpoints/...`) or `https://...`. A slash inside a revision is written %2F; the default is "main".
 * @throws InputError `DMPO_HUB_ADDRESS`.
 */
export function parseAddress(text: string): HubAddress | WebAddress {
  if (typeof text !== "string")
    fail("DMPO_HUB_ADDRESS", "address", `is ${shownValue(text)}`, `https://... or ${forms}`);
  if (/^https?:\/\//.test(text)) return webAddress(text);
  if (!text.startsWith("hf://")) fail("DMPO_HUB_ADDRESS", text, "not an address", `https://... or ${forms}`);
  const parts = text.slice("hf://".length).split("/");
  const short = Object.hasOwn(shortForms, parts[0]!) ? shortForms[parts[0]!] : undefined;
  const typed = parts[0] === "datasets" || parts[0] === "models";
  const type = parts[0] === "datasets" ? "dataset" : "model";
  const [named, path] = short ? [[], parts] : typed ? cut(parts.slice(1)) : cut(parts);
  const [repository, repositoryRevision] = split(named.join("/"));
  const [file, fileRevision] = split(path.join("/"));
  const segments = file.split("/");
  if (file === "" || segments.some((segment) => ["", ".", ".."].includes(segment) || /[\\\p{Cc}]/u.test(segment))) {
    fail("DMPO_HUB_ADDRESS", text, "names no file of a repository", forms);
  }
  const revision = (fileRevision ?? repositoryRevision ?? "main").replaceAll(/%2f/gi, "/");
  if (!/^[\w.-]+(\/[\w.-]+)*$/.test(revision) || revision.split("/").includes("..")) {
    fail("DMPO_HUB_ADDRESS", text, `revision "${revision}"`, "a branch, tag or commit");
  }
  if (short) return { kind: "hub", ...short, path: file, revision };
  if (!/^[\w-][\w.-]*\/[\w-][\w.-]*$/.test(repository)) {
    fail("DMPO_HUB_ADDRESS", text, `"${repository}" is no repository`, forms);
  }
  return { kind: "hub", type, repository, path: file, revision };
}

/** Plain HTTP only to this machine: what is downloaded decides what a robot does. */
function webAddress(text: string): WebAddress {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const local = url && ["localhost", "127.0.0.1", "[::1]"].includes(url.hostname);
  if (!url || (url.protocol === "http:" && !local)) {
    fail("DMPO_HUB_ADDRESS", text, url ? "not encrypted" : "not a URL", "an https:// address");
  }
  if (url.username || url.password) {
    const shown = `${url.protocol}//...@${url.host}${url.pathname}`;
    fail(
      "DMPO_HUB_ADDRESS",
      shown,
      "holds a name or a password",
      "an address without them",
      "download it by other means",
    );
  }
  return { kind: "web", url: url.href };
}

const cut = (parts: readonly string[]) => [parts.slice(0, 2), parts.slice(2)] as const;

/** "name@revision" -> [name, revision]. */
function split(text: string): [string, string | undefined] {
  const at = text.lastIndexOf("@");
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}
