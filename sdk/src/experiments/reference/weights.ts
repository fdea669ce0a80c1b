// Which weights of a reference checkpoint are a policy's, under this program's names.
// Layouts: pre-training `model`, `ema`; fine-tuning `policy`, or `model` with `actor_ft.policy.*`, or with `actor_ft.*` and, as it was
// before, `actor.*`; or a bare state dict.
import { elementsOf, type RawTensor } from "../../checkpoints/element-types.js";
import { TorchTensor } from "../../checkpoints/torch-tensor.js";
import type { HostTensor } from "../../engine/tensor.js";
import { fail } from "../../errors.js";

export interface ReferenceWeights {
  /** Where they were found, e.g. `ema`. */
  readonly set: string;
  readonly isFineTuned: boolean;
  /** Names begin with `network.`. */
  readonly tensors: Readonly<Record<string, HostTensor>>;
  /** The network as it was before fine-tuning, under the same names, where the file has it. */
  readonly pretrained?: Readonly<Record<string, HostTensor>>;
  /** What modules hold beside them, such as the range of deviations; by name. */
  readonly scalars: ReadonlyMap<string, number>;
}

export type StateDict = ReadonlyMap<string, RawTensor>;

/**
 * Fine-tuned weights if there are any (they exist once), else the averaged or the trained ones.
 *
 * @param object the file's contents as PyTorch sees them.
 * @throws InputError `DMPO_POLICY_FILE` if the file holds no such weights, saying what it holds.
 */
export function referenceWeights(object: unknown, averaged: boolean, path: string): ReferenceWeights {
  const top = object instanceof Map ? (object as ReadonlyMap<unknown, unknown>) : new Map<unknown, unknown>();
  const policy = stateDict(top.get("policy"));
  if (policy) return named("policy", true, policy, path);
  const bare = stateDict(top);
  const model = stateDict(top.get("model")) ?? bare;
  const tuned = model && fineTuned(model);
  if (tuned) {
    const before = below(model, "actor.");
    const weights = named("model.actor_ft", true, tuned, path);
    return { ...weights, ...(before && { pretrained: named("model.actor", true, before, path).tensors }) };
  }
  if (bare) return named("state dict", false, bare, path);
  const set = averaged ? "ema" : "model";
  const found = stateDict(top.get(set));
  if (found) return named(set, false, found, path);
  const remedy =
    averaged && model ? "it has trained weights: load them with averagedWeights: false (load_ema=False)" : undefined;
  const keys = [...top.keys()].map(String).join(", ");
  fail(
    "DMPO_POLICY_FILE",
    path,
    `has no weights "${set}"; it holds ${keys || "nothing"}`,
    "a policy's weights",
    remedy,
  );
}

/** `value`, if it is a dict of named tensors and not empty. */
export function stateDict(value: unknown): StateDict | undefined {
  if (!(value instanceof Map) || value.size === 0) return undefined;
  const isStateDict = [...(value as Map<unknown, unknown>)].every(
    ([key, tensor]) => typeof key === "string" && (tensor instanceof TorchTensor || isRaw(tensor)),
  );
  return isStateDict ? (value as StateDict) : undefined;
}

const isRaw = (value: unknown): value is RawTensor =>
  typeof value === "object" && value !== null && "dtype" in value && "bytes" in value;

/** Where a fine-tuning model has its actor: flow policies beside what explores, others alone, mixtures as in pre-training. */
const ACTORS = ["actor_ft.policy.", "actor_ft.", "network."] as const;

/** The prefix of the actor's keys; undefined for a model without a critic or an actor that it tunes. */
export function actorPrefix(keys: Iterable<string>): (typeof ACTORS)[number] | undefined {
  const all = [...keys];
  const found = ACTORS.find((prefix) => all.some((key) => key.startsWith(prefix)));
  return found !== "network." || all.some((key) => key.startsWith("critic.")) ? found : undefined;
}

/** The actor of a fine-tuning model. */
function fineTuned(model: StateDict): StateDict | undefined {
  const prefix = actorPrefix(model.keys());
  return prefix && below(model, prefix);
}

function below(model: StateDict, prefix: string): StateDict | undefined {
  const own = [...model].filter(([key]) => key.startsWith(prefix));
  return own.length > 0 ? new Map(own.map(([key, tensor]) => [key.slice(prefix.length), tensor])) : undefined;
}

/** This program's name of a network's parameter. */
export function networkName(key: string): string {
  return `network.${key.replaceAll("base_meanflow.", "").replace(/^(?:module\.|_orig_mod\.)*(?:network\.)?/, "")}`;
}

/** Older files say `base_meanflow.`, some in addition; a teacher is no part of the policy; wrappers leave prefixes. */
function named(set: string, isFineTuned: boolean, dict: StateDict, path: string): ReferenceWeights {
  const tensors = Object.create(null) as Record<string, HostTensor>;
  const scalars = new Map<string, number>();
  for (const [key, tensor] of dict) {
    if (key.startsWith("teacher.")) continue;
    const name = networkName(key);
    const where = `${path}: ${set}.${key}`;
    const data = elementsOf(tensor, where);
    if (tensor.shape.length === 0) {
      scalars.set(name, data[0]!);
      continue;
    }
    const known = tensors[name];
    if (known && Buffer.compare(bytesOf(known.data), bytesOf(data)) !== 0) {
      fail("DMPO_POLICY_FILE", where, "differs from the tensor of the same name without prefix", "equal values");
    }
    tensors[name] = { data, shape: tensor.shape };
  }
  return { set, isFineTuned, tensors, scalars };
}

const bytesOf = ({ buffer, byteOffset, byteLength }: HostTensor["data"]) =>
  new Uint8Array(buffer, byteOffset, byteLength);
