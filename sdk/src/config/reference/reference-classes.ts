// What the class names of the PyTorch reference (`_target_`) mean here. Its modules moved about and half of its files name
// modules that do not exist, so only the last part of a name counts.
import type { Value } from "../language/settings.js";

export interface Meaning {
  /** A part of cfg/base to put below the file that names the class. */
  readonly part?: string;
  /** Settings that an agent implies, by our paths. */
  readonly set?: Readonly<Record<string, Value>>;
  /** The `policy.type` of a model. */
  readonly policy?: string;
  /** The `type` of a network. */
  readonly network?: string;
  /** Why there is no counterpart: completes "the class X ...". */
  readonly missing?: string;
}

const pretraining: Meaning = { part: "base/reference/pretrain" };
const evaluation: Meaning = { part: "base/eval" };
const flowPpo: Meaning = { part: "base/reference/flow_ppo" };
const ppo: Meaning = { part: "base/reference/ppo", set: { "algorithm.type": "ppo" } };
const learning = (type: string): Meaning => ({ set: { stage: "finetune", "algorithm.type": type } });
const policy = (type: string): Meaning => ({ policy: type });
/** Its evaluations have next to no noise. */
const quiet = { "model.acting_std": 1e-4 };
const network = (type: string): Meaning => ({ network: type });
const nothing: Meaning = {};
const nowhere: Meaning = { missing: "exists in no version of the reference, so nobody knows what it computes" };

const agents: Readonly<Record<string, Meaning>> = {
  TrainMeanFlowAgent: pretraining,
  TrainMeanFlowDispersiveAgent: pretraining,
  TrainImprovedMeanFlowAgent: pretraining,
  TrainImprovedMeanFlowDispersiveAgent: pretraining,
  TrainReFlowAgent: pretraining,
  TrainShortCutAgent: pretraining,
  TrainShortCutDispersiveAgent: pretraining,
  TrainConsistencyAgent: pretraining,
  TrainDiffusionAgent: pretraining,
  TrainGaussianAgent: pretraining,
  EvalMeanFlowAgent: evaluation,
  EvalImgMeanFlowAgent: evaluation,
  EvalReFlowAgent: evaluation,
  EvalImgReFlowAgent: evaluation,
  EvalShortCutAgent: evaluation,
  EvalImgShortCutAgent: evaluation,
  EvalImgConsistencyAgent: evaluation,
  EvalDiffusionAgent: evaluation,
  EvalImgDiffusionAgent: evaluation,
  EvalGaussianAgent: { ...evaluation, set: quiet },
  EvalImgGaussianAgent: { ...evaluation, set: quiet },
  TrainPPOMeanFlowAgent: flowPpo,
  TrainPPOImgMeanFlowAgent: flowPpo,
  TrainPPOFlowAgent: flowPpo,
  TrainPPOImgFlowAgent: flowPpo,
  TrainPPOShortCutAgent: flowPpo,
  TrainPPOImgShortCutAgent: flowPpo,
  TrainPPODiffusionAgent: ppo,
  TrainPPOImgDiffusionAgent: ppo,
  TrainPPOGaussianAgent: ppo,
  TrainPPOImgGaussianAgent: ppo,
  TrainPPOExactDiffusionAgent: ppo,
  TrainGRPOGaussianAgent: learning("grpo"),
  TrainAWRDiffusionAgent: learning("awr"),
  TrainRWRDiffusionAgent: learning("rwr"),
  TrainDQLDiffusionAgent: learning("dql"),
  TrainIDQLDiffusionAgent: learning("idql"),
  TrainQSMDiffusionAgent: learning("qsm"),
  TrainDIPODiffusionAgent: learning("dipo"),
  TrainFQLAgent: learning("fql"),
  TrainSACAgent: learning("sac"),
  TrainSACGaussianAgent: learning("sac"),
  TrainCalQLAgent: learning("calql"),
  TrainRLPDAgent: learning("rlpd"),
  TrainIBRLAgent: learning("ibrl"),
  TrainIFQLAgent: nowhere,
  TrainAWRFlowAgent: nowhere,
  FinetunePPOAgent: nowhere,
};

const models: Readonly<Record<string, Meaning>> = {
  MeanFlow: { part: "base/policy/meanflow" },
  MeanFlowDispersive: { part: "base/policy/meanflow" },
  ImprovedMeanFlow: { part: "base/policy/improved_meanflow" },
  ImprovedMeanFlowDispersive: { part: "base/policy/improved_meanflow" },
  PPOMeanFlow: { part: "base/policy/meanflow" },
  ReFlow: policy("reflow"),
  ReFlowDispersive: policy("reflow"),
  PPOFlow: policy("reflow"),
  FQLModel: policy("reflow"),
  ShortCutFlow: policy("shortcut"),
  ShortCutFlowDispersive: policy("shortcut"),
  PPOShortCut: policy("shortcut"),
  ConsistencyModel: policy("consistency"),
  DiffusionModel: policy("diffusion"),
  DiffusionEval: policy("diffusion"),
  PPODiffusion: { part: "base/reference/diffusion_ppo", policy: "diffusion" },
  PPOExactDiffusion: { policy: "diffusion", set: { "model.density": "flow", "train.likelihood": "reference" } },
  AWRDiffusion: policy("diffusion"),
  RWRDiffusion: policy("diffusion"),
  DQLDiffusion: policy("diffusion"),
  IDQLDiffusion: policy("diffusion"),
  QSMDiffusion: policy("diffusion"),
  DIPODiffusion: policy("diffusion"),
  GaussianModel: policy("gaussian"),
  PPO_Gaussian: {
    policy: "gaussian",
    set: { ...quiet, "train.likelihood": "reference", "model.logprob_min": -5, "model.logprob_max": 2 },
  },
  GRPO_Gaussian: policy("gaussian"),
  SAC_Gaussian: policy("gaussian"),
  CalQL_Gaussian: policy("gaussian"),
  RLPD_Gaussian: policy("gaussian"),
  IBRL_Gaussian: policy("gaussian"),
  GMMModel: policy("gmm"),
  PPO_GMM: { policy: "gmm", set: quiet },
  AWRFlow: nowhere,
  PPOFlowDirect: nowhere,
  PPOAgent: nowhere,
};

const networks: Readonly<Record<string, Meaning>> = {
  MeanFlowMLP: network("mlp"),
  FlowMLP: network("mlp"),
  ShortCutFlowMLP: network("mlp"),
  DiffusionMLP: network("mlp"),
  Gaussian_MLP: network("mlp"),
  GMM_MLP: network("mlp"),
  OneStepActor: network("mlp"),
  MeanFlowViT: network("vit"),
  VisionFlowMLP: network("vit"),
  ShortCutFlowViT: network("vit"),
  ConsistencyViT: network("vit"),
  VisionDiffusionMLP: network("vit"),
  Gaussian_VisionMLP: network("vit"),
  Unet1D: network("unet"),
  VisionUnet1D: network("unet_vit"),
  Gaussian_Transformer: network("transformer"),
  GMM_Transformer: network("transformer"),
  CriticObs: network("mlp"),
  CriticObsAct: network("mlp"),
  ViTCritic: network("vit"),
  VitEncoder: nothing,
  EtaFixed: nothing,
  VPSDE: nothing,
  TrajPlotter: nothing,
  StitchedSequenceDataset: nothing,
  StitchedSequenceQLearningDataset: nothing,
};

/** By class name, such as "MeanFlowViT". */
export const referenceClasses: ReadonlyMap<string, Meaning> = new Map(
  Object.entries({ ...agents, ...models, ...networks }),
);
