// Checkpoints of the first versions, whose parts had fixed places, act and continue as those of today.
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { loadCheckpoint, saveCheckpoint, type Checkpoint } from "../../../sdk/src/checkpoints/checkpoint.js";
import { Dataset } from "../../../sdk/src/data/dataset.js";
import { PPO } from "../../../sdk/src/experiments/algorithms.js";
import { loadPolicy } from "../../../sdk/src/experiments/load-policy.js";
import { MeanFlow } from "../../../sdk/src/experiments/policies.js";
import type { FineTuningRun } from "../../../sdk/src/experiments/runs/finetuning.js";
import type { PretrainingRun } from "../../../sdk/src/experiments/runs/pretraining.js";
import { temporaryFolder } from "../../data/temporary-folder.js";
import { tiny } from "../tiny-fine-tuning.js";

const folder = temporaryFolder();
const control = { threads: 1, workers: 0 };
const described = MeanFlow.improved().withNetwork({ mlpDims: [8], timeDim: 4 });

/** What today's checkpoints hold of a run, as far as earlier ones held it too. */
interface Today {
  readonly kind: string;
  readonly model: unknown;
  readonly environment: string;
  readonly state: {
    readonly algorithm: string;
    readonly options: unknown;
    readonly iteration: number;
    readonly environmentSteps: number;
    readonly random: unknown;
    readonly parts: Record<string, Record<string, unknown>>;
    readonly curve: { readonly step?: number }[];
    readonly seconds: number;
    readonly best: number | null;
  };
}

/** Writes a checkpoint once more, in another layout. */
async function rewritten(
  path: string,
  change: (tensors: Checkpoint["tensors"], today: Today) => Checkpoint,
  name = "earlier",
) {
  const { tensors, metadata } = await loadCheckpoint(path);
  const target = path.replace(".safetensors", `_${name}.safetensors`);
  await saveCheckpoint(target, change(tensors, metadata as Today));
  return target;
}

const renamed = (tensors: Checkpoint["tensors"], from: string, to: string) =>
  Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name.replace(from, to), tensor]));

const withoutClock = (curve: readonly { readonly seconds: number }[]) => curve.map(({ seconds, ...row }) => row);

describe("pre-training", () => {
  const training = { epochs: 4, batchSize: 64, trainSplit: 0.8, saveEvery: 2, ema: { startEpoch: 2, every: 2 } };
  let data: Dataset;
  let whole: PretrainingRun;
  let earlier: string;
  const path = join(folder, "pretrain/checkpoint/state_2.safetensors");
  beforeAll(async () => {
    data = (await Dataset.bundled("hopper-medium-mini")).limitEpisodes(2);
    whole = await described.pretrain(data, { ...training, folder: join(folder, "pretrain"), ...control });
    earlier = await rewritten(path, (tensors, { kind, model, environment, state }) => {
      const { options, iteration, parts, curve, seconds, random } = state;
      expect(parts.place).toEqual({ batch: 0, lossSum: 0 });
      const progress = {
        epoch: iteration + 1,
        batch: 0,
        step: curve.at(-1)!.step,
        lossSum: 0,
        seconds,
        bestReturn: null,
      };
      return {
        tensors: renamed(tensors, "state.trainable.", "optimizer."),
        metadata: {
          ...{ kind, model, environment, options, random },
          progress: { ...progress, curve },
          updateCount: parts.trainable!.updateCount,
        },
      };
    });
  });

  test("acts with its averaged weights and with those as trained", async () => {
    for (const averagedWeights of [true, false]) {
      const { weights } = await loadPolicy(earlier, { averagedWeights });
      expect(weights).toEqual((await loadPolicy(path, { averagedWeights })).weights);
    }
  });

  test("continues to the weights of the uninterrupted run", async () => {
    const resumed = await described.pretrain(data, { ...training, resumePath: earlier, folder: null, ...control });
    expect(resumed.rawPolicy.weights).toEqual(whole.rawPolicy.weights);
    expect(resumed.policy.weights).toEqual(whole.policy.weights);
    expect(withoutClock(resumed.curve)).toEqual(withoutClock(whole.curve));
    expect(resumed.curve.slice(0, 2)).toEqual(whole.curve.slice(0, 2));
    expect(resumed.policy.weights).not.toEqual((await loadPolicy(earlier)).weights);
  });

  test("is refused by a run of another kind, and where its state is damaged", async () => {
    await expect(PPO.finetune(whole, { ...tiny, resumePath: earlier, folder: null, ...control })).rejects.toThrow(
      /state_2_earlier.safetensors: is not a checkpoint of a fine-tuning run/,
    );
    const damaged = await rewritten(earlier, (tensors, { ...metadata }) => ({
      tensors,
      metadata: { ...metadata, progress: { epoch: 3 } },
    }));
    await expect(described.pretrain(data, { ...training, resumePath: damaged, folder: null })).rejects.toThrow(
      /has a damaged state/,
    );
  });
});

