// Types of the options that people write, with what the schemas say of each: written by `npm run options`, not by hand.
import type { TimeDistributionInput } from "../policies/time-sampling.js";

/** Pre-training: `description.pretrain(data, { ... })`. Everything may be left out. */
export interface PretrainingInput {
  /** Passes over the data. Whole number, at least 1. Default 34. */
  readonly epochs?: number;
  /** Windows per update. Whole number, at least 1. Default 128. */
  readonly batchSize?: number;
  /** Of AdamW, after the warm-up. Above 0. Default 0.001. */
  readonly learningRate?: number;
  /** Where warm-up begins and the cosine ends. At least 0. Default 0.0001. */
  readonly minLearningRate?: number;
  /** Of AdamW, decoupled. At least 0. Default 0.000001. */
  readonly weightDecay?: number;
  /** Linear warm-up, then a half cosine down, from minLearningRate and back to it. */
  readonly schedule?: {
    /** What the two counts below count. Default "step". */
    readonly per?: "epoch" | "step";
    /** Of the linear rise. Whole number, at least 0. Default 250. */
    readonly warmup?: number;
    /** Steps until a restart; null: the whole run. Whole number, at least 1. Default null. */
    readonly cycle?: number | null;
  };
  /** Moving average of the weights, which acts. */
  readonly ema?: {
    /** Share of the average that stays at an update. From 0 to 1. Default 0.995. */
    readonly decay?: number;
    /** Until this epoch (counted from 1) the average is a copy. Whole number, at least 1. Default 1. */
    readonly startEpoch?: number;
    /** Batches between updates. Whole number, at least 1. Default 1. */
    readonly every?: number;
  };
  /** Share of the windows used for training. Above 0, at most 1. Default 1. */
  readonly trainSplit?: number;
  /** Epochs between validation losses, if there is a split. Whole number, at least 1. Default 1. */
  readonly validateEvery?: number;
  /** Epochs between tests in the simulator; null: at the end only. Whole number, at least 1. Default null. */
  readonly testEvery?: number | null;
  /** Test the averaged weights in the simulator. Default false. */
  readonly testInMujoco?: boolean;
  /** Epochs between numbered checkpoints; null: none. Whole number, at least 1. Default null. */
  readonly saveEvery?: number | null;
  /** Of weights, noise, times and the order of windows. Whole number. Default 42. */
  readonly seed?: number;
}

/** PPO: `PPO.finetune(base, { ... })`, `PPO.train({ env, ... })`. Everything may be left out. */
export interface PPOInput {
  /** Rounds of collecting and learning, evaluations among them. Whole number, at least 1. Default 50. */
  readonly iterations?: number;
  /** Chunks per environment and iteration. Whole number, at least 1. Default 50. */
  readonly steps?: number;
  /** Discount per chunk. From 0 to 1. Default 0.99. */
  readonly gamma?: number;
  /** Generalised advantages: 0 trusts the critic alone, 1 the returns alone. From 0 to 1. Default 0.95. */
  readonly gaeLambda?: number;
  /** A time-out is worth what the critic expects, or as in the reference nothing. Default "bootstrap". */
  readonly timeOuts?: "bootstrap" | "reference";
  /** Divide rewards by the running deviation of the return. Default true. */
  readonly rewardScaleRunning?: boolean;
  /** Factor of every reward. Default 1. */
  readonly rewardScaleConst?: number;
  /** Start new episodes at every iteration. Default false. */
  readonly resetAtIteration?: boolean;
  /** Range of the learned exploration noise. */
  readonly noise?: {
    /** Lower end, of normalised actions. Above 0. Default 0.05. */
    readonly minStd?: number;
    /** The noise starts near the geometric mean of both ends. Above 0. Default 0.5. */
    readonly maxStd?: number;
    /** Upper end: fixed, held and annealed by half a cosine, or linear to finalMaxStd over the whole run. Default "learn". */
    readonly schedule?: "learn" | "learn_decay" | "linear";
    /** linear: upper end after the last iteration. Above 0. Default 0.2. */
    readonly finalMaxStd?: number;
    /** learn_decay: share of the run before the decay. From 0 to 1. Default 0.35. */
    readonly holdRatio?: number;
    /** learn_decay: share of the range that remains. From 0 to 1. Default 0.7. */
    readonly decayRatio?: number;
  };
  /** Clamp; the reference has [-1, 1]. Default null. */
  readonly logProbRange?: readonly [number, number] | null;
  /** Clip of the probability ratio. Above 0. Default 0.2. */
  readonly clipPlossCoef?: number;
  /** Clip of the change of values. Above 0. Default null. */
  readonly clipVlossCoef?: number | null;
  /** Weight of the entropy bonus. Default 0. */
  readonly entCoef?: number;
  /** Weight of the loss of the values. Above 0. Default 0.5. */
  readonly vfCoef?: number;
  /** Passes over the samples of an iteration. Whole number, at least 1. Default 5. */
  readonly updateEpochs?: number;
  /** Samples per update. Whole number, at least 1. Default 500. */
  readonly batchSize?: number;
  /** Times a sample occurs per epoch; 10 in the reference. Whole number, at least 1. Default 1. */
  readonly repeatSamples?: number;
  /** Rows in memory at once, of pictures at most 100; changes no result. Whole number, at least 1. Default 1000. */
  readonly microBatchSize?: number;
  /** Minibatches whose gradients are summed before a step. Whole number, at least 1. Default 1. */
  readonly gradAccumulate?: number;
  /** Move the pictures of an iteration at random before learning from them. Default false. */
  readonly augment?: boolean;
  /** What looks at pictures stays as it is, computed once per picture; the critic reads what it makes of them. Default false. */
  readonly freezeEncoder?: boolean;
  /** Stop or, adaptive_kl, steer at this divergence; null: neither. Above 0. Default 0.045. */
  readonly targetKl?: number | null;
  /** Which networks stop for the rest of the iteration. Default "actor". */
  readonly klStops?: "actor" | "both";
  /** Still make the step of the minibatch that diverged too far, as the reference does. Default false. */
  readonly stepBeforeKlStop?: boolean;
  /** First updates that train the critic alone. Whole number, at least 0. Default 3. */
  readonly nCriticWarmupItr?: number;
  /** What these are; the reference counts iterations, evaluations among them. Default "updates". */
  readonly criticWarmupCounts?: "updates" | "iterations";
  /** adaptive_kl: rates fall beyond twice targetKl and rise below half of it. Default "fixed". */
  readonly lrSchedule?: "fixed" | "adaptive_kl";
  /** Highest learning rate of the policy. Above 0. Default 0.00004. */
  readonly actorLr?: number;
  /** How it changes over the iterations. Default {"type":"constant"}. */
  readonly actorLrScheduler?:
    | { type: "constant" }
    | { type: "cosine"; firstCycleSteps: number; warmupSteps?: number; minLr?: number }
    | { type: "constant_warmup"; warmupSteps: number; minLr?: number }
    | { type: "cosine_custom"; holdSteps?: number; annealSteps?: number; minLr?: number };
  /** Of AdamW, of the policy. At least 0. Default 0. */
  readonly actorWeightDecay?: number;
  /** Norm to which the policy's gradient is clipped; null: not. Above 0. Default 1. */
  readonly maxGradNorm?: number | null;
  /** Highest learning rate of the critic. Above 0. Default 0.001. */
  readonly criticLr?: number;
  /** How it changes over the iterations. Default {"type":"constant"}. */
  readonly criticLrScheduler?:
    | { type: "constant" }
    | { type: "cosine"; firstCycleSteps: number; warmupSteps?: number; minLr?: number }
    | { type: "constant_warmup"; warmupSteps: number; minLr?: number }
    | { type: "cosine_custom"; holdSteps?: number; annealSteps?: number; minLr?: number };
  /** Of AdamW, of the critic. At least 0. Default 0. */
  readonly criticWeightDecay?: number;
  /** Norm to which the critic's gradient is clipped; null: not. Above 0. Default 25. */
  readonly criticMaxGradNorm?: number | null;
  /** Network of the values. */
  readonly critic?: {
    /** Hidden widths. Whole number, at least 1. Default [256,256,256]. */
    readonly mlpDims?: readonly number[];
    /** Between the layers. Default "Mish". */
    readonly activationType?: "Mish" | "ReLU" | "Tanh" | "GELU" | "SiLU" | "ELU" | "Softplus" | "Identity";
    /** Layer normalisation. Default false. */
    readonly useLayernorm?: boolean;
    /** Residual blocks (1, 3, 5, ... hidden widths) or a plain network. Default true. */
    readonly residualStyle?: boolean;
    /** First value of all states. Default 0. */
    readonly outBiasInit?: number;
    /** Follows from what the policy sees; stating it checks that. */
    readonly type?: "mlp" | "vit";
    /** Vision transformer. */
    readonly backbone?: {
      /** Layers of self-attention. Whole number, at least 1. Default 1. */
      readonly depth?: number;
      /** Width of a token, a multiple of the heads. Whole number, at least 1. Default 128. */
      readonly embedDim?: number;
      /** Heads of attention. Whole number, at least 1. Default 4. */
      readonly numHeads?: number;
      /** Tokens by one convolution (8 x 8 pixels each), or by two (overlapping patches). Default "embed2". */
      readonly embedStyle?: "embed1" | "embed2";
      /** 1: embed2 normalises between its convolutions. Whole number, from 0 to 1. Default 0. */
      readonly embedNorm?: number;
      /** Without effect, as in the reference: patches have 8 x 8 pixels. Whole number, at least 1. Default 8. */
      readonly patchSize?: number;
    };
    /** Width of what a camera's tokens become, by learned weights for each place; 0: by one dense map. Whole number, at least 0. Default 128. */
    readonly spatialEmb?: number;
    /** Width of what that dense map makes of them. Whole number, at least 1. Default 128. */
    readonly visualFeatureDim?: number;
    /** Of pictures: cameras that are looked at one by one, with the same vision transformer. Whole number, at least 1. Default 1. */
    readonly numImg?: number;
    /** Pictures are moved once per iteration instead: train.augment. Default false. */
    readonly augment?: false;
    /** Values have none. Default 0. */
    readonly dropout?: 0;
  };
  /** Stay near the pre-trained policy. Default false. */
  readonly useBcLoss?: boolean;
  /** Distance of actions from the same noise, or of velocities. Default "W2". */
  readonly bcLossType?: "W2" | "velocity";
  /** Its weight, at first. At least 0. Default 0.05. */
  readonly bcLossCoeff?: number;
  /** Its weight in the end, by default the same. At least 0. */
  readonly bcLossCoeffFinal?: number;
  /** Iteration from which its weight falls. Whole number, at least 0. Default 0. */
  readonly bcLossDecayStart?: number;
  /** By default the last iteration. Whole number, at least 1. */
  readonly bcLossDecayEnd?: number;
  /** Every so many iterations, and the last, evaluates instead of training. Whole number, at least 1. Default 10. */
  readonly valFreq?: number;
  /** Never evaluate. Default false. */
  readonly forceTrain?: boolean;
  /** Whole episodes per evaluation. Whole number, at least 1. Default 40. */
  readonly evaluationEpisodes?: number;
  /** Initial noise of evaluated chains. Default "sampled". */
  readonly evaluationNoise?: "sampled" | "zero";
}

