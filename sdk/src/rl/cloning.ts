// Behaviour cloning beside policy gradients: a penalty on the distance from the pre-trained policy (the teacher).
import { compile, constants, type CompileOptions } from "../engine/compile.js";
import { stopGradient } from "../engine/jvp.js";
import type { RandomStream } from "../engine/random.js";
import { hostTensor, tf, type HostTensor, type Weights } from "../engine/tensor.js";
import { fail } from "../errors.js";
import { hostObservation } from "../policies/host-observation.js";
import type { Observation } from "../nn/network.js";
import type { SamplingOptions, Tensors } from "../policies/definition.js";
import { emptyDraws, fillDraws, type PolicyModel } from "../policies/policy-model.js";
import { sizeOf } from "../space.js";
import { gather, type RolloutBuffer } from "./rollout-buffer.js";

export interface Teacher {
  readonly model: PolicyModel;
  /** Frozen, in the layout of the model; copied. */
  readonly weights: Float32Array;
  readonly sampling: SamplingOptions;
  readonly compile?: CompileOptions | undefined;
}

/** What one kind of cloning adds to an update. */
export interface Cloning {
  /** Called once per rollout, before its minibatches. */
  prepare(rollout: RolloutBuffer): Promise<void>;
  /** Further inputs of the loss for some chunks. */
  inputs(chunks: Int32Array): Record<string, HostTensor>;
  /** The penalty (scalar) for condition encodings (B, C) and {@link inputs}. */
  loss(weights: Weights, condition: tf.Tensor2D, inputs: Tensors, observation: Observation): tf.Scalar;
  dispose(): Promise<void>;
}

/** Chunks (B, Ta, Da) for condition encodings (B, C) from draws of zero: one central chunk per condition. */
export function centralChunk(
  model: PolicyModel,
  weights: Weights,
  condition: tf.Tensor2D,
  sampling: SamplingOptions,
): tf.Tensor3D {
  const [rows] = condition.shape;
  const shapes = Object.entries(model.actingDraws(sampling.steps).shapes);
  const draws = Object.fromEntries(shapes.map(([name, shape]) => [name, tf.zeros([rows, ...shape])]));
  return model.sampleFrom(weights, condition, draws, sampling);
}

/** Mean squared distance (scalar) of what student and teacher answer; no gradient flows into the teacher's answer. */
export function squaredDistance(student: tf.Tensor, teacher: tf.Tensor): tf.Scalar {
  return student.sub(stopGradient(teacher)).square().mean();
}

/** Distance of the central chunks of student and teacher; the teacher acts once per rollout. */
function w2({ model, sampling, ...teacher }: Teacher): Cloning {
  const { horizonSteps, actionDim, encoder } = model.network;
  const frozen = model.views(teacher.weights.slice());
  const teacherAction = compile<{ observation: Observation }, tf.Tensor3D>(
    ({ observation }) => {
      const weights = constants<Weights>(frozen);
      return centralChunk(model, weights, encoder.apply(weights, observation), sampling);
    },
    { name: "teacher action", ...teacher.compile },
  );
  const actionShape = [horizonSteps, actionDim];
  let actions = new Float32Array(0);
  return {
    async prepare(rollout) {
      const { steps, environments, space } = rollout.shape;
      const width = environments * sizeOf(actionShape);
      if (actions.length !== steps * width) actions = new Float32Array(steps * width);
      for (let step = 0; step < steps; step++) {
        const out = actions.subarray(step * width, (step + 1) * width);
        await teacherAction(
          { observation: hostObservation(rollout.observationsAt(step), space, environments) },
          hostTensor(out, [environments, ...actionShape]),
        );
      }
    },
    inputs: (chunks) => ({ action: gather(actions, chunks, actionShape) }),
    loss: (weights, condition, { action }) =>
      squaredDistance(centralChunk(model, weights, condition, sampling), action!),
    dispose: () => teacherAction.dispose(),
  };
}

/** Distance of what both networks have learned at random points, e.g. the velocities of a flow. */
function velocity({ model, weights: teacherWeights }: Teacher, stream: RandomStream): Cloning {
  const { network, definition } = model;
  const probe =
    definition.training.probe ??
    fail(
      "DMPO_OPTIONS",
      "bcLossType",
      `"velocity" for policy ${definition.name}`,
      "a policy with velocities",
      "use W2",
    );
  const draws = probe.draws(network);
  const frozen = model.views(teacherWeights.slice());
  return {
    prepare: async () => {},
    inputs({ length }) {
      const drawn = emptyDraws(draws, length);
      fillDraws(draws, drawn, stream);
      return drawn;
    },
    loss(weights, condition, inputs, observation) {
      const teacher = constants<Weights>(frozen);
      const teacherValue = probe.value(network, teacher, network.encoder.apply(teacher, observation), inputs);
      return squaredDistance(probe.value(network, weights, condition, inputs), teacherValue);
    },
    dispose: async () => {},
  };
}

export const cloningKinds = { W2: w2, velocity } satisfies Record<
  string,
  (teacher: Teacher, stream: RandomStream) => Cloning
>;
