// Demonstrations at two levels, recorded one after the other as learning goes on.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Dataset } from "../../sdk/src/data/dataset.js";
import { makeLocomotionDemonstrations } from "../../sdk/src/experiments/locomotion-demonstrations.js";
import { temporaryFolder } from "../data/temporary-folder.js";

const folder = temporaryFolder();

test("a set of two levels has half of its episodes at each; learning goes on from the first, also where it was stopped between", async () => {
  const lines: string[] = [];
  const options = { episodes: 5, level: -40, seed: 1, notify: (line: string) => void lines.push(line) };
  const home = join(folder, "two", "gym", "ant-medium-expert-v2");
  await expect(makeLocomotionDemonstrations("gym/ant-medium-expert", { folder, episodes: 1 })).rejects.toThrow(
    /at least 2, one for each level/,
  );
  const stop = new AbortController();
  const notify = (line: string) => {
    lines.push(line);
    if (line.includes("2 episodes")) stop.abort(new Error("between"));
  };
  const both = { ...options, folder: join(folder, "two") };
  await expect(
    makeLocomotionDemonstrations("gym/ant-medium-expert", { ...both, notify, signal: stop.signal }),
  ).rejects.toThrow("between");
  const made = await makeLocomotionDemonstrations("gym/ant-medium-expert", both);
  expect(readdirSync(home).filter((file) => file !== ".lock")).toEqual(["demonstrations.hdf5"]);
  expect(lines.filter((line) => /learns until/.test(line))).toHaveLength(1);
  expect(lines.filter((line) => / episodes, return/.test(line)).map((line) => line.slice(0, 35))).toEqual([
    "gym/ant-medium-expert: 2 episodes, ",
    "gym/ant-medium-expert: 3 episodes, ",
  ]);
  const data = await Dataset.hdf5(made, { keepUnrewarded: true });
  expect([data.episodes.length, data.observationDimension, data.actionDimension]).toEqual([5, 111, 8]);
});