/** How a flow explores: `PPO.finetune(base, { ... })`, `PPO.train({ env, ... })`. Everything may be left out. */
export interface ChainInput {
  /** Acting begins with noise of this standard deviation: 1 as in training, less for chunks nearer the central one. At least 0. */
  readonly initialNoiseStd?: number;
  /** Network calls K per action chunk. Whole number, at least 1. Default 1. */
  readonly denoisingSteps?: number;
  /** Last steps with learned noise, by default all. Whole number, at least 1. */
  readonly ftDenoisingSteps?: number;
  /** Clip the mean of every step. Default true. */
  readonly clipIntermediateActions?: boolean;
  /** Largest entry of a clipped mean. Above 0. Default 1. */
  readonly denoisedClipValue?: number;
  /** Noise is clipped at so many standard deviations. Above 0. Default 3. */
  readonly randnClipValue?: number;
  /** Density of the chain; or divided by its entries and steps, as in the reference. Default "summed". */
  readonly likelihood?: "summed" | "reference";
  /** Reference likelihood: count the initial noise. Default true. */
  readonly accountForInitialStochasticity?: boolean;
}

/** How Diffusion explores: `PPO.finetune(base, { ... })`, `PPO.train({ env, ... })`. Everything may be left out. */
export interface DiffusionPathInput {
  /** Last denoising steps that are fine-tuned, by default all. Whole number, at least 1. */
  readonly ftDenoisingSteps?: number;
  /** Lowest deviation of the noise of a step. Above 0. Default 0.1. */
  readonly minSamplingDenoisingStd?: number;
  /** Lowest deviation in its density. Above 0. Default 0.1. */
  readonly minLogprobDenoisingStd?: number;
  /** Discount of advantages per denoising step. From 0 to 1. Default 0.99. */
  readonly gammaDenoising?: number;
  /** Clip of the ratio at the first fine-tuned step, from where it grows to clipPlossCoef; by default the same. Above 0. */
  readonly clipPlossCoefBase?: number;
  /** How late it grows. Above 0. Default 3. */
  readonly clipPlossCoefRate?: number;
  /** Actions of the chunk whose density counts, by default all. Whole number, at least 1. */
  readonly rewardHorizon?: number;
  /** DDIM: learn how much noise each step adds. Default false. */
  readonly learnEta?: boolean;
  /** DDIM: noise of a step as a share of DDPM's, at first and at the ends of its range. */
  readonly eta?: {
    /** At first. At least 0. Default 1. */
    readonly baseEta?: number;
    /** Lower end of its range. At least 0. Default 0.1. */
    readonly minEta?: number;
    /** Upper end of its range. Above 0. Default 1. */
    readonly maxEta?: number;
  };
  /** Density of a step; or the mean over its entries, each within -5 and 2, as in the reference. Default "summed". */
  readonly likelihood?: "summed" | "reference";
  /** decisions: every denoising step; or the chunk, with the exact density of the probability flow. Default "steps". */
  readonly density?: "steps" | "flow";
  /** flow: length of a step in a time from 0 to 1. Above 0, at most 1. Default 0.05. */
  readonly sdeStepSize?: number;
  /** flow: random directions in which divergences are measured; 0: all, exactly. Whole number, at least 0. Default 2. */
  readonly sdeNumEpsilon?: number;
  /** flow: what these are drawn from. Default "Rademacher". */
  readonly sdeHutchinsonType?: "Rademacher" | "Gaussian";
}

/** AWR: `AWR.finetune(base, { ... })`, `AWR.train({ env, ... })`. Everything may be left out. */
export interface AWRInput {
  /** Rounds of collecting and learning, evaluations among them. Whole number, at least 1. Default 1000. */
  readonly iterations?: number;
  /** Chunks per environment and iteration. Whole number, at least 1. Default 500. */
  readonly steps?: number;
  /** Samples per update. Whole number, at least 1. Default 1000. */
  readonly batchSize?: number;
  /** Discount per chunk. From 0 to 1. Default 0.99. */
  readonly gamma?: number;
  /** Factor of every reward. Default 1. */
  readonly rewardScale?: number;
  /** New episodes at every iteration. Default false. */
  readonly resetAtIteration?: boolean;
  /** First iterations that leave the policy alone. Whole number, at least 0. Default 0. */
  readonly nCriticWarmupItr?: number;
  /** Every so many iterations, and the last, evaluates instead of training. Whole number, at least 1. Default 10. */
  readonly valFreq?: number;
  /** Whole episodes per evaluation. Whole number, at least 1. Default 40. */
  readonly evaluationEpisodes?: number;
  /** Initial noise of evaluated chunks. Default "sampled". */
  readonly evaluationNoise?: "sampled" | "zero";
  /** diffusion: lowest deviation of a step's noise while it explores. Above 0. Default 0.1. */
  readonly minSamplingDenoisingStd?: number;
  /** Highest learning rate of the policy. Above 0. Default 0.0001. */
  readonly actorLr?: number;
  /** How it changes over the iterations. Default {"type":"constant"}. */
  readonly actorLrScheduler?:
    | { type: "constant" }
    | { type: "cosine"; firstCycleSteps: number; warmupSteps?: number; minLr?: number }
    | { type: "constant_warmup"; warmupSteps: number; minLr?: number }
    | { type: "cosine_custom"; holdSteps?: number; annealSteps?: number; minLr?: number };
  /** Of AdamW, of the policy. At least 0. Default 0. */
  readonly actorWeightDecay?: number;
  /** Highest learning rate of the critic. Above 0. Default 0.001. */
  readonly criticLr?: number;
  /** How it changes over the iterations. Default {"type":"constant"}. */
  readonly criticLrScheduler?:
    | { type: "constant" }
    | { type: "cosine"; firstCycleSteps: number; warmupSteps?: number; minLr?: number }
    | { type: "constant_warmup"; warmupSteps: number; minLr?: number }
    | { type: "cosine_custom"; holdSteps?: number; annealSteps?: number; minLr?: number };
  /** Of AdamW, of the critic. At least 0. Default 0. */
  readonly criticWeightDecay?: number;
  /** Chunks kept of each environment. Whole number, at least 1. Default 5000. */
  readonly bufferSize?: number;
  /** Samples that the policy learns from per chunk collected. Whole number, at least 1. Default 64. */
  readonly replayRatio?: number;
  /** Updates of the policy to one of the critic. Whole number, at least 1. Default 4. */
  readonly criticUpdateRatio?: number;
  /** Share of later errors in a target. From 0 to 1. Default 0.95. */
  readonly tdLambda?: number;
  /** Share of an error that a target moves by. Above 0, at most 1. Default 0.95. */
  readonly tdRate?: number;
  /** How much better actions count more. Above 0. Default 10. */
  readonly beta?: number;
  /** Most that a chunk counts. Above 0. Default 100. */
  readonly maxAdvWeight?: number;
  /** Network of the values of states. */
  readonly critic?: {
    /** Hidden widths. Whole number, at least 1. Default [256,256,256]. */
    readonly mlpDims?: readonly number[];
    /** Between the layers. Default "Mish". */
    readonly activationType?: "Mish" | "ReLU" | "Tanh" | "GELU" | "SiLU" | "ELU" | "Softplus" | "Identity";
    /** Layer normalisation. Default false. */
    readonly useLayernorm?: boolean;
    /** Residual blocks (1, 3, 5, ... hidden widths) or a plain network. Default true. */
    readonly residualStyle?: boolean;
  };
}

/** RWR: `RWR.finetune(base, { ... })`, `RWR.train({ env, ... })`. Everything may be left out. */
export interface RWRInput {
  /** Rounds of collecting and learning, evaluations among them. Whole number, at least 1. Default 1000. */
  readonly iterations?: number;
  /** Chunks per environment and iteration. Whole number, at least 1. Default 500. */
  readonly steps?: number;
  /** Samples per update. Whole number, at least 1. Default 1000. */
  readonly batchSize?: number;
  /** Discount per chunk. From 0 to 1. Default 0.99. */
  readonly gamma?: number;
  /** New episodes at every iteration. Default false. */
  readonly resetAtIteration?: boolean;
  /** Every so many iterations, and the last, evaluates instead of training. Whole number, at least 1. Default 10. */
  readonly valFreq?: number;
  /** Whole episodes per evaluation. Whole number, at least 1. Default 40. */
  readonly evaluationEpisodes?: number;
  /** Initial noise of evaluated chunks. Default "sampled". */
  readonly evaluationNoise?: "sampled" | "zero";
  /** diffusion: lowest deviation of a step's noise while it explores. Above 0. Default 0.1. */
  readonly minSamplingDenoisingStd?: number;
  /** Highest learning rate of the policy. Above 0. Default 0.0001. */
  readonly actorLr?: number;
  /** How it changes over the iterations. Default {"type":"constant"}. */
  readonly actorLrScheduler?:
    | { type: "constant" }
    | { type: "cosine"; firstCycleSteps: number; warmupSteps?: number; minLr?: number }
    | { type: "constant_warmup"; warmupSteps: number; minLr?: number }
    | { type: "cosine_custom"; holdSteps?: number; annealSteps?: number; minLr?: number };
  /** Of AdamW, of the policy. At least 0. Default 0. */
  readonly actorWeightDecay?: number;
  /** Passes over the chunks of finished episodes. Whole number, at least 1. Default 16. */
  readonly updateEpochs?: number;
  /** How much better returns count more. Above 0. Default 10. */
  readonly beta?: number;
  /** Most that a chunk counts. Above 0. Default 100. */
  readonly maxRewardWeight?: number;
}

