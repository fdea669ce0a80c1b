// Files of other people's packages: fetched from a made-up wheel on a server of our own, and the real ones where they are here.
import { createHash, randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { zipSync } from "fflate";
import { afterAll, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { assetFolder, assetState, fetchAssets } from "../../../sdk/src/envs/assets/assets.js";
import type * as manifests from "../../../sdk/src/envs/assets/manifest.js";
import type * as packageIndex from "../../../sdk/src/envs/assets/package-index.js";
import { dmpo } from "../../cli/dmpo.js";
import { temporaryFolder } from "../../data/temporary-folder.js";
import { startWheelServer, type WheelServer } from "./wheel-server.js";

/** Contents of the made-up wheel; between the wanted files lies more than a request bridges. */
const contents: Record<string, Buffer> = {
  "made_up-1.0.dist-info/LICENSE": Buffer.from("do as you please"),
  "made_up/model.xml": Buffer.from("<mujoco/>".repeat(2000)),
  "made_up/unwanted.bin": randomBytes(200_000),
  "made_up/link.stl": randomBytes(50_000),
  "made_up/more.bin": randomBytes(200_000),
  "made_up/picture.png": randomBytes(30_000),
};
const wheel = Buffer.from(zipSync({ ...contents, "made_up/link.stl": [contents["made_up/link.stl"]!, { level: 0 }] }));
const sha256 = (bytes: Buffer) => createHash("sha256").update(bytes).digest("hex");
const pinned = (...paths: string[]) =>
  Object.fromEntries(paths.map((path) => [path, [contents[path]!.length, sha256(contents[path]!)] as const]));
const physics = ["made_up-1.0.dist-info/LICENSE", "made_up/model.xml", "made_up/link.stl"];
const manifest: manifests.Manifest = {
  ...{ distribution: "made-up", version: "1.0", license: "MIT" },
  wheel: { file: "made_up.whl", bytes: wheel.length, sha256: sha256(wheel) },
  physics: pinned(...physics),
  pictures: pinned("made_up/picture.png"),
};

const pip = vi.hoisted(() => ({ download: undefined as ((folder: string) => string) | undefined }));
vi.mock("../../../sdk/src/envs/assets/manifest.js", async (original) => ({
  ...(await original<typeof manifests>()),
  manifestOf: () => manifest,
}));
vi.mock("../../../sdk/src/envs/assets/package-index.js", async (original) => {
  const { InputError } = await import("../../../sdk/src/errors.js");
  const refuse = () => {
    throw new InputError("DMPO_ASSETS_INDEX", [{ path: "pip", wrong: "is not here", expected: "pip" }]);
  };
  return {
    ...(await original<typeof packageIndex>()),
    pipDownload: async (_: unknown, folder: string) => (pip.download ?? refuse)(folder),
  };
});

let server: WheelServer;
let cache: string;
const notices: string[] = [];
const options = { notify: (line: string) => void notices.push(line) };
const jsonPage = (hash = sha256(wheel)) => ({
  type: "application/vnd.pypi.simple.v1+json",
  text: JSON.stringify({ files: [{ filename: "made_up.whl", url: "../../made_up.whl", hashes: { sha256: hash } }] }),
});
const root = temporaryFolder();
beforeAll(async () => void (server = await startWheelServer(wheel)));
afterAll(() => server.close());
beforeEach(({ task }) => {
  cache = join(root, task.id);
  vi.unstubAllEnvs();
  vi.stubEnv("DMPO_CACHE_DIR", cache);
  vi.stubEnv("DMPO_PACKAGE_INDEX", server.index);
  vi.stubEnv("DMPO_ASSETS_DIR", "");
  vi.stubEnv("HF_HUB_OFFLINE", "");
  Object.assign(server, { wheel, page: jsonPage(), ranges: true, beforeRange: () => {} });
  server.cuts.length = server.requests.length = notices.length = 0;
  pip.download = undefined;
});

const home = () => join(cache, "assets", "made-up-1.0");
const here = (path: string) => existsSync(join(home(), path));
const ranges = () => server.requests.filter((line) => line.includes("bytes="));
function expectContents(folder: string, paths: readonly string[]): void {
  for (const path of paths) expect(readFileSync(join(folder, path))).toEqual(contents[path]);
}

test("what physics needs comes by ranges, without the rest of the wheel, and is not asked for again", async () => {
  const folder = await fetchAssets("kitchen", options);
  expect(folder).toBe(home());
  expectContents(folder, physics);
  expect(here("made_up/picture.png")).toBe(false);
  expect(here("made_up/unwanted.bin")).toBe(false);
  // The directory, the licence and the model together, the link.
  expect(ranges()).toHaveLength(3);
  const asked = server.requests.length;
  expect(await fetchAssets("kitchen", options)).toBe(folder);
  expect(assetFolder("kitchen")).toBe(folder);
  expect(server.requests).toHaveLength(asked);
  expect(notices[0]).toContain("fetching 3 files of the Python package made-up 1.0");
  expectContents(await fetchAssets("kitchen", { ...options, subset: "all" }), ["made_up/picture.png"]);
});

test.each([
  ["an HTML page", `<a class=x href='../../made_up.whl#sha256=${sha256(wheel)}'>made_up.whl</a>`],
  ["an HTML page without sums", `<a href="../../other.whl">other</a><a href="../../made_up.whl">made_up</a>`],
])("%s of the index is read, too", async (_, text) => {
  server.page = { type: "text/html; charset=utf-8", text };
  expectContents(await fetchAssets("kitchen", options), physics);
});

test("a server that ignores ranges sends the whole wheel, of which nothing is left", async () => {
  server.ranges = false;
  expectContents(await fetchAssets("kitchen", options), [...physics, "made_up/picture.png"]);
  expect(existsSync(join(cache, "assets", "made_up.whl"))).toBe(false);
});

test("a broken connection is asked again", async () => {
  server.cuts.push(1000, undefined, undefined, 20_000);
  expectContents(await fetchAssets("kitchen", options), physics);
  expect(ranges()).toHaveLength(5);
});

test("what is complete stays when a fetch is stopped, and only the rest is asked for", async () => {
  const stop = new AbortController();
  let served = 0;
  server.beforeRange = () => ++served === 3 && stop.abort(new Error("enough"));
  await expect(fetchAssets("kitchen", { ...options, signal: stop.signal })).rejects.toThrow("enough");
  expect([here("made_up/model.xml"), here("made_up/link.stl")]).toEqual([true, false]);
  server.requests.length = 0;
  server.beforeRange = () => {};
  expectContents(await fetchAssets("kitchen", options), physics);
  expect(ranges()).toHaveLength(2);
});

test("a file that was damaged in the cache is fetched again, and nothing else", async () => {
  const folder = await fetchAssets("kitchen", options);
  writeFileSync(join(folder, "made_up/link.stl"), randomBytes(50_000));
  expect(assetState("kitchen")).toMatchObject({ physics: false, all: false, damaged: ["made_up/link.stl"] });
  expect(() => assetFolder("kitchen")).toThrow("1 of 3 files are missing");
  server.requests.length = 0;
  expectContents(await fetchAssets("kitchen", options), physics);
  expect(ranges()).toHaveLength(2);
});

const altered = (change: (bytes: Buffer) => Buffer) => change(Buffer.from(wheel));
test.each([
  [
    "damaged",
    altered((bytes) => (bytes.fill(0, bytes.indexOf(contents["made_up/link.stl"]!.subarray(0, 16)), undefined), bytes)),
    "made_up.whl",
  ],
  ["truncated", altered((bytes) => bytes.subarray(0, -40_000)), "the archive's directory is missing"],
  [
    "another one, with the right checksums of its own",
    Buffer.from(zipSync({ ...contents, "made_up/link.stl": randomBytes(50_000) })),
    "made_up.whl: made_up/link.stl: is not the file that is expected",
  ],
  ["without a file", Buffer.from(zipSync({ "made_up/model.xml": contents["made_up/model.xml"]! })), "has no made_up"],
])("a wheel that is %s is refused", async (_, bytes, wrong) => {
  server.wheel = bytes;
  await expect(fetchAssets("kitchen", options)).rejects.toMatchObject({
    code: "DMPO_ASSETS_MISSING",
    message: expect.stringContaining(wrong) as string,
  });
  expect(here("made_up/link.stl")).toBe(false);
});

test("an index whose wheel has another hash is not used, and pip is asked next", async () => {
  server.page = jsonPage("0".repeat(64));
  await expect(fetchAssets("kitchen", options)).rejects.toThrow(/made_up\.whl has SHA-256 0000.*pip: is not here/s);
  expect(ranges()).toHaveLength(0);
  pip.download = (folder) => {
    writeFileSync(join(folder, "made_up.whl"), wheel);
    return join(folder, "made_up.whl");
  };
  expectContents(await fetchAssets("kitchen", options), [...physics, "made_up/picture.png"]);
});

test("without a connection one error names package, version, files and the command", async () => {
  vi.stubEnv("HF_HUB_OFFLINE", "1");
  const error = await fetchAssets("kitchen", options).catch((reason: Error) => reason.message);
  expect(String(error).replaceAll(cache, "CACHE")).toMatchInlineSnapshot(`
    "Python package made-up 1.0: 3 of 3 files are missing in CACHE/assets/made-up-1.0, none of them there: made_up-1.0.dist-info/LICENSE, made_up/model.xml, made_up/link.stl
      expected the files of made_up.whl (0.48 MB)
      HF_HUB_OFFLINE is set
      with a connection: npx dmpo assets fetch kitchen --physics
      without: a folder named by DMPO_ASSETS_DIR that holds made_up.whl, or the unpacked package"
  `);
  expect(server.requests).toHaveLength(0);
});

test("DMPO_ASSETS_DIR holds the unpacked package or its wheel", async () => {
  const local = join(cache, "local");
  vi.stubEnv("DMPO_ASSETS_DIR", local);
  vi.stubEnv("HF_HUB_OFFLINE", "1");
  mkdirSync(local, { recursive: true });
  writeFileSync(join(local, "made_up.whl"), wheel);
  expect(await fetchAssets("kitchen", options)).toBe(home());
  expectContents(home(), physics);
  rmSync(home(), { recursive: true });
  rmSync(join(local, "made_up.whl"));
  for (const path of physics) {
    mkdirSync(dirname(join(local, path)), { recursive: true });
    writeFileSync(join(local, path), contents[path]!);
  }
  expect(await fetchAssets("kitchen", options)).toBe(local);
  expect(assetFolder("kitchen")).toBe(local);
});

test("two that need the same files fetch them once", async () => {
  await Promise.all([fetchAssets("kitchen", options), fetchAssets("kitchen", options)]);
  expect(ranges()).toHaveLength(3);
});

test("the command fetches, lists and verifies", async () => {
  expect(await dmpo("assets", "fetch", "kitchen")).toMatchObject({ code: 0, out: home() });
  expect((await dmpo("assets", "list")).out).toContain(`kitchen  made-up 1.0 (MIT)  complete  ${home()}`);
  expect((await dmpo("assets", "verify")).code).toBe(0);
  writeFileSync(join(home(), "made_up/picture.png"), "no picture");
  const { code, out } = await dmpo("assets", "verify");
  expect(code).toBe(1);
  expect(out).toContain("physics complete, pictures missing");
  expect(out).toContain("  damaged: made_up/picture.png");
  expect((await dmpo("assets", "fetch", "kitchenette")).error).toContain("one of robomimic, kitchen, furniture, all");
});
