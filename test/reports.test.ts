// Inputs that users stumbled over, from ../shared/reports: each stands for a kind, whose siblings are tested with their readers.
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { Dataset } from "../sdk/src/data/dataset.js";
import { temporaryFolder } from "./data/temporary-folder.js";
import { hasShared, sharedFile } from "./shared.js";

const folder = temporaryFolder();
const report = (name: string) => sharedFile(`reports/${name}`);

describe.skipIf(!hasShared)("data", () => {
  test("a float64 column that is always 123456.789 becomes -1", async () => {
    const data = await Dataset.hdf5(report("01a-f64-constant-column.hdf5"), { keepUnrewarded: true });
    const column = data.observations.filter((_, i) => i % data.observationDimension === 1);
    expect(new Set(column)).toEqual(new Set([-1]));
  });

  test("lzf is named, and what to do", async () => {
    await expect(Dataset.hdf5(report("02-lzf.hdf5"))).rejects.toThrow(
      /observations: is compressed with lzf \(filter 32000\)[^]*not damaged[^]*compression="gzip"/,
    );
  });

  test("float16 is read", async () => {
    const data = await Dataset.hdf5(report("03a-float16.hdf5"), { keepUnrewarded: true });
    expect(data.steps).toBe(40);
    expect(data.observations.every((value) => value >= -1 && value <= 1)).toBe(true);
  });

  test("headers of .npy with double quotes", async () => {
    const statistics = Dataset.from({ observations: [[0, 0, 0, 0], [1, 1, 1, 1]], actions: [[0, 0], [1, 1]], episodeLengths: [2] }); // prettier-ignore
    await statistics.save(folder);
    const data = await Dataset.npz(report("04a-npy-header-double-quotes/train.npz"), {
      normalizationPath: join(folder, "normalization.npz"),
    });
    expect([data.steps, [...data.episodeLengths]]).toEqual([40, [10, 10, 10, 10]]);
  });
});