/** DQL: `DQL.finetune(base, { ... })`, `DQL.train({ env, ... })`. Everything may be left out. */
export interface DQLInput {
  /** Rounds of collecting and learning, evaluations among them. Whole number, at least 1. Default 1000. */
  readonly iterations?: number;
  /** Chunks per environment and iteration. Whole number, at least 1. Default 500. */
  readonly steps?: number;
  /** Samples per update. Whole number, at least 1. Default 1000. */
  readonly batchSize?: number;
  /** Discount per chunk. From 0 to 1. Default 0.99. */
  readonly gamma?: number;
  /** Factor of every reward. Default 1. */
  readonly rewardScale?: number;
  /** New episodes at every iteration. Default false. */
  readonly resetAtIteration?: boolean;
  /** First iterations that leave the policy alone. Whole number, at least 0. Default 0. */
  readonly nCriticWarmupItr?: number;
  /** Every so many iterations, and the last, evaluates instead of training. Whole number, at least 1. Default 10. */
  readonly valFreq?: number;
  /** Whole episodes per evaluation. Whole number, at least 1. Default 40. */
  readonly evaluationEpisodes?: number;
  /** Initial noise of evaluated chunks. Default "sampled". */
  readonly evaluationNoise?: "sampled" | "zero";
  /** diffusion: lowest deviation of a step's noise while it explores. Above 0. Default 0.1. */
  readonly minSamplingDenoisingStd?: number;
  /** Highest learning rate of the policy. Above 0. Default 0.0001. */
  readonly actorLr?: number;
  /** How it changes over the iterations. Default {"type":"constant"}. */
  readonly actorLrScheduler?:
    | { type: "constant" }
    | { type: "cosine"; firstCycleSteps: number; warmupSteps?: number; minLr?: number }
    | { type: "constant_warmup"; warmupSteps: number; minLr?: number }
    | { type: "cosine_custom"; holdSteps?: number; annealSteps?: number; minLr?: number };
  /** Of AdamW, of the policy. At least 0. Default 0. */
  readonly actorWeightDecay?: number;
  /** Highest learning rate of the critic. Above 0. Default 0.001. */
  readonly criticLr?: number;
  /** How it changes over the iterations. Default {"type":"constant"}. */
  readonly criticLrScheduler?:
    | { type: "constant" }
    | { type: "cosine"; firstCycleSteps: number; warmupSteps?: number; minLr?: number }
    | { type: "constant_warmup"; warmupSteps: number; minLr?: number }
    | { type: "cosine_custom"; holdSteps?: number; annealSteps?: number; minLr?: number };
  /** Of AdamW, of the critic. At least 0. Default 0. */
  readonly criticWeightDecay?: number;
  /** Transitions kept. Whole number, at least 1. Default 1000000. */
  readonly bufferSize?: number;
  /** Samples learned from per transition collected. Whole number, at least 1. Default 16. */
  readonly replayRatio?: number;
  /** Share of the critics that their targets take at every update. From 0 to 1. Default 0.005. */
  readonly targetRate?: number;
  /** Weight of the critic's pull against imitation. At least 0. Default 1. */
  readonly eta?: number;
  /** Network of the values of actions. Default {"mlpDims":[256,256,256],"activationType":"Mish"}. */
  readonly critic?: {
    /** Hidden widths. Whole number, at least 1. Default [256,256]. */
    readonly mlpDims?: readonly number[];
    /** Between the layers. Default "ReLU". */
    readonly activationType?: "Mish" | "ReLU" | "Tanh" | "GELU" | "SiLU" | "ELU" | "Softplus" | "Identity";
    /** Layer normalisation. Default false. */
    readonly useLayernorm?: boolean;
    /** Residual blocks (1, 3, 5, ... hidden widths) or a plain network. Default false. */
    readonly residualStyle?: boolean;
  };
}

/** IDQL: `IDQL.finetune(base, { ... })`, `IDQL.train({ env, ... })`. Everything may be left out. */
export interface IDQLInput {
  /** Rounds of collecting and learning, evaluations among them. Whole number, at least 1. Default 1000. */
  readonly iterations?: number;
  /** Chunks per environment and iteration. Whole number, at least 1. Default 500. */
  readonly steps?: number;
  /** Samples per update. Whole number, at least 1. Default 1000. */
  readonly batchSize?: number;
  /** Discount per chunk. From 0 to 1. Default 0.99. */
  readonly gamma?: number;
  /** Factor of every reward. Default 1. */
  readonly rewardScale?: number;
  /** New episodes at every iteration. Default false. */
  readonly resetAtIteration?: boolean;
  /** First iterations that leave the policy alone. Whole number, at least 0. Default 0. */
  readonly nCriticWarmupItr?: number;
  /** Every so many iterations, and the last, evaluates instead of training. Whole number, at least 1. Default 10. */
  readonly valFreq?: number;
  /** Whole episodes per evaluation. Whole number, at least 1. Default 40. */
  readonly evaluationEpisodes?: number;
  /** Initial noise of evaluated chunks. Default "sampled". */
  readonly evaluationNoise?: "sampled" | "zero";
  /** diffusion: lowest deviation of a step's noise while it explores. Above 0. Default 0.1. */
  readonly minSamplingDenoisingStd?: number;
  /** Highest learning rate of the policy. Above 0. Default 0.0001. */
  readonly actorLr?: number;
  /** How it changes over the iterations. Default {"type":"constant"}. */
  readonly actorLrScheduler?:
    | { type: "constant" }
    | { type: "cosine"; firstCycleSteps: number; warmupSteps?: number; minLr?: number }
    | { type: "constant_warmup"; warmupSteps: number; minLr?: number }
    | { type: "cosine_custom"; holdSteps?: number; annealSteps?: number; minLr?: number };
  /** Of AdamW, of the policy. At least 0. Default 0. */
  readonly actorWeightDecay?: number;
  /** Highest learning rate of the critic. Above 0. Default 0.001. */
  readonly criticLr?: number;
  /** How it changes over the iterations. Default {"type":"constant"}. */
  readonly criticLrScheduler?:
    | { type: "constant" }
    | { type: "cosine"; firstCycleSteps: number; warmupSteps?: number; minLr?: number }
    | { type: "constant_warmup"; warmupSteps: number; minLr?: number }
    | { type: "cosine_custom"; holdSteps?: number; annealSteps?: number; minLr?: number };
  /** Of AdamW, of the critic. At least 0. Default 0. */
  readonly criticWeightDecay?: number;
  /** Transitions kept. Whole number, at least 1. Default 1000000. */
  readonly bufferSize?: number;
  /** Samples learned from per transition collected. Whole number, at least 1. Default 16. */
  readonly replayRatio?: number;
  /** Share of the critics that their targets take. From 0 to 1. Default 0.001. */
  readonly targetRate?: number;
  /** Of action values in a state, its value. From 0 to 1. Default 0.8. */
  readonly expectile?: number;
  /** Chunks to choose from whenever it acts. Whole number, at least 1. Default 20. */
  readonly evalSampleNum?: number;
  /** Evaluations take the best of them. Default true. */
  readonly evalDeterministic?: boolean;
  /** While it explores, chunks above the state's value are likelier; false: the best is taken. Default true. */
  readonly useExpectileExploration?: boolean;
  /** Network of the values of actions. Default {"mlpDims":[256,256,256],"activationType":"Mish"}. */
  readonly criticQ?: {
    /** Hidden widths. Whole number, at least 1. Default [256,256]. */
    readonly mlpDims?: readonly number[];
    /** Between the layers. Default "ReLU". */
    readonly activationType?: "Mish" | "ReLU" | "Tanh" | "GELU" | "SiLU" | "ELU" | "Softplus" | "Identity";
    /** Layer normalisation. Default false. */
    readonly useLayernorm?: boolean;
    /** Residual blocks (1, 3, 5, ... hidden widths) or a plain network. Default false. */
    readonly residualStyle?: boolean;
  };
  /** Network of the values of states. */
  readonly criticV?: {
    /** Hidden widths. Whole number, at least 1. Default [256,256,256]. */
    readonly mlpDims?: readonly number[];
    /** Between the layers. Default "Mish". */
    readonly activationType?: "Mish" | "ReLU" | "Tanh" | "GELU" | "SiLU" | "ELU" | "Softplus" | "Identity";
    /** Layer normalisation. Default false. */
    readonly useLayernorm?: boolean;
    /** Residual blocks (1, 3, 5, ... hidden widths) or a plain network. Default true. */
    readonly residualStyle?: boolean;
  };
}

