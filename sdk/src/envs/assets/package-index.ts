// A wheel on the user's own Python package index: by its JSON or HTML page (PEP 691, PEP 503), or through pip, which knows the
// user's mirrors, proxies and certificates. No host is named here.
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { fail } from "../../errors.js";
import { request } from "../../hub/request.js";
import type { Manifest } from "./manifest.js";

const runFile = promisify(execFile);

/**
 * Address of the index, below which `<package>/` lies: DMPO_PACKAGE_INDEX, PIP_INDEX_URL, or pip's own configuration; undefined
 * where none of them names one.
 */
export async function indexAddress(): Promise<string | undefined> {
  const { DMPO_PACKAGE_INDEX, PIP_INDEX_URL } = process.env;
  const named = DMPO_PACKAGE_INDEX || PIP_INDEX_URL;
  if (named) return named.trim();
  const python = await findPython();
  if (!python) return undefined;
  try {
    const { stdout } = await runFile(python, ["-m", "pip", "config", "get", "global.index-url"], { timeout: 30_000 });
    return stdout.trim() || undefined;
  } catch {
    return undefined;
  }
}

const pageBytes = 32 << 20;

/**
 * Where the index keeps the wheel.
 * @throws InputError DMPO_ASSETS_INDEX if it has no such file, or another one of that name; UnreachableError.
 */
export async function wheelAddress(index: string, { distribution, wheel }: Manifest, signal?: AbortSignal) {
  const page = `${index.replace(/\/+$/, "")}/${distribution}/`;
  if (!URL.canParse(page))
    fail("DMPO_ASSETS_INDEX", "package index", "is no address", "as pip takes it: https://.../simple");
  const { host } = new URL(page);
  const accept = "application/vnd.pypi.simple.v1+json, text/html;q=0.5";
  const { status, headers, body } = await request(page, { headers: { Accept: accept }, attempts: 2, signal });
  if (status !== 200) {
    body.leave();
    fail("DMPO_ASSETS_INDEX", host, `answers ${status} for ${distribution}`, "a package index as pip uses it");
  }
  const text = await body.text(pageBytes);
  const found = /json/.test(headers.get("Content-Type") ?? "") ? inJson(text, wheel.file) : inHtml(text, wheel.file);
  if (!found) fail("DMPO_ASSETS_INDEX", host, `has no ${wheel.file}`, `the release that is asked for`);
  if (found.sha256 !== undefined && found.sha256 !== wheel.sha256) {
    fail("DMPO_ASSETS_INDEX", host, `${wheel.file} has SHA-256 ${found.sha256}`, wheel.sha256, "use another index");
  }
  return new URL(found.url, page).href;
}

interface Listed {
  readonly url: string;
  readonly sha256?: string;
}

function inJson(text: string, file: string): Listed | undefined {
  let page: { files?: { filename?: unknown; url?: unknown; hashes?: { sha256?: unknown } }[] };
  try {
    page = JSON.parse(text) as typeof page;
  } catch {
    return undefined;
  }
  const found = page.files?.find(({ filename, url }) => filename === file && typeof url === "string");
  const sha256 = found?.hashes?.sha256;
  return found && { url: found.url as string, ...(typeof sha256 === "string" && { sha256: sha256.toLowerCase() }) };
}

function inHtml(text: string, file: string): Listed | undefined {
  for (const [, href] of text.matchAll(/<a\b[^>]*?\bhref\s*=\s*["']([^"']+)["']/gi)) {
    const [url = "", fragment = ""] = href!.replaceAll("&amp;", "&").split("#");
    if (decodeURIComponent(url.split("?")[0]!.split("/").at(-1)!) !== file) continue;
    return { url, sha256: /^sha256=([0-9a-f]{64})$/i.exec(fragment)?.[1]?.toLowerCase() };
  }
  return undefined;
}

/**
 * Lets pip download the wheel into `folder`; pip verifies its hash.
 * @returns its path.
 * @throws InputError DMPO_ASSETS_INDEX with what pip says; the signal's reason.
 */
export async function pipDownload(manifest: Manifest, folder: string, signal?: AbortSignal): Promise<string> {
  const { distribution, version, wheel } = manifest;
  const python = await findPython();
  if (!python) fail("DMPO_ASSETS_INDEX", "pip", "there is no Python with pip", "python3 on the PATH, or a .venv");
  const requirements = join(folder, "requirements.txt");
  await writeFile(requirements, `${distribution}==${version} --hash=sha256:${wheel.sha256}\n`);
  const flags = ["--no-deps", "--no-input", "--only-binary=:all:", "--ignore-requires-python", "--require-hashes"];
  const quiet = ["--quiet", "--disable-pip-version-check", "--retries", "1"];
  try {
    await runFile(
      python,
      ["-m", "pip", "download", ...flags, ...quiet, "--dest", folder, "--requirement", requirements],
      {
        signal,
        maxBuffer: 16 << 20,
      },
    );
  } catch (error) {
    signal?.throwIfAborted();
    const { stderr = "" } = error as { stderr?: string };
    const said =
      stderr
        .split("\n")
        .filter((line) => line.startsWith("ERROR"))
        .join(" ") || String(error);
    fail("DMPO_ASSETS_INDEX", "pip", said, `${wheel.file}`);
  }
  return join(folder, wheel.file);
}

let python: Promise<string | undefined> | undefined;

/** The first Python that has pip: of the active environment, of `.venv` here, on the PATH. */
function findPython(): Promise<string | undefined> {
  return (python ??= (async () => {
    const environments = [process.env.VIRTUAL_ENV, ".venv"].flatMap((home) =>
      home ? [join(resolve(home), "bin", "python"), join(resolve(home), "Scripts", "python.exe")] : [],
    );
    for (const candidate of [...environments.filter((path) => existsSync(path)), "python3", "python"]) {
      try {
        await runFile(candidate, ["-m", "pip", "--version"], { timeout: 30_000 });
        return candidate;
      } catch {
        continue;
      }
    }
    return undefined;
  })());
}
