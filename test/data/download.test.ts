// First use of a data set: published files from a hub, the original recording on request, the next mirror where one fails.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { bundledDatasets, fetchMissing, locateData } from "../../sdk/src/data/data-folder.js";
import { Dataset } from "../../sdk/src/data/dataset.js";
import { dataSources } from "../../sdk/src/data/sources.js";
import { startHubServer, type HubServer } from "../hub/hub-server.js";

const repository = "datasets/Guowei-Zou/DMPO-datasets";
const recording = readFileSync(bundledDatasets["hopper-medium-mini"]);
let hub: HubServer;
let home: string;

beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), "dmpo-download-"));
  const sample = Dataset.from({
    observations: [[0], [1], [2]],
    actions: [[0], [1], [2]],
    rewards: [1, 1, 1],
    episodeLengths: [3],
  });
  await sample.save(join(home, "published"));
  const contents = (file: string) => ({ contents: readFileSync(join(home, "published", file)), large: true });
  hub = await startHubServer({
    [`${repository}/gym/ant-medium-expert-v2/train.npz`]: contents("train.npz"),
    [`${repository}/gym/ant-medium-expert-v2/normalization.npz`]: contents("normalization.npz"),
    "datasets/imone/D4RL/ant_medium_expert-v2.hdf5": { contents: recording, large: true },
    "datasets/imone/D4RL/hopper_medium-v2.hdf5": { contents: recording, large: true },
  });
  for (const name of ["HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_HUB_OFFLINE", "HF_TOKEN", "HF_TOKEN_PATH"]) {
    vi.stubEnv(name, undefined);
  }
  vi.stubEnv("HF_HOME", home);
  vi.stubEnv("DMPO_CACHE_DIR", join(home, "dmpo"));
  vi.stubEnv("DMPO_DATA_DIR", join(home, "data"));
  vi.stubEnv("HF_ENDPOINT", hub.endpoint);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await hub.close();
  rmSync(home, { recursive: true, force: true });
});

test("published files come from the hub once, the original on request", async () => {
  const published = await Dataset.d4rl("ant-medium-expert-v2", { download: true });
  expect([published.name, published.steps]).toEqual(["ant-medium-expert-v2", 3]);
  const transfers = () => hub.requests.filter((line) => line.startsWith("GET"));
  const before = transfers().length;
  expect((await Dataset.d4rl("ant-medium-expert-v2", { download: true })).steps).toBe(3);
  expect(transfers().length).toBe(before);
  expect((await Dataset.d4rl("ant-medium-expert-v2", { original: true, download: true })).steps).toBe(30_278);
});

test("without published files the original is taken, and the folder of the user goes before all", async () => {
  hub.files.delete(`${repository}/gym/ant-medium-expert-v2/train.npz`);
  expect((await Dataset.d4rl("ant-medium-expert-v2", { download: true })).steps).toBe(30_278);
  const place = join(home, "data", "gym", "ant-medium-expert-v2");
  mkdirSync(place, { recursive: true });
  await Dataset.from({ observations: [[0], [1]], actions: [[0], [1]], episodeLengths: [2] }).save(place);
  expect((await Dataset.d4rl("ant-medium-expert-v2")).steps).toBe(2);
});

test("hopper-medium-v2 is downloaded when that is asked for", async () => {
  const got = await Dataset.d4rl("hopper-medium-v2", { download: true });
  expect([got.name, got.steps]).toEqual(["hopper-medium-v2", 30_278]);
});

test("offline: which file belongs where, and what each address said", async () => {
  vi.stubEnv("HF_HUB_OFFLINE", "1");
  const place = join(home, "data", "gym", "kitchen-mixed-v0");
  const wanted = "kitchen_microwave_kettle_bottomburner_light-v0.hdf5";
  const message = new RegExp(
    `data set "kitchen-mixed-v0": not found in ${place}\\n` +
      ` +expected ${wanted} \\(D4RL\\) or train\\.npz with normalization\\.npz in ${place}\\n` +
      `[^]*DMPO-datasets/gym/kitchen-mixed-v0/train\\.npz: not in the cache[^]*/kitchen/${wanted}: not in the cache`,
  );
  await expect(Dataset.kitchen("mixed", { make: false })).rejects.toThrow(message);
  await expect(Dataset.robomimic("can", { make: false })).rejects.toThrow(
    /expected low_dim_v15\.hdf5 or train\.npz with/,
  );
  await expect(Dataset.d3il("avoid_m2")).rejects.toThrow(
    /train\.npz with normalization\.npz in .*avoid_m2\n.*96 recordings/,
  );
  await expect(Dataset.robomimic("cann")).rejects.toThrow('is "can" meant?');
  await expect(Dataset.kitchen("mxed")).rejects.toThrow(/"mxed" is unknown\n {2}expected one of kitchen-complete-v0/);
});

test("a path of a configuration that is missing is fetched", async () => {
  const path = join(home, "data", "gym", "ant-medium-expert-v2", "train.npz");
  const fetched = await fetchMissing(path);
  expect(fetched).not.toBe(path);
  expect(existsSync(fetched)).toBe(true);
  expect(await fetchMissing(join(home, "data", "mine", "other", "train.npz"))).toMatch(/mine\/other\/train\.npz$/);
});

test("a known hash is checked", async () => {
  const source = dataSources.find(({ name }) => name === "ant-medium-expert-v2")!;
  const sums = source.sha256 as Record<string, string>;
  sums["train.npz"] = "0".repeat(64);
  try {
    await expect(locateData("gym", source.name, { folder: home })).resolves.toHaveProperty("hdf5");
  } finally {
    delete sums["train.npz"];
  }
});

test("the table names every set once, by addresses that can be read", () => {
  const names = dataSources.map(({ family, name }) => `${family}/${name}`);
  expect(new Set(names).size).toBe(names.length);
  for (const { published, original } of dataSources) {
    for (const address of [...published, ...original]) expect(address).toMatch(/^(hf|https):\/\//);
  }
});