/** QSM: `QSM.finetune(base, { ... })`, `QSM.train({ env, ... })`. Everything may be left out. */
export interface QSMInput {
  /** Rounds of collecting and learning, evaluations among them. Whole number, at least 1. Default 1000. */
  readonly iterations?: number;
  /** Chunks per environment and iteration. Whole number, at least 1. Default 500. */
  readonly steps?: number;
  /** Samples per update. Whole number, at least 1. Default 1000. */
  readonly batchSize?: number;
  /** Discount per chunk. From 0 to 1. Default 0.99. */
  readonly gamma?: number;
  /** Factor of every reward. Default 1. */
  readonly rewardScale?: number;
  /** New episodes at every iteration. Default false. */
  readonly resetAtIteration?: boolean;
  /** First iterations that leave the policy alone. Whole number, at least 0. Default 0. */
  readonly nCriticWarmupItr?: number;
  /** Every so many iterations, and the last, evaluates instead of training. Whole number, at least 1. Default 10. */
  readonly valFreq?: number;
  /** Whole episodes per evaluation. Whole number, at least 1. Default 40. */
  readonly evaluationEpisodes?: number;
  /** Initial noise of evaluated chunks. Default "sampled". */
  readonly evaluationNoise?: "sampled" | "zero";
  /** diffusion: lowest deviation of a step's noise while it explores. Above 0. Default 0.1. */
  readonly minSamplingDenoisingStd?: number;
  /** Highest learning rate of the policy. Above 0. Default 0.0001. */
  readonly actorLr?: number;
  /** How it changes over the iterations. Default {"type":"constant"}. */
  readonly actorLrScheduler?:
    | { type: "constant" }
    | { type: "cosine"; firstCycleSteps: number; warmupSteps?: number; minLr?: number }
    | { type: "constant_warmup"; warmupSteps: number; minLr?: number }
    | { type: "cosine_custom"; holdSteps?: number; annealSteps?: number; minLr?: number };
  /** Of AdamW, of the policy. At least 0. Default 0. */
  readonly actorWeightDecay?: number;
  /** Highest learning rate of the critic. Above 0. Default 0.001. */
  readonly criticLr?: number;
  /** How it changes over the iterations. Default {"type":"constant"}. */
  readonly criticLrScheduler?:
    | { type: "constant" }
    | { type: "cosine"; firstCycleSteps: number; warmupSteps?: number; minLr?: number }
    | { type: "constant_warmup"; warmupSteps: number; minLr?: number }
    | { type: "cosine_custom"; holdSteps?: number; annealSteps?: number; minLr?: number };
  /** Of AdamW, of the critic. At least 0. Default 0. */
  readonly criticWeightDecay?: number;
  /** Transitions kept. Whole number, at least 1. Default 1000000. */
  readonly bufferSize?: number;
  /** Samples learned from per transition collected. Whole number, at least 1. Default 16. */
  readonly replayRatio?: number;
  /** Share of the critics that their targets take at every update. From 0 to 1. Default 0.005. */
  readonly targetRate?: number;
  /** Noise that one unit of a critic's slope stands for. Above 0. Default 10. */
  readonly qGradCoeff?: number;
  /** Network of the values of actions. Default {"mlpDims":[256,256,256],"activationType":"Mish"}. */
  readonly critic?: {
    /** Hidden widths. Whole number, at least 1. Default [256,256]. */
    readonly mlpDims?: readonly number[];
    /** Between the layers. Default "ReLU". */
    readonly activationType?: "Mish" | "ReLU" | "Tanh" | "GELU" | "SiLU" | "ELU" | "Softplus" | "Identity";
    /** Layer normalisation. Default false. */
    readonly useLayernorm?: boolean;
    /** Residual blocks (1, 3, 5, ... hidden widths) or a plain network. Default false. */
    readonly residualStyle?: boolean;
  };
}

/** DIPO: `DIPO.finetune(base, { ... })`, `DIPO.train({ env, ... })`. Everything may be left out. */
export interface DIPOInput {
  /** Rounds of collecting and learning, evaluations among them. Whole number, at least 1. Default 1000. */
  readonly iterations?: number;
  /** Chunks per environment and iteration. Whole number, at least 1. Default 500. */
  readonly steps?: number;
  /** Samples per update. Whole number, at least 1. Default 1000. */
  readonly batchSize?: number;
  /** Discount per chunk. From 0 to 1. Default 0.99. */
  readonly gamma?: number;
  /** Factor of every reward. Default 1. */
  readonly rewardScale?: number;
  /** New episodes at every iteration. Default false. */
  readonly resetAtIteration?: boolean;
  /** First iterations that leave the policy alone. Whole number, at least 0. Default 0. */
  readonly nCriticWarmupItr?: number;
  /** Every so many iterations, and the last, evaluates instead of training. Whole number, at least 1. Default 10. */
  readonly valFreq?: number;
  /** Whole episodes per evaluation. Whole number, at least 1. Default 40. */
  readonly evaluationEpisodes?: number;
  /** Initial noise of evaluated chunks. Default "sampled". */
  readonly evaluationNoise?: "sampled" | "zero";
  /** diffusion: lowest deviation of a step's noise while it explores. Above 0. Default 0.1. */
  readonly minSamplingDenoisingStd?: number;
  /** Highest learning rate of the policy. Above 0. Default 0.0001. */
  readonly actorLr?: number;
  /** How it changes over the iterations. Default {"type":"constant"}. */
  readonly actorLrScheduler?:
    | { type: "constant" }
    | { type: "cosine"; firstCycleSteps: number; warmupSteps?: number; minLr?: number }
    | { type: "constant_warmup"; warmupSteps: number; minLr?: number }
    | { type: "cosine_custom"; holdSteps?: number; annealSteps?: number; minLr?: number };
  /** Of AdamW, of the policy. At least 0. Default 0. */
  readonly actorWeightDecay?: number;
  /** Highest learning rate of the critic. Above 0. Default 0.001. */
  readonly criticLr?: number;
  /** How it changes over the iterations. Default {"type":"constant"}. */
  readonly criticLrScheduler?:
    | { type: "constant" }
    | { type: "cosine"; firstCycleSteps: number; warmupSteps?: number; minLr?: number }
    | { type: "constant_warmup"; warmupSteps: number; minLr?: number }
    | { type: "cosine_custom"; holdSteps?: number; annealSteps?: number; minLr?: number };
  /** Of AdamW, of the critic. At least 0. Default 0. */
  readonly criticWeightDecay?: number;
  /** Transitions kept. Whole number, at least 1. Default 1000000. */
  readonly bufferSize?: number;
  /** Samples learned from per transition collected. Whole number, at least 1. Default 16. */
  readonly replayRatio?: number;
  /** Share of critics and policy that their targets take at every update. From 0 to 1. Default 0.005. */
  readonly targetRate?: number;
  /** Steps that actions of a batch move uphill. Whole number, at least 1. Default 10. */
  readonly actionGradientSteps?: number;
  /** Size of these steps, of Adam. Above 0. Default 0.0001. */
  readonly actionLr?: number;
  /** Network of the values of actions. Default {"mlpDims":[256,256,256],"activationType":"Mish"}. */
  readonly critic?: {
    /** Hidden widths. Whole number, at least 1. Default [256,256]. */
    readonly mlpDims?: readonly number[];
    /** Between the layers. Default "ReLU". */
    readonly activationType?: "Mish" | "ReLU" | "Tanh" | "GELU" | "SiLU" | "ELU" | "Softplus" | "Identity";
    /** Layer normalisation. Default false. */
    readonly useLayernorm?: boolean;
    /** Residual blocks (1, 3, 5, ... hidden widths) or a plain network. Default false. */
    readonly residualStyle?: boolean;
  };
}

/** GRPO: `GRPO.finetune(base, { ... })`, `GRPO.train({ env, ... })`. Everything may be left out. */
export interface GRPOInput {
  /** Rounds of collecting and learning, evaluations among them. Whole number, at least 1. Default 1000. */
  readonly iterations?: number;
  /** Every so many iterations, and the last, evaluates instead of training. Whole number, at least 1. Default 10. */
  readonly valFreq?: number;
  /** Whole episodes per evaluation. Whole number, at least 1. Default 40. */
  readonly evaluationEpisodes?: number;
  /** Initial noise of evaluated chunks. Default "sampled". */
  readonly evaluationNoise?: "sampled" | "zero";
  /** Highest learning rate of the policy. Above 0. Default 0.0001. */
  readonly actorLr?: number;
  /** How it changes over the iterations. Default {"type":"constant"}. */
  readonly actorLrScheduler?:
    | { type: "constant" }
    | { type: "cosine"; firstCycleSteps: number; warmupSteps?: number; minLr?: number }
    | { type: "constant_warmup"; warmupSteps: number; minLr?: number }
    | { type: "cosine_custom"; holdSteps?: number; annealSteps?: number; minLr?: number };
  /** Of AdamW, of the policy. At least 0. Default 0. */
  readonly actorWeightDecay?: number;
  /** Chunks per environment and iteration; episodes that do not end in them are left out. Whole number, at least 1. Default 1000. */
  readonly steps?: number;
  /** Groups of environments; those of one begin at the same states. Whole number, at least 1. Default 8. */
  readonly nGroups?: number;
  /** Chunks of a minibatch. Whole number, at least 1. Default 10000. */
  readonly batchSize?: number;
  /** Passes over the chunks of an iteration. Whole number, at least 1. Default 10. */
  readonly updateEpochs?: number;
  /** Clip of the ratio of probabilities. Above 0. Default 0.1. */
  readonly clipPlossCoef?: number;
  /** Weight of the divergence from the starting policy. At least 0. Default 0. */
  readonly klCoef?: number;
  /** Divergence from the last policy that ends an update. Above 0. Default 0.01. */
  readonly targetKl?: number | null;
}

