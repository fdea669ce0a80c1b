// Inputs that users stumbled over, from ../shared/reports: each stands for a kind, whose siblings are tested with their readers.
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readCheckpointFile } from "../sdk/src/checkpoints/checkpoint-file.js";
import { elementsOf } from "../sdk/src/checkpoints/element-types.js";
import { resolveConfig } from "../sdk/src/config/run/experiment.js";
import { Dataset } from "../sdk/src/data/dataset.js";
import { readMetrics } from "../sdk/src/tracking/read-metrics.js";
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

describe.skipIf(!hasShared)("checkpoints and metrics", () => {
  test("a scheduler's Counter beside the weights", async () => {
    const { contents, object } = await readCheckpointFile(report("16a-multistep-scheduler.pt"));
    expect(contents.tensors["model.layer.weight"]!.shape).toEqual([2, 3]);
    const scheduler = (object as Map<string, Map<string, unknown>>).get("scheduler")!;
    expect(scheduler.get("milestones")).toEqual(new Map([[10, 1], [20, 1]])); // prettier-ignore
  });

  test("one tensor is a checkpoint with one tensor", async () => {
    const { contents } = await readCheckpointFile(report("17b-bare-tensor.pt"));
    expect(Object.entries(contents.tensors).map(([name, one]) => [name, elementsOf(one, name).length])).toEqual([
      ["value", 3],
    ]);
  });

  test("a Git LFS pointer", async () => {
    await expect(readCheckpointFile(report("15a-lfs-pointer.safetensors"))).rejects.toThrow("is a Git LFS pointer");
  });

  test("NaN and Infinity of Python's json, float16 of NumPy", async () => {
    expect(await readMetrics(report("30a-python-nan.jsonl"))).toEqual([
      { epoch: 1, loss: NaN },
      { epoch: 2, loss: 0.5, norm: Infinity },
    ]);
    expect(await readMetrics(report("32a-float16-in-result.pkl"))).toEqual([{ itr: 0, loss: 1, half: 1.5 }]);
  });
});

describe.skipIf(!hasShared)("configurations", () => {
  const folder = sharedFile("reports");

  test("??? is a value that must be given", () => {
    expect(() => resolveConfig(folder, "10a-mandatory")).toThrow(/name: must be given, it is \?\?\?/);
    expect(resolveConfig(folder, "10a-mandatory", ["name=given"]).config).toMatchObject({ name: "given" });
  });

  test("${.n_epochs} is relative", () => {
    const { config } = resolveConfig(folder, "10c-relative-interpolation");
    expect(config).toMatchObject({ train: { n_epochs: 3, save_model_freq: 3 } });
  });
});
