// Which folder is in use: variables before the user's settings before defaults.
import { mkdtempSync, realpathSync, rmSync, writeFileSync, mkdirSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from "vitest";
import { resolveConfig } from "../sdk/src/config/run/experiment.js";
import { Dataset } from "../sdk/src/data/dataset.js";
import { loadPolicy } from "../sdk/src/experiments/load-policy.js";
import { readMetrics } from "../sdk/src/tracking/read-metrics.js";
import { dmpo } from "./cli/dmpo.js";
import {
  cacheFolder,
  pathInUse,
  pathSettings,
  storedPathsFile,
  storePaths,
  userPath,
  withPathVariables,
} from "../sdk/src/paths.js";

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "dmpo-paths-"));
  vi.stubEnv("XDG_CONFIG_HOME", home);
  for (const { variables } of Object.values(pathSettings)) for (const name of variables) vi.stubEnv(name, undefined);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(home, { recursive: true });
});

test("precedence", async () => {
  expect(pathInUse("data")).toEqual({ value: "data", origin: "default" });
  await storePaths({ data: "/stored", wandbEntity: "me" });
  expect(pathInUse("data")).toEqual({ value: "/stored", origin: join(home, "dmpo", "paths.json") });
  vi.stubEnv("REINFLOW_DATA_DIR", "/reinflow");
  expect(pathInUse("data").origin).toBe("REINFLOW_DATA_DIR");
  vi.stubEnv("DPPO_DATA_DIR", "/dppo");
  vi.stubEnv("DMPO_DATA_DIR", "");
  expect(pathInUse("data")).toEqual({ value: "/dppo", origin: "DPPO_DATA_DIR" });
  vi.stubEnv("DMPO_DATA_DIR", "/dmpo");
  expect(pathInUse("data").value).toBe("/dmpo");
});

test("configurations see one name for each, defaults stay unset", async () => {
  await storePaths({ log: "/logs" });
  vi.stubEnv("DPPO_WANDB_ENTITY", "team");
  const variables = withPathVariables();
  expect([variables.DMPO_LOG_DIR, variables.DMPO_WANDB_ENTITY, variables.DMPO_DATA_DIR]).toEqual([
    "/logs",
    "team",
    undefined,
  ]);
});

test("a damaged file is named", () => {
  mkdirSync(dirname(storedPathsFile()), { recursive: true });
  writeFileSync(storedPathsFile(), "{");
  expect(() => pathInUse("log")).toThrow(/paths\.json: is damaged[^]*dmpo paths --reset/);
  vi.stubEnv("DMPO_LOG_DIR", "/logs");
  expect(pathInUse("log").value).toBe("/logs");
});

const variables = { SCRATCH: "/scratch/me", EMPTY: "", A_1: "a" };

test.each([
  ["~", homedir()],
  ["~/data", join(homedir(), "data")],
  ["$SCRATCH/run", "/scratch/me/run"],
  ["${SCRATCH}run/$A_1", "/scratch/merun/a"],
  ["$EMPTY/x", "/x"],
  ["a~b/~c", "a~b/~c"],
  ["~other/x", "~other/x"],
  ["price$/5$ $1", "price$/5$ $1"],
  ["hf://a/b/$SCRATCH~", "hf://a/b/$SCRATCH~"],
  ["https://host/~user/$X", "https://host/~user/$X"],
])("%s is the path %s", (written, path) => {
  expect(userPath(written, variables)).toBe(path);
});

test("a variable that is not set is named", () => {
  expect(() => userPath("$NOPE/x", variables)).toThrow(
    /^\$NOPE\/x: names the variable NOPE, which is not set\n.*\n {2}export NOPE=/,
  );
  expect(() => userPath("$toString/x", {})).toThrow("names the variable toString");
});

test("variables and settings of `dmpo paths`, arguments, options, overrides and the SDK read paths alike", async () => {
  vi.stubEnv("DMPO_TEST_HOME", home);
  vi.stubEnv("DMPO_DATA_DIR", "$DMPO_TEST_HOME/data");
  vi.stubEnv("DMPO_CACHE_DIR", "~/cache");
  vi.stubEnv("DMPO_WANDB_ENTITY", "$team");
  expect([pathInUse("data").value, pathInUse("wandbEntity").value]).toEqual([join(home, "data"), "$team"]);
  expect(cacheFolder()).toBe(join(homedir(), "cache"));
  const absent = join(home, "absent");
  for (const argv of [
    ["checkpoint", "info", "$DMPO_TEST_HOME/absent.pt"],
    ["data", "info", "$DMPO_TEST_HOME/absent.npz"],
    ["data", "read-hdf5", "--file_path=$DMPO_TEST_HOME/absent.hdf5"],
    ["config", "show", "--config-dir=$DMPO_TEST_HOME/absent", "--config-name=x"],
    ["sync", "$DMPO_TEST_HOME/absent"],
    ["pkl2wandb", "$DMPO_TEST_HOME/absent.jsonl"],
  ]) {
    expect((await dmpo(...argv)).error, argv.join(" ")).toContain(absent);
  }
  for (const use of [
    () => loadPolicy("$DMPO_TEST_HOME/absent.pt"),
    () => Dataset.npz("$DMPO_TEST_HOME/absent.npz"),
    () => Dataset.hdf5("$DMPO_TEST_HOME/absent.hdf5"),
    () => readMetrics("$DMPO_TEST_HOME/absent.jsonl"),
  ]) {
    await expect(use()).rejects.toThrow(absent);
  }
  const configured = ["cfg/gym/pretrain/hopper-medium-v2", "pre_meanflow_mlp"] as const;
  const { config } = resolveConfig(...configured, [
    "logdir=~/log",
    "train_dataset_path=$DMPO_TEST_HOME/train.npz",
    "normalization_path=hf://gym/~x",
  ]);
  expect(config).toMatchObject({
    logdir: join(homedir(), "log"),
    train_dataset_path: join(home, "train.npz"),
    normalization_path: "hf://gym/~x",
  });
  expect(() => resolveConfig(...configured, ["logdir=$NOPE/x"])).toThrow(
    "logdir: names the variable NOPE, which is not set (command line: logdir=$NOPE/x)",
  );
});

test("the data folder is the project's, not that of the current folder", () => {
  const project = realpathSync(mkdtempSync(join(tmpdir(), "dmpo-project-test-")));
  onTestFinished(() => rmSync(project, { recursive: true }));
  mkdirSync(join(project, "notebooks/week 1"), { recursive: true });
  const folder = vi.spyOn(process, "cwd").mockReturnValue(join(project, "notebooks/week 1"));
  onTestFinished(() => folder.mockRestore());
  expect(pathInUse("data")).toEqual({ value: "data", origin: "default" });
  writeFileSync(join(project, "package.json"), "{}");
  expect(pathInUse("data")).toEqual({ value: "../../data", origin: "default" });
  expect(withPathVariables({}).DMPO_DATA_DIR).toBe("../../data");
  expect(withPathVariables({ DMPO_DATA_DIR: "/mine" }).DMPO_DATA_DIR).toBe("/mine");
});
