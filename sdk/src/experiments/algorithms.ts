// The algorithms of the fluent API: `PPO.finetune(base, { env: "hopper-v2", iterations: 50 })`.
import type { Dataset } from "../data/dataset.js";
import type { EnvironmentSource } from "../envs/environment.js";
import { fail, nearest } from "../errors.js";
import type { AnyAlgorithm } from "../learning/algorithm.js";
import { runOptions } from "../learning/run-options.js";
import type { PolicyModel } from "../policies/policy-model.js";
import type { IterationRecord } from "../rl/iteration-record.js";
import { awr } from "../rl/awr.js";
import { calql } from "../rl/calql.js";
import { dipo } from "../rl/dipo.js";
import { dql } from "../rl/dql.js";
import { fql } from "../rl/fql.js";
import { grpo } from "../rl/grpo.js";
import { ibrl } from "../rl/ibrl.js";
import { idql } from "../rl/idql.js";
import { ppo } from "../rl/ppo.js";
import { qsm } from "../rl/qsm.js";
import { rlpd } from "../rl/rlpd.js";
import { rwr } from "../rl/rwr.js";
import { sac } from "../rl/sac.js";
import type {
  AWRInput,
  CalQLInput,
  ChainInput,
  DiffusionPathInput,
  DIPOInput,
  DQLInput,
  FQLInput,
  GRPOInput,
  IBRLInput,
  IDQLInput,
  PPOInput,
  QSMInput,
  RLPDInput,
  RWRInput,
  SACInput,
} from "./option-types.js";
import { Diffusion, Gaussian, ReFlow } from "./policies.js";
import type { PolicyDescription } from "./policy-description.js";
import { scratchPolicy } from "./scratch-policy.js";
import { take, takeControl, type RunControl } from "./runs/control.js";
import { runFineTuning, type FineTuningRun, type FineTuningSettings } from "./runs/finetuning.js";
import { requireDataset } from "./dataset-argument.js";
import { resolvePath } from "../hub/fetch-file.js";
import { loadPolicy } from "./load-policy.js";
import { policyOf, type PolicySource } from "./policy-source.js";
import { handedOnIn } from "./runs/handed-on.js";

/** What the paths of policies add to the options of an algorithm; which of them there are depends on the policy. */
export type PathInput = ChainInput &
  DiffusionPathInput & {
    /** The part that explores, of flows a noise net. */
    readonly noiseNet?: Readonly<Record<string, unknown>>;
  };

/**
 * Options of fine-tuning, all optional: the algorithm's (by default those of the preset), those of the policy's path, where and
 * how it acts (`env` by default the policy's own), and how the run is controlled.
 */
export type FinetuneInput<
  Options extends object = PPOInput,
  Preset extends string = keyof typeof ppo.presets,
> = Options &
  PathInput &
  RunControl &
  Partial<Omit<FineTuningSettings, "algorithm" | "base" | "learning" | "handedOn">> & {
    /** Settings to start from. Default: the algorithm's first. */
    readonly preset?: Preset;
  };

const settingKeys = [
  "data",
  "environments",
  "actionSteps",
  "maxEpisodeSteps",
  "legacyTimeouts",
  "successThreshold",
  "seed",
  "saveEvery",
  "films",
  "resumePath",
] as const satisfies readonly (keyof FineTuningSettings)[];

/**
 * The fluent API of an algorithm that starts from a trained policy; `Options` is what its schema takes, `usual` where it acts unless
 * told otherwise.
 */
function finetuning<Options extends object, Preset extends string>(
  definition: Pick<AnyAlgorithm, "name"> & { readonly presets: Readonly<Record<Preset, object>> },
  usual: Pick<FineTuningSettings, "environments"> = {},
) {
  const algorithm = definition as AnyAlgorithm<IterationRecord>;
  return {
    /**
     * Fine-tunes a policy in the simulator. Interrupting it (`signal`) saves a checkpoint and returns the partial run.
     * @throws InputError for wrong options, an environment or a checkpoint that does not fit, a policy that it cannot train
     *   (`DMPO_ALGORITHM`), or a gradient that is not finite.
     */
    async finetune(source: PolicySource, input: FinetuneInput<Options, Preset> = {} as never): Promise<FineTuningRun> {
      const base = await policyOf(source);
      const { preset = Object.keys(definition.presets)[0], env = base.environment, ...others } = input as FinetuneInput;
      const [settings, rest] = take<typeof others, (typeof settingKeys)[number]>(others, settingKeys);
      const [control, options] = takeControl(rest);
      const learning = { ...presetOf(algorithm, preset, base.model), ...options };
      return runFineTuning({ algorithm, base, env, ...usual, ...settings, learning }, control);
    },
  };
}

