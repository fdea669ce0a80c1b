// How the SDK's objects show themselves in a notebook.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { JSDOM } from "jsdom";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  Dataset,
  defineEnvironment,
  evaluate,
  makeEnvironment,
  MeanFlow,
  PPO,
  rollout,
  VectorEnv,
  type FineTuningRun,
  type PretrainingRun,
} from "../../sdk/src/index.js";
import { randomRollout } from "../../sdk/src/display/random-rollout.js";
import { hopper } from "../../sdk/src/envs/locomotion/hopper.js";

type Displayed = Readonly<Record<symbol, () => Promise<Record<string, string>>>>;

/** What the value shows: its document, its text and its pictures (width and height in pixels). */
async function shown(value: object) {
  const bundle = await (value as Displayed)[Symbol.for("Jupyter.display")]!();
  expect(Object.keys(bundle)).toEqual(["text/html", "text/plain"]);
  const { document } = new JSDOM(bundle["text/html"]).window;
  expect(document.querySelector("style, link, iframe")).toBeNull();
  const players = document.querySelectorAll("[data-dmpo-player]").length;
  expect(document.querySelectorAll("script")).toHaveLength(players);
  const pictures = [...document.querySelectorAll("img")].map(({ src }) => {
    const [, type, data] = /^data:image\/(png|webp);base64,(.*)$/.exec(src)!;
    const image = Buffer.from(data!, "base64");
    if (type === "webp") {
      // The extended format: sizes less 1, of 24 bits each (RFC 9649).
      expect(image.subarray(8, 16).toString()).toBe("WEBPVP8X");
      return [image.readUIntLE(24, 3) + 1, image.readUIntLE(27, 3) + 1] as const;
    }
    expect(image.subarray(1, 4).toString()).toBe("PNG");
    return [image.readUInt32BE(16), image.readUInt32BE(20)] as const;
  });
  const tables = [...document.querySelectorAll("table")].map(({ rows }) =>
    [...rows].map(({ cells }) => [...cells].map(({ textContent }) => textContent)),
  );
  return { bundle, pictures, tables, players, text: bundle["text/plain"]! };
}

const control = { threads: 1, workers: 0 };
let folder: string;
let data: Dataset;
let base: PretrainingRun;
let tuned: FineTuningRun;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "dmpo-display-"));
  data = (await Dataset.bundled("hopper-medium-mini")).limitEpisodes(3);
  const test = { episodes: 2, environments: 2 };
  const description = MeanFlow.improved().withNetwork({ mlpDims: [16, 16, 16] });
  base = await description.pretrain(data, { epochs: 2, testInMujoco: true, test, folder, ...control });
  const short = { iterations: 2, steps: 40, batchSize: 40, environments: 2, evaluationEpisodes: 2, folder: null };
  tuned = await PPO.finetune(base, { ...short, ...control });
});
afterAll(() => rm(folder, { recursive: true }));

test("a data set shows counts, lengths, returns and the range of every dimension", async () => {
  const { pictures, tables, text } = await shown(data);
  const { returns, observationRanges } = data.summary();
  expect(text).toContain(`${data.steps.toLocaleString("en-US")} steps in 3 episodes`);
  expect(tables[0]!.slice(1).map(([name]) => name)).toEqual(["length", "return"]);
  expect(tables[0]![1]!.slice(3)).toEqual(["275.0", "620"]);
  expect(tables[0]![2]![1]).toBe(Math.round(returns!.mean).toLocaleString("en-US"));
  expect(tables[1]).toHaveLength(1 + observationRanges.length + 3);
  expect(pictures).toEqual([
    [780, 495],
    [780, 495],
  ]);
});

test("a data set without rewards shows no returns", async () => {
  const steps = [[0], [1], [2], [3]];
  const plain = Dataset.from({ observations: steps, actions: steps, episodeLengths: [2, 2] });
  const { pictures, tables } = await shown(plain);
  expect(tables[0]!.map(([name]) => name)).toEqual(["", "length"]);
  expect(pictures).toHaveLength(1);
});

test("a policy shows its objective and every parameter of its network", async () => {
  const { tables, text, pictures } = await shown(base.policy);
  expect(text).toContain("sees 1 x 11 numbers, answers with 4 actions of 3 numbers");
  expect(tables[0]).toContainEqual(["tangent", "predicted"]);
  expect(tables[0]).toContainEqual(["times.type", "logitNormal"]);
  const counts = tables[1]!.slice(1).map(([, , count]) => Number(count!.replace(",", "")));
  expect(counts.reduce((sum, count) => sum + count)).toBe(base.policy.weights.length);
  expect(pictures).toEqual([]);
  for (const policy of [base.rawPolicy, tuned.policy, tuned.last]) expect((await shown(policy)).tables).toHaveLength(2);
});