/** RLPD: `RLPD.train({ env, data, ... })`. Everything may be left out. */
export interface RLPDInput {
  /** Rounds of collecting and learning, evaluations among them. Whole number, at least 1. Default 1000. */
  readonly iterations?: number;
  /** Discount per chunk. From 0 to 1. Default 0.99. */
  readonly gamma?: number;
  /** Factor of every reward. Default 1. */
  readonly rewardScale?: number;
  /** How it changes over the iterations. Default {"type":"constant"}. */
  readonly actorLrScheduler?:
    | { type: "constant" }
    | { type: "cosine"; firstCycleSteps: number; warmupSteps?: number; minLr?: number }
    | { type: "constant_warmup"; warmupSteps: number; minLr?: number }
    | { type: "cosine_custom"; holdSteps?: number; annealSteps?: number; minLr?: number };
  /** Of AdamW, of the policy. At least 0. Default 0. */
  readonly actorWeightDecay?: number;
  /** Learning rate of the critics. Above 0. Default 0.0003. */
  readonly criticLr?: number;
  /** How it changes over the iterations. Default {"type":"constant"}. */
  readonly criticLrScheduler?:
    | { type: "constant" }
    | { type: "cosine"; firstCycleSteps: number; warmupSteps?: number; minLr?: number }
    | { type: "constant_warmup"; warmupSteps: number; minLr?: number }
    | { type: "cosine_custom"; holdSteps?: number; annealSteps?: number; minLr?: number };
  /** Of AdamW, of the critic. At least 0. Default 0. */
  readonly criticWeightDecay?: number;
  /** Learning rate of the policy. Above 0. Default 0.0003. */
  readonly actorLr?: number;
  /** Chunks per environment and iteration. Whole number, at least 1. Default 1000. */
  readonly steps?: number;
  /** First chunks, all environments together, at random. Whole number, at least 0. Default 5000. */
  readonly explorationSteps?: number;
  /** Of which the demonstrations' share is `offlineShare`. Whole number, at least 1. Default 256. */
  readonly batchSize?: number;
  /** Share of demonstrations in a batch. From 0 to 1. Default 0.5. */
  readonly offlineShare?: number;
  /** Own transitions kept. Whole number, at least 1. Default 400000. */
  readonly bufferSize?: number;
  /** Share of the critics that their targets take at every update. From 0 to 1. Default 0.005. */
  readonly targetRate?: number;
  /** Updates of the critics per chunk; the policy has one. Whole number, at least 1. Default 10. */
  readonly criticNumUpdate?: number;
  /** Critics, all in one graph. Whole number, at least 1. Default 10. */
  readonly nCritics?: number;
  /** Targets count the entropy of what follows. Default true. */
  readonly backupEntropy?: boolean;
  /** Weight of the entropy at first; it adapts. Above 0. Default 1. */
  readonly initialTemperature?: number;
  /** Of a chunk; null: minus its number of entries. Default null. */
  readonly targetEntropy?: number | null;
  /** Networks of the values of actions. */
  readonly critic?: {
    /** Hidden widths. Whole number, at least 1. Default [256,256]. */
    readonly mlpDims?: readonly number[];
    /** Between the layers. Default "ReLU". */
    readonly activationType?: "Mish" | "ReLU" | "Tanh" | "GELU" | "SiLU" | "ELU" | "Softplus" | "Identity";
    /** Layer normalisation. Default true. */
    readonly useLayernorm?: boolean;
    /** Residual blocks (1, 3, 5, ... hidden widths) or a plain network. Default false. */
    readonly residualStyle?: boolean;
  };
  /** Every so many iterations, and the last, evaluates instead of training. Whole number, at least 1. Default 10. */
  readonly valFreq?: number;
  /** Whole episodes per evaluation. Whole number, at least 1. Default 10. */
  readonly evaluationEpisodes?: number;
}

/** SAC: `SAC.train({ env, ... })`. Everything may be left out. */
export interface SACInput {
  /** Rounds of collecting and learning, evaluations among them. Whole number, at least 1. Default 100. */
  readonly iterations?: number;
  /** Chunks per environment and iteration. Whole number, at least 1. Default 1000. */
  readonly steps?: number;
  /** First chunks, all environments together, with uniform actions. Whole number, at least 0. Default 5000. */
  readonly explorationSteps?: number;
  /** Transitions per update. Whole number, at least 1. Default 256. */
  readonly batchSize?: number;
  /** Samples that the critics learn from per chunk. Whole number, at least 1. Default 256. */
  readonly criticReplayRatio?: number;
  /** The same of the actor; if fewer, it learns rarely, but then as often. Whole number, at least 1. Default 256. */
  readonly actorReplayRatio?: number;
  /** Transitions kept. Whole number, at least 1. Default 1000000. */
  readonly bufferSize?: number;
  /** Discount per chunk. From 0 to 1. Default 0.99. */
  readonly gamma?: number;
  /** Share of the critics that their targets take at every update. From 0 to 1. Default 0.005. */
  readonly targetRate?: number;
  /** Factor of every reward. Default 1. */
  readonly rewardScale?: number;
  /** Learning rate of the policy. Above 0. Default 0.0003. */
  readonly actorLr?: number;
  /** Learning rate of the critics. Above 0. Default 0.001. */
  readonly criticLr?: number;
  /** Learning rate of the temperature. Above 0. Default 0.001. */
  readonly temperatureLr?: number;
  /** Weight of the entropy, at first. Above 0. Default 1. */
  readonly initialTemperature?: number;
  /** Of a chunk; null: minus its number of entries. Default null. */
  readonly targetEntropy?: number | null;
  /** Networks of both critics. */
  readonly critic?: {
    /** Hidden widths. Whole number, at least 1. Default [256,256]. */
    readonly mlpDims?: readonly number[];
    /** Between the layers. Default "ReLU". */
    readonly activationType?: "Mish" | "ReLU" | "Tanh" | "GELU" | "SiLU" | "ELU" | "Softplus" | "Identity";
    /** Layer normalisation. Default false. */
    readonly useLayernorm?: boolean;
    /** Residual blocks (1, 3, 5, ... hidden widths) or a plain network. Default false. */
    readonly residualStyle?: boolean;
  };
  /** Every so many iterations, and the last, evaluates instead of training. Whole number, at least 1. Default 10. */
  readonly valFreq?: number;
  /** Whole episodes per evaluation. Whole number, at least 1. Default 10. */
  readonly evaluationEpisodes?: number;
}

/** FQL: `FQL.train({ env, data, ... })`. Everything may be left out. */
export interface FQLInput {
  /** Rounds of learning, evaluations among them. Whole number, at least 1. Default 770. */
  readonly iterations?: number;
  /** Updates per iteration; once it acts, one per chunk. Whole number, at least 1. Default 1000. */
  readonly steps?: number;
  /** First updates, on demonstrations alone, before it acts. Whole number, at least 0. Default 200000. */
  readonly offlineSteps?: number;
  /** Discount per chunk. From 0 to 1. Default 0.99. */
  readonly gamma?: number;
  /** Factor of every reward. Default 1. */
  readonly rewardScale?: number;
  /** Highest learning rate of the policy. Above 0. Default 0.0001. */
  readonly actorLr?: number;
  /** How it changes over the iterations. Default {"type":"constant"}. */
  readonly actorLrScheduler?:
    | { type: "constant" }
    | { type: "cosine"; firstCycleSteps: number; warmupSteps?: number; minLr?: number }
    | { type: "constant_warmup"; warmupSteps: number; minLr?: number }
    | { type: "cosine_custom"; holdSteps?: number; annealSteps?: number; minLr?: number };
  /** Of AdamW, of the policy. At least 0. Default 0. */
  readonly actorWeightDecay?: number;
  /** Learning rate of the critics. Above 0. Default 0.0003. */
  readonly criticLr?: number;
  /** How it changes over the iterations. Default {"type":"constant"}. */
  readonly criticLrScheduler?:
    | { type: "constant" }
    | { type: "cosine"; firstCycleSteps: number; warmupSteps?: number; minLr?: number }
    | { type: "constant_warmup"; warmupSteps: number; minLr?: number }
    | { type: "cosine_custom"; holdSteps?: number; annealSteps?: number; minLr?: number };
  /** Of AdamW, of the critic. At least 0. Default 0. */
  readonly criticWeightDecay?: number;
  /** Transitions per update; once it acts, half of them demonstrations. Whole number, at least 1. Default 256. */
  readonly batchSize?: number;
  /** Transitions kept. Whole number, at least 1. Default 1000000. */
  readonly bufferSize?: number;
  /** Share of the critics that their targets take at every update. From 0 to 1. Default 0.005. */
  readonly targetRate?: number;
  /** Weight of the flow's answers against the critics' pull. At least 0. Default 3. */
  readonly alpha?: number;
  /** Steps of the flow in an answer. Whole number, at least 1. Default 4. */
  readonly flowSteps?: number;
  /** The critics pull in units of their mean size. Default true. */
  readonly normalizeQLoss?: boolean;
  /** Evaluations play the flow too. Default true. */
  readonly evalBaseModel?: boolean;
  /** Network of the policy of one step. */
  readonly network?: {
    /** Width of both hidden layers. Whole number, at least 1. Default 512. */
    readonly hiddenDim?: number;
  };
  /** Networks of the values of actions. */
  readonly critic?: {
    /** Hidden widths. Whole number, at least 1. Default [256,256]. */
    readonly mlpDims?: readonly number[];
    /** Between the layers. Default "ReLU". */
    readonly activationType?: "Mish" | "ReLU" | "Tanh" | "GELU" | "SiLU" | "ELU" | "Softplus" | "Identity";
    /** Layer normalisation. Default true. */
    readonly useLayernorm?: boolean;
    /** Residual blocks (1, 3, 5, ... hidden widths) or a plain network. Default false. */
    readonly residualStyle?: boolean;
  };
  /** Every so many iterations, and the last, evaluates instead of training. Whole number, at least 1. Default 10. */
  readonly valFreq?: number;
  /** Whole episodes per evaluation. Whole number, at least 1. Default 10. */
  readonly evaluationEpisodes?: number;
}