describe("fine-tuning", () => {
  const input = {
    ...tiny,
    iterations: 7,
    updateEpochs: 2,
    seed: 2,
    saveEvery: 1,
    lrSchedule: "adaptive_kl" as const,
    // With these the best evaluation is not the last.
    ...{ initialNoiseStd: 1, noise: { maxStd: 0.5, finalMaxStd: 0.2, schedule: "linear" as const } },
    env: "hopper-v2",
    ...control,
  };
  let base: PretrainingRun;
  let whole: FineTuningRun;
  let earlier: string;
  const path = join(folder, "finetune/checkpoint/state_4.safetensors");
  beforeAll(async () => {
    const data = (await Dataset.bundled("hopper-medium-mini")).limitEpisodes(2);
    base = await described.pretrain(data, { epochs: 1, folder: null, ...control });
    whole = await PPO.finetune(base, { ...input, folder: join(folder, "finetune") });
    earlier = await rewritten(path, (tensors, { kind, model, environment, state }) => {
      const { algorithm, iteration, environmentSteps, random, parts, curve, best } = state;
      const { actor, critic, rewardScaler, schedule } = parts;
      const progress = { iteration, environmentSteps, ...schedule };
      const updateCounts = { actor: actor!.updateCount, critic: critic!.updateCount };
      const metadata = { algorithm, progress, updateCounts, rewardScaler, random, curve, best };
      return { tensors, metadata: { kind, model, environment, state: metadata } };
    });
  });

  test("acts", async () => {
    expect((await loadPolicy(earlier)).weights).toEqual((await loadPolicy(path)).weights);
  });

  test("continues as from a checkpoint of today, in new episodes", async () => {
    const withoutPlaces = await rewritten(
      path,
      ({ "state.environments.actions": actions, ...tensors }, { state: { parts, ...state }, ...metadata }) => {
        const { environments, evaluationEnvironments, ...own } = parts;
        expect([actions, environments, evaluationEnvironments]).not.toContain(undefined);
        return { tensors, metadata: { ...metadata, state: { ...state, parts: own } } };
      },
      "without_places",
    );
    const [expected, found] = [withoutPlaces, earlier].map((resumePath) =>
      PPO.finetune(base, { ...input, resumePath, folder: null }),
    ) as [Promise<FineTuningRun>, Promise<FineTuningRun>];
    expect((await found).last.weights).toEqual((await expected).last.weights);
    // The best evaluation lies before the checkpoint.
    expect(whole.best!.iteration).toBe(3);
    expect((await found).best).toEqual(whole.best);
    expect((await found).policy.weights).toEqual((await expected).policy.weights);
    expect(withoutClock((await found).curve)).toEqual(withoutClock((await expected).curve));
    expect((await found).curve.slice(0, 5)).toEqual(whole.curve.slice(0, 5));
    expect((await found).environmentSteps).toBe((await expected).environmentSteps);
    const before = whole.curve.slice(0, 5).reduce((sum, { seconds }) => sum + seconds, 0);
    expect((await found).seconds).toBeGreaterThan(before);
    expect((await found).last.weights).not.toEqual((await loadPolicy(earlier)).weights);
  });
});
