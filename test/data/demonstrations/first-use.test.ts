// A task whose data is nowhere: a script demonstrates it when it is first asked for, once, whoever asks.
import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { fetchMissing, locateData } from "../../../sdk/src/data/data-folder.js";
import { Dataset } from "../../../sdk/src/data/dataset.js";
import { hasAssets } from "../../assets.js";
import { temporaryFolder } from "../temporary-folder.js";

const root = temporaryFolder();
const lines: string[] = [];
const notify = (line: string) => void lines.push(line);
const few = { download: false, make: { episodes: 1, seed: 5, quality: "mixed", workers: 1 }, notify } as const;

beforeEach(() => {
  lines.length = 0;
  vi.stubEnv("HF_HUB_OFFLINE", "1");
});

test("what nobody demonstrates, or must not be made, is an error that names the command", async () => {
  const folder = join(root, "empty");
  await expect(Dataset.kitchen("mixed", { folder, download: false, make: false })).rejects.toThrow(
    "npx dmpo data make kitchen/mixed",
  );
  await expect(Dataset.robomimic("can-ph", { folder, download: false, notify })).rejects.toMatchObject({
    code: "DMPO_DATA_NOT_FOUND",
  });
  await expect(Dataset.furniture("one_legs_low", { folder, notify })).rejects.toThrow('is "one_leg_low" meant?');
  expect(lines).toEqual([]);
});

test("nothing is made in a folder that is not the data folder, however it is called", async () => {
  const path = join(root, "mine", "robomimic", "can", "train.npz");
  await expect(fetchMissing(path, few)).rejects.toMatchObject({ code: "DMPO_DATA_NOT_FOUND" });
  expect(existsSync(join(root, "mine"))).toBe(false);
  expect(lines).toEqual([]);
});

describe.skipIf(!hasAssets("robosuite"))("with robosuite's files", () => {
  test("they are made once, which is said before, for all who ask at the same time", async () => {
    const folder = join(root, "lift");
    const [first, second] = await Promise.all([
      Dataset.robomimic("lift", { ...few, folder }),
      locateData("robomimic", "lift", { ...few, folder }),
    ]);
    expect([first.episodes.length, first.observationDimension, first.actionDimension]).toEqual([1, 19, 7]);
    const home = join(folder, "robomimic", "lift");
    expect(second).toEqual({ hdf5: join(home, "demonstrations.hdf5") });
    expect(readdirSync(home)).toEqual(["demonstrations.hdf5"]);
    expect(lines.filter((line) => line.includes("a script makes 1 demonstrations now"))).toEqual([
      "robomimic/lift is not in the data folder, and could not be fetched: a script makes 1 demonstrations now " +
        "(`dmpo data make robomimic/lift`); stopped, it goes on where it was",
    ]);
    expect(lines.at(-1)).toBe(
      `robomimic/lift: demonstrations that were made here by a script, not the published ones (${join(home, "demonstrations.hdf5")})`,
    );
    lines.length = 0;
    const again = await Dataset.robomimic("lift", { ...few, folder, make: false });
    expect(again.observations).toEqual(first.observations);
    expect(lines).toEqual([expect.stringContaining("made here by a script")]);
  });

  test("a configuration's usual place stands for them; how long it takes is said after the first episode", async () => {
    const folder = join(root, "data");
    mkdirSync(folder);
    vi.stubEnv("DMPO_DATA_DIR", folder);
    const path = join(folder, "robomimic", "lift", "train.npz");
    const made = await fetchMissing(path, { ...few, make: { ...few.make, episodes: 2 } });
    expect(made).toBe(join(folder, "robomimic", "lift", "demonstrations.hdf5"));
    expect(lines[1]).toBe("robomimic/lift: 0 of 2 episodes");
    expect(lines.at(-2)).toMatch(/^robomimic\/lift: [01] of 2 episodes, about \d+ s left$/);
  });

  test.skipIf(!hasAssets("robosuite", "all"))(
    "of policies that see they have pictures, through the usual cameras or those that are asked for",
    { timeout: 180_000 },
    async () => {
      const folder = join(root, "seen");
      const data = await Dataset.robomimic("lift-img", { ...few, folder });
      const home = join(folder, "robomimic", "lift-img");
      expect(data.images!.shape).toEqual([3, 96, 96]);
      expect(data).toMatchObject({ observationDimension: 9, actionDimension: 7 });
      expect(lines[0]).toContain("`dmpo data make robomimic/lift --cameras robot0_eye_in_hand`");
      expect(readdirSync(home).sort()).toEqual(
        ["demonstrations.hdf5", "description.log", "normalization.npz", "train.npz", "val.npz"].filter((file) =>
          existsSync(join(home, file)),
        ),
      );
      lines.length = 0;
      expect((await Dataset.robomimic("lift-img", { ...few, folder, make: false })).steps).toBe(data.steps);
      expect(lines).toEqual([expect.stringContaining("made here by a script")]);
      const two = { ...few, folder: join(root, "two"), make: { ...few.make, cameras: ["agentview", "birdview"] } };
      expect((await Dataset.robomimic("lift-img", two)).images!.shape).toEqual([6, 96, 96]);
      await expect(Dataset.kitchen("mixed-img", { ...few, folder })).rejects.toThrow(/kitchen/);
    },
  );

  test("stopped, it leaves what is over for the next time", async () => {
    const folder = join(root, "stopped");
    const stop = new AbortController();
    const stopping = (line: string) => line.includes("1 of 3") && stop.abort(new Error("enough"));
    const options = { ...few, folder, make: { ...few.make, episodes: 3 } };
    const asking = Dataset.robomimic("lift", { ...options, notify: stopping, signal: stop.signal });
    await expect(asking).rejects.toThrow("enough");
    expect((await Dataset.robomimic("lift", options)).episodes).toHaveLength(3);
    expect(lines[1]).toBe("robomimic/lift: 1 episodes are here from an earlier attempt");
  });
});
