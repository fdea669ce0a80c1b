// The demonstrator of transport: both arms, and the hammer in both hands.
import { expect, test } from "vitest";
import { openStage, playEpisode } from "../../../sdk/src/data/demonstrations/play.js";
import { findDemonstration } from "../../../sdk/src/envs/demonstrations.js";
import { builtInEnvironment } from "../../../sdk/src/envs/registry.js";
import { hasAssets } from "../../assets.js";

test.skipIf(!hasAssets("robosuite"))("transport is done by both arms", { timeout: 400_000 }, async () => {
  const stage = await openStage(findDemonstration("robomimic/transport"), builtInEnvironment("transport"));
  const request = { seed: 1000, quality: "proficient", episode: 1 } as const;
  const { rewards, observations, actions, episodeReturn } = playEpisode(stage, request);
  stage.demonstrator.delete();
  stage.simulation.delete();
  expect(episodeReturn).toBeGreaterThan(0);
  expect(rewards.at(-1)).toBe(1);
  expect(rewards.length).toBeGreaterThan(300);
  expect(rewards.length).toBeLessThan(800);
  expect(actions.length).toBe(14 * rewards.length);
  expect(actions.every((value) => Math.abs(value) <= 1)).toBe(true);
  // Of a hand that waits, too: what imitates a command of 0, at which fingers stay, has its sign at random.
  const fingers = actions.filter((_, i) => i % 7 === 6);
  expect(fingers.every((command) => Math.abs(command) === 1)).toBe(true);
  const column = (at: number) => Array.from(rewards, (_, step) => observations[59 * step + at]!);
  const [trashIsAway, hammerIsIn, hammerY, hammerZ] = [column(58), column(57), column(19), column(20)];
  expect(trashIsAway.indexOf(1)).toBeGreaterThan(0);
  expect(hammerIsIn.indexOf(1)).toBeGreaterThan(trashIsAway.indexOf(1));
  // Between the tables, both hands are closed about the handle, which is 3 cm wide.
  const isClosed = (step: number, arm: number) =>
    observations[59 * step + 9 * arm + 7]! - observations[59 * step + 9 * arm + 8]! < 0.035;
  const handover = hammerZ.findIndex(
    (z, step) => z > 0.95 && Math.abs(hammerY[step]!) < 0.1 && isClosed(step, 0) && isClosed(step, 1),
  );
  expect(handover).toBeGreaterThan(trashIsAway.indexOf(1));
});
