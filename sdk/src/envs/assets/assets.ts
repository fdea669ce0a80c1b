// Models, meshes and textures of other people's Python packages: fetched once into the cache through the user's own package index,
// each file verified, never part of this package. Their licences lie beside them.
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { join, resolve } from "node:path";
import { fail, InputError } from "../../errors.js";
import { makeFolder } from "../../files.js";
import { download } from "../../hub/download.js";
import { isOffline } from "../../hub/environment.js";
import { withLock } from "../../hub/lock.js";
import { UnreachableError } from "../../hub/request.js";
import { cacheFolder, userPath } from "../../paths.js";
import { warn } from "../../plain-text.js";
import { extractLocal, extractRemote, RangeIgnoredError, type Extraction } from "./extract.js";
import {
  filesOf,
  manifestOf,
  type AssetPackage,
  type AssetSubset,
  type Manifest,
  type PinnedFile,
} from "./manifest.js";
import { indexAddress, pipDownload, wheelAddress } from "./package-index.js";

export type { AssetPackage, AssetSubset } from "./manifest.js";

export interface FetchAssetsOptions {
  /** Default "physics": what simulating needs. "all" adds what is seen in pictures. */
  readonly subset?: AssetSubset;
  /** Told in a line what is fetched and how far it is; by default on standard error. */
  readonly notify?: (line: string) => void;
  /** Stops it; complete files stay. */
  readonly signal?: AbortSignal;
}

/** What `dmpo assets` calls them. */
export const assetFamilies: Readonly<Record<string, AssetPackage>> = {
  robomimic: "robosuite",
  kitchen: "kitchen",
  furniture: "furniture",
};

/**
 * Folder with the package's files, at their paths inside the wheel (e.g. robosuite/models/assets/base.xml); fetches what is
 * missing. Everything there has been verified.
 * @throws InputError DMPO_ASSETS_MISSING with package, version, files and the command; DMPO_ASSETS_CHECKSUM; the signal's reason.
 */
export async function fetchAssets(name: AssetPackage, options: FetchAssetsOptions = {}): Promise<string> {
  const { subset = "physics" } = options;
  const found = findFolder(name, subset);
  if (found !== undefined) return found;
  const manifest = manifestOf(name);
  const home = cachedFolder(manifest);
  await withLock(`${home}.lock`, () => fill(name, home, subset, options), options);
  return home;
}

/**
 * The same folder, if it is complete; for where nothing can be waited for.
 * @throws InputError DMPO_ASSETS_MISSING.
 */
export function assetFolder(name: AssetPackage, subset: AssetSubset = "physics"): string {
  return findFolder(name, subset) ?? failMissing(name, subset, []);
}

/** What the simulations of an environment need before they can be made. */
interface Needs {
  readonly assets?: AssetPackage;
  readonly assetSubset?: AssetSubset;
  prepare?(): Promise<void>;
}

/** Fetches what the simulations of an environment need, where they need something, and prepares it. */
export async function fetchFor(needs: Needs, options?: FetchAssetsOptions): Promise<void> {
  const { assets, assetSubset } = needs;
  if (assets !== undefined) await fetchAssets(assets, { subset: assetSubset, ...options });
  await needs.prepare?.();
}

/** Where its files would lie in the cache. */
export const cachedFolder = ({ distribution, version }: Manifest): string =>
  join(cacheFolder(), "assets", `${distribution}-${version}`);

/** Paths of files that are missing in `folder`, or hold something else. */
export function missingFiles(folder: string, files: ReadonlyMap<string, PinnedFile>): string[] {
  return [...files].filter(([path, pinned]) => !holds(join(folder, path), pinned)).map(([path]) => path);
}

/** Files found right by this thread, with what would change if they changed. */
const right = new Map<string, string>();

function holds(path: string, [bytes, sha256]: PinnedFile): boolean {
  const state = statSync(path, { throwIfNoEntry: false });
  if (!state?.isFile() || state.size !== bytes) return false;
  const now = `${sha256} ${state.ino} ${state.mtimeMs} ${state.ctimeMs}`;
  if (right.get(path) === now) return true;
  if (createHash("sha256").update(readFileSync(path)).digest("hex") !== sha256) return false;
  right.set(path, now);
  return true;
}

/** What is here of a package. */
export interface AssetState extends Pick<Manifest, "distribution" | "version" | "license"> {
  readonly folder: string;
  /** Whether what simulating needs is complete. */
  readonly physics: boolean;
  /** Whether everything is. */
  readonly all: boolean;
  /** Paths of files that are there and hold something else. */
  readonly damaged: readonly string[];
}

/** Reads every file that is here. */
export function assetState(name: AssetPackage): AssetState {
  const manifest = manifestOf(name);
  const { distribution, version, license } = manifest;
  const folder = findFolder(name, "all") ?? findFolder(name, "physics") ?? cachedFolder(manifest);
  const missing = missingFiles(folder, filesOf(manifest, "all"));
  const damaged = missing.filter((path) => existsSync(join(folder, path)));
  const physics = missing.every((path) => !Object.hasOwn(manifest.physics, path));
  return { distribution, version, license, folder, physics, all: missing.length === 0, damaged };
}

/** DMPO_ASSETS_DIR: a folder with the packages' trees or their wheels. */
function localFolder(): string | undefined {
  const { DMPO_ASSETS_DIR } = process.env;
  return DMPO_ASSETS_DIR ? resolve(userPath(DMPO_ASSETS_DIR)) : undefined;
}