/** The preset without options of a path that this policy does not have. @throws InputError for an unknown preset. */
function presetOf({ options, explores, presets }: AnyAlgorithm, name: string | undefined, model: PolicyModel) {
  if (name === undefined) return {};
  const known = Object.keys(presets);
  if (!known.includes(name)) {
    const close = nearest(name, known);
    fail("DMPO_OPTIONS", "preset", `"${name}"`, `one of ${known.join(", ")}`, close && `did you mean "${close}"?`);
  }
  const { shape } = runOptions({ options, explores }, model);
  return Object.fromEntries(Object.entries(presets[name]!).filter(([key]) => key in shape));
}

/**
 * Options of training from scratch, all optional but `env`: the algorithm's, how it acts (by default in one environment), and how
 * the run is controlled.
 */
export type TrainInput<Options extends object = SACInput> = Omit<
  FinetuneInput<Options, never>,
  "preset" | keyof PathInput
> & {
  /** Demonstrations to learn from besides, whose statistics the policy takes; only for algorithms that do. */
  readonly data?: Dataset;
  /** Name, e.g. "halfcheetah-v2", path of a module that defines one, or a definition. */
  readonly env: EnvironmentSource;
  /** Default: a Gaussian policy of one action per chunk, of SAC and RLPD squashed by tanh; of FQL a ReFlow; of AWR and its kin diffusion. */
  readonly policy?: Pick<PolicyDescription, "for">;
};

/** What SAC and its kin begin with: deviations by the observation, tanh of what is drawn. */
export const squashed = Gaussian.standard({ tanhOutput: true }).withNetwork({
  ...{ horizonSteps: 1, mlpDims: [256, 256], activationType: "ReLU", tanhOutput: false },
  ...{ stdMin: 6.7e-3, stdMax: 7.3891 },
});

/** What PPO and GRPO begin with: deviations that do not depend on the observation. */
export const normal = Gaussian.standard().withNetwork({
  ...{ horizonSteps: 1, mlpDims: [128, 128], activationType: "Tanh", residualStyle: false, tanhOutput: false },
  ...{ fixedStd: 0.5, learnFixedStd: true, stdMin: 0.05, stdMax: 1 },
});

/**
 * The fluent API of an algorithm that begins with fresh weights, of `usual` unless a policy is given, in so many environments, with
 * the options `learning` unless others are given.
 */
function scratch<Options extends object, Path extends object = object>(
  definition: Pick<AnyAlgorithm, "name">,
  usual: Pick<PolicyDescription, "for"> = squashed,
  {
    environments: usually = 1,
    learning: standard = {},
  }: { readonly environments?: number; readonly learning?: object } = {},
) {
  const algorithm = definition as AnyAlgorithm<IterationRecord>;
  return {
    /**
     * Trains a policy with fresh weights in the simulator. Interrupting it (`signal`) saves a checkpoint and returns the partial run.
     * @throws InputError for wrong options, an unknown environment, a checkpoint that does not fit, a policy that it cannot train
     *   (`DMPO_ALGORITHM`), or a gradient that is not finite.
     */
    async train(given: TrainInput<Options> & Path): Promise<FineTuningRun> {
      const {
        env,
        policy = usual,
        ...input
      } = (given as TrainInput<Options> | undefined) ?? ({} as TrainInput<Options>);
      const [settings, rest] = take<typeof input, (typeof settingKeys)[number]>(input, settingKeys);
      const [control, options] = takeControl(rest);
      const base = await scratchPolicy(policy, env, settings.seed ?? 42, settings.data?.normalization);
      const learning = { ...standard, ...options };
      return runFineTuning({ algorithm, base, env, ...{ environments: usually, ...settings }, learning }, control);
    },
  };
}

/** The fluent API of an algorithm that does both, from scratch with a diffusion policy in forty environments unless told otherwise. */
function fromEither<Options extends object, Preset extends string>(
  definition: Parameters<typeof finetuning<Options, Preset>>[0],
) {
  return {
    ...finetuning<Options, Preset>(definition),
    ...scratch<Options>(definition, Diffusion.standard(), { environments: 40 }),
  };
}

/** Proximal policy optimisation (Schulman et al. 2017), on policies that explore with a density. */
export const PPO = {
  ...finetuning<PPOInput, keyof typeof ppo.presets>(ppo),
  ...scratch<PPOInput, PathInput>(ppo, normal, { environments: 8, learning: ppo.presets.scratch }),
};

/** Advantage-weighted regression (Peng et al. 2019, arXiv 1910.00177): imitates its own actions, better ones more. */
export const AWR = fromEither<AWRInput, keyof typeof awr.presets>(awr);

/** Reward-weighted regression (Peters and Schaal 2007): imitates its last episodes, those with higher returns more. */
export const RWR = fromEither<RWRInput, keyof typeof rwr.presets>(rwr);

