// `dmpo data ...`: look into data sets, fetch them, convert them; the reference's data_process scripts under their names.
// Flags may be written with underscores too, as the reference's are.
import { InvalidArgumentError, type Command } from "commander";
import { copyFile } from "node:fs/promises";
import { existsSync } from "node:fs";
import { extname, join } from "node:path";
import { makeFolder } from "../../files.js";
import type { ModeFilter } from "../../data/d3il.js";
import type { Processed } from "../../data/process-recording.js";
import type { DataFamily } from "../../data/sources.js";
import { fail } from "../../errors.js";
import { examples, exitCodes, type AddCommand, type CommandContext, path } from "../command.js";
import { untilInterrupted } from "../interrupt.js";

export const addData: AddCommand = (program, context) => {
  const data = program.command("data").description("look into data sets, fetch and convert them");
  for (const add of [addInfo, addList, addFetch, addMake, addImages, addConvert, addReadHdf5, addReadNpz, addHdf5ToNpz])
    add(data, context);
  for (const add of [addProcessD3il, addFilterAvoid, addProcessRobomimic]) add(data, context);
};

function addInfo(data: Command, { terminal }: CommandContext): void {
  const command = data
    .command("info")
    .description("what training would see: episodes, steps, returns, ranges")
    .argument("<path>", "train.npz with normalization.npz beside it, a D4RL .hdf5, or a folder with either", path)
    .option("--json", "print JSON");
  examples(command, { "data info data/gym/hopper-medium-v2": "one line" }).action(
    async (path: string, flags: { json?: boolean }) => {
      const summary = (await openDataset(path)).summary();
      const { describeDataset } = await import("../../data/summary.js");
      terminal.out(flags.json ? JSON.stringify(summary, null, 2) : describeDataset(summary));
    },
  );
}

async function openDataset(path: string) {
  const [{ Dataset }, { findLocal }] = await Promise.all([
    import("../../data/dataset.js"),
    import("../../data/data-folder.js"),
  ]);
  if (extname(path) === ".npz") return Dataset.npz(path);
  if (/\.(hdf5|h5)$/i.test(path)) return Dataset.hdf5(path);
  const files = findLocal(path);
  if (!files) fail("DMPO_DATA_NOT_FOUND", path, "holds no data set", "train.npz with normalization.npz, or one .hdf5");
  return "hdf5" in files ? Dataset.hdf5(files.hdf5) : Dataset.npz(files.train);
}

function addList(data: Command, { terminal }: CommandContext): void {
  data
    .command("list")
    .description("data sets with known addresses")
    .action(async () => {
      const { dataSources } = await import("../../data/sources.js");
      for (const { family, name, published, original } of dataSources) {
        terminal.out(`${family}/${name}  ${[...published, ...original].join("  ") || "(no address)"}`);
      }
    });
}

function addFetch(data: Command, { terminal }: CommandContext): void {
  const command = data
    .command("fetch")
    .description("download a data set into the data folder")
    .argument("<name>", "family and name, see `dmpo data list`")
    .option("--original", "the original recording rather than the published, normalised files");
  examples(command, { "data fetch gym/hopper-medium-v2": "so that it is used instead of the bundled one" }).action(
    async (text: string, flags: { original?: boolean }) => {
      const { dataFolder, locateData } = await import("../../data/data-folder.js");
      const [family = "", name = ""] = text.split("/");
      if (!["gym", "robomimic", "d3il"].includes(family) || name === "") {
        fail(
          "DMPO_DATA_NOT_FOUND",
          text,
          "is no family/name",
          "for example gym/hopper-medium-v2; `dmpo data list` lists all",
        );
      }
      const notify = (line: string) => terminal.error(line);
      const files = await locateData(family as DataFamily, name, { original: flags.original, notify, make: false });
      const home = join(dataFolder(), family, name);
      makeFolder(home);
      const named =
        "hdf5" in files
          ? { [`${name}.hdf5`]: files.hdf5 }
          : { "train.npz": files.train, "normalization.npz": files.normalization };
      for (const [file, path] of Object.entries(named)) {
        if (path !== join(home, file) && !path.startsWith(home)) await copyFile(path, join(home, file));
      }
      terminal.out(home);
    },
  );
}

interface MakeFlags {
  readonly episodes: number;
  readonly quality: string;
  readonly seed: number;
  readonly workers?: number;
  readonly level?: number;
  readonly cameras?: string;
}

