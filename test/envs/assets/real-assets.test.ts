// The real files of other people's packages, where `dmpo assets fetch all` has brought them.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { assetFamilies, assetFolder, assetState, licenseFile } from "../../../sdk/src/envs/assets/assets.js";
import { assetPackages, manifestOf } from "../../../sdk/src/envs/assets/manifest.js";
import { hasAssets } from "../../assets.js";

test.each(assetPackages)("%s: every file is pinned, and its licence among them", (name) => {
  const manifest = manifestOf(name);
  const files = Object.entries({ ...manifest.physics, ...manifest.pictures });
  expect(files.length).toBe(Object.keys(manifest.physics).length + Object.keys(manifest.pictures).length);
  for (const [path, [bytes, sha256]] of files) {
    expect(path).toMatch(/^(?!.*\.\.)[\w][\w./-]*$/);
    expect(bytes).toBeGreaterThan(0);
    expect(sha256).toMatch(/^[0-9a-f]{64}$/);
  }
  expect(licenseFile(manifest)).toBe(Object.keys(manifest.physics)[0]);
  expect(Object.values(assetFamilies)).toContain(name);
});

test.skipIf(!hasAssets("kitchen"))(
  "the files of the kitchen are the pinned ones, and their licence lies beside them",
  () => {
    const folder = assetFolder("kitchen");
    expect(assetState("kitchen")).toMatchObject({ folder, physics: true, damaged: [] });
    expect(readFileSync(join(folder, "d4rl-1.1.dist-info/LICENSE"), "utf8")).toContain("Apache License");
    expect(existsSync(join(folder, "d4rl/kitchen/adept_models/kitchen/assets/kettle_chain.xml"))).toBe(true);
  },
);
