// Demonstrations by a controller: whole episodes of an environment, as raw arrays.
import { z } from "zod";
import type { EnvironmentSource } from "../envs/environment.js";
import type { Environment } from "../envs/make-environment.js";
import { fail } from "../errors.js";
import { shownValue } from "../schema-issues.js";
import { abortSignal, checkOptions, count, limit, optionsSchema, wholeNumber } from "../options.js";
import type { RawTrajectories } from "./raw-arrays.js";

type Action = ArrayLike<number>;

/** What chooses actions (Da) for observations (Do), both raw: a function, or an object such as `policy.actor()`. */
export type Controller =
  | ((observation: Float64Array) => Action | Promise<Action>)
  | {
      /** Called once for each step. */
      act(observation: Float64Array): Action | Promise<Action>;
      /** Called before each episode. */
      reset?(): void;
    };

/** What is recorded. */
export interface CollectOptions {
  /** Whole episodes. Default 20. */
  readonly episodes?: number;
  /** Of the environment; the episodes draw from it one after the other. Default 0. */
  readonly seed?: number;
  /** Time limit in steps. Default: the environment's own, which is also the maximum. */
  readonly maxEpisodeSteps?: number;
  /** Of the data set. Default: that of the environment. */
  readonly name?: string;
  /** Ends the recording by throwing its reason. */
  readonly signal?: AbortSignal;
}

const schema = optionsSchema<CollectOptions>({
  episodes: count,
  seed: wholeNumber,
  maxEpisodeSteps: limit,
  name: z.string(),
  signal: abortSignal,
});

/** @throws InputError DMPO_ENV_* for an unknown environment or an action that does not fit, DMPO_OPTIONS for wrong counts. */
export async function collectEpisodes(
  env: EnvironmentSource,
  controller: Controller,
  options: CollectOptions,
): Promise<RawTrajectories> {
  checkOptions(schema, options);
  if (
    typeof controller !== "function" &&
    typeof (controller as Partial<typeof controller> | null)?.act !== "function"
  ) {
    const expected = "a function from observations to actions, or an object with act(observation)";
    fail("DMPO_OPTIONS", "controller", `is ${shownValue(controller)}`, expected);
  }
  const { episodes = 20, seed = 0, maxEpisodeSteps = Infinity, name, signal } = options;
  // Whoever only reads data does not load the engines.
  const [{ makeEnvironment }, { environmentTitle }] = await Promise.all([
    import("../envs/make-environment.js"),
    import("../envs/registry.js"),
  ]);
  const environment = await makeEnvironment(env, { seed });
  try {
    const { observationNames, actionNames } = environment.definition;
    return {
      name: name ?? (await environmentTitle(env)),
      ...(await collectIn(environment, controller, { episodes, maxEpisodeSteps, signal })),
      ...{ observationNames, actionNames },
    };
  } finally {
    environment.close();
  }
}

/** T steps of whole episodes, one after the other. */
export interface CollectedSteps {
  /** (T, Do), before each step. */
  readonly observations: Float64Array[];
  /** (T, Da). */
  readonly actions: Float64Array[];
  readonly rewards: number[];
  /** 1 where a terminal state was reached. */
  readonly terminals: number[];
  readonly episodeLengths: number[];
}

/** Whole episodes in an environment that is open. */
export async function collectIn(
  environment: Environment,
  controller: Controller,
  {
    episodes = 20,
    maxEpisodeSteps = Infinity,
    signal,
  }: Pick<CollectOptions, "episodes" | "maxEpisodeSteps" | "signal">,
): Promise<CollectedSteps> {
  const act = typeof controller === "function" ? controller : (seen: Float64Array) => controller.act(seen);
  const [observations, actions]: [Float64Array[], Float64Array[]] = [[], []];
  const [rewards, terminals, episodeLengths]: [number[], number[], number[]] = [[], [], []];
  for (let episode = 0; episode < episodes; episode++) {
    if (typeof controller === "object") controller.reset?.();
    let observation = environment.reset();
    for (let steps = 1, ended = false; !ended; steps++) {
      signal?.throwIfAborted();
      const action = Float64Array.from(await act(observation));
      const result = environment.step(action);
      ended = result.terminated || result.truncated || steps >= maxEpisodeSteps;
      observations.push(observation);
      actions.push(action);
      rewards.push(result.reward);
      terminals.push(Number(result.terminated));
      if (ended) episodeLengths.push(steps);
      observation = result.observation;
    }
  }
  return { observations, actions, rewards, terminals, episodeLengths };
}