/** Diffusion Q-learning (Wang et al. 2023, arXiv 2208.06193): imitates, pulled by a critic through all steps of sampling. */
export const DQL = fromEither<DQLInput, keyof typeof dql.presets>(dql);

/** Implicit diffusion Q-learning (Hansen-Estruch et al. 2023, arXiv 2304.10573): imitates, and acts by the best of several samples. */
export const IDQL = fromEither<IDQLInput, keyof typeof idql.presets>(idql);

/** Q-score matching (Psenka et al. 2023, arXiv 2312.11752): the score of a diffusion policy follows the critic's slope. */
export const QSM = fromEither<QSMInput, keyof typeof qsm.presets>(qsm);

/** Action gradients (Yang et al. 2023, arXiv 2305.13122): imitates actions that have been moved uphill on the critic. */
export const DIPO = fromEither<DIPOInput, keyof typeof dipo.presets>(dipo);

/** Group-relative policy optimisation (Shao et al. 2024, arXiv 2402.03300): compares episodes from the same start; no critic. */
export const GRPO = {
  ...finetuning<GRPOInput, never>(grpo),
  ...scratch<GRPOInput>(grpo, normal, { environments: 40 }),
};

/** Soft actor-critic (Haarnoja et al. 2018, arXiv 1812.05905): learns from scratch, off-policy. */
export const SAC = scratch<SACInput>(sac);

/** RLPD (Ball et al. 2023, arXiv 2302.02948): soft actor-critic from scratch that learns from demonstrations besides, `data`. */
export const RLPD = scratch<RLPDInput>(rlpd);

/** Imitation-bootstrapped RL (Hu et al. 2023, arXiv 2311.02198): the policy and a learner propose, critics pick; learns from `data` too. */
export const IBRL = finetuning<IBRLInput, never>(ibrl, { environments: 1 });

/**
 * Flow Q-learning (Park et al. 2025, arXiv 2502.02538): a policy of one step learns from a flow, which imitates, and from a critic;
 * on `data` first, then in the environment too. `train` begins with a fresh ReFlow, `finetune` with a trained flow.
 */
export const FQL = {
  ...scratch<FQLInput>(fql, ReFlow.standard().withNetwork({ activationType: "ReLU" })),
  ...finetuning<FQLInput, never>(fql, { environments: 1 }),
};

/** Options of a run on demonstrations alone: those of {@link TrainInput}; `env`, to evaluate in, by default that of the data. */
export type OfflineInput<Options extends object> = Omit<TrainInput<Options>, "data" | "env"> &
  Partial<Pick<TrainInput<Options>, "env">>;

/** A run on demonstrations that can go on in the environment. */
export type OfflineRun<Options extends object> = FineTuningRun & {
  /** Goes on with its last policy and its critics, on the same data, with the same options where no others are given. */
  online(input?: FinetuneInput<Options, never>): Promise<FineTuningRun>;
};

/** Calibrated Q-learning (Nakamoto et al. 2023, arXiv 2303.05479): on demonstrations alone, then in the environment without a slump. */
export const CalQL = {
  /**
   * Trains a policy with fresh weights on demonstrations with rewards; it acts in evaluations only.
   *
   * @throws InputError as `SAC.train()`.
   */
  async offline(data: Dataset, input: OfflineInput<CalQLInput> = {}): Promise<OfflineRun<CalQLInput>> {
    requireDataset(data);
    const { env = data.name, ...given } = input;
    const run = await scratch<CalQLInput>(calql).train({ ...given, env, data, trainOnline: false });
    const { iterations, folder, policy, resumePath, ...kept } = given;
    return Object.assign(run, {
      online: (more: FinetuneInput<CalQLInput, never> = {}) => CalQL.online(run, { env, data, ...kept, ...more }),
    });
  },
  /**
   * Goes on in the environment where a run on demonstrations `data` ended: its last policy, its critics.
   *
   * @param source such a run, or the path of its checkpoint; of another one only the policy is taken.
   * @throws InputError as `PPO.finetune()`.
   */
  async online(source: FineTuningRun | string, input: FinetuneInput<CalQLInput, never>): Promise<FineTuningRun> {
    const base = typeof source === "string" ? await loadPolicy(source) : source.last;
    const handedOn =
      typeof source === "string" ? await handedOnIn(await resolvePath(source), calql, base.model) : source.handedOn;
    const { env = base.environment, ...others } = input as FinetuneInput;
    const [settings, rest] = take<typeof others, (typeof settingKeys)[number]>(others, settingKeys);
    const [control, options] = takeControl(rest);
    const learning = { ...options, trainOnline: true };
    return runFineTuning(
      {
        algorithm: calql,
        base,
        env,
        handedOn,
        environments: 1,
        ...settings,
        learning,
      },
      control,
    );
  },
};