test("a description shows what was chosen", async () => {
  const description = MeanFlow.standard()
    .withDispersive({ weight: 0.3 })
    .withNetwork({ mlpDims: [8, 8, 8] });
  const { tables } = await shown(description);
  expect(tables[0]).toContainEqual(["dispersive.weight", "0.3"]);
  expect(tables[1]).toEqual([
    ["option", "value"],
    ["mlpDims", "[8,8,8]"],
  ]);
});

test("runs show curves, timing and where their files are", async () => {
  const pretraining = await shown(base);
  expect(pretraining.tables[0]).toContainEqual(["epochs", "2"]);
  expect(pretraining.tables[0]).toContainEqual(["checkpoints", join(folder, "checkpoint")]);
  expect(pretraining.text).toMatch(/seconds per epoch +[\d.]+/);
  expect(pretraining.pictures).toHaveLength(2);
  const finetuning = await shown(tuned);
  expect(finetuning.tables[0]).toContainEqual(["files", "none were written"]);
  expect(finetuning.tables[0]).toContainEqual(["iterations", "2"]);
  expect(finetuning.pictures).toHaveLength(1);
});

test("a run that was stopped before anything was measured shows that", async () => {
  const signal = AbortSignal.abort();
  const run = await MeanFlow.improved().pretrain(data, { signal, folder: null, ...control });
  const { text, pictures } = await shown(run);
  expect(text).toMatch(/^Pre-training, stopped\nepochs +0\n/);
  expect(pictures).toEqual([]);
});

test("a report shows a row per setting and all six charts, and is a table of arquero", async () => {
  const report = await evaluate(base, { denoisingSteps: [1, 2], episodes: 2, environments: 2, ...control });
  const { tables, pictures } = await shown(report);
  expect(tables[0]!.slice(1).map(([steps]) => steps)).toEqual(["1", "2"]);
  expect(pictures).toEqual([[1620, 1050]]);
  const table = report.toTable();
  expect(table.numRows()).toBe(2);
  expect(table.objects()).toEqual(report.rows());
  expect((await shown(table)).tables[0]![0]).toEqual(Object.keys(report.rows()[0]!));
  expect((await shown(table.select("success_rate"))).tables[0]![0]).toEqual(["success_rate"]);
  expect(base.toTable().array("epoch")).toEqual([1, 2]);
  expect(tuned.toTable().array("itr")).toEqual([0, 1]);
});

test("an environment shows its robot, and stays as it was", async () => {
  const environment = await makeEnvironment("hopper-v2", { seed: 3 });
  environment.reset();
  const before = environment.state();
  const { pictures, players, tables } = await shown(environment);
  expect(environment.state()).toEqual(before);
  environment.close();
  expect(tables[0]).toContainEqual(["numbers per observation", "11"]);
  expect([players, pictures]).toEqual([1, [[640, 360]]]);
  const vector = await VectorEnv.create({
    env: "hopper-v2",
    count: 2,
    seed: 0,
    actionSteps: 4,
    condSteps: 1,
    workers: 0,
  });
  expect((await shown(vector)).text).toContain("2 environments hopper-v2");
  await vector.close();
});

test("an environment that was not begun plays random actions; what cannot be seen shows its observations", async () => {
  const seen = await randomRollout(hopper);
  const [player] = "players" in seen ? seen.players : expect.unreachable();
  const steps = Number(/, (\d+) random actions, \1 steps, return [\d.-]+$/.exec(String(player))![1]);
  const create: typeof hopper.create = async (options) => ({ ...(await hopper.create(options)), physics: undefined });
  const unseen = await randomRollout({ ...hopper, create, pose: undefined });
  const { data: lines, layout } = "figures" in unseen ? unseen.figures[0]! : expect.unreachable();
  expect(lines).toHaveLength(11);
  expect(lines[0]!.x!.slice(0, 3)).toEqual([0, 0.008, 0.016]);
  expect(layout.title!.text).toContain(`${steps} random actions`);
  expect(layout.xaxis!.title!.text).toBe("time (s)");
});

test("what is shown together stays far below the five megabytes of a notebook", async () => {
  const all = [data, base, base.policy, tuned];
  const sizes = await Promise.all(all.map(async (value) => JSON.stringify((await shown(value)).bundle).length));
  expect(sizes.reduce((sum, size) => sum + size)).toBeLessThan(400_000);
});

test("a rollout shows the player with a picture beside it; of what cannot be seen, its sum of rewards", async () => {
  const seen = await rollout(base, { maxSteps: 20 });
  const bundle = await (seen as unknown as Displayed)[Symbol.for("Jupyter.display")]!();
  expect(Object.keys(bundle)).toEqual(["text/html", "image/png", "text/plain"]);
  expect(bundle["text/plain"]).toMatch(/^Rollout: meanflow in hopper-v2, 20 steps, return \d/);
  const create: typeof hopper.create = async (options) => ({ ...(await hopper.create(options)), physics: undefined });
  const env = defineEnvironment({ ...hopper, name: "unseen", aliases: [], create, pose: undefined });
  const unseen = await shown(await rollout(base, { env, maxSteps: 20 }));
  expect([unseen.players, unseen.pictures.length]).toEqual([0, 1]);
});
