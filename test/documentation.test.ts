// The programs of the documents run as they stand, in the source instead of the package.
import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { saveCheckpoint } from "../sdk/src/checkpoints/checkpoint.js";
import { Random } from "../sdk/src/engine/random.js";
import { findEnvironment } from "../sdk/src/envs/registry.js";
import { Dataset, MeanFlow } from "../sdk/src/index.js";
import { policyRecord, TrainedPolicy } from "../sdk/src/policies/trained-policy.js";
import { hasAssets } from "./assets.js";
import { hasShared, sharedFile } from "./shared.js";

const root = fileURLToPath(new URL("..", import.meta.url));
const loader = import.meta.resolve("tsx");
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "dmpo-documents-"));
});
afterAll(() => rm(folder, { recursive: true }));

async function programsOf(document: string, { asTheyStand = false } = {}): Promise<string[]> {
  const text = await readFile(join(root, "docs", document), "utf8");
  const source = (name: string) => JSON.stringify(new URL(`../sdk/src/${name}.ts`, import.meta.url).href);
  return [...text.matchAll(/```[jt]s\n(.*?)```/gs)].map(([, code]) =>
    asTheyStand
      ? code!
      : code!.replaceAll('"dmpo"', source("index")).replaceAll('"dmpo/engine"', source("engine-index")),
  );
}

async function run(program: string): Promise<string> {
  const file = join(folder, "program.mts");
  await writeFile(file, program);
  return (await promisify(execFile)(process.execPath, ["--import", loader, file], { cwd: folder })).stdout;
}

describe("environments.md", () => {
  test("one environment, many environments", async () => {
    const programs = await programsOf("environments.md");
    expect(await run(programs[0]!)).toMatch(/^-?\d+\.\d % of an expert\n$/);
    expect(await run(programs[1]!)).toBe("8 888\n");
  });

  test("a robot of one's own", async () => {
    const [, program] = (await programsOf("environments.md")).slice(2);
    // As it stands: it lies where Node does not find the package.
    const [robot] = await programsOf("environments.md", { asTheyStand: true }).then((all) => all.slice(2));
    await writeFile(join(folder, "pendulum.mjs"), robot!);
    expect(await run(program!)).toBe("[ 1, 1, 1, 1 ]\n");
  });

  test("an environment of one's own rules: data, pre-training, PPO, film", async () => {
    expect(await run((await programsOf("environments.md"))[4]!)).toBe("swing swing true\n");
    expect((await readFile(join(folder, "swing.gif"))).subarray(0, 3).toString()).toBe("GIF");
  });

  test("cameras by name", async () => {
    expect(await run((await programsOf("environments.md"))[5]!)).toBe("can-img can@agentview+robot0_eye_in_hand\n");
  });

  test("a picture", async () => {
    const programs = await programsOf("environments.md");
    await run(programs.find((program) => program.includes('"hopper.html"'))!);
    expect(await readFile(join(folder, "hopper.html"), "utf8")).toContain("data-dmpo-player");
    expect(await run(programs.find((program) => program.includes('"table.png"'))!)).toBe("Picture, 320 x 240\n");
    expect((await readFile(join(folder, "table.png"))).subarray(1, 4).toString()).toBe("PNG");
  });
});

test.skipIf(!hasAssets("robosuite"))("environments.md: where a policy looks", async () => {
  const { actionDimension, observationDimension, pictures } = await findEnvironment("lift-img");
  const backbone = { depth: 1, embedDim: 8, numHeads: 2 };
  const model = MeanFlow.standard()
    .withNetwork({ type: "vit", mlpDims: [8, 8, 8], backbone, spatialEmb: 6 })
    .for({ actionDimension, observationDimension, images: { shape: pictures! } });
  const weights = model.layout.initialise(new Random(0).stream("weights"));
  const range = (size: number, value: number) => new Float32Array(size).fill(value);
  const normalization = {
    ...{ observationMin: range(observationDimension, -1), observationMax: range(observationDimension, 1) },
    ...{ actionMin: range(actionDimension, -1), actionMax: range(actionDimension, 1) },
  };
  const policy = new TrainedPolicy({ model, weights, normalization, environment: "lift-img" });
  const home = join(folder, "log/.../checkpoint");
  await mkdir(home, { recursive: true });
  await saveCheckpoint(join(home, "last.safetensors"), policyRecord(policy, { policy: weights }));
  const program = (await programsOf("environments.md")).find((one) => one.includes("attentionFilm("))!;
  await run(program.replace("maxSteps: 80", "maxSteps: 3"));
  expect((await readFile(join(folder, "attention.png"))).subarray(1, 4).toString()).toBe("PNG");
  expect((await readFile(join(folder, "attention.gif"))).subarray(0, 3).toString()).toBe("GIF");
});

test("engine.md: a loss of one's own, fitted and described", async () => {
  expect(await run((await programsOf("engine.md"))[0]!)).toMatch(/^true pinball: \d+ nodes\n$/);
});

test("data.md: from a data set to files, and to samples", async () => {
  const [episodes, samples] = await programsOf("data.md");
  expect(await run(episodes!)).toMatch(/^\d+ \+ \d+ episodes\n$/);
  expect(await readdir(join(folder, "data/gym/mine"))).toEqual(["normalization.npz", "train.npz"]);
  expect(await run(samples!)).toMatch(/^\d{5} windows\n$/);
});

test.skipIf(!hasShared)("checkpoints.md: both kinds are read, and exported", async () => {
  const data = (await Dataset.bundled("hopper-medium-mini")).limitEpisodes(2);
  await data.save(folder);
  const network = { mlpDims: [16, 16, 16] };
  const control = { threads: 1, workers: 0 };
  const { folder: log } = await MeanFlow.improved()
    .withNetwork(network)
    .pretrain(data, { epochs: 1, folder: join(folder, "run"), ...control });
  await cp(join(log!, "checkpoint/last.safetensors"), join(folder, "best.safetensors"));
  await cp(sharedFile("data/checkpoints/pretrain_hopper/state_10.pt"), join(folder, "state_100.pt"));
  expect(await run((await programsOf("checkpoints.md"))[0]!)).toBe("");
  expect((await readdir(folder)).includes("policy.onnx")).toBe(true);
});
