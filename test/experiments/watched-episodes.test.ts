// Films, poses and paths of episodes that are played by hand: which steps they keep, and what they call them.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, onTestFinished, test, vi } from "vitest";
import { Picture } from "../../sdk/src/envs/render/picture.js";
import type { Visible } from "../../sdk/src/envs/watched-environment.js";
import { AvoidingRollouts, avoidingRollouts } from "../../sdk/src/experiments/avoiding-rollouts.js";
import { watchEpisode, type EpisodeOptions } from "../../sdk/src/experiments/play.js";
import { record } from "../../sdk/src/experiments/record.js";
import { rolloutPoses } from "../../sdk/src/experiments/rollout-poses.js";
import { scriptedPolicy } from "./scripted-policy.js";

vi.mock(import("../../sdk/src/experiments/play.js"), async (original) => ({
  ...(await original()),
  watchEpisode: vi.fn(),
}));

const policy = scriptedPolicy({ sample: (_, noise) => noise });

/** One step of an episode: what is seen after it, and its reward. */
interface Seen {
  readonly observation?: readonly number[];
  readonly reward?: number;
}

/** Whoever watches sees this, until it has enough; the options that each episode was asked for, and the steps it saw. */
function plays(environment: Partial<Visible>, ...episodes: (readonly Seen[])[]) {
  const asked: EpisodeOptions[] = [];
  const watched: number[] = [];
  vi.mocked(watchEpisode).mockImplementation(async (_, options, watch) => {
    const episode = episodes[asked.length]!;
    asked.push(options);
    const end = episode.findIndex(({ observation = [], reward = 0 }, i) =>
      watch(environment as Visible, { steps: i + 1, observation, reward } as never),
    );
    watched.push(end < 0 ? episode.length : end + 1);
  });
  return { asked, watched };
}
beforeEach(() => void vi.mocked(watchEpisode).mockReset());

const nothing = (steps: number) => Array.from({ length: steps }, (): Seen => ({}));

test("paths of the avoiding task: the tool after every step, its way, where it first touched, until the line is crossed", async () => {
  const at = (x: number, y: number, reward = 0): Seen => ({ observation: [9, 9, x, y], reward });
  const { asked, watched } = plays(
    {},
    [at(0.52, -0.2), at(0.55, -0.1, -1), at(0.5, 0.08, -1), at(0.5, 0.36), at(0.5, 0.4)],
    [at(0.5, -0.2), at(0.5, -0.25)],
  );
  const rollouts = await avoidingRollouts(policy, { episodes: 2, seed: 5, denoisingSteps: 3 });
  expect(asked).toEqual([5, 6].map((seed) => ({ env: "avoiding", seed, maxSteps: 100, denoisingSteps: 3 })));
  expect(watched).toEqual([4, 2]);
  expect(rollouts.paths).toEqual([
    { mode: "1-3-7", x: [0.52, 0.55, 0.5, 0.5], y: [-0.2, -0.1, 0.08, 0.36], crossAt: 1 },
    { mode: "none", x: [0.5, 0.5], y: [-0.2, -0.25], crossAt: undefined },
  ]);
  expect([rollouts.successRate, rollouts.cleanRate]).toEqual([0.5, 0]);
});

test("20 rollouts from seed 0 in one step, if nothing is said", async () => {
  const { asked } = plays({}, ...Array.from({ length: 20 }, () => [{ observation: [0, 0, 0.5, 0.4] }]));
  const { paths } = await avoidingRollouts(policy);
  expect(paths).toHaveLength(20);
  expect(asked.map(({ seed, denoisingSteps }) => [seed, denoisingSteps])).toEqual(
    Array.from({ length: 20 }, (_, i) => [i, 1]),
  );
});

test("the line itself is not beyond the line; the figure shows obstacles, line and what came of it", () => {
  const path = (y: number) => ({ mode: "a", x: [0.5], y: [y] });
  const rollouts = new AvoidingRollouts([path(0.35), path(0.36)]);
  expect(rollouts.successRate).toBe(0.5);
  const { layout } = rollouts.figure() as unknown as { layout: { title: unknown; shapes: object[] } };
  expect(JSON.stringify(layout.title)).toContain("Rollouts by their way round the obstacles");
  expect(JSON.stringify(layout.title)).toContain("2 rollouts: 50 % reach the goal");
  const circles = layout.shapes.filter((shape) => (shape as { type?: string }).type === "circle");
  const radii = circles.map((shape) => {
    const { x0, x1 } = shape as { x0: number; x1: number };
    return Number(((x1 - x0) / 2).toFixed(4));
  });
  expect(radii).toEqual([0.03, 0.025, 0.025, 0.025, 0.025, 0.025]);
});

test("a film has a frame for the first step, and one for every 25th of a second", async () => {
  const rendered: unknown[] = [];
  const render = ((options: unknown) => {
    rendered.push(options);
    return new Picture(1, 1, new Uint8Array(3), new Float32Array(1));
  }) as never;
  // Steps of 8 ms: every fifth is a frame.
  const { asked } = plays({ secondsPerStep: 0.008, render }, nothing(25));
  const film = await record(policy, { seed: 3, camera: "side", samples: 1 });
  expect(film.pictures).toHaveLength(6);
  expect(asked).toEqual([{ env: policy.environment, seed: 3 }]);
  expect(rendered[0]).toEqual({
    ...{ camera: "side", width: 320, height: 240, samples: 1, groups: undefined, shadows: undefined },
  });
});

test("a film where steps are longer than frames has one for every step; another rate makes other frames", async () => {
  const render = (() => new Picture(1, 1, new Uint8Array(3), new Float32Array(1))) as never;
  plays({ secondsPerStep: 0.1, render }, nothing(4), nothing(4));
  expect((await record(policy, {})).pictures).toHaveLength(4);
  plays({ secondsPerStep: 0.1, render }, nothing(10));
  expect((await record(policy, { framesPerSecond: 5 })).pictures).toHaveLength(6);
});

test("a film ends after its seconds, or when it is stopped; it is written where asked", async () => {
  const folder = mkdtempSync(join(tmpdir(), "dmpo-film-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const render = (() => new Picture(1, 1, new Uint8Array(3), new Float32Array(1))) as never;
  const path = join(folder, "film.gif");
  const long = plays({ secondsPerStep: 0.25, render }, nothing(9));
  await record(policy, { maxSeconds: 1, path });
  expect(long.watched).toEqual([4]);
  expect(readFileSync(path).subarray(0, 3).toString()).toBe("GIF");
  const stopped = plays({ secondsPerStep: 0.25, render }, nothing(9));
  await record(policy, { signal: AbortSignal.abort() });
  expect(stopped.watched).toEqual([1]);
});

test("poses have the time at which a step began; none where the robot has no picture", async () => {
  const capsules = [{}];
  plays({ secondsPerStep: 0.25, pose: () => capsules as never }, nothing(3));
  expect(await rolloutPoses(policy, { env: "x" })).toEqual([0, 0.25, 0.5].map((time) => ({ time, capsules })));
  plays({ secondsPerStep: 0.25, pose: () => [] }, nothing(3));
  expect(await rolloutPoses(policy, { env: "x" })).toEqual([]);
});
