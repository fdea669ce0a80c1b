// Where data sets come from: the one table of addresses, mirrors and hashes.
//
// No publisher states SHA-256 sums, and none is invented here: `sha256` names those that are known (none so far). Files of the hub are
// verified by the sums that the hub itself states; others only by their length.

/** Folders below the data folder. Kitchen sets lie under gym, as the reference has them. */
export type DataFamily = "gym" | "robomimic" | "d3il" | "furniture";

export interface DataSource {
  readonly family: DataFamily;
  readonly name: string;
  /** Folders of train.npz and normalization.npz, normalised already, in order of preference. */
  readonly published: readonly string[];
  /** The original recording, the same file at each address, in order of preference. */
  readonly original: readonly string[];
  /** How people get what has no address here. */
  readonly byHand?: string;
  /** By file name; a file that is absent has no known sum. */
  readonly sha256: Readonly<Record<string, string>>;
}

const berkeley = "https://rail.eecs.berkeley.edu/datasets/offline_rl";
const unknownSums = {};

/** D4RL's own file names join all but the version with underscores. */
export const d4rlFile = (name: string) => `${name.replace(/-(?!v\d+$)/g, "_")}.hdf5`;

/** Sets that the authors of DMPO publish, normalised. */
const onHub = new Set([
  "gym/hopper-medium-v2",
  "gym/walker2d-medium-v2",
  "gym/ant-medium-expert-v2",
  "gym/Humanoid-medium-v3",
  "gym/kitchen-complete-v0",
  "gym/kitchen-mixed-v0",
  "gym/kitchen-partial-v0",
  ...["lift", "can", "square", "transport"].flatMap((task) => [`robomimic/${task}`, `robomimic/${task}-img`]),
]);

function source(family: DataFamily, name: string, original: readonly string[], byHand?: string): DataSource {
  const path = `${family}/${name}`;
  return { family, name, published: onHub.has(path) ? [`hf://${path}`] : [], original, byHand, sha256: unknownSums };
}

const robots = ["hopper", "walker2d", "halfcheetah", "ant"];
const qualities = ["random", "medium", "medium-replay", "medium-expert", "expert", "full-replay"];

const locomotion = robots.flatMap((robot) =>
  qualities.map((quality) => {
    const file = d4rlFile(`${robot}-${quality}-v2`);
    const mirrors = [`hf://datasets/imone/D4RL/${file}`, `${berkeley}/gym_mujoco_v2/${file}`];
    return source("gym", `${robot}-${quality}-v2`, mirrors);
  }),
);

const madeHere = (task: string) => `or let a script make demonstrations: npx dmpo data make ${task}`;

const kitchen = Object.entries({
  "kitchen-complete-v0": "mini_kitchen_microwave_kettle_light_slider-v0.hdf5",
  "kitchen-partial-v0": "kitchen_microwave_kettle_light_slider-v0.hdf5",
  "kitchen-mixed-v0": "kitchen_microwave_kettle_bottomburner_light-v0.hdf5",
}).map(([name, file]) => {
  const task = name.slice(0, -"-v0".length).replace("-", "/");
  return source("gym", name, [`${berkeley}/kitchen/${file}`], madeHere(task));
});

const robomimicFile = (task: string, people: "ph" | "mh") =>
  `hf://datasets/robomimic/robomimic_datasets/v1.5/${task}/${people}/low_dim_v15.hdf5`;

const robomimic = ["lift", "can", "square", "transport"].flatMap((task) => [
  source("robomimic", task, [robomimicFile(task, "mh")], madeHere(`robomimic/${task}`)),
  source("robomimic", `${task}-ph`, [robomimicFile(task, "ph")]),
  source("robomimic", `${task}-img`, []),
]);

const demonstrations =
  "the 96 recordings env_000_00.pkl, ... are in the repository allenzren/d3il under data/avoiding/data: " +
  "put them into a folder `demos` there, or name it as `demonstrations`";

const avoiding = ["avoid", "avoid_m1", "avoid_m2", "avoid_m3"].map((name) => source("d3il", name, [], demonstrations));

const furniture = ["one_leg", "lamp", "round_table"].flatMap((task) =>
  ["low", "med"].map((randomness) =>
    source("furniture", `${task}_${randomness}`, [], madeHere(`furniture/${task}_${randomness}`)),
  ),
);

export const dataSources: readonly DataSource[] = [
  ...locomotion,
  source("gym", "Humanoid-medium-v3", []),
  ...kitchen,
  ...robomimic,
  ...avoiding,
  ...furniture,
];

export function findSource(family: DataFamily, name: string): DataSource | undefined {
  return dataSources.find((one) => one.family === family && one.name === name);
}
