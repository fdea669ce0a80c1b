// Runs of the PyTorch reference, continued here: as much of a run's state as its checkpoint holds; the rest starts anew.
// Layouts: pre-training `epoch, model, ema, optimizer`; fine-tuning `itr, cnt_train_steps, model, policy, *_optimizer`.
import { elementsOf } from "../../checkpoints/element-types.js";
import { Trainable } from "../../engine/optimizer.js";
import type { HostTensor } from "../../engine/tensor.js";
import { fail } from "../../errors.js";
import type { AnyAlgorithm } from "../../learning/algorithm.js";
import type { RunState } from "../../learning/drive.js";
import { statesOf, type Parts } from "../../learning/parts.js";
import type { Stage } from "../../learning/stage.js";
import { fitWeights } from "../../policies/fit-weights.js";
import { countOf, dictOf, rateOf, trainableState } from "./moments.js";
import { actorPrefix, networkName, referenceWeights, stateDict, type StateDict } from "./weights.js";

type Contents = ReturnType<typeof dictOf>;

/** A file of a run, and the algorithm that continues it. */
interface StoredRun {
  readonly object: unknown;
  readonly path: string;
  readonly algorithm: string;
  /** Called with one sentence about what the file did not hold. */
  readonly notify: (line: string) => void;
}

/**
 * The state of a run of the reference, for an algorithm that has the same parts.
 *
 * @param object the file's contents as PyTorch sees them.
 * @throws InputError, now or when the parts exist, if the file is of another kind or its weights do not fit.
 */
export function referenceResume(
  object: unknown,
  path: string,
  { name, kind }: Pick<AnyAlgorithm, "name" | "kind">,
  notify: StoredRun["notify"],
): { readonly iterations: number | undefined; readonly state: (parts: Parts, stage: Stage) => RunState } {
  const contents = dictOf(object);
  const isPretraining = kind === "pretraining";
  if (isPretraining === isFineTuning(contents)) {
    if (isPretraining) refuse(path, contents, "a pre-training run", "give it as base_policy_path of a fine-tuning");
    refuse(path, contents, "a fine-tuning run", "give it as base_policy_path to start from it");
  }
  const stored: StoredRun = { object, path, algorithm: name, notify };
  const stateOf = isPretraining ? pretrainingState : finetuningState;
  return {
    iterations: isPretraining ? countOf(contents.get("epoch")) : referenceIterations(object),
    state: (parts, stage) => stateOf(stored, parts, stage),
  };
}

/** The piece called `name`, if the algorithm trains one. @throws InputError where it has none that the reference stores. */
function trainableOf(parts: Parts, name: string, path: string): Trainable {
  const part = parts[name];
  if (part instanceof Trainable) return part;
  fail("DMPO_RESUME", path, `holds no ${name} of this algorithm`, "a run of the same algorithm");
}

function newState(name: string, parts: Parts, stage: Stage): RunState {
  const { environmentSteps } = stage;
  return {
    ...{ algorithm: name, options: {}, iteration: 0, environmentSteps, random: stage.random.state() },
    ...{ parts: statesOf(parts), curve: [], seconds: 0, best: null },
  };
}

function pretrainingState({ object, path, algorithm, notify }: StoredRun, parts: Parts, stage: Stage): RunState {
  const contents = dictOf(object);
  const trainable = trainableOf(parts, "trainable", path);
  const absent: string[] = [];
  const weightsOf = (key: "model" | "ema") => {
    const { set, tensors } = referenceWeights(object, key === "ema", path);
    return fitWeights(trainable.layout, tensors, `${path}: ${set}`);
  };
  const isStored = (key: string) => stateDict(contents.get(key)) !== undefined;
  // A file without either is a bare state dict, or holds no weights, which the reader explains.
  const trained = isStored("ema") && !isStored("model") ? (absent.push("trained weights"), "ema") : "model";
  const averaged = isStored("ema") ? "ema" : (absent.push("averaged weights"), trained);
  const keys = [...(stateDict(contents.get("model"))?.keys() ?? [])];
  // A teacher is stored, but not optimised.
  const names = keys.filter((key) => !key.startsWith("teacher.")).map(networkName);
  const learned = trainableState(weightsOf(trained), contents.get("optimizer"), names, trainable.layout, {
    others: { ema: weightsOf(averaged) },
    whereAbsent: () => absent.push("moments of the optimizer"),
  });
  const epochs = countOf(contents.get("epoch")) ?? (absent.push("epoch and place in the schedule"), 0);
  absent.push("learning curve", "best test", "random streams");
  notify(`${path}: resumed after ${epochs} epochs; ${startsAnew(absent)}`);
  const state = newState(algorithm, parts, stage);
  return { ...state, iteration: epochs, parts: { ...state.parts, trainable: learned } };
}

function finetuningState({ object, path, algorithm, notify }: StoredRun, parts: Parts, stage: Stage): RunState {
  const contents = dictOf(object);
  const absent: string[] = [];
  const [actorWeights, criticWeights] = [trainableOf(parts, "actor", path), trainableOf(parts, "critic", path)];
  const model = [...(stateDict(contents.get("model")) ?? [])];
  const within = (prefix: string) => model.filter(([key]) => key.startsWith(prefix));

  const prefix = actorPrefix(model.map(([key]) => key)) ?? "actor_ft.policy.";
  // What explores has weights of its own where the policy is not all of the actor.
  const isExploring = prefix === "actor_ft.policy.";
  const noise = isExploring
    ? within("actor_ft.").filter(([key]) => !/^actor_ft\.(policy\.|(explore_noise_net\.)?logvar_m)/.test(key))
    : [];
  if (isExploring && noise.length === 0) absent.push("exploration noise");
  const actor = trainableState(
    fitWeights(
      actorWeights.layout,
      {
        ...referenceWeights(object, false, path).tensors,
        ...(noise.length > 0 ? hostTensors(new Map(noise), path) : ownTensors(actorWeights, "actor_ft.")),
      },
      `${path}: actor`,
    ),
    contents.get("actor_optimizer"),
    within(isExploring ? "actor_ft." : prefix).map(([key]) =>
      key.startsWith(prefix) ? networkName(key.slice(prefix.length)) : key,
    ),
    actorWeights.layout,
    { whereAbsent: () => absent.push("moments of the actor's optimizer") },
  );

  const values = within("critic.");
  const critic =
    values.length > 0
      ? trainableState(
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
  const state = newState(algorithm, parts, stage);
  const rates = actorRate && criticRate ? { actor: actorRate, critic: criticRate } : null;
  // A critic that is new has to warm up.
  const updates = values.length > 0 ? (iterations ?? 0) : 0;
  return {
    ...state,
    iteration: iterations ?? 0,
    environmentSteps,
    parts: { ...state.parts, actor, critic, schedule: { values: { updates, rates } } },
  };
}

/** Iterations that a fine-tuning of the reference had done; it counts them from 0. */
function referenceIterations(object: unknown): number | undefined {
  const last = countOf(dictOf(object).get("itr"));
  return last === undefined ? undefined : last + 1;
}

function isFineTuning(contents: Contents): boolean {
  const model = stateDict(contents.get("model"));
  return contents.has("policy") || actorPrefix(model?.keys() ?? []) !== undefined;
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
