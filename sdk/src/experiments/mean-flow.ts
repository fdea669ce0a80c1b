// The fluent way to a MeanFlow policy: describe it, then train it. Every with...() returns a new description.
import type { z } from "zod";
import type { Dataset } from "../data/dataset.js";
import type { meanFlowMlpOptions } from "../nn/mean-flow-mlp.js";
import type { dispersiveOptions } from "../policies/dispersive.js";
import { FlowModel } from "../policies/flow-model.js";
import { MeanFlow as meanFlow, type meanFlowOptions } from "../policies/mean-flow.js";
import type { TimeDistributionInput } from "../policies/time-sampling.js";
import { pretrainOptions } from "../pretrain/options.js";
import { splitOptions, type RunControl } from "./control.js";
import type { PlaySettings } from "./play.js";
import { runPretraining, type PretrainingRun } from "./pretraining.js";

export type MeanFlowInput = z.input<typeof meanFlowOptions>;
export type NetworkInput = Partial<Omit<z.input<typeof meanFlowMlpOptions>, "actionDim" | "condDim">> & {
  /** Observations To that the policy sees. Default 1. */
  readonly condSteps?: number;
};
export type PretrainInput = z.input<typeof pretrainOptions> &
  RunControl & {
    /** Where tests are played. Default: the environment of the data. */
    readonly env?: string;
    readonly test?: Partial<Omit<PlaySettings, "env" | "seed">>;
    /** Continue from this checkpoint, exactly; from one of the reference (`.pt`) as far as that goes. */
    readonly resumePath?: string;
  };

/** A MeanFlow policy before training: objective, regularisation and network. */
export class MeanFlowDescription {
  constructor(
    readonly objective: MeanFlowInput,
    readonly network: NetworkInput = {},
  ) {}

  /** Adds dispersive regularisation, e.g. `{ type: "infonce_l2", weight: 0.5, temperature: 0.5 }`. */
  withDispersive(options: z.input<typeof dispersiveOptions> = {}): MeanFlowDescription {
    return new MeanFlowDescription({ ...this.objective, dispersive: options }, this.network);
  }

  /** Changes the distribution of the training times, e.g. `{ type: "beta", a: 1.5, b: 1 }`: see policies/time-sampling.ts. */
  withTimes(times: TimeDistributionInput): MeanFlowDescription {
    return this.withObjective({ times });
  }

  /** Changes the network, e.g. `{ mlpDims: [256, 256, 256] }`, or the length of chunk and history. */
  withNetwork(options: NetworkInput): MeanFlowDescription {
    return new MeanFlowDescription(this.objective, { ...this.network, ...options });
  }

  /** Changes the objective, e.g. `{ flowRatio: 0.25 }`. */
  withObjective(options: MeanFlowInput): MeanFlowDescription {
    return new MeanFlowDescription({ ...this.objective, ...options }, this.network);
  }

  /** The policy for data of these dimensions. @throws InputError for invalid options. */
  for(data: Pick<Dataset, "actionDimension" | "observationDimension">): FlowModel {
    const { condSteps = 1, horizonSteps = 4, ...network } = this.network;
    return new FlowModel({
      policy: meanFlow.name,
      options: this.objective,
      network: {
        ...network,
        horizonSteps,
        actionDim: data.actionDimension,
        condDim: condSteps * data.observationDimension,
      },
    });
  }

  /** Trains on demonstrations. Interrupting it (`signal`) saves a checkpoint and returns the partial run. */
  async pretrain(data: Dataset, input: PretrainInput = {}): Promise<PretrainingRun> {
    const { env = data.name, test, resumePath, ...rest } = input;
    const { options, control } = splitOptions(pretrainOptions, rest);
    const settings: PlaySettings = {
      env,
      episodes: 40,
      denoisingSteps: 1,
      initialNoise: "sampled",
      seed: options.seed,
      ...test,
    };
    return runPretraining({ model: this.for(data), data, training: options, test: settings, resumePath }, control);
  }
}

export const MeanFlow = {
  /** MeanFlow as first published: the tangent is the conditional velocity. */
  standard: (objective: MeanFlowInput = {}) => new MeanFlowDescription(objective),
  /** Improved MeanFlow: the tangent is the velocity that the network itself predicts. */
  improved: (objective: MeanFlowInput = {}) => new MeanFlowDescription({ ...meanFlow.presets.improved, ...objective }),
};