function addMake(data: Command, { terminal, exitWith }: CommandContext): void {
  const command = data
    .command("make")
    .description("let a scripted demonstrator play a task, or a robot learn to run, and record it as published data is")
    .argument("<task>", "kitchen/, robomimic/, furniture/ or gym/NAME; an unknown one lists those there are")
    .option("--episodes <count>", "how many are recorded", number, 100)
    .option("--quality <quality>", "proficient, or mixed: also slow, with mistakes and omissions", "proficient")
    .option("--seed <seed>", "of starts and habits", number, 0)
    .option("--workers <count>", "threads; default one for each core; gym/NAME has one", number)
    .option(
      "--level <return>",
      "of gym/NAME: the return at which it is recorded; default a third of an expert's, of gym/ant-medium-expert two thirds",
      number,
    )
    .option("--cameras <names>", "of robomimic tasks: what they see is recorded too, names separated by commas");
  examples(command, {
    "data make kitchen/mixed": "100 episodes for cfg/gym/*/kitchen-mixed-v0; stopped, it goes on where it was",
    "data make robomimic/can --cameras robot0_eye_in_hand": "with pictures, for cfg/robomimic/pretrain/can/*_img",
    "data make gym/walker2d-medium": "learns to walk, up to an hour; stopped, it goes on where it was",
  }).action(async (task: string, flags: MakeFlags) => {
    const notify = (line: string) => terminal.error(line);
    const make = task.startsWith("gym/") ? recordLearned : playScript;
    const interrupted = await untilInterrupted(terminal, async (signal) =>
      terminal.out(await make(task, flags, { notify, signal })),
    );
    if (interrupted) exitWith(exitCodes.interrupted);
  });
}

function addImages(data: Command, { terminal }: CommandContext): void {
  const command = data
    .command("images")
    .description("what cameras see in a recording of robomimic's that has states only, by replaying these; a new file")
    .argument("<file>", "the recording, .hdf5", path)
    .option("--cameras <names>", "separated by commas; default those of published policies")
    .option("--max_episodes, --max-episodes <count>", "the first so many demonstrations", number);
  examples(command, {
    "data images low_dim_v141.hdf5 --cameras agentview": "low_dim_v141-img.hdf5 beside it",
  }).action(async (file: string, { cameras, maxEpisodes }: { cameras?: string; maxEpisodes?: number }) => {
    const { addPictures } = await import("../../data/demonstrations/add-pictures.js");
    const notify = (line: string) => terminal.error(line);
    terminal.out(await addPictures(file, { cameras: cameras?.split(","), maxEpisodes, notify }));
  });
}

interface Making {
  readonly notify: (line: string) => void;
  readonly signal: AbortSignal;
}

async function recordLearned(task: string, { quality, episodes, seed, level, cameras }: MakeFlags, making: Making) {
  if (cameras !== undefined)
    fail("DMPO_OPTIONS", "--cameras", cameras, `${task} without it`, "tasks of robomimic have cameras");
  if (quality !== "proficient") fail("DMPO_OPTIONS", "--quality", quality, `${task} without it`, "use --level");
  const { makeLocomotionDemonstrations } = await import("../../experiments/locomotion-demonstrations.js");
  return makeLocomotionDemonstrations(task, { episodes, seed, level, ...making });
}

async function playScript(task: string, { quality, level, cameras, ...flags }: MakeFlags, making: Making) {
  if (level !== undefined) fail("DMPO_OPTIONS", "--level", String(level), "a task gym/NAME", "use --quality");
  if (quality !== "proficient" && quality !== "mixed") {
    fail("DMPO_OPTIONS", "--quality", quality, "proficient or mixed");
  }
  const { makeDemonstrations } = await import("../../data/demonstrations/make.js");
  return makeDemonstrations(task, { ...flags, quality, cameras: cameras?.split(","), ...making });
}

function addConvert(data: Command, { terminal }: CommandContext): void {
  const command = data
    .command("convert")
    .description("write train.npz and normalization.npz; compressed pictures become readable one by one")
    .argument("<from>", ".npz or D4RL .hdf5", path)
    .argument("<folder>", "where to write; existing files are kept", path);
  examples(command, {
    "data convert images/train.npz data/robomimic/can-img": "a stream, for files of any size",
  }).action(async (from: string, folder: string) => {
    if (extname(from) !== ".npz") {
      await (await openDataset(from)).save(folder);
      return terminal.out(`${from} -> ${folder}`);
    }
    const { storeImages } = await import("../../data/convert-images.js");
    const [train, normalization] = [join(folder, "train.npz"), join(folder, "normalization.npz")];
    const existing = [train, normalization].find((path) => existsSync(path));
    if (existing) fail("DMPO_DATA_EXISTS", existing, "exists already", "a folder without it");
    await storeImages(from, train);
    const statistics = join(from, "..", "normalization.npz");
    if (existsSync(statistics)) await copyFile(statistics, normalization);
    terminal.out(`${from} -> ${train}`);
  });
}

