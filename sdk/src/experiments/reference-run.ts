// Runs of the PyTorch reference, continued here: as much of a run's state as its checkpoint holds; the rest starts anew.
// Layouts: pre-training `epoch, model, ema, optimizer`; fine-tuning `itr, cnt_train_steps, model, policy, *_optimizer`.
import { elementsOf } from "../checkpoints/element-types.js";
import type { Trainable, TrainableState } from "../engine/optimizer.js";
import { hostTensor, type HostTensor } from "../engine/tensor.js";
import { fail } from "../errors.js";
import { fitWeights } from "../policies/fit-weights.js";
import { startProgress, type Progress } from "../pretrain/progress.js";
import type { RunState } from "../rl/algorithm.js";
import type { Learner } from "../rl/learner.js";
import { countOf, dictOf, rateOf, stateOf } from "./reference-moments.js";
import { networkName, referenceWeights, stateDict, type StateDict } from "./reference-weights.js";

type Contents = ReturnType<typeof dictOf>;

/** Called with one sentence about what a file did not hold. */
type Notify = (line: string) => void;

/**
 * Puts `trainable` where the reference's pre-training was, and says where that is.
 *
 * @param object the file's contents as PyTorch sees them.
 * @param batches per epoch, here.
 * @throws InputError when the file is of another kind, or its weights do not fit.
 */
export function resumeReferencePretraining(
  object: unknown,
  path: string,
  { trainable, batches }: { readonly trainable: Trainable; readonly batches: number },
  notify: Notify,
): Progress {
  const contents = dictOf(object);
  if (isFineTuning(contents))
    refuse(path, contents, "a pre-training run", "give it as base_policy_path of a fine-tuning");
  const absent: string[] = [];
  const weightsOf = (key: "model" | "ema") => {
    const { set, tensors } = referenceWeights(object, key === "ema", path);
    return fitWeights(trainable.layout, tensors, `${path}: ${set}`);
  };
  const isStored = (key: string) => stateDict(contents.get(key)) !== undefined;
  // A file without either is a bare state dict, or holds no weights, which the reader explains.
  const trained = isStored("ema") && !isStored("model") ? (absent.push("trained weights"), "ema") : "model";
  const averaged = isStored("ema") ? "ema" : (absent.push("averaged weights"), trained);
  const names = [...(stateDict(contents.get("model"))?.keys() ?? [])].map(networkName);
  trainable.restore(
    stateOf(weightsOf(trained), contents.get("optimizer"), names, trainable.layout, {
      others: { ema: weightsOf(averaged) },
      whereAbsent: () => absent.push("moments of the optimizer"),
    }),
  );
  const epochs = countOf(contents.get("epoch")) ?? (absent.push("epoch and place in the schedule"), 0);
  absent.push("learning curve", "best test", "random streams");
  notify(`${path}: resumed after ${epochs} epochs; ${startsAnew(absent)}`);
  return { ...startProgress(), epoch: epochs + 1, step: epochs * batches };
}

/**
 * The state of the reference's fine-tuning, for a learner that has just been made.
 *
 * @throws InputError when the file is of another kind, or its weights do not fit.
 */
