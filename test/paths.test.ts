// Which folder is in use: variables before the user's settings before defaults.
import { mkdtempSync, rmSync, writeFileSync, mkdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { pathInUse, pathSettings, storedPathsFile, storePaths, withPathVariables } from "../sdk/src/paths.js";

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
