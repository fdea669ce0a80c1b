// Downloads against a server with faults: what arrives, what is asked for, what is said when it cannot work.
import { execFile, execFileSync, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  mkdirSync,
  utimesSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { scanCacheDir } from "@huggingface/hub";
import type * as timers from "node:timers/promises";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { fetchFile, resolvePath, type DownloadProgress } from "../../sdk/src/hub/fetch-file.js";
import { pythonWith } from "../python.js";
import { gitName, sha256, startHubServer, type HubServer } from "./hub-server.js";

// Waiting is ten times shorter than in earnest.
vi.mock("node:timers/promises", async (original) => {
  const real = await original<typeof timers>();
  return {
    ...real,
    setTimeout: (milliseconds: number, ...rest: never[]) => real.setTimeout(milliseconds / 10, ...rest),
  };
});

const weights = randomBytes(300_000);
const small = Buffer.from('{"a":1}\n');
const repository = "org/repo";
const large = "hf://org/repo/sub/weights.pt";

let hub: HubServer;
let home: string;
beforeEach(async () => {
  hub = await startHubServer({
    [`${repository}/sub/weights.pt`]: { contents: weights, large: true },
    [`${repository}/config.json`]: { contents: small },
    [`${repository}/empty`]: { contents: Buffer.alloc(0) },
    "datasets/imone/D4RL/x.hdf5": { contents: weights, large: true },
    "plain/a file.npz": { contents: weights },
    "plain/a%20file.npz": { contents: weights },
  });
  home = mkdtempSync(join(tmpdir(), "dmpo-hub-"));
  for (const name of ["HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_HUB_OFFLINE", "HF_TOKEN", "HF_TOKEN_PATH"]) {
    vi.stubEnv(name, undefined);
  }
  vi.stubEnv("HF_HOME", home);
  vi.stubEnv("DMPO_CACHE_DIR", join(home, "dmpo"));
  vi.stubEnv("HF_ENDPOINT", hub.endpoint);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await hub.close();
  rmSync(home, { recursive: true, force: true });
});

const storage = () => join(home, "hub", "models--org--repo");
const transfers = () => hub.requests.filter((line) => line.startsWith("GET"));

test("a large file: layout, links, the token stays with the hub", async () => {
  vi.stubEnv("HF_TOKEN", "secret");
  hub.token = "secret";
  const progress: DownloadProgress[] = [];
  const path = await fetchFile(large, { onProgress: (step) => progress.push(step) });
  expect(path).toBe(join(storage(), "snapshots", hub.commit, "sub", "weights.pt"));
  expect(readFileSync(path).equals(weights)).toBe(true);
  expect(readlinkSync(path)).toBe(`../../../blobs/${sha256(weights)}`);
  expect(readFileSync(join(storage(), "refs", "main"), "utf8")).toBe(hub.commit);
  expect(readdirSync(join(storage(), "blobs"))).toEqual([sha256(weights)]);
  expect(progress.at(-1)).toMatchObject({ received: weights.length, total: weights.length });
  expect(hub.requests).not.toContain("LEAKED TOKEN");

  hub.requests.length = 0;
  expect(await fetchFile(large)).toBe(path);
  expect(transfers()).toEqual([]);
  expect(await fetchFile(`${large}@${hub.commit}`)).toBe(path);
  expect(hub.requests).toHaveLength(1);
});

test("small files are named by git, empty ones work, data sets have their own folder", async () => {
  const config = await fetchFile("hf://org/repo/config.json");
  expect(readlinkSync(config)).toBe(`../../blobs/${gitName(small)}`);
  expect(readFileSync(await fetchFile("hf://org/repo/empty"))).toHaveLength(0);
  expect(await fetchFile("hf://datasets/imone/D4RL/x.hdf5")).toContain("datasets--imone--D4RL");
});

test("the same cache as huggingface_hub's, both ways", async (context) => {
  const python = pythonWith("huggingface_hub");
  if (!python) return context.skip("no Python with huggingface_hub (set DMPO_TEST_PYTHON)");
  await fetchFile(large);
  const script = `
import huggingface_hub as h, json
hit = h.try_to_load_from_cache("org/repo", "sub/weights.pt")
cache = h.scan_cache_dir()
print(json.dumps({"hit": hit, "offline": h.hf_hub_download("org/repo", "sub/weights.pt", local_files_only=True),
  "online": h.hf_hub_download("org/repo", "config.json"), "warnings": [str(w) for w in cache.warnings],
  "refs": [sorted(r.refs) for x in cache.repos for r in x.revisions]}))`;
  // Not in the way of the server, which runs in this process.
  const { stdout } = await promisify(execFile)(python, ["-c", script]);
  const path = join(storage(), "snapshots", hub.commit, "sub", "weights.pt");
  const found = JSON.parse(stdout.trim().split("\n").at(-1)!) as Record<string, unknown>;
  expect(found).toMatchObject({ hit: path, offline: path, warnings: [], refs: [["main"]] });
  hub.requests.length = 0;
  expect(await fetchFile("hf://org/repo/config.json")).toBe(found.online);
  expect(transfers()).toEqual([]);
  expect((await scanCacheDir(join(home, "hub"))).repos.map(({ id }) => id.name)).toEqual(["org/repo"]);
});

test("a cut connection is resumed where it stopped", async () => {
  hub.faults.push({ cutAfter: 100_000 }, { cutAfter: 50_000 });
  expect(readFileSync(await fetchFile(large)).equals(weights)).toBe(true);
  // Nothing that arrived is asked for again.
  const ranges = transfers().flatMap((line) => /bytes=.*/.exec(line) ?? []);
  expect([...new Set(ranges)]).toEqual(["bytes=100000-", "bytes=150000-"]);
});

test.each(["truncated", "altered"])(
  "a file of the cache that is %s is downloaded again, and not taken offline",
  async (how) => {
    const path = await fetchFile(large);
    const damaged = how === "truncated" ? weights.subarray(1) : Buffer.from(weights.map((byte) => byte ^ 1));
    writeFileSync(path, damaged);
    vi.stubEnv("HF_HUB_OFFLINE", "1");
    await expect(fetchFile(large)).rejects.toMatchObject({ code: "DMPO_HUB_CHECKSUM" });
    vi.stubEnv("HF_HUB_OFFLINE", undefined);
    hub.headFaults.push(...Array<{ status: number }>(5).fill({ status: 503 }));
    await expect(fetchFile(large)).rejects.toMatchObject({ code: "DMPO_HUB_UNREACHABLE" });
    expect(readFileSync(await fetchFile(large)).equals(weights)).toBe(true);

    const url = `${hub.endpoint}/plain/a%20file.npz`;
    writeFileSync(await fetchFile(url), damaged);
    expect(readFileSync(await fetchFile(url)).equals(weights)).toBe(true);
  },
);

test("a name in the cache never leads outside it", async () => {
  const outside = join(home, "secret");
  mkdirSync(join(outside, "sub"), { recursive: true });
  writeFileSync(join(outside, "sub", "weights.pt"), "secret");
  vi.stubEnv("HF_HUB_OFFLINE", "1");
  mkdirSync(join(storage(), "refs"), { recursive: true });
  for (const lead of ["../../../secret", outside]) {
    writeFileSync(join(storage(), "refs", "main"), lead);
    await expect(fetchFile(large)).rejects.toMatchObject({ code: "DMPO_HUB_OFFLINE" });
  }
  writeFileSync(join(storage(), "refs", "main"), hub.commit);
  mkdirSync(join(storage(), "snapshots"), { recursive: true });
  symlinkSync(outside, join(storage(), "snapshots", hub.commit));
  await expect(fetchFile(large)).rejects.toMatchObject({ code: "DMPO_HUB_OFFLINE" });
});

test("so is a download of an earlier process, and a wrong beginning is replaced", async () => {
  const incomplete = join(storage(), "blobs", `${sha256(weights)}.dmpo.incomplete`);
  mkdirSync(dirname(incomplete), { recursive: true });
  writeFileSync(incomplete, weights.subarray(0, 123_456));
  await fetchFile(large);
  expect(transfers().at(-1)).toContain("bytes=123456-");
  rmSync(home, { recursive: true });
  mkdirSync(dirname(incomplete), { recursive: true });
  writeFileSync(incomplete, Buffer.alloc(1000, 7));
  expect(readFileSync(await fetchFile(large)).equals(weights)).toBe(true);
});

test("wrong contents and lengths are discarded and named", async () => {
  hub.faults.push({ alter: "contents" });
  await expect(fetchFile(large)).rejects.toMatchObject({ code: "DMPO_HUB_CHECKSUM" });
  for (const alter of ["longer", "shorter"] as const) {
    hub.faults.push({ alter });
    await expect(fetchFile(large)).rejects.toMatchObject({ code: "DMPO_HUB_LENGTH" });
  }
  hub.faults.push({ alter: "contents" });
  await expect(fetchFile("hf://org/repo/config.json")).rejects.toMatchObject({ code: "DMPO_HUB_CHECKSUM" });
  expect(readFileSync(await fetchFile(large)).equals(weights)).toBe(true);
  await expect(fetchFile(large, { sha256: "0".repeat(64) })).rejects.toMatchObject({ code: "DMPO_HUB_CHECKSUM" });
});

test("a busy server is asked again, after the time it names", async () => {
  hub.headFaults.push({ status: 503 }, { status: 429, retryAfter: "1" });
  hub.faults.push({ status: 500 });
  const began = performance.now();
  expect(readFileSync(await fetchFile(large)).equals(weights)).toBe(true);
  expect(performance.now() - began).toBeGreaterThan(100);
  hub.headFaults.push({ status: 429, retryAfter: "86400" });
  await expect(fetchFile(large)).rejects.toMatchObject({ code: "DMPO_HUB_BUSY" });
});

test("a server that stays broken: an error, or the copy that is there", async () => {
  const broken = () => hub.headFaults.push(...Array<{ status: number }>(5).fill({ status: 503 }));
  broken();
  await expect(fetchFile(large)).rejects.toThrow(/answers 503[^]*HF_ENDPOINT/);
  const path = await fetchFile(large);
  broken();
  const notices: string[] = [];
  expect(await fetchFile(large, { notify: (sentence) => notices.push(sentence) })).toBe(path);
  expect(notices).toEqual([expect.stringContaining("using the copy")]);
});

test("offline: the cache, or one clear line", async () => {
  const path = await fetchFile(large);
  hub.requests.length = 0;
  vi.stubEnv("HF_HUB_OFFLINE", "1");
  expect(await fetchFile(large)).toBe(path);
  await expect(fetchFile("hf://org/repo/config.json")).rejects.toMatchObject({ code: "DMPO_HUB_OFFLINE" });
  await expect(fetchFile(`${hub.endpoint}/plain/a%20file.npz`)).rejects.toMatchObject({ code: "DMPO_HUB_OFFLINE" });
  expect(hub.requests).toEqual([]);
});

test("what is not there or not allowed", async () => {
  await expect(fetchFile("hf://org/repo/confg.json")).rejects.toThrow(/no such file in org\/repo[^]*config\.json\?/);
  await expect(fetchFile(`${large}@v9`)).rejects.toThrow(/no revision "v9"/);
  await expect(fetchFile(`${hub.endpoint}/plain/none`)).rejects.toMatchObject({ code: "DMPO_HUB_NOT_FOUND" });
  hub.token = "secret";
  await expect(fetchFile(large)).rejects.toThrow(/private and no HF_TOKEN is set/);
  vi.stubEnv("HF_TOKEN", "wrong");
  await expect(fetchFile(large)).rejects.toThrow(/HF_TOKEN gives no access/);
});

test("a file that cannot fit is refused before its first byte", async () => {
  hub.files.set(`${repository}/huge`, { contents: weights, large: true, claimedSize: 1e17 });
  await expect(fetchFile("hf://org/repo/huge")).rejects.toMatchObject({ code: "DMPO_HUB_DISK" });
  expect(transfers()).toEqual([]);
});

test("a full disk while writing", async (context) => {
  const small = mkdtempSync(join(tmpdir(), "dmpo-full-"));
  if (spawnSync("mount", ["-t", "tmpfs", "-o", "size=128k", "tmpfs", small]).status !== 0) {
    rmSync(small, { recursive: true });
    return context.skip("file systems cannot be mounted here");
  }
  try {
    vi.stubEnv("HF_HOME", small);
    await expect(fetchFile(large)).rejects.toMatchObject({ code: "DMPO_HUB_DISK" });
  } finally {
    execFileSync("umount", [small]);
    rmSync(small, { recursive: true });
  }
});

test("parallel calls download once; a dead process's lock expires", async () => {
  hub.delay = 150;
  const paths = await Promise.all(Array.from({ length: 4 }, () => fetchFile(large)));
  expect(new Set(paths).size).toBe(1);
  expect(transfers().filter((line) => line.includes("weights"))).toHaveLength(2); // the hub's redirect and the content
  const lock = join(home, "hub", ".locks", "models--org--repo", `${gitName(small)}.dmpo.lock`);
  mkdirSync(dirname(lock), { recursive: true });
  writeFileSync(lock, "");
  utimesSync(lock, 0, 0);
  expect(readFileSync(await fetchFile("hf://org/repo/config.json")).equals(small)).toBe(true);
  expect(readdirSync(dirname(lock))).toEqual([]);
});

test("stopping keeps what arrived for the next time", async () => {
  const stop = new AbortController();
  hub.faults.push({ stallAfter: 200_000 });
  setTimeout(() => stop.abort(new Error("enough")), 300);
  await expect(fetchFile(large, { signal: stop.signal })).rejects.toThrow("enough");
  hub.requests.length = 0;
  expect(readFileSync(await fetchFile(large)).equals(weights)).toBe(true);
  expect(transfers().at(-1)).toMatch(/bytes=[1-9]\d*-/);
});

test("web files: cached by address, renewed when they change, verified by checksum", async () => {
  const url = `${hub.endpoint}/plain/a%20file.npz`;
  hub.faults.push({ cutAfter: 1000 });
  const path = await fetchFile(url);
  expect(path).toMatch(/dmpo\/downloads\/[0-9a-f]{16}\/a_file\.npz$/);
  expect(readFileSync(path).equals(weights)).toBe(true);
  hub.requests.length = 0;
  expect(await fetchFile(url)).toBe(path);
  expect(await fetchFile(url, { sha256: sha256(weights) })).toBe(path);
  expect(transfers()).toEqual([]);
  hub.files.set("plain/a%20file.npz", { contents: small });
  expect(readFileSync(await fetchFile(url)).equals(small)).toBe(true);
  await expect(fetchFile(url, { sha256: sha256(weights) })).rejects.toMatchObject({ code: "DMPO_HUB_CHECKSUM" });
  await hub.close();
  expect(await fetchFile(url)).toBe(path);
  hub = await startHubServer({});
});

test("paths on this machine stay", async () => {
  expect(await resolvePath("log/x.pt")).toBe("log/x.pt");
  expect(await resolvePath("hf://org/repo/config.json")).toContain("snapshots");
});
