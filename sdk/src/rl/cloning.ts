// Behaviour cloning beside PPO: a penalty on the distance from the pre-trained policy (the teacher).
import { compile, constants, type Compiled, type CompileOptions } from "../engine/compile.js";
import { ParameterLayout } from "../engine/parameters.js";
import type { RandomStream } from "../engine/random.js";
import { hostTensor, type tf, type HostTensor, type Weights } from "../engine/tensor.js";
import type { VelocityNetwork } from "../nn/velocity-network.js";
import { velocityLoss, w2Loss, zeroNoiseAction } from "../policies/behaviour-cloning.js";
import type { SamplingOptions } from "../policies/sampling.js";
import { gather, type RolloutBuffer } from "./rollout-buffer.js";

export interface Teacher {
  readonly network: VelocityNetwork;
  /** Frozen, in the order of `network.parameters`; copied. */
  readonly weights: Float32Array;
  readonly sampling: SamplingOptions;
  readonly compile?: CompileOptions | undefined;
}

/** What one kind of cloning adds to an update. */
export interface Cloning {
  /** Called once per rollout, before its minibatches. */
  prepare(rollout: RolloutBuffer): Promise<void>;
  /** Further inputs of the loss for some samples. */
  inputs(indices: Int32Array): Record<string, HostTensor>;
  /** The penalty (scalar) for condition encodings (B, C) and {@link inputs}. */
  loss(weights: Weights, condition: tf.Tensor2D, inputs: Weights, state: tf.Tensor3D): tf.Scalar;
  dispose(): Promise<void>;
}

/** Distance of the actions that student and teacher sample from zero noise; the teacher acts once per rollout. */
function w2({ network, sampling, ...teacher }: Teacher): Cloning {
  const frozen = frozenWeights(network, teacher.weights);
  const teacherAction: Compiled<{ state: tf.Tensor3D }, tf.Tensor3D> = compile(
    ({ state }) => {
      const weights = constants<Weights>(frozen);
      return zeroNoiseAction(network, weights, network.encode(weights, state), sampling);
    },
    { name: "teacher action", ...teacher.compile },
  );
  const actionShape = [network.horizonSteps, network.actionDimension];
  let actions = new Float32Array(0);
  return {
    async prepare(rollout) {
      const { steps, environments, observation } = rollout.shape;
      const width = environments * network.horizonSteps * network.actionDimension;
      if (actions.length !== steps * width) actions = new Float32Array(steps * width);
      for (let step = 0; step < steps; step++) {
        const state = hostTensor(rollout.row(rollout.observations, step), [environments, ...observation]);
        const out = actions.subarray(step * width, (step + 1) * width);
        await teacherAction({ state }, hostTensor(out, [environments, ...actionShape]));
      }
    },
    inputs: (indices) => ({ action: gather(actions, indices, actionShape) }),
    loss: (weights, condition, { action }) => w2Loss(network, weights, condition, action as tf.Tensor3D, sampling),
    dispose: () => teacherAction.dispose(),
  };
}

/** Distance of the average velocities at random points: x ~ N(0, I), t ~ U(0, 1), r ~ U(0, t). */
function velocity({ network, weights: teacherWeights }: Teacher, stream: RandomStream): Cloning {
  const frozen = frozenWeights(network, teacherWeights);
  return {
    prepare: async () => {},
    inputs({ length }) {
      const shape = [length, network.horizonSteps, network.actionDimension];
      const x = stream.normal(new Float32Array(length * network.horizonSteps * network.actionDimension));
      const t = stream.uniform(new Float32Array(length));
      const r = stream.uniform(new Float32Array(length)).map((share, i) => share * t[i]!);
      return { x: hostTensor(x, shape), t: hostTensor(t, [length]), r: hostTensor(r, [length]) };
    },
    loss(weights, condition, inputs, state) {
      const [x, t, r] = [inputs.x as tf.Tensor3D, inputs.t as tf.Tensor1D, inputs.r as tf.Tensor1D];
      const teacher = constants<Weights>(frozen);
      const teacherVelocity = network.velocity(teacher, x, t, r, network.encode(teacher, state));
      return velocityLoss(network.velocity(weights, x, t, r, condition), teacherVelocity);
    },
    dispose: async () => {},
  };
}

export const cloningKinds = { W2: w2, velocity } satisfies Record<
  string,
  (teacher: Teacher, stream: RandomStream) => Cloning
>;

function frozenWeights(network: VelocityNetwork, weights: Float32Array): Record<string, HostTensor> {
  return new ParameterLayout(network.parameters).views(weights.slice());
}