/** Cal-QL: `CalQL.offline(data, { ... })`. Everything may be left out. */
export interface CalQLInput {
  /** Rounds of collecting and learning, evaluations among them. Whole number, at least 1. Default 1000. */
  readonly iterations?: number;
  /** Acts, and learns from what it did too; false: demonstrations alone. Default false. */
  readonly trainOnline?: boolean;
  /** On demonstrations alone: updates per iteration. Whole number, at least 1. Default 1000. */
  readonly numUpdate?: number;
  /** While it acts: episodes per iteration. Whole number, at least 1. Default 1. */
  readonly nEpisodePerEpoch?: number;
  /** While it acts: updates per chunk. Above 0. Default 1. */
  readonly onlineUtdRatio?: number;
  /** First chunks that are uniformly random. Whole number, at least 0. Default 0. */
  readonly explorationSteps?: number;
  /** Discount per chunk. From 0 to 1. Default 0.99. */
  readonly gamma?: number;
  /** Factor of every reward. Default 1. */
  readonly rewardScale?: number;
  /** Highest learning rate of the policy. Above 0. Default 0.0001. */
  readonly actorLr?: number;
  /** How it changes over the iterations. Default {"type":"constant"}. */
  readonly actorLrScheduler?:
    | { type: "constant" }
    | { type: "cosine"; firstCycleSteps: number; warmupSteps?: number; minLr?: number }
    | { type: "constant_warmup"; warmupSteps: number; minLr?: number }
    | { type: "cosine_custom"; holdSteps?: number; annealSteps?: number; minLr?: number };
  /** Of AdamW, of the policy. At least 0. Default 0. */
  readonly actorWeightDecay?: number;
  /** Learning rate of critics and temperature. Above 0. Default 0.0003. */
  readonly criticLr?: number;
  /** How it changes over the iterations. Default {"type":"constant"}. */
  readonly criticLrScheduler?:
    | { type: "constant" }
    | { type: "cosine"; firstCycleSteps: number; warmupSteps?: number; minLr?: number }
    | { type: "constant_warmup"; warmupSteps: number; minLr?: number }
    | { type: "cosine_custom"; holdSteps?: number; annealSteps?: number; minLr?: number };
  /** Of AdamW, of the critic. At least 0. Default 0. */
  readonly criticWeightDecay?: number;
  /** Transitions per update; while it acts, half of them demonstrations. Whole number, at least 1. Default 256. */
  readonly batchSize?: number;
  /** Transitions kept. Whole number, at least 1. Default 1000000. */
  readonly bufferSize?: number;
  /** Share of the critics that their targets take at every update. From 0 to 1. Default 0.005. */
  readonly targetRate?: number;
  /** Weight of the conservative term. At least 0. Default 5. */
  readonly cqlMinQWeight?: number;
  /** Random chunks per state in the conservative term. Whole number, at least 1. Default 10. */
  readonly nRandomActions?: number;
  /** Chunks per state of which the best is the target. Whole number, at least 1. Default 10. */
  readonly cqlNActions?: number;
  /** Least conservative difference of a row; null: any. Default null. */
  readonly cqlClipDiffMin?: number | null;
  /** Greatest one; null: any. Default null. */
  readonly cqlClipDiffMax?: number | null;
  /** Of random chunks: its logarithm; or the density itself, as in the reference. Default "uniform". */
  readonly randomDensity?: "uniform" | "reference";
  /** Weight of the entropy at first. Above 0. Default 1. */
  readonly initialTemperature?: number;
  /** It adapts. Default true. */
  readonly automaticEntropyTuning?: boolean;
  /** Of a chunk; null: minus its number of entries. Default null. */
  readonly targetEntropy?: number | null;
  /** Networks of the values of actions. */
  readonly critic?: {
    /** Hidden widths. Whole number, at least 1. Default [256,256]. */
    readonly mlpDims?: readonly number[];
    /** Between the layers. Default "ReLU". */
    readonly activationType?: "Mish" | "ReLU" | "Tanh" | "GELU" | "SiLU" | "ELU" | "Softplus" | "Identity";
    /** Layer normalisation. Default true. */
    readonly useLayernorm?: boolean;
    /** Residual blocks (1, 3, 5, ... hidden widths) or a plain network. Default false. */
    readonly residualStyle?: boolean;
  };
  /** Every so many iterations, and the last, evaluates instead of training. Whole number, at least 1. Default 10. */
  readonly valFreq?: number;
  /** Whole episodes per evaluation. Whole number, at least 1. Default 10. */
  readonly evaluationEpisodes?: number;
}

/** IBRL: `IBRL.finetune(base, { data, ... })`. Everything may be left out. */
export interface IBRLInput {
  /** Rounds of collecting and learning, evaluations among them. Whole number, at least 1. Default 1000. */
  readonly iterations?: number;
  /** Discount per chunk. From 0 to 1. Default 0.99. */
  readonly gamma?: number;
  /** Factor of every reward. Default 1. */
  readonly rewardScale?: number;
  /** Highest learning rate of the policy. Above 0. Default 0.0001. */
  readonly actorLr?: number;
  /** How it changes over the iterations. Default {"type":"constant"}. */
  readonly actorLrScheduler?:
    | { type: "constant" }
    | { type: "cosine"; firstCycleSteps: number; warmupSteps?: number; minLr?: number }
    | { type: "constant_warmup"; warmupSteps: number; minLr?: number }
    | { type: "cosine_custom"; holdSteps?: number; annealSteps?: number; minLr?: number };
  /** Of AdamW, of the policy. At least 0. Default 0. */
  readonly actorWeightDecay?: number;
  /** Learning rate of the critics. Above 0. Default 0.0001. */
  readonly criticLr?: number;
  /** How it changes over the iterations. Default {"type":"constant"}. */
  readonly criticLrScheduler?:
    | { type: "constant" }
    | { type: "cosine"; firstCycleSteps: number; warmupSteps?: number; minLr?: number }
    | { type: "constant_warmup"; warmupSteps: number; minLr?: number }
    | { type: "cosine_custom"; holdSteps?: number; annealSteps?: number; minLr?: number };
  /** Of AdamW, of the critic. At least 0. Default 0. */
  readonly criticWeightDecay?: number;
  /** Chunks per environment and iteration. Whole number, at least 1. Default 1000. */
  readonly steps?: number;
  /** Transitions per update, demonstrations among them. Whole number, at least 1. Default 256. */
  readonly batchSize?: number;
  /** Transitions kept; at first the demonstrations. Whole number, at least 1. Default 400000. */
  readonly bufferSize?: number;
  /** Share of critics and policy that their targets take at every update. From 0 to 1. Default 0.01. */
  readonly targetRate?: number;
  /** Chunks of an environment between updates. Whole number, at least 1. Default 2. */
  readonly updateFreq?: number;
  /** Updates of the critics at a time; the policy has one. Whole number, at least 1. Default 5. */
  readonly criticNumUpdate?: number;
  /** Critics, all in one graph. Whole number, at least 2. Default 5. */
  readonly nCritics?: number;
  /** While it explores, the better proposal is likelier; false: it is taken. Default true. */
  readonly softActionSample?: boolean;
  /** How much likelier, per unit of value. At least 0. Default 10. */
  readonly softActionSampleBeta?: number;
  /** diffusion: lowest deviation of a step's noise while it explores. Above 0. Default 0.1. */
  readonly minSamplingDenoisingStd?: number;
  /** Networks of the values of actions. */
  readonly critic?: {
    /** Hidden widths. Whole number, at least 1. Default [256,256]. */
    readonly mlpDims?: readonly number[];
    /** Between the layers. Default "ReLU". */
    readonly activationType?: "Mish" | "ReLU" | "Tanh" | "GELU" | "SiLU" | "ELU" | "Softplus" | "Identity";
    /** Layer normalisation. Default true. */
    readonly useLayernorm?: boolean;
    /** Residual blocks (1, 3, 5, ... hidden widths) or a plain network. Default false. */
    readonly residualStyle?: boolean;
  };
  /** Every so many iterations, and the last, evaluates instead of training. Whole number, at least 1. Default 10. */
  readonly valFreq?: number;
  /** Whole episodes per evaluation. Whole number, at least 1. Default 10. */
  readonly evaluationEpisodes?: number;
}

/** Objective of MeanFlow: `MeanFlow.standard({ ... })`. Everything may be left out. */
export interface MeanFlowInput {
  /** Direction of the JVP: noise - action (MeanFlow) or the predicted velocity (improved MeanFlow). Default "conditional". */
  readonly tangent?: "conditional" | "predicted";
  /** Share of each batch with r = t, which trains plain flow matching. From 0 to 1. Default 0.5. */
  readonly flowRatio?: number;
  /** Distribution of the two times whose maximum is t and whose minimum is r. Default {"type":"logitNormal"}. */
  readonly times?: TimeDistributionInput;
  /** Weight each sample's error e by 1 / (e + c)^(1 - gamma). Default false. */
  readonly useAdaptiveLoss?: boolean;
  /** Adaptive loss: 1 weights all samples alike, 0 most strongly. From 0 to 1. Default 0.5. */
  readonly gamma?: number;
  /** Adaptive loss: keeps weights of small errors finite. Above 0. Default 0.001. */
  readonly c?: number;
  /** Actions are clipped from below, in training and sampling. Default -1. */
  readonly actMin?: number;
  /** Actions are clipped from above. Default 1. */
  readonly actMax?: number;
  /** Acting begins with noise of this standard deviation: 1 as in training, less for chunks nearer the central one. At least 0. Default 1. */
  readonly initialNoiseStd?: number;
  /** Dispersive regularisation of representations. Default null. */
  readonly dispersive?: {
    /** Which loss keeps representations of a batch apart. Default "infonce_l2". */
    readonly type?: "infonce_l2" | "infonce_cosine" | "hinge" | "covariance";
    /** Factor of the loss. At least 0. Default 0.5. */
    readonly weight?: number;
    /** Of the InfoNCE losses. Above 0. Default 0.5. */
    readonly temperature?: number;
    /** hinge: the distance (paper: its square) beyond which pairs do not count. Above 0. Default 1. */
    readonly margin?: number;
    /** As the reference computes it, or as published. Default "reference". */
    readonly formulation?: "reference" | "paper";
    /** Paper infonce_l2: divide squared distances by the number of features, as its authors' code does. Default true. */
    readonly perDimension?: boolean;
    /** Of [condition, hidden layers]: the first, middle or last, or the mean over all; null is the condition. Default null. */
    readonly targetLayer?: "early" | "mid" | "late" | "all" | null;
  } | null;
}

/** Objective of ReFlow: `ReFlow.standard({ ... })`. Everything may be left out. */
export interface ReFlowInput {
  /** Distribution of 1 - t, 1 being noise. Default {"type":"uniform"}. */
  readonly times?: TimeDistributionInput;
  /** Times of K steps: 0, 1/(K-1), ..., 1 as in the release, or 0, 1/K, ..., 1 - 1/K as Euler's method has them. Default "reference". */
  readonly grid?: "reference" | "even";
  /** Sampled actions are clipped from below. Default -1. */
  readonly actMin?: number;
  /** Actions are clipped from above. Default 1. */
  readonly actMax?: number;
  /** Acting begins with noise of this standard deviation: 1 as in training, less for chunks nearer the central one. At least 0. Default 1. */
  readonly initialNoiseStd?: number;
  /** Dispersive regularisation of representations. Default null. */
  readonly dispersive?: {
    /** Which loss keeps representations of a batch apart. Default "infonce_l2". */
    readonly type?: "infonce_l2" | "infonce_cosine" | "hinge" | "covariance";
    /** Factor of the loss. At least 0. Default 0.5. */
    readonly weight?: number;
    /** Of the InfoNCE losses. Above 0. Default 0.5. */
    readonly temperature?: number;
    /** hinge: the distance (paper: its square) beyond which pairs do not count. Above 0. Default 1. */
    readonly margin?: number;
    /** As the reference computes it, or as published. Default "reference". */
    readonly formulation?: "reference" | "paper";
    /** Paper infonce_l2: divide squared distances by the number of features, as its authors' code does. Default true. */
    readonly perDimension?: boolean;
    /** Of [condition, hidden layers]: the first, middle or last, or the mean over all; null is the condition. Default null. */
    readonly targetLayer?: "early" | "mid" | "late" | "all" | null;
  } | null;
}

