// What the numbers of observations and actions are, by robot: names after the joints of the models, in the order of MuJoCo's
// arrays. Data sets are read by them.

/** A name for each number of an observation (Do) and of an action (Da). */
export interface DimensionNames {
  readonly observationNames: readonly string[];
  readonly actionNames: readonly string[];
}

const readable = (joint: string) => joint.replaceAll("_", " ");
const angles = (joints: readonly string[]) => joints.map((joint) => `${readable(joint)} angle`);
const rates = (joints: readonly string[]) => joints.map((joint) => `${readable(joint)} velocity`);
const torques = (joints: readonly string[]) => joints.map((joint) => `${readable(joint)} torque`);
const axes = (what: string) => ["x", "y", "z"].map((axis) => `${what} ${axis}`);

/** A robot in the plane without its position along x: height, pitch, hinges, and the velocities of all. */
function planar(torso: string, hinges: readonly string[]): DimensionNames {
  const velocities = ["forward velocity", "vertical velocity", `${torso} angular velocity`, ...rates(hinges)];
  return {
    observationNames: ["height", `${torso} angle`, ...angles(hinges), ...velocities],
    actionNames: torques(hinges),
  };
}

/** A free body without x and y: height, quaternion, hinges, and the velocities of all. */
const spatial = (hinges: readonly string[]) => [
  ...["height", ...["w", "x", "y", "z"].map((part) => `orientation ${part}`), ...angles(hinges)],
  ...[...axes("velocity"), ...axes("angular velocity"), ...rates(hinges)],
];

const perBody = (bodies: readonly string[], parts: readonly string[]) =>
  bodies.flatMap((body) => parts.map((part) => `${readable(body)} ${part}`));
const contactForces = (bodies: readonly string[]) =>
  perBody(bodies, [...axes("contact torque"), ...axes("contact force")]);

const legs = ["thigh", "leg", "foot"];
const bothLegs = [...legs, ...legs.map((joint) => `${joint}_left`)];

const antJoints = [1, 2, 3, 4].flatMap((leg) => [`hip_${leg}`, `ankle_${leg}`]);
const antBodies = ["world", "torso", ...[1, 2, 3, 4].flatMap((leg) => [`leg_${leg}`, `aux_${leg}`, `foot_${leg}`])];

const limbs = (side: string) => ["hip_x", "hip_z", "hip_y", "knee"].map((joint) => `${side}_${joint}`);
const arm = (side: string) => ["shoulder1", "shoulder2", "elbow"].map((joint) => `${side}_${joint}`);
const limbJoints = [...limbs("right"), ...limbs("left"), ...arm("right"), ...arm("left")];
const humanoidJoints = ["abdomen_z", "abdomen_y", "abdomen_x", ...limbJoints];
const humanoidBodies = [
  ...["world", "torso", "lwaist", "pelvis"],
  ...["right", "left"].flatMap((side) => ["thigh", "shin", "foot"].map((part) => `${side}_${part}`)),
  ...["right", "left"].flatMap((side) => [`${side}_upper_arm`, `${side}_lower_arm`]),
];
const inertia = [
  ...["xx", "yy", "zz", "xy", "xz", "yz"].map((pair) => `inertia ${pair}`),
  ...[...axes("mass times offset"), "mass"],
];

/** The kitchen's joint positions, in the order of the model; an observation has them and what the task wants of them. */
const kitchenJoints = [
  ...[1, 2, 3, 4, 5, 6, 7].map((joint) => `arm joint ${joint}`),
  ...["left finger", "right finger"],
  ...["bottom right", "bottom left", "top right", "top left"].flatMap((place) => [`${place} knob`, `${place} burner`]),
  ...["light switch", "light block", "slide cabinet", "left hinge door", "right hinge door", "microwave door"],
  ...[...axes("kettle"), ...["w", "x", "y", "z"].map((part) => `kettle orientation ${part}`)],
];

const pose = (what: string) => [
  ...axes(`${what}`),
  ...["x", "y", "z", "w"].map((part) => `${what} orientation ${part}`),
];