function addReadHdf5(data: Command, { terminal }: CommandContext): void {
  const command = data
    .command("read-hdf5")
    .description("list all groups and datasets of an HDF5 file")
    .requiredOption("--file_path, --file-path <file>", "the file", path);
  examples(command, {
    "data read-hdf5 --file_path=hopper_medium-v2.hdf5": "any HDF5 file, whatever its layout",
  }).action(async ({ filePath }: { filePath: string }) => {
    const { inspectHdf5 } = await import("../../data/inspect.js");
    for (const line of await inspectHdf5(filePath)) terminal.out(line);
  });
}

function addReadNpz(data: Command, { terminal }: CommandContext): void {
  const command = data
    .command("read-npz")
    .description("shapes, types and ranges of the arrays of an .npz file")
    .requiredOption("--data_path, --data-path <file>", "the file", path)
    .option("--print_data_sample, --print-data-sample", "also the first five rows of each");
  examples(command, { "data read-npz --data_path=normalization.npz": "its four arrays" }).action(
    async ({ dataPath, printDataSample }: { dataPath: string; printDataSample?: boolean }) => {
      const { inspectNpz } = await import("../../data/inspect.js");
      for (const line of await inspectNpz(dataPath, { sample: printDataSample })) terminal.out(line);
    },
  );
}

interface Hdf5ToNpzFlags {
  readonly dataPath: string;
  readonly maxEpisodes: number;
  readonly valSplit: number;
  readonly seed: number;
  readonly compressImages?: boolean;
  readonly overwrite?: boolean;
}

function addHdf5ToNpz(data: Command, { terminal }: CommandContext): void {
  const command = data
    .command("hdf5-to-npz")
    .description(
      "convert a D4RL recording to train.npz and normalization.npz beside it, a stream for files of any size",
    )
    .requiredOption("--data_path, --data-path <file>", "the .hdf5 file", path)
    .option("--max_episodes, --max-episodes <count>", "the first so many episodes, 0 for all", number, 1500)
    .option("--val_split, --val-split <share>", "share of episodes for val.npz", number, 0)
    .option("--seed <seed>", "of the choice of training episodes", number, 0)
    .option("--compress_images, --compress-images", "smaller, but training reads only uncompressed pictures one by one")
    .option("--overwrite", "replace the files of an earlier conversion");
  examples(command, { "data hdf5-to-npz --data_path=hopper_medium-v2.hdf5": "at most 1500 episodes" }).action(
    async ({ dataPath, valSplit, ...flags }: Hdf5ToNpzFlags) => {
      const { convertHdf5 } = await import("../../data/hdf5-to-npz.js");
      await convertHdf5(dataPath, { ...flags, validationSplit: valSplit, report: (line) => terminal.out(line) });
    },
  );
}

interface ProcessFlags {
  readonly loadPath: string;
  readonly saveDir: string;
  readonly saveNamePrefix: string;
  readonly valSplit: number;
  readonly seed: number;
}

function withProcessFlags(command: Command, valSplit: number): Command {
  return command
    .option("--load_path, --load-path <path>", "what to read", path, ".")
    .option("--save_dir, --save-dir <folder>", "where to write", path, ".")
    .option("--save_name_prefix, --save-name-prefix <text>", "before the names of the files", "")
    .option("--val_split, --val-split <share>", "share of episodes for val.npz", number, valSplit)
    .option("--seed <seed>", "of every random choice", number, 0);
}

const destination = ({ saveDir, saveNamePrefix, valSplit, seed }: ProcessFlags, { terminal }: CommandContext) => ({
  folder: saveDir,
  prefix: saveNamePrefix,
  validationSplit: valSplit,
  seed,
  report: (line: string) => terminal.out(line),
});

