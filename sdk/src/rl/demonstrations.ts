// Demonstrations as transitions: what algorithms learn from besides their own.
import type { Dataset } from "../data/dataset.js";
import { QLearningSampler } from "../data/q-learning.js";
import { fail } from "../errors.js";
import type { Stage } from "../learning/stage.js";
import { ReplayBuffer } from "./replay-buffer.js";

/**
 * Every chunk of `actionSteps` actions in the demonstrations of a stage, under the statistics of its policy, and the discounted
 * reward from its first step to the end of its episode; rewards are summed over a chunk. A time-out is no end, but what comes after
 * it is unknown, so its last chunk is left out.
 *
 * @param gamma discount per chunk, evenly over its steps; for returns only.
 * @throws InputError `DMPO_STAGE` without demonstrations, `DMPO_DATASET` for others than the policy's environment has, `DMPO_DATA_KEY`
 *   without rewards and ends.
 */
export function demonstratedRows({ base, demonstrations, arena }: Stage, gamma = 1) {
  const given: Dataset =
    demonstrations ??
    fail(
      "DMPO_STAGE",
      "demonstrations",
      "are missing",
      "a data set to learn from besides",
      "name one: offline_dataset_path",
    );
  const { space, normalization } = base;
  const { actionSteps } = arena.environments;
  const [condSteps, width] = space.state;
  if (given.observationDimension !== width || given.actionDimension !== space.actionDim) {
    const found = `has ${given.observationDimension} numbers per observation and ${given.actionDimension} per action`;
    fail("DMPO_DATASET", given.name, found, `${width} and ${space.actionDim}, as the policy`);
  }
  const data = given.normalize(normalization);
  const chunks = { horizonSteps: actionSteps, condSteps, discount: gamma ** (1 / actionSteps), wholeChunk: true };
  const sampler = new QLearningSampler(data, chunks);
  const rows = sampler.count;
  const floats = (size: number) => new Float32Array(rows * size);
  const batch = {
    ...{ actions: floats(actionSteps * space.actionDim), rewards: floats(1), dones: floats(1) },
    ...{ observations: floats(condSteps * width), nextObservations: floats(condSteps * width) },
    returnsToGo: floats(1),
  };
  sampler.fill(
    Int32Array.from({ length: rows }, (_, i) => i),
    batch,
  );
  return batch;
}

/** They as a memory of their own. */
export function demonstratedTransitions(stage: Stage, rows = demonstratedRows(stage)): ReplayBuffer {
  const { space, actionSteps } = stage.arena.environments;
  const buffer = new ReplayBuffer(rows.rewards.length, { space, actionSteps, count: 1 });
  buffer.load(rows);
  return buffer;
}
