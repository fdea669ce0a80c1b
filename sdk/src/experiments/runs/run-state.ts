// The state of a run in a checkpoint: `state.<part>.<vector>` and `state.best` among the tensors, the rest in the metadata.
// Checkpoints of the first versions, whose parts had fixed places, are read too.
import { z } from "zod";
import type { Checkpoint } from "../../checkpoints/checkpoint.js";
import type { RandomState } from "../../engine/random.js";
import { hostTensor, type HostTensor } from "../../engine/tensor.js";
import { fail } from "../../errors.js";
import type { AnyAlgorithm } from "../../learning/algorithm.js";
import type { RunState } from "../../learning/drive.js";
import type { PartState } from "../../learning/parts.js";
import { PolicyModel, policySpec } from "../../policies/policy-model.js";
import { checkDescription } from "../stored-description.js";

type Tensors = Checkpoint["tensors"];

const count = z.int().nonnegative();
const streams = z.record(z.string(), z.object({ key: z.tuple([z.int(), z.int()]), position: count }));
const random = z.object({ seed: z.int(), streams }) satisfies z.ZodType<RandomState>;

/** What was measured in an iteration; which entries it has, its algorithm knows. */
const row = z.record(z.string(), z.unknown());

const runState = z.object({
  algorithm: z.string(),
  options: z.unknown(),
  iteration: count,
  environmentSteps: count,
  random,
  /** What is no vector of each part. */
  parts: z.record(z.string(), z.unknown()),
  curve: z.array(row),
  seconds: z.number(),
  best: count.nullable(),
});

/** The state as tensors and a JSON value. */
export function stateRecord({ parts, best, ...state }: RunState): {
  tensors: Record<string, HostTensor>;
  state: unknown;
} {
  const vectors = Object.entries(parts).flatMap(([part, { vectors = {} }]) =>
    Object.entries(vectors).map(([name, data]) => [`state.${part}.${name}`, hostTensor(data, [data.length])] as const),
  );
  const values = Object.entries(parts).flatMap(([part, { values }]) => (values === undefined ? [] : [[part, values]]));
  return {
    tensors: {
      ...Object.fromEntries(vectors),
      ...(best && { "state.best": hostTensor(best.weights, [best.weights.length]) }),
    },
    state: { ...state, parts: Object.fromEntries(values) as object, best: best?.index ?? null },
  };
}

/**
 * The state in a checkpoint.
 *
 * @throws InputError `DMPO_RESUME` if it holds none of this kind, or belongs to another policy than `model`.
 */
export function stateOf(
  { tensors, metadata }: Checkpoint,
  { kind, title }: Pick<AnyAlgorithm, "kind" | "title">,
  model: PolicyModel,
  path: string,
): RunState {
  const file = z.object({ kind: z.literal(kind), model: policySpec }).safeParse(metadata);
  if (!file.success) {
    fail("DMPO_RESUME", path, `is not a checkpoint of a ${titles[kind]} run`, `checkpoint/last.safetensors of one`);
  }
  checkDescription({ tensors, metadata }, path);
  checkPolicy(file.data.model, model, path);
  const current = z.object({ state: runState }).safeParse(metadata);
  const earlier = kind === "pretraining" ? earlierPretraining : earlierFinetuning;
  const state = current.success ? assemble(current.data.state, tensors) : earlier(metadata, tensors);
  const isWhole = ({ best, curve }: Pick<RunState, "best" | "curve">) =>
    !best || (best.index < curve.length && best.weights.length === model.layout.size);
  if (state && isWhole(state)) return state;
  fail("DMPO_RESUME", path, "has a damaged state", `the state of a run of ${title}`, "take an earlier one");
}

const titles = { pretraining: "pre-training", finetuning: "fine-tuning" } as const;