function findFolder(name: AssetPackage, subset: AssetSubset): string | undefined {
  const manifest = manifestOf(name);
  const files = filesOf(manifest, subset);
  const local = localFolder();
  const places = local === undefined ? [] : [local, join(local, `${manifest.distribution}-${manifest.version}`)];
  return [...places, cachedFolder(manifest)].find((place) => missingFiles(place, files).length === 0);
}

const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(bytes < 1e6 ? 2 : 1)} MB`;
const progressMilliseconds = 3000;

/** Tries one source after the other: a wheel in DMPO_ASSETS_DIR, the index by ranges or as a whole, pip. */
async function fill(name: AssetPackage, home: string, subset: AssetSubset, options: FetchAssetsOptions): Promise<void> {
  const { notify = warn, signal } = options;
  const manifest = manifestOf(name);
  const { distribution, version, license, wheel } = manifest;
  const absent = (which: AssetSubset) => {
    const files = filesOf(manifest, which);
    return new Map(missingFiles(home, files).map((path) => [path, files.get(path)!]));
  };
  const title = `${distribution} ${version}`;
  const plan = (which: AssetSubset): Extraction => ({ wanted: absent(which), folder: home, name: wheel.file, signal });
  // Another process may have done it while this one waited.
  if (absent(subset).size === 0) return;

  const local = localWheel(wheel.file);
  if (local !== undefined) return extractLocal(local, plan("all"));
  const reasons: string[] = [];
  if (isOffline()) failMissing(name, subset, ["HF_HUB_OFFLINE is set"]);
  const bytes = [...absent(subset).values()].reduce((sum, [size]) => sum + size, 0);
  notify(
    `fetching ${absent(subset).size} files of the Python package ${title} (${megabytes(bytes)} unpacked, ${license}) into ${home}`,
  );
  const attempts = [
    async () => {
      const index = await indexAddress();
      if (index === undefined) return false;
      const url = await wheelAddress(index, manifest, signal);
      try {
        await extractRemote(url, { ...plan(subset), onProgress: paced((line) => notify(`${title}: ${line}`)) });
      } catch (error) {
        if (!(error instanceof RangeIgnoredError)) throw error;
        const whole = await wholeWheel(
          url,
          manifest,
          options,
          paced((line) => notify(`${title}: ${line}`)),
        );
        await extractLocal(whole, plan("all"));
        rmSync(whole);
      }
      return true;
    },
    async () => {
      notify(`${title}: asking pip for ${wheel.file} (${megabytes(wheel.bytes)})`);
      makeFolder(join(cacheFolder(), "assets"));
      const folder = await mkdtemp(join(cacheFolder(), "assets", "pip-"));
      try {
        await extractLocal(await pipDownload(manifest, folder, signal), plan("all"));
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
      return true;
    },
  ];
  for (const attempt of attempts) {
    try {
      if (await attempt()) return notify(`${title}: complete; its licence is ${licenseFile(manifest)}`);
    } catch (error) {
      signal?.throwIfAborted();
      if (!(error instanceof InputError || error instanceof UnreachableError)) throw error;
      reasons.push(error.message.replaceAll(/\s*\n\s*/g, ", "));
    }
  }
  failMissing(name, subset, reasons);
}

/** A wheel that lies ready in DMPO_ASSETS_DIR. */
function localWheel(file: string): string | undefined {
  const local = localFolder();
  return local !== undefined && existsSync(join(local, file)) ? join(local, file) : undefined;
}

async function wholeWheel(
  url: string,
  { wheel }: Manifest,
  { signal }: FetchAssetsOptions,
  onProgress: (received: number, total: number) => void,
): Promise<string> {
  const target = join(cacheFolder(), "assets", wheel.file);
  await download({
    ...{ name: wheel.file, url, target, incomplete: `${target}.incomplete`, size: wheel.bytes, signal },
    checksum: { algorithm: "sha256", value: wheel.sha256 },
    onProgress: ({ received, total = wheel.bytes }) => onProgress(received, total),
  });
  return target;
}

/** At most a line in so many seconds. */
function paced(say: (line: string) => void): (received: number, total: number) => void {
  let last = performance.now();
  return (received, total) => {
    if (performance.now() - last < progressMilliseconds) return;
    last = performance.now();
    say(`${megabytes(received)} of ${megabytes(total)}`);
  };
}

/** Path of the licence's text inside the package. */
export const licenseFile = ({ physics }: Manifest): string =>
  Object.keys(physics).find((path) => path.endsWith("/LICENSE"))!;

function failMissing(name: AssetPackage, subset: AssetSubset, reasons: readonly string[]): never {
  const manifest = manifestOf(name);
  const { distribution, version, wheel } = manifest;
  const home = cachedFolder(manifest);
  const files = filesOf(manifest, subset);
  const missing = missingFiles(home, files);
  const family = Object.keys(assetFamilies).find((key) => assetFamilies[key] === name)!;
  const shown = missing.slice(0, 3).join(", ");
  const inside = existsSync(home) && readdirSync(home).length > 0 ? "" : ", none of them there";
  const remedies = [
    ...reasons,
    `with a connection: npx dmpo assets fetch ${family}${subset === "all" ? "" : " --physics"}`,
    `without: a folder named by DMPO_ASSETS_DIR that holds ${wheel.file}, or the unpacked package`,
  ];
  fail(
    "DMPO_ASSETS_MISSING",
    `Python package ${distribution} ${version}`,
    `${missing.length} of ${files.size} files are missing in ${home}${inside}: ${shown}${missing.length > 3 ? ", ..." : ""}`,
    `the files of ${wheel.file} (${megabytes(wheel.bytes)})`,
    remedies.join("\n  "),
  );
}