export function referenceRunState(
  object: unknown,
  path: string,
  algorithm: string,
  learner: Learner,
  notify: Notify,
): RunState {
  const contents = dictOf(object);
  if (!isFineTuning(contents))
    refuse(path, contents, "a fine-tuning run", "give it as base_policy_path to start from it");
  const absent: string[] = [];
  const { tensors, metadata } = learner.state();
  const model = [...(stateDict(contents.get("model")) ?? [])];
  const within = (prefix: string) => model.filter(([key]) => key.startsWith(prefix));
  const { actorWeights, criticWeights } = learner;

  const noise = within("actor_ft.").filter(([key]) => !/^actor_ft\.(policy\.|logvar_m)/.test(key));
  if (noise.length === 0) absent.push("exploration noise");
  const actor = stateOf(
    fitWeights(
      actorWeights.layout,
      {
        ...referenceWeights(object, false, path).tensors,
        ...(noise.length > 0 ? hostTensors(new Map(noise), path) : ownTensors(actorWeights, "actor_ft.")),
      },
      `${path}: actor`,
    ),
    contents.get("actor_optimizer"),
    within("actor_ft.").map(([key]) => (key.startsWith(POLICY) ? networkName(key.slice(POLICY.length)) : key)),
    actorWeights.layout,
    { whereAbsent: () => absent.push("moments of the actor's optimizer") },
  );

  const values = within("critic.");
  const critic =
    values.length > 0
      ? stateOf(
          fitWeights(criticWeights.layout, hostTensors(new Map(values), path), `${path}: critic`),
          contents.get("critic_optimizer"),
          values.map(([key]) => key),
          criticWeights.layout,
          { whereAbsent: () => absent.push("moments of the critic's optimizer") },
        )
      : (absent.push("critic"), criticWeights.state());

  const iterations = referenceIterations(object);
  if (iterations === undefined) absent.push("iteration and place in the schedules");
  const environmentSteps = countOf(contents.get("cnt_train_steps")) ?? (absent.push("count of environment steps"), 0);
  const [actorRate, criticRate] = ["actor_optimizer", "critic_optimizer"].map((key) => rateOf(contents.get(key)));
  absent.push("reward scaler", "curve and best policy", "random streams");
  notify(`${path}: resumed after ${iterations ?? "unknown"} iterations; ${startsAnew(absent)}`);
  return {
    tensors: { ...tensors, ...prefixed("actor", actor), ...prefixed("critic", critic) },
    metadata: {
      ...metadata,
      progress: {
        iteration: iterations ?? 0,
        // A critic that is new has to warm up.
        updates: values.length > 0 ? (iterations ?? 0) : 0,
        environmentSteps,
        rates: actorRate && criticRate ? { actor: actorRate, critic: criticRate } : null,
      },
      updateCounts: { actor: actor.updateCount, critic: critic.updateCount },
      algorithm,
      curve: [],
      best: null,
    },
  };
}

/** Iterations that a fine-tuning of the reference had done; it counts them from 0. */
export function referenceIterations(object: unknown): number | undefined {
  const last = countOf(dictOf(object).get("itr"));
  return last === undefined ? undefined : last + 1;
}

const POLICY = "actor_ft.policy.";

function isFineTuning(contents: Contents): boolean {
  const model = stateDict(contents.get("model"));
  return contents.has("policy") || [...(model?.keys() ?? [])].some((key) => key.startsWith("actor_ft."));
}

function refuse(path: string, contents: Contents, wanted: string, remedy: string): never {
  const keys = [...contents.keys()].map(String).slice(0, 8).join(", ");
  fail(
    "DMPO_RESUME",
    path,
    `is not a checkpoint of ${wanted}; it holds ${keys || "nothing"}`,
    `one of ${wanted}`,
    remedy,
  );
}

const startsAnew = (absent: readonly string[]) => `not in the file, so started anew: ${absent.join(", ")}`;

function hostTensors(dict: StateDict, path: string): Record<string, HostTensor> {
  return Object.fromEntries(
    [...dict].map(([key, tensor]) => [key, { data: elementsOf(tensor, `${path}: ${key}`), shape: tensor.shape }]),
  );
}

function ownTensors({ layout, weights }: Trainable, prefix: string): Record<string, HostTensor> {
  return Object.fromEntries(Object.entries(layout.views(weights)).filter(([name]) => name.startsWith(prefix)));
}

function prefixed(name: string, { vectors }: TrainableState): Record<string, HostTensor> {
  return Object.fromEntries(
    Object.entries(vectors).map(([key, vector]) => [`${name}.${key}`, hostTensor(vector, [vector.length])]),
  );
}