function addProcessD3il(data: Command, context: CommandContext): void {
  const command = withProcessFlags(
    data
      .command("process-d3il-dataset")
      .description("recorded demonstrations of D3IL to train.npz, val.npz, normalization.npz and pictures of the paths")
      .option("--env_type, --env-type <task>", "the task; only avoid has public recordings", "avoid"),
    0.2,
  );
  examples(command, {
    "data process-d3il-dataset --load_path=demos --save_dir=data/d3il/avoid": "all demonstrations",
  }).action(async (flags: ProcessFlags & { envType: string }) => {
    if (flags.envType !== "avoid") {
      const remedy = "the recordings of align, push, sort and stack are not public, so their layout cannot be checked";
      fail("DMPO_DATA_FORMAT", "--env_type", flags.envType, "avoid", remedy);
    }
    const { processAvoiding } = await import("../../data/process-recording.js");
    await drawPaths(flags, await processAvoiding(flags.loadPath, destination(flags, context)));
  });
}

interface FilterFlags extends ProcessFlags {
  readonly desiredModes: readonly string[];
  readonly desiredModeRatios: readonly string[];
  readonly requiredModes: readonly string[];
  readonly avoidModes: readonly string[];
}

function addFilterAvoid(data: Command, context: CommandContext): void {
  const command = withProcessFlags(
    data
      .command("filter-d3il-avoid-data")
      .alias("filter-avoid-data")
      .description(
        "avoiding demonstrations that take wanted ways: 0, 1 sides of the first obstacle, 2-4 and 5-8 gaps of the rows",
      )
      .requiredOption("--desired_modes, --desired-modes <modes...>", "keep demonstrations with one of these")
      .option("--desired_mode_ratios, --desired-mode-ratios <shares...>", "keep this share of each", [])
      .option("--required_modes, --required-modes <modes...>", "that have all of these", [])
      .option("--avoid_modes, --avoid-modes <modes...>", "and none of these", []),
    0.2,
  );
  examples(command, {
    "data filter-avoid-data --load_path=demos --save_dir=data/d3il/avoid_m1 --val_split=0 --desired_modes 5 6 --required_modes 1 2":
      "the set avoid_m1",
  }).action(async (flags: FilterFlags) => {
    const modes: ModeFilter = {
      desired: flags.desiredModes.map(mode),
      required: flags.requiredModes.map(mode),
      avoided: flags.avoidModes.map(mode),
    };
    const ratios = flags.desiredModeRatios.map(number);
    const { processAvoiding } = await import("../../data/process-recording.js");
    await drawPaths(flags, await processAvoiding(flags.loadPath, { ...destination(flags, context), modes, ratios }));
  });
}

async function drawPaths(
  { saveDir, saveNamePrefix }: ProcessFlags,
  { training, validation }: Processed,
): Promise<void> {
  const [{ demonstrationPaths }, { saveFigure }] = await Promise.all([
    import("../../experiments/demonstration-paths.js"),
    import("../../figures/save-figure.js"),
  ]);
  await saveFigure(demonstrationPaths(training), join(saveDir, `${saveNamePrefix}train-trajs.png`));
  await saveFigure(demonstrationPaths(validation), join(saveDir, `${saveNamePrefix}val-trajs.png`));
}

interface RobomimicFlags extends ProcessFlags {
  readonly maxEpisodes: number;
  readonly normalize?: boolean;
  readonly cameras?: readonly string[];
}

function addProcessRobomimic(data: Command, context: CommandContext): void {
  const command = withProcessFlags(
    data
      .command("process-robomimic-dataset")
      .description("robomimic data to train.npz and val.npz")
      .option("--max_episodes, --max-episodes <count>", "the first so many demonstrations, -1 for all", number, -1)
      .option("--normalize", "scale to [-1, 1] and write normalization.npz")
      .option("--cameras <names...>", "with their pictures, and without the object's state"),
    0,
  );
  examples(command, {
    "data process-robomimic-dataset --load_path=low_dim_v15.hdf5 --save_dir=data/robomimic/can --normalize":
      "as training reads it",
  }).action(async ({ normalize, ...flags }: RobomimicFlags) => {
    const { processRobomimic } = await import("../../data/process-recording.js");
    const { maxEpisodes, cameras } = flags;
    await processRobomimic(flags.loadPath, {
      ...destination(flags, context),
      maxEpisodes,
      cameras,
      normalized: normalize,
    });
  });
}

function number(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value)) throw new InvalidArgumentError("a number is expected");
  return value;
}

function mode(text: string): number {
  const value = Number(text);
  if (!/^\d$/.test(text) || value > 8) fail("DMPO_DATA_FILTER", "modes", text, "flags 0 to 8");
  return value;
}