function assemble({ parts, best, ...state }: z.output<typeof runState>, tensors: Tensors): RunState {
  const vectors = new Map<string, Record<string, HostTensor["data"]>>();
  for (const [key, { data }] of Object.entries(tensors)) {
    const [, part, name] = /^state\.([^.]+)\.(.+)$/.exec(key) ?? [];
    if (part && name) vectors.set(part, { ...vectors.get(part), [name]: data });
  }
  const names = new Set([...vectors.keys(), ...Object.keys(parts)]);
  const states = [...names].map((name): [string, PartState] => [
    name,
    { vectors: vectors.get(name) ?? {}, values: Object.hasOwn(parts, name) ? parts[name] : undefined },
  ]);
  return { ...state, parts: Object.fromEntries(states), best: bestOf(best, tensors) };
}

/** A copy, so that the file does not stay in memory with it. */
function bestOf(index: number | null, tensors: Tensors): RunState["best"] {
  const weights = tensors["state.best"]?.data;
  return index === null || !(weights instanceof Float32Array) ? null : { index, weights: weights.slice() };
}

/** @throws InputError when a run was made with another policy or network than `model`. */
function checkPolicy(stored: z.output<typeof policySpec>, model: PolicyModel, path: string): void {
  // Descriptions of earlier versions leave out what has a default by now.
  const described = ({ spec: { policy, network } }: PolicyModel) => JSON.stringify({ policy, network });
  const [found, expected] = [described(new PolicyModel(stored)), described(model)];
  if (found === expected) return;
  const remedy = "resume with the run's own configuration and pre-trained policy";
  fail("DMPO_RESUME", path, "belongs to another policy or network", `the policy of this run, ${expected}`, remedy);
}

/** Pre-training before parts had names: `optimizer.*`, and a progress of its own. */
function earlierPretraining(metadata: unknown, tensors: Tensors): RunState | undefined {
  const progress = z.object({
    epoch: z.int().positive(),
    batch: count,
    lossSum: z.number(),
    seconds: z.number(),
    curve: z.array(row),
  });
  const parsed = z.object({ options: z.unknown(), progress, updateCount: count, random }).safeParse(metadata);
  if (!parsed.success) return undefined;
  const { options, updateCount } = parsed.data;
  const { epoch, batch, lossSum, seconds, curve } = parsed.data.progress;
  return {
    ...{ algorithm: "pretraining", options, iteration: epoch - 1, environmentSteps: 0, random: parsed.data.random },
    parts: {
      trainable: { vectors: below("optimizer.", tensors), values: { updateCount } },
      place: { values: { batch, lossSum } },
    },
    ...{ curve, seconds, best: null },
  };
}

/** PPO before parts had names: the same vectors, their values in fixed places. */
function earlierFinetuning(metadata: unknown, tensors: Tensors): RunState | undefined {
  const progress = z.object({ iteration: count, updates: count, environmentSteps: count, rates: z.unknown() });
  const state = z.object({
    ...{ algorithm: z.string(), progress, random, rewardScaler: z.unknown() },
    updateCounts: z.object({ actor: count, critic: count }),
    curve: z.array(row.and(z.object({ seconds: z.number() }).loose())),
    best: count.nullable(),
  });
  const parsed = z.object({ state }).safeParse(metadata);
  if (!parsed.success) return undefined;
  const { algorithm, updateCounts, rewardScaler, curve, best } = parsed.data.state;
  const { iteration, updates, environmentSteps, rates } = parsed.data.state.progress;
  const trainable = (name: "actor" | "critic") => ({
    vectors: below(`state.${name}.`, tensors),
    values: { updateCount: updateCounts[name] },
  });
  return {
    ...{ algorithm, options: {}, iteration, environmentSteps, random: parsed.data.state.random },
    parts: {
      ...{ actor: trainable("actor"), critic: trainable("critic") },
      rewardScaler: { values: rewardScaler },
      schedule: { values: { updates, rates: rates ?? null } },
    },
    ...{ curve, seconds: curve.reduce((sum, { seconds }) => sum + seconds, 0), best: bestOf(best, tensors) },
  };
}

function below(prefix: string, tensors: Tensors): Record<string, HostTensor["data"]> {
  const own = Object.entries(tensors).filter(([key]) => key.startsWith(prefix));
  return Object.fromEntries(own.map(([key, { data }]) => [key.slice(prefix.length), data]));
}
