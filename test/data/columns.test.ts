import { expect, test } from "vitest";
import { Dataset } from "../../sdk/src/data/dataset.js";
import { makeEnvironment } from "../../sdk/src/envs/make-environment.js";
import { pendulum } from "../envs/fixtures/pendulum.js";

const data = Dataset.from({
  observations: [
    [1, 10],
    [2, 20],
    [3, 30],
    [4, 40],
    [5, 50],
  ],
  actions: [[0.1], [0.2], [0.3], [0.4], [0.5]],
  rewards: [1, 2, 3, 4, 5],
  episodeLengths: [2, 3],
  observationNames: ["height", "speed"],
});
const near = (values: ArrayLike<number>, expected: number[]) => {
  expect(values).toHaveLength(expected.length);
  expected.forEach((value, i) => expect(values[i]).toBeCloseTo(value, 4));
};

test("columns and episodes are raw, by name or number", () => {
  near(data.column("observation", "speed"), [10, 20, 30, 40, 50]);
  near(data.column("action", 0), [0.1, 0.2, 0.3, 0.4, 0.5]);
  const episode = data.episode(1);
  near(episode.observation("height"), [3, 4, 5]);
  near(episode.action(0), [0.3, 0.4, 0.5]);
  near(episode.observations[2]!, [5, 50]);
  near(episode.actions[0]!, [0.3]);
  expect([...episode.rewards!, episode.return, episode.start, episode.length]).toEqual([3, 4, 5, 12, 2, 3]);
  expect(data.episode(-1).index).toBe(1);
});

test("names outlive the choice of episodes, also where statistics change", () => {
  const rest = data.filter(({ index }) => index === 1).normalize();
  near(rest.column("observation", "speed"), [30, 40, 50]);
});

test("what is not there is said, with what is", () => {
  expect(() => data.column("observation", "hight")).toThrow(/one of height, speed\n.*"height"/);
  expect(() => data.column("action", "push")).toThrow("have no names");
  expect(() => data.column("observation", 2)).toThrow("0 to 1");
  expect(() => data.episode(2)).toThrow("-2 to 1");
  expect(() =>
    Dataset.from({
      ...data,
      observations: [[1]],
      actions: [[1]],
      episodeLengths: [1],
      name: "x",
      observationNames: ["a", "b"],
    }),
  ).toThrow("1 different names");
});

test("the bundled hopper has names", async () => {
  const hopper = await Dataset.bundled("hopper-medium-mini");
  const heights = hopper.episode(0).observation("height");
  expect(Math.min(...heights)).toBeGreaterThan(0.7);
  expect(Math.max(...heights)).toBeLessThan(1.8);
});

test("a controller's episodes are those of the environment", async () => {
  const torques = (angle: number) => -2 * angle;
  const calls: string[] = [];
  const recorded = await Dataset.collect(
    pendulum,
    { act: ([angle]) => [torques(angle!)], reset: () => void calls.push("reset") },
    { episodes: 3, seed: 5 },
  );
  expect(calls).toHaveLength(3);
  expect(recorded.name).toBe("pendulum");
  const environment = await makeEnvironment(pendulum, { seed: 5 });
  for (let index = 0; index < 3; index++) {
    const angles: number[] = [];
    let [seen, total] = [environment.reset(), 0];
    for (let ended = false; !ended;) {
      angles.push(seen[0]!);
      const { observation, reward, terminated, truncated } = environment.step([torques(seen[0]!)]);
      [seen, ended] = [observation, terminated || truncated];
      total += reward;
    }
    near(recorded.episode(index).observation("angle"), angles);
    expect(recorded.episode(index).return).toBeCloseTo(total, 4);
  }
  environment.close();
});

test("a controller may be slow, and what it gives is checked", async () => {
  const options = { episodes: 2, maxEpisodeSteps: 3, name: "mine" };
  const recorded = await Dataset.collect(pendulum, () => Promise.resolve([0.5]), options);
  expect([recorded.name, ...recorded.episodeLengths]).toEqual(["mine", 3, 3]);
  expect([...recorded.terminals!]).toEqual([0, 0, 0, 0, 0, 0]);
  await expect(Dataset.collect(pendulum, () => [1, 2])).rejects.toMatchObject({ code: "DMPO_ENV_ACTION" });
  await expect(Dataset.collect(pendulum, () => [1], { episodes: 0 })).rejects.toThrow("episodes: is 0");
  await expect(Dataset.collect(pendulum, () => [1], { signal: AbortSignal.abort() })).rejects.toThrow(/abort/);
});
