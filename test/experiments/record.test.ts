// Films of a policy: as many frames as simulated time asks for.
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Dataset } from "../../sdk/src/data/dataset.js";
import { MeanFlow } from "../../sdk/src/experiments/policies.js";
import { record } from "../../sdk/src/experiments/record.js";

test("a film runs at the simulation's speed", async () => {
  const data = (await Dataset.bundled("hopper-medium-mini")).limitEpisodes(2);
  const base = await MeanFlow.improved()
    .withNetwork({ mlpDims: [16, 16, 16] })
    .pretrain(data, { epochs: 1, folder: null, testInMujoco: false, threads: 1 });
  const path = join(mkdtempSync(join(tmpdir(), "dmpo-film-")), "film.gif");
  const film = await record(base, { maxSteps: 25, framesPerSecond: 25, width: 40, height: 30, samples: 1, path });
  // 25 steps of 8 ms are 0.2 s at most: five frames after the first.
  expect(film.pictures.length).toBeGreaterThan(1);
  expect(film.pictures.length).toBeLessThanOrEqual(6);
  expect(readFileSync(path).subarray(0, 3).toString()).toBe("GIF");
});
