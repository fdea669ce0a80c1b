// Where a run's checkpoint and statistics come from: given, released, or an error that says what to do.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { checkpointSource, fetchOptions } from "../../../sdk/src/config/run/checkpoint-source.js";
import { Journal } from "../../../sdk/src/config/run/journal.js";
import { releasedCheckpoint } from "../../../sdk/src/config/reference/released-checkpoints.js";
import { startHubServer, type HubServer } from "../../hub/hub-server.js";
import { golden } from "../../shared.js";

const path =
  "pretrained_checkpoints/DMPO_pretrained_gym_checkpoints/gym_improved_meanflow_dispersive/hopper-medium-v2_best.pt";
let hub: HubServer;
let home: string;
const lines: string[] = [];
const report = (line: string) => void lines.push(line);
const wanted = { basePolicyPath: null, normalizationPath: null, policy: "meanflow", environment: "hopper-medium-v2" };

beforeEach(async () => {
  hub = await startHubServer({
    [`Guowei-Zou/DMPO-checkpoints/${path}`]: { contents: Buffer.from("weights"), large: true },
    "plain/normalization.npz": { contents: Buffer.from("statistics") },
  });
  home = mkdtempSync(join(tmpdir(), "dmpo-source-"));
  for (const [name, value] of Object.entries({
    HF_HOME: home,
    HF_ENDPOINT: hub.endpoint,
    HF_HUB_CACHE: undefined,
    HF_HUB_OFFLINE: undefined,
    DMPO_CACHE_DIR: home,
    DMPO_DATA_DIR: join(home, "data"),
  })) {
    vi.stubEnv(name, value);
  }
  lines.length = 0;
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await hub.close();
  rmSync(home, { recursive: true });
});

test("the released checkpoint of a configuration, its origin printed", async () => {
  const source = await checkpointSource(wanted, report);
  expect(readFileSync(source.path, "utf8")).toBe("weights");
  expect(source.normalization).toBeUndefined();
  expect(lines).toEqual([
    `base_policy_path is not given: taking the released checkpoint hf://${path}`,
    expect.stringMatching(/^downloading hf:\/\/Guowei-Zou\/DMPO-checkpoints\/.*: 100% of 0\.0 MB$/),
    `checkpoint: ${source.path}`,
  ]);
});

test("statistics: an address, or the data folder's", async () => {
  const own = join(home, "data", "gym", "hopper-medium-v2");
  mkdirSync(own, { recursive: true });
  writeFileSync(join(own, "normalization.npz"), "own");
  const given = { ...wanted, basePolicyPath: "some.pt" };
  expect(await checkpointSource(given, report)).toEqual({
    path: "some.pt",
    normalization: join(own, "normalization.npz"),
  });
  const address = `${hub.endpoint}/plain/normalization.npz`;
  const { normalization } = await checkpointSource({ ...given, normalizationPath: address }, report);
  expect(readFileSync(normalization!, "utf8")).toBe("statistics");
});

test.each(["gym/lift", "robomimic/lift", "robomimic/lift-img"])(
  "statistics in %s of the data folder",
  async (folder) => {
    const own = join(home, "data", folder);
    mkdirSync(own, { recursive: true });
    writeFileSync(join(own, "normalization.npz"), "own");
    const { normalization } = await checkpointSource(
      { ...wanted, basePolicyPath: "some.pt", environment: "lift" },
      report,
    );
    expect(normalization).toBe(join(own, "normalization.npz"));
    expect(lines).toEqual([]);
  },
);

const remedy = "pre-train one first and give base_policy_path=<its folder>/checkpoint/last.safetensors";

test.each([
  ["none released", { ...wanted, environment: "hopper-v9" }, "missing; none was released for meanflow on hopper-v9"],
  ["one must be given", { ...wanted, policy: null }, "missing"],
])("without one, what to do: %s", async (_, request, wrong) => {
  await expect(checkpointSource(request, report)).rejects.toMatchObject({
    code: "DMPO_CONFIG_CHECKPOINT",
    message: `base_policy_path: ${wrong}\n  expected the checkpoint of a policy\n  ${remedy}`,
  });
});

test("without a connection, what to do instead of the released one; of a given one, only what is wrong with it", async () => {
  vi.stubEnv("HF_HUB_OFFLINE", "1");
  await expect(checkpointSource(wanted, report)).rejects.toMatchObject({
    code: "DMPO_HUB_OFFLINE",
    problems: [
      { wrong: expect.stringContaining("HF_HUB_OFFLINE is set") },
      {
        path: "base_policy_path",
        wrong: "not given, and the released checkpoint could not be fetched",
        expected: "a checkpoint",
        remedy,
      },
    ],
  });
  await expect(checkpointSource({ ...wanted, basePolicyPath: `hf://${path}` }, report)).rejects.toMatchObject({
    code: "DMPO_HUB_OFFLINE",
    problems: [{ wrong: expect.stringContaining("HF_HUB_OFFLINE is set") }],
  });
});

test("a stopped download ends with the signal's reason", async () => {
  const reason = new Error("stopped by me");
  await expect(checkpointSource(wanted, report, AbortSignal.abort(reason))).rejects.toBe(reason);
});

test("a download is reported by tenths; of unknown length, once", () => {
  const { onProgress } = fetchOptions(report);
  for (const received of [0, 0.5e6, 1e6, 1.9e6, 5e6, 10e6]) onProgress!({ name: "x.pt", received, total: 10e6 });
  expect(lines).toEqual(["0%", "10%", "50%", "100%"].map((done) => `downloading x.pt: ${done} of 10.0 MB`));
  lines.length = 0;
  const { onProgress: onMore } = fetchOptions(report);
  for (const received of [2.5e6, 5e6]) onMore!({ name: "y.pt", received, total: undefined });
  expect(lines).toEqual(["downloading y.pt: 2.5 MB"]);
});

test("every released checkpoint that the reference's configurations name", () => {
  const named = Object.entries<string>(golden("reference-configs").released);
  expect(named).toHaveLength(11);
  for (const [name, address] of named) expect(releasedCheckpoint("meanflow", name)).toBe(address);
});

test("what is said before there is a folder is in its log too", () => {
  const journal = new Journal(report);
  journal.report("early");
  journal.keepIn(home);
  journal.report("late");
  expect(readFileSync(join(home, "run.log"), "utf8")).toBe("early\nlate\n");
  expect(lines).toEqual(["early", "late"]);
});
