// Demonstrations made here: the kitchen's demonstrator and its recordings.
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { Dataset } from "../../../sdk/src/data/dataset.js";
import { readD4rlHdf5 } from "../../../sdk/src/data/d4rl-hdf5.js";
import { makeDemonstrations } from "../../../sdk/src/data/demonstrations/make.js";
import { openStage, playEpisode } from "../../../sdk/src/data/demonstrations/play.js";
import { demonstrations, findDemonstration } from "../../../sdk/src/envs/demonstrations.js";
import { makeEnvironment } from "../../../sdk/src/envs/make-environment.js";
import { builtInEnvironment } from "../../../sdk/src/envs/registry.js";
import { hasAssets } from "../../assets.js";
import { temporaryFolder } from "../temporary-folder.js";

const folder = temporaryFolder();

test("an unknown task names its nearest neighbour", () => {
  expect(() => findDemonstration("kitchen/mixd")).toThrow(
    /one of kitchen\/complete, .*\n {2}is "kitchen\/mixed" meant\?/,
  );
});

test("what lies in the folder is never replaced", async () => {
  const home = join(folder, "gym", "kitchen-partial-v0");
  mkdirSync(home, { recursive: true });
  writeFileSync(join(home, "published.hdf5"), "");
  await expect(makeDemonstrations("kitchen/partial", { folder })).rejects.toMatchObject({ code: "DMPO_DATA_EXISTS" });
  await expect(makeDemonstrations("kitchen/mixed", { folder, episodes: 0 })).rejects.toThrow("episodes: 0");
});

describe.skipIf(!hasAssets("kitchen"))("with the kitchen's files", () => {
  const lines: string[] = [];
  const notify = (line: string) => void lines.push(line);

  test.each(demonstrations.filter(({ name }) => /kitchen\/(complete|mixed)/.test(name)))(
    "$name is shown, all four elements in time",
    async (demonstration) => {
      const stage = await openStage(demonstration, builtInEnvironment(demonstration.environment));
      const { observations, actions, rewards, episodeReturn } = playEpisode(stage, {
        ...{ seed: 11, quality: "proficient", episode: 0 },
      });
      expect(episodeReturn).toBe(4);
      expect(rewards.length).toBeLessThan(280);
      expect([observations.length, actions.length]).toEqual([60 * rewards.length, 9 * rewards.length]);
      // The labels count what is as it should be.
      expect(rewards[0]).toBe(0);
      expect(Math.max(...rewards)).toBeGreaterThanOrEqual(3);
      expect(Math.max(...actions.map(Math.abs))).toBeLessThanOrEqual(1);
      stage.demonstrator.delete();
      stage.simulation.delete();
    },
  );

  test("a stopped making goes on, and gives what it would have given in one go", async () => {
    const stop = new AbortController();
    const options = { folder, episodes: 2, seed: 5, quality: "mixed", notify, workers: 1 } as const;
    const home = join(folder, "gym", "kitchen-mixed-v0");
    const parts = join(home, ".making-mixed-5");
    const making = makeDemonstrations("kitchen/mixed", {
      ...options,
      signal: stop.signal,
      // Episodes take a second each.
      notify: () => undefined,
    });
    const watch = setInterval(() => {
      if (existsSync(parts) && readdirSync(parts).length > 0) stop.abort(new Error("enough"));
    }, 5);
    await Promise.allSettled([making]);
    clearInterval(watch);
    const target = existsSync(parts) ? await makeDemonstrations("kitchen/mixed", options) : await making;
    expect(existsSync(parts)).toBe(false);
    const again = await makeDemonstrations("kitchen/mixed", { ...options, folder: join(folder, "again"), workers: 2 });
    const [first, second] = [await readD4rlHdf5(target), await readD4rlHdf5(again)];
    expect({ ...first, source: "" }).toEqual({ ...second, source: "" });
    expect(first.timeouts).toBeUndefined();

    const data = await Dataset.kitchen("mixed", { folder, notify });
    expect(lines.at(-1)).toContain("kitchen-mixed-v0: demonstrations that were made here by a script");
    expect([data.episodes.length, data.observationDimension, data.actionDimension]).toEqual([2, 60, 9]);
    expect(data.observationNames![24]).toBe("kettle y");
    expect(data.episodes[0]!.start).toBe(0);
  });

  test("what a proficient demonstrator fails at is played again, and said", async () => {
    await makeDemonstrations("kitchen/mixed", {
      folder: join(folder, "failed"),
      episodes: 1,
      seed: 2,
      workers: 1,
      notify,
    });
    expect(lines.slice(-2)).toEqual([
      "kitchen/mixed: 1 of 2 episodes played show the whole task, mean return 3.50",
      expect.stringMatching(/^kitchen\/mixed: 1 episodes, \d+ steps, 1 of them whole -> /),
    ]);
  });

  test("the recorded actions do in the environment what the recording shows", async () => {
    const demonstration = findDemonstration("kitchen/complete");
    const stage = await openStage(demonstration, builtInEnvironment(demonstration.environment));
    const played = playEpisode(stage, { seed: 3, quality: "proficient", episode: 1 });
    stage.demonstrator.delete();
    stage.simulation.delete();
    // Other noise: the state is another one, but the first steps follow the same path within the sensors' noise.
    const environment = await makeEnvironment("kitchen-complete-v0", { seed: 99 });
    environment.reset();
    for (let step = 0; step < 20; step++) {
      const { observation } = environment.step(played.actions.subarray(9 * step, 9 * step + 9));
      const recorded = played.observations.subarray(60 * (step + 1), 60 * (step + 1) + 7);
      const away = Math.max(...recorded.map((value, i) => Math.abs(value - observation[i]!)));
      expect(away).toBeLessThan(0.15);
    }
    environment.close();
  });
});