/** What robomimic observes of an arm, and how its actions move it; `arm` is "" where there is one. */
const armObservations = (arm = "") => [...pose(`${arm}gripper`), `${arm}left finger`, `${arm}right finger`];
const armActions = (arm = "") => [
  ...[...axes(`${arm}gripper step`), ...axes(`${arm}gripper turn`)],
  `${arm}gripper closing`,
];
const oneArm = (object: readonly string[]): DimensionNames => ({
  observationNames: [...armObservations(), ...object],
  actionNames: armActions(),
});
const seenFromGripper = (what: string) => [...pose(what), ...pose(`${what} from gripper`)];
const arms = ["first ", "second "];

export const dimensionNames = {
  hopper: planar("torso", legs),
  walker2d: planar("torso", bothLegs),
  halfcheetah: planar(
    "torso",
    ["back", "front"].flatMap((side) => ["thigh", "shin", "foot"].map((part) => `${side}_${part}`)),
  ),
  ant: {
    observationNames: [...spatial(antJoints), ...contactForces(antBodies)],
    actionNames: torques([4, 1, 2, 3].flatMap((leg) => [`hip_${leg}`, `ankle_${leg}`])),
  },
  humanoid: {
    observationNames: [
      ...spatial(humanoidJoints),
      ...perBody(humanoidBodies, inertia),
      ...perBody(humanoidBodies, [...axes("angular velocity"), ...axes("velocity")]),
      ...[...axes("root force"), ...axes("root torque"), ...torques(humanoidJoints)].map((name) => `actuator ${name}`),
      ...contactForces(humanoidBodies),
    ],
    actionNames: torques(["abdomen_y", "abdomen_z", "abdomen_x", ...limbJoints]),
  },
  avoid: {
    observationNames: ["set point x", "set point y", "tool x", "tool y"],
    actionNames: ["set point step x", "set point step y"],
  },
  kitchen: {
    observationNames: [...kitchenJoints, ...kitchenJoints.map((joint) => `${joint} goal`)],
    actionNames: kitchenJoints.slice(0, 9).map((joint) => `${joint} velocity`),
  },
  lift: oneArm([...pose("cube"), ...axes("gripper from cube")]),
  can: oneArm(seenFromGripper("can")),
  square: oneArm(seenFromGripper("nut")),
  transport: {
    observationNames: [
      ...arms.flatMap(armObservations),
      ...[...pose("hammer"), ...pose("trash"), ...pose("lid handle"), ...axes("target bin"), ...axes("trash bin")],
      ...[...axes("hammer from first gripper"), ...axes("lid handle from first gripper")],
      ...[...axes("hammer from second gripper"), ...axes("trash from second gripper")],
      ...["hammer in target bin", "trash in trash bin"],
    ],
    actionNames: arms.flatMap(armActions),
  },
} satisfies Record<string, DimensionNames>;

/**
 * Robots of which some observe only so many of their numbers, the first ones: version 4 of ant leaves the contact forces out, and
 * arms that look at things through cameras what they would know of those.
 */
const shortened: readonly (readonly [DimensionNames, number])[] = [
  [dimensionNames.ant, 27],
  ...[dimensionNames.lift, dimensionNames.can, dimensionNames.square].map((one) => [one, 9] as const),
  [dimensionNames.transport, 18],
];

/** Names of a built-in robot's numbers, found by the name of an environment or data set; undefined for other robots and sizes. */
export function namesFor(
  name: string,
  {
    observationDimension,
    actionDimension,
  }: { readonly observationDimension: number; readonly actionDimension: number },
): DimensionNames | undefined {
  const robot = Object.entries(dimensionNames).find(([key]) => name.toLowerCase().startsWith(key))?.[1];
  const [, shorter] = shortened.find(([one]) => one === robot) ?? [];
  const sizes = [robot?.observationNames.length, shorter];
  if (!robot || !sizes.includes(observationDimension) || actionDimension !== robot.actionNames.length) return undefined;
  const { observationNames, actionNames } = robot;
  return { observationNames: observationNames.slice(0, observationDimension), actionNames };
}