/** Objective of ShortcutFlow: `ShortcutFlow.standard({ ... })`. Everything may be left out. */
export interface ShortcutFlowInput {
  /** Share of each batch that learns to equal two steps of half the size; the rest learns the flow. From 0 to 1. Default 0.25. */
  readonly selfConsistencyK?: number;
  /** Sizes 1, 1/2, 1/4, ... of those steps: 7 as in the paper; the reference has denoising_steps - 1, 19. Whole number, at least 1, at most 24. Default 7. */
  readonly stepSizes?: number;
  /** Distribution of 1 - t, 1 being noise, where the flow is learned. Default {"type":"uniform"}. */
  readonly times?: TimeDistributionInput;
  /** Share of the noise that is left in the data, at t = 1. From 0 to 0.5. Default 0.00001. */
  readonly delta?: number;
  /** Sampled actions are clipped from below. Default -1. */
  readonly actMin?: number;
  /** Actions are clipped from above. Default 1. */
  readonly actMax?: number;
  /** Acting begins with noise of this standard deviation: 1 as in training, less for chunks nearer the central one. At least 0. Default 1. */
  readonly initialNoiseStd?: number;
  /** Dispersive regularisation of representations. Default null. */
  readonly dispersive?: {
    /** Which loss keeps representations of a batch apart. Default "infonce_l2". */
    readonly type?: "infonce_l2" | "infonce_cosine" | "hinge" | "covariance";
    /** Factor of the loss. At least 0. Default 0.5. */
    readonly weight?: number;
    /** Of the InfoNCE losses. Above 0. Default 0.5. */
    readonly temperature?: number;
    /** hinge: the distance (paper: its square) beyond which pairs do not count. Above 0. Default 1. */
    readonly margin?: number;
    /** As the reference computes it, or as published. Default "reference". */
    readonly formulation?: "reference" | "paper";
    /** Paper infonce_l2: divide squared distances by the number of features, as its authors' code does. Default true. */
    readonly perDimension?: boolean;
    /** Of [condition, hidden layers]: the first, middle or last, or the mean over all; null is the condition. Default null. */
    readonly targetLayer?: "early" | "mid" | "late" | "all" | null;
  } | null;
}

/** Objective of ConsistencyModel: `ConsistencyModel.distil(teacher, { ... })`. Everything may be left out. */
export interface ConsistencyModelInput {
  /** Steps N of the teacher from noise to data; one of them is learned per row. Whole number, at least 1. Default 40. */
  readonly numTrainingSteps?: number;
  /** Distribution of 1 - t, 1 being noise, before t is rounded down to a step of the teacher. Default {"type":"uniform"}. */
  readonly times?: TimeDistributionInput;
  /** Actions are clipped from below, in training and sampling. Default -1. */
  readonly actMin?: number;
  /** Actions are clipped from above. Default 1. */
  readonly actMax?: number;
}

/** Objective of OneStep: `OneStep.distil(teacher, { ... })`. Everything may be left out. */
export interface OneStepInput {
  /** Steps of the flow whose answers it learns. Whole number, at least 1. Default 10. */
  readonly teacherSteps?: number;
  /** Sampled actions are clipped from below. Default -1. */
  readonly actMin?: number;
  /** Actions are clipped from above. Default 1. */
  readonly actMax?: number;
}

/** Objective of Diffusion: `Diffusion.standard({ ... })`. Everything may be left out. */
export interface DiffusionInput {
  /** Levels of noise T that the network learns. Whole number, at least 1. Default 20. */
  readonly denoisingSteps?: number;
  /** The network learns the noise; false: the clean actions. Default true. */
  readonly predictEpsilon?: boolean;
  /** Predicted actions are clipped to plus or minus this. Above 0. Default 1. */
  readonly denoisedClipValue?: number | null;
  /** So is the noise that follows from them. Above 0. Default null. */
  readonly epsClipValue?: number | null;
  /** Noise of a step is clipped at so many standard deviations. Above 0. Default 10. */
  readonly randnClipValue?: number;
  /** Actions are clipped after the last step. Above 0. Default null. */
  readonly finalActionClipValue?: number | null;
  /** Denoise without noise of its own (DDIM); false: DDPM. Default false. */
  readonly useDdim?: boolean;
  /** Network calls per chunk with DDIM, by default one for each level. Whole number, at least 1. */
  readonly ddimSteps?: number;
  /** Last steps that fine-tuning changes, earlier ones keep the pre-trained network; null: all. Whole number, at least 0. Default null. */
  readonly ftDenoisingSteps?: number | null;
}

/** Objective of Gaussian: `Gaussian.standard({ ... })`. Everything may be left out. */
export interface GaussianInput {
  /** Samples are clipped at so many standard deviations. Above 0. Default 10. */
  readonly randnClipValue?: number;
  /** Squash samples to (-1, 1). Default false. */
  readonly tanhOutput?: boolean;
  /** Deviation while it does not explore; null: the distribution's own. At least 0. Default null. */
  readonly actingStd?: number | null;
  /** Weight of the entropy that pre-training rewards. Default 0. */
  readonly entCoef?: number;
}

/** Objective of GMM: `GMM.standard({ ... })`. Everything may be left out. */
export interface GMMInput {
  /** Deviation while it does not explore; null: the distribution's own. At least 0. Default null. */
  readonly actingStd?: number | null;
}

/** Dispersive regularisation: `.withDispersive({ ... })`. Everything may be left out. */
export interface DispersiveInput {
  /** Which loss keeps representations of a batch apart. Default "infonce_l2". */
  readonly type?: "infonce_l2" | "infonce_cosine" | "hinge" | "covariance";
  /** Factor of the loss. At least 0. Default 0.5. */
  readonly weight?: number;
  /** Of the InfoNCE losses. Above 0. Default 0.5. */
  readonly temperature?: number;
  /** hinge: the distance (paper: its square) beyond which pairs do not count. Above 0. Default 1. */
  readonly margin?: number;
  /** As the reference computes it, or as published. Default "reference". */
  readonly formulation?: "reference" | "paper";
  /** Paper infonce_l2: divide squared distances by the number of features, as its authors' code does. Default true. */
  readonly perDimension?: boolean;
  /** Of [condition, hidden layers]: the first, middle or last, or the mean over all; null is the condition. Default null. */
  readonly targetLayer?: "early" | "mid" | "late" | "all" | null;
}

/** Network of policies that see, types "vit" and "unet_vit", besides: `.withNetwork({ ... })`. Everything may be left out. */
export interface VisionInput {
  /** Vision transformer. */
  readonly backbone?: {
    /** Layers of self-attention. Whole number, at least 1. Default 1. */
    readonly depth?: number;
    /** Width of a token, a multiple of the heads. Whole number, at least 1. Default 128. */
    readonly embedDim?: number;
    /** Heads of attention. Whole number, at least 1. Default 4. */
    readonly numHeads?: number;
    /** Tokens by one convolution (8 x 8 pixels each), or by two (overlapping patches). Default "embed2". */
    readonly embedStyle?: "embed1" | "embed2";
    /** 1: embed2 normalises between its convolutions. Whole number, from 0 to 1. Default 0. */
    readonly embedNorm?: number;
    /** Without effect, as in the reference: patches have 8 x 8 pixels. Whole number, at least 1. Default 8. */
    readonly patchSize?: number;
  };
  /** Width of what a camera's tokens become, by learned weights for each place; 0: by one dense map. Whole number, at least 0. Default 128. */
  readonly spatialEmb?: number;
  /** Width of what that dense map makes of them. Whole number, at least 1. Default 128. */
  readonly visualFeatureDim?: number;
  /** Cameras that are looked at one by one, with the same vision transformer. Whole number, at least 1. Default 1. */
  readonly numImg?: number;
  /** Move pictures at random while learning from demonstrations. Default true. */
  readonly augment?: boolean;
  /** Share of entries that training drops. At least 0, below 1. Default 0. */
  readonly dropout?: number;
}

/** Network of MeanFlow: `.withNetwork({ ... })`. Everything may be left out. */
export interface MeanFlowNetworkInput {
  /** Width of the embedding of t. Whole number, at least 4, a multiple of 2. Default 16. */
  readonly timeDim?: number;
  /** Width of the embedding of r. Whole number, at least 4, a multiple of 2. Default 16. */
  readonly rEmbeddingDim?: number;
  /** Hidden widths of the head. Whole number, at least 1. Default [512,512,512]. */
  readonly mlpDims?: readonly number[];
  /** Widths of the condition encoder, the last being its output; null feeds the observations to the head. Whole number, at least 1. Default [64,16]. */
  readonly condMlpDims?: readonly number[] | null;
  /** Between the layers. Default "Mish". */
  readonly activationType?: "Mish" | "ReLU" | "Tanh" | "GELU" | "SiLU" | "ELU" | "Softplus" | "Identity";
  /** After the last layer. Default "Identity". */
  readonly outActivationType?: "Mish" | "ReLU" | "Tanh" | "GELU" | "SiLU" | "ELU" | "Softplus" | "Identity";
  /** Layer normalisation in the head. Default false. */
  readonly useLayernorm?: boolean;
  /** Head of residual blocks (1, 3, 5, ... hidden widths) or a plain one. Default true. */
  readonly residualStyle?: boolean;
}

