// Demonstrations that a robot learned to give: training to a level, its resume, and the recording.
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Dataset } from "../../sdk/src/data/dataset.js";
import { withHdf5, writeHdf5 } from "../../sdk/src/data/hdf5.js";
import { makeEnvironment } from "../../sdk/src/envs/make-environment.js";
import { makeLocomotionDemonstrations } from "../../sdk/src/experiments/locomotion-demonstrations.js";
import { recordedRows } from "../data/recorded-rows.js";
import { temporaryFolder } from "../data/temporary-folder.js";

const folder = temporaryFolder();

test("an unknown robot names its nearest neighbour; what lies in the folder is never replaced", async () => {
  await expect(makeLocomotionDemonstrations("gym/walker-medium", { folder })).rejects.toThrow(
    /one of gym\/hopper-medium, .*\n {2}is "gym\/walker2d-medium" meant\?/,
  );
  const home = join(folder, "gym", "walker2d-medium-v2");
  mkdirSync(home, { recursive: true });
  writeFileSync(join(home, "published.hdf5"), "");
  const made = makeLocomotionDemonstrations("gym/walker2d-medium", { folder });
  await expect(made).rejects.toMatchObject({ code: "DMPO_DATA_EXISTS" });
  await expect(makeLocomotionDemonstrations("gym/hopper-medium", { folder, episodes: 0 })).rejects.toThrow(
    "episodes: 0\n  expected a positive integer",
  );
});

test("a set of two levels is both, also where they are equal and what was recorded before is there", async () => {
  const home = join(folder, "gym", "ant-medium-expert-v2");
  mkdirSync(home, { recursive: true });
  const rows = (width: number, value: number) => ({ data: new Float32Array(2 * width).fill(value), shape: [2, width] });
  const flags = (last: number) => ({ data: Uint8Array.of(0, last), shape: [2] });
  for (const [i, value] of [3, 4].entries()) {
    await writeHdf5(join(home, `.part-${i}-7-5-1`), {
      ...{ observations: rows(111, value), actions: rows(8, value), "infos/qpos": rows(15, value) },
      ...{ rewards: { data: Float32Array.of(value, value), shape: [2] }, "infos/qvel": rows(14, value) },
      ...{ terminals: flags(i), timeouts: flags(1 - i) },
    });
  }
  const notify = () => expect.unreachable();
  const path = await makeLocomotionDemonstrations("gym/ant-medium-expert", {
    ...{ folder, episodes: 2, level: 5, seed: 7, notify },
  });
  expect(readdirSync(home).filter((name) => name !== ".lock")).toEqual(["demonstrations.hdf5"]);
  const { tables, row } = await recordedRows(path);
  const { rewards, terminals, timeouts } = tables;
  const numbers = [rewards, terminals, timeouts].map(({ data }) => Array.from(data, Number));
  expect(numbers).toEqual([[3, 3, 4, 4], [0, 0, 0, 1], [0, 1, 0, 0]]); // prettier-ignore
  expect(row("observations", 2)).toEqual(Array<number>(111).fill(4));
  expect([row("qpos", 1)[14], row("qvel", 3)[13], row("actions", 3)[7]]).toEqual([3, 4, 4]);
});

test("a stopped training goes on, and records what it would have recorded in one go", async () => {
  const lines: string[] = [];
  // Even a robot that falls at once has this return, after ten episodes.
  const options = { episodes: 3, level: 1, seed: 4, notify: (line: string) => void lines.push(line) };
  const whole = await makeLocomotionDemonstrations("gym/hopper-medium", { ...options, folder });
  const stop = new AbortController();
  const again = join(folder, "again");
  const training = join(again, "gym", "hopper-medium-v2", ".training-4");
  const watch = setInterval(() => {
    if (existsSync(join(training, "metrics.jsonl"))) stop.abort(new Error("enough"));
  }, 1);
  const stopped = makeLocomotionDemonstrations("gym/hopper-medium", { ...options, folder: again, signal: stop.signal });
  await expect(stopped).rejects.toThrow("enough");
  clearInterval(watch);
  const resumed = await makeLocomotionDemonstrations("gym/hopper-medium", { ...options, folder: again });
  expect(existsSync(training)).toBe(false);
  expect(lines.filter((line) => line.includes("goes on with what was learned before"))).toHaveLength(1);
  expect(lines.at(-1)).toMatch(/^gym\/hopper-medium: 3 episodes, return -?\d+ ± \d+, length \d+, 3 end by falling -> /);
  const read = (path: string) =>
    withHdf5(path, (file) => file.tables({ observations: { rank: 2 }, actions: { rank: 2 } }));
  expect(await read(resumed)).toEqual(await read(whole));

  const data = await Dataset.d4rl("hopper-medium-v2", { folder, notify: () => undefined });
  expect([data.episodes.length, data.observationDimension, data.actionDimension]).toEqual([3, 11, 3]);
  // From each recorded state the recorded action leads to the next one and gives the recorded reward.
  const { tables, row } = await recordedRows(whole);
  const environment = await makeEnvironment("hopper-v2");
  environment.reset();
  for (let i = 0; i < 5; i++) {
    environment.setState({ qpos: row("qpos", i), qvel: row("qvel", i) });
    const { observation, reward } = environment.step(row("actions", i));
    expect(reward).toBeCloseTo(Number(tables.rewards.data[i]), 3);
    row("observations", i + 1).forEach((value, k) => expect(observation[k]).toBeCloseTo(value, 2));
  }
  environment.close();
});
