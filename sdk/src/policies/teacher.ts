// A trained flow as the teacher of another policy: checked against the student, its weights frozen.
import { constants } from "../engine/compile.js";
import type { Weights } from "../engine/tensor.js";
import { fail, InputError, type Problem } from "../errors.js";
import type { Normalization } from "../normalization.js";
import type { Teacher } from "./definition.js";
import type { PolicyModel } from "./policy-model.js";
import { policies } from "./registry.js";
import type { TrainedPolicy } from "./trained-policy.js";

/**
 * What `student` learns from, made of a policy with the same chunks, observations and statistics; undefined for students that
 * learn from demonstrations alone.
 *
 * @throws InputError `DMPO_TEACHER` if the teacher is missing, superfluous, no flow, or does not fit.
 */
export function teacherOf(
  student: PolicyModel,
  normalization: Normalization,
  teacher: TrainedPolicy | undefined,
): Teacher | undefined {
  const { name, training } = student.definition;
  if (!training.teacher) {
    if (teacher) fail("DMPO_TEACHER", `policy ${name}`, "learns from no teacher", "demonstrations alone");
    return undefined;
  }
  if (!teacher) {
    fail(
      "DMPO_TEACHER",
      `policy ${name}`,
      "has no teacher",
      "the checkpoint of a trained flow",
      "name one: teacher_path",
    );
  }
  const { definition, network } = teacher.model;
  if (!definition.advance) {
    const flows = Object.values(policies).filter((policy) => "advance" in policy);
    const expected = `a flow: ${flows.map((policy) => policy.name).join(", ")}`;
    fail("DMPO_TEACHER", "the teacher", `is a ${definition.name} policy`, expected, "choose another checkpoint");
  }
  checkSizes(student, teacher);
  checkStatistics(normalization, teacher.normalization);
  const frozen = teacher.model.views(teacher.weights.slice());
  return (x, from, to, observation) => {
    const weights = constants<Weights>(frozen);
    return definition.advance!(network, weights, x, from, to, network.encoder.apply(weights, observation));
  };
}

function checkSizes({ network: student }: PolicyModel, { model: { network: teacher } }: TrainedPolicy): void {
  const sizes = [
    ["actions per chunk (horizon_steps)", student.horizonSteps, teacher.horizonSteps],
    ["numbers per action (action_dim)", student.actionDim, teacher.actionDim],
    ["numbers of the observations (cond_steps x obs_dim)", student.encoder.stateSize, teacher.encoder.stateSize],
  ] as const;
  const problems = sizes
    .filter(([, own, its]) => own !== its)
    .map(([what, own, its]): Problem => {
      return { path: "the teacher", wrong: `has ${its} ${what}`, expected: `${own} as the policy that learns from it` };
    });
  const [own, its] = [student, teacher].map(({ encoder }) => encoder.rgb?.join(" x "));
  // A teacher may do without the pictures that its student sees.
  if (its !== undefined && its !== own) {
    const expected = own ? `pictures of ${own}` : "none, as the policy that learns from it sees none";
    problems.push({ path: "the teacher", wrong: `sees pictures of ${its}`, expected });
  }
  if (problems.length > 0) throw new InputError("DMPO_TEACHER", problems);
}

/** Both see the same normalised numbers only if their statistics are the same, up to rounding. */
function checkStatistics(own: Normalization, its: Normalization): void {
  const differs = (Object.keys(own) as (keyof Normalization)[]).find(
    (key) =>
      own[key].length !== its[key].length ||
      own[key].some((value, i) => Math.abs(value - its[key][i]!) > 1e-5 * Math.max(1, Math.abs(value))),
  );
  if (!differs) return;
  const wrong = `was trained on other data: its ${differs} differs`;
  fail(
    "DMPO_TEACHER",
    "the teacher",
    wrong,
    "the statistics of this data set",
    "distil it on the data of its own training",
  );
}