/** Network of ReFlow and Diffusion: `.withNetwork({ ... })`. Everything may be left out. */
export interface FlowNetworkInput {
  /** Width of the embedding of t. Whole number, at least 4, a multiple of 2. Default 16. */
  readonly timeDim?: number;
  /** Hidden widths of the head. Whole number, at least 1. Default [512,512,512]. */
  readonly mlpDims?: readonly number[];
  /** Widths of the condition encoder, the last being its output; null feeds the observations to the head. Whole number, at least 1. Default null. */
  readonly condMlpDims?: readonly number[] | null;
  /** Between the layers. Default "Mish". */
  readonly activationType?: "Mish" | "ReLU" | "Tanh" | "GELU" | "SiLU" | "ELU" | "Softplus" | "Identity";
  /** After the last layer. Default "Identity". */
  readonly outActivationType?: "Mish" | "ReLU" | "Tanh" | "GELU" | "SiLU" | "ELU" | "Softplus" | "Identity";
  /** Layer normalisation in the head. Default false. */
  readonly useLayernorm?: boolean;
  /** Head of residual blocks (1, 3, 5, ... hidden widths) or a plain one. Default true. */
  readonly residualStyle?: boolean;
}

/** Network of Diffusion, type "unet": `.withNetwork({ ... })`. Everything may be left out. */
export interface UnetInput {
  /** Width of the embedding of the step of the noise schedule. Whole number, at least 4, a multiple of 2. Default 32. */
  readonly diffusionStepEmbedDim?: number;
  /** Channels at the full resolution. Whole number, at least 1. Default 32. */
  readonly dim?: number;
  /** Channels at each resolution as multiples of dim; each halves the one before. Whole number, at least 1. Default [1,2,4,8]. */
  readonly dimMults?: readonly number[];
  /** Actions that a convolution sees, an odd number. Whole number, at least 1. Default 5. */
  readonly kernelSize?: number;
  /** Groups of channels that are normalised; null: none. Whole number, at least 1. Default null. */
  readonly nGroups?: number | null;
  /** Added to the variance of a group. Above 0. Default 0.00001. */
  readonly groupnormEps?: number;
  /** One linear map of the condition in each block instead of three. Default false. */
  readonly smallerEncoder?: boolean;
  /** The condition scales channels too, instead of shifting them only. Default false. */
  readonly condPredictScale?: boolean;
  /** Widths of a residual condition encoder, an even number of them, the last being its output. Whole number, at least 1. Default null. */
  readonly condMlpDims?: readonly number[] | null;
  /** Between the layers. Default "Mish". */
  readonly activationType?: "Mish" | "ReLU" | "Tanh" | "GELU" | "SiLU" | "ELU" | "Softplus" | "Identity";
}

/** Network of ShortcutFlow: `.withNetwork({ ... })`. Everything may be left out. */
export interface ShortcutNetworkInput {
  /** Width of the embedding of time and step size. Whole number, at least 4, a multiple of 2. Default 16. */
  readonly tdEmbDim?: number;
  /** How that embedding meets the condition; add and multiply need equal widths. Default "add". */
  readonly embedCombinationType?: "add" | "multiply" | "concate";
  /** Hidden widths of the head. Whole number, at least 1. Default [512,512,512]. */
  readonly mlpDims?: readonly number[];
  /** Widths of the condition encoder, the last being its output; null feeds the observations to the head. Whole number, at least 1. Default [64,16]. */
  readonly condMlpDims?: readonly number[] | null;
  /** Between the layers. Default "Mish". */
  readonly activationType?: "Mish" | "ReLU" | "Tanh" | "GELU" | "SiLU" | "ELU" | "Softplus" | "Identity";
  /** After the last layer. Default "Identity". */
  readonly outActivationType?: "Mish" | "ReLU" | "Tanh" | "GELU" | "SiLU" | "ELU" | "Softplus" | "Identity";
  /** Layer normalisation in the head. Default false. */
  readonly useLayernorm?: boolean;
  /** Head of residual blocks (1, 3, 5, ... hidden widths) or a plain one. Default true. */
  readonly residualStyle?: boolean;
}

/** Network of ConsistencyModel: `.withNetwork({ ... })`. Everything may be left out. */
export interface ConsistencyNetworkInput {
  /** Width of the embedding of t. Whole number, at least 4, a multiple of 2. Default 128. */
  readonly timeDim?: number;
  /** Hidden widths of the head. Whole number, at least 1. Default [512,512,512]. */
  readonly mlpDims?: readonly number[];
  /** Widths of the condition encoder, the last being its output; null feeds the observations to the head. Whole number, at least 1. Default null. */
  readonly condMlpDims?: readonly number[] | null;
  /** Between the layers. Default "Mish". */
  readonly activationType?: "Mish" | "ReLU" | "Tanh" | "GELU" | "SiLU" | "ELU" | "Softplus" | "Identity";
  /** After the last layer. Default "Identity". */
  readonly outActivationType?: "Mish" | "ReLU" | "Tanh" | "GELU" | "SiLU" | "ELU" | "Softplus" | "Identity";
  /** Layer normalisation in the head. Default false. */
  readonly useLayernorm?: boolean;
  /** Head of residual blocks (1, 3, 5, ... hidden widths) or a plain one. Default true. */
  readonly residualStyle?: boolean;
}

/** Network of OneStep: `.withNetwork({ ... })`. Everything may be left out. */
export interface OneStepNetworkInput {
  /** Width of both hidden layers. Whole number, at least 1. Default 512. */
  readonly hiddenDim?: number;
}

/** Network of Gaussian, type "mlp": `.withNetwork({ ... })`. Everything may be left out. */
export interface GaussianNetworkInput {
  /** Hidden widths. Whole number, at least 1. Default [256,256,256]. */
  readonly mlpDims?: readonly number[];
  /** Between the layers. Default "Mish". */
  readonly activationType?: "Mish" | "ReLU" | "Tanh" | "GELU" | "SiLU" | "ELU" | "Softplus" | "Identity";
  /** Means are squashed to (-1, 1). Default true. */
  readonly tanhOutput?: boolean;
  /** Residual blocks or a plain network. Default false. */
  readonly residualStyle?: boolean;
  /** Layer normalisation. Default false. */
  readonly useLayernorm?: boolean;
  /** Share of entries that training drops. At least 0, below 1. Default 0. */
  readonly dropout?: number;
  /** Standard deviation; null: learned from the state. Above 0. Default null. */
  readonly fixedStd?: number | null;
  /** FixedStd is where one learned deviation per action entry starts. Default false. */
  readonly learnFixedStd?: boolean;
  /** Learned deviations stay between these. Above 0. Default 0.01. */
  readonly stdMin?: number;
  /** Highest deviation. Above 0. Default 1. */
  readonly stdMax?: number;
}

/** Network of Gaussian, type "transformer": `.withNetwork({ ... })`. Everything may be left out. */
export interface GaussianTransformerInput {
  /** Width E of a token, a multiple of the heads. Whole number, at least 1. Default 256. */
  readonly transformerEmbedDim?: number;
  /** Heads of attention. Whole number, at least 1. Default 8. */
  readonly transformerNumHeads?: number;
  /** Layers of the decoder. Whole number, at least 1. Default 6. */
  readonly transformerNumLayers?: number;
  /** Share of entries that training drops. At least 0, below 1. Default 0. */
  readonly dropout?: number;
  /** Standard deviation; null: learned from the state. Above 0. Default null. */
  readonly fixedStd?: number | null;
  /** FixedStd is where one learned deviation per action entry starts. Default false. */
  readonly learnFixedStd?: boolean;
  /** Learned deviations stay between these. Above 0. Default 0.01. */
  readonly stdMin?: number;
  /** Highest deviation. Above 0. Default 1. */
  readonly stdMax?: number;
  /** How deviations read off the state reach their range; clamp as in the reference. Default "tanh". */
  readonly stdMap?: "tanh" | "clamp";
}

/** Network of GMM, type "mlp": `.withNetwork({ ... })`. Everything may be left out. */
export interface GMMNetworkInput {
  /** Hidden widths. Whole number, at least 1. Default [256,256,256]. */
  readonly mlpDims?: readonly number[];
  /** Between the layers. Default "Mish". */
  readonly activationType?: "Mish" | "ReLU" | "Tanh" | "GELU" | "SiLU" | "ELU" | "Softplus" | "Identity";
  /** Means are squashed to (-1, 1). Default true. */
  readonly tanhOutput?: boolean;
  /** Residual blocks or a plain network. Default false. */
  readonly residualStyle?: boolean;
  /** Layer normalisation. Default false. */
  readonly useLayernorm?: boolean;
  /** Share of entries that training drops. At least 0, below 1. Default 0. */
  readonly dropout?: number;
  /** Standard deviation; null: learned from the state. Above 0. Default null. */
  readonly fixedStd?: number | null;
  /** FixedStd is where one learned deviation per action entry starts. Default false. */
  readonly learnFixedStd?: boolean;
  /** Learned deviations stay between these. Above 0. Default 0.01. */
  readonly stdMin?: number;
  /** Highest deviation. Above 0. Default 1. */
  readonly stdMax?: number;
  /** Components of the mixture. Whole number, at least 1. Default 5. */
  readonly numModes?: number;
  /** How deviations read off the state reach their range; clamp as in the reference. Default "tanh". */
  readonly stdMap?: "tanh" | "clamp";
}

/** Network of GMM, type "transformer": `.withNetwork({ ... })`. Everything may be left out. */
export interface GMMTransformerInput {
  /** Width E of a token, a multiple of the heads. Whole number, at least 1. Default 256. */
  readonly transformerEmbedDim?: number;
  /** Heads of attention. Whole number, at least 1. Default 8. */
  readonly transformerNumHeads?: number;
  /** Layers of the decoder. Whole number, at least 1. Default 6. */
  readonly transformerNumLayers?: number;
  /** Share of entries that training drops. At least 0, below 1. Default 0. */
  readonly dropout?: number;
  /** Standard deviation; null: learned from the state. Above 0. Default null. */
  readonly fixedStd?: number | null;
  /** FixedStd is where one learned deviation per action entry starts. Default false. */
  readonly learnFixedStd?: boolean;
  /** Learned deviations stay between these. Above 0. Default 0.01. */
  readonly stdMin?: number;
  /** Highest deviation. Above 0. Default 1. */
  readonly stdMax?: number;
  /** How deviations read off the state reach their range; clamp as in the reference. Default "tanh". */
  readonly stdMap?: "tanh" | "clamp";
  /** Components of the mixture. Whole number, at least 1. Default 5. */
  readonly numModes?: number;
}
