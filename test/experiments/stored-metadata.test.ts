// What files say of policies, runs and finished cells, damaged leaf by leaf: a result or one short problem, and soon.
import { readFileSync, writeFileSync } from "node:fs";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeAll, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { decodeRawSafetensors, encodeRawSafetensors, type RawContents } from "../../sdk/src/checkpoints/safetensors.js";
import { Dataset } from "../../sdk/src/data/dataset.js";
import { InputError } from "../../sdk/src/errors.js";
import { PPO } from "../../sdk/src/experiments/algorithms.js";
import { loadPolicy } from "../../sdk/src/experiments/load-policy.js";
import { MeanFlow } from "../../sdk/src/experiments/policies.js";
import { sensitivity } from "../../sdk/src/experiments/sensitivity/sensitivity.js";
import { temporaryFolder } from "../data/temporary-folder.js";
import { tiny } from "./tiny-fine-tuning.js";

const folder = temporaryFolder();
// Dozens of runs are continued that are over already, each with a notice.
beforeEach(() => void vi.spyOn(console, "warn").mockImplementation(() => {}));
afterEach(() => void vi.restoreAllMocks());
const control = { threads: 1, workers: 0, progress: false };
const described = MeanFlow.improved().withNetwork({ mlpDims: [8], timeDim: 4 });
const training = { epochs: 2, batchSize: 256, saveEvery: 1 };
const tuning = { ...tiny, iterations: 3, saveEvery: 1, env: "hopper-v2", seed: 2 };

const nested = JSON.parse("[".repeat(3000) + "]".repeat(3000)) as unknown;
const damages: Readonly<Record<string, unknown>> = {
  ...{ nothing: null, negative: -1, half: 0.5, large: 1e9, huge: 1e300, text: "x", yes: true, empty: [], mapping: {} },
  ...{ texts: ["a"], pair: [1e9, 1e9], many: Array.from({ length: 200_001 }, () => 8), nested, absent: undefined },
};

type Path = readonly (string | number)[];

/** Every place of a JSON value; of a list the first element stands for all. */
function places(node: unknown, path: Path = []): Path[] {
  if (typeof node !== "object" || node === null) return [path];
  const keys = Array.isArray(node) ? (node.length > 0 ? [0] : []) : Object.keys(node);
  return [path, ...keys.flatMap((key) => places((node as Record<string | number, unknown>)[key], [...path, key]))];
}

function replaced(node: unknown, [key, ...rest]: Path, value: unknown): unknown {
  if (key === undefined) return value;
  const inner = replaced((node as Record<string | number, unknown>)[key], rest, value);
  if (Array.isArray(node)) return (node as unknown[]).map((item, index) => (index === key ? inner : item));
  return { ...(node as object), [key]: inner };
}

/** What is not answered as it should be. */
async function complaints(source: string, names: readonly string[], work: (path: string) => Promise<unknown>) {
  const { tensors, metadata } = decodeRawSafetensors(readFileSync(source), source);
  const whole = JSON.parse(metadata.dmpo!) as object;
  const path = join(folder, "damaged.safetensors");
  const found: string[] = [];
  for (const place of places(whole)) {
    for (const name of names) {
      const damaged = JSON.stringify(replaced(whole, place, damages[name])) as string | undefined;
      writeFileSync(path, encodeRawSafetensors({ tensors, metadata: { dmpo: damaged ?? "null" } }));
      const started = performance.now();
      const answer = await work(path).then(
        () => "",
        (error: unknown) => {
          if (!(error instanceof InputError)) return String(error);
          return error.message.length < 2000 ? "" : `a message of ${error.message.length} characters`;
        },
      );
      const seconds = (performance.now() - started) / 1000;
      if (answer !== "" || seconds > 5) found.push(`${place.join(".")} ${name}: ${answer} ${seconds.toFixed(1)} s`);
    }
  }
  return found;
}

describe("checkpoints", () => {
  let data: Dataset;
  const pretrained = join(folder, "pretrain/checkpoint/last.safetensors");
  const tuned = join(folder, "finetune/checkpoint/last.safetensors");
  beforeAll(async () => {
    data = (await Dataset.bundled("hopper-medium-mini")).limitEpisodes(2);
    const base = await described.pretrain(data, { ...training, folder: join(folder, "pretrain"), ...control });
    await PPO.finetune(base, { ...tuning, folder: join(folder, "finetune"), ...control });
  });

  test("policies", async () => {
    expect(await complaints(pretrained, Object.keys(damages), loadPolicy)).toEqual([]);
  });

  test("runs of pre-training", async () => {
    // That nothing is left to do is said of each of them.
    const notices = vi.spyOn(console, "warn").mockReturnValue();
    onTestFinished(() => notices.mockRestore());
    const resume = (resumePath: string) =>
      described.pretrain(data, { ...training, resumePath, folder: null, ...control, signal: AbortSignal.abort() });
    expect(await complaints(pretrained, Object.keys(damages), resume)).toEqual([]);
  });

  test("runs of fine-tuning", async () => {
    const base = await loadPolicy(pretrained);
    const resume = (resumePath: string) =>
      PPO.finetune(base, { ...tuning, resumePath, folder: null, ...control, signal: AbortSignal.abort() });
    expect(await complaints(tuned, ["mapping"], resume)).toEqual([]);
    await expect(resume(tuned)).resolves.toBeDefined();
  });

  test("more layers or weights than the file holds are refused in one short line", async () => {
    const { tensors, metadata } = decodeRawSafetensors(readFileSync(pretrained), pretrained);
    const whole = JSON.parse(metadata.dmpo!) as { metadata: { model: { network: object } } };
    const path = join(folder, "large.safetensors");
    const refusal = async (network: object) => {
      const model = { ...whole.metadata.model, network: { ...whole.metadata.model.network, ...network } };
      const dmpo = JSON.stringify({ ...whole, metadata: { ...whole.metadata, model } });
      writeFileSync(path, encodeRawSafetensors({ tensors, metadata: { dmpo } } satisfies RawContents));
      return loadPolicy(path).then(String, (error: InputError) => error.problems.map(({ wrong }) => wrong));
    };
    const started = performance.now();
    expect(await refusal({ mlpDims: damages.many })).toEqual(["describes 200001 layers (mlpDims)"]);
    expect(performance.now() - started).toBeLessThan(2000);
    expect(await refusal({ condMlpDims: [1e9, 1e9] })).toEqual([expect.stringMatching(/^describes 1\d{18} weights$/)]);
    expect(await refusal({})).not.toBeInstanceOf(Array);
  });
});

describe("cells of a sensitivity analysis", () => {
  const study = (where: string) =>
    sensitivity({
      ...{ vary: { a: [1] }, seeds: [1], folder: where },
      run: () => ({ value: 1, loss: { x: [1, 2], y: [3, 4], over: "step" } }),
    });

  test.each(["cells", "definition"])("%s", async (kind) => {
    const where = join(folder, kind);
    await mkdir(where);
    await study(where);
    const [name] = await readdir(join(where, "cells"));
    const path = kind === "cells" ? join(where, "cells", name!) : join(where, "definition.json");
    const whole = JSON.parse(await readFile(path, "utf8")) as unknown;
    for (const place of places(whole)) {
      for (const name of ["nothing", "text", "mapping", "absent"]) {
        const damage = damages[name];
        await writeFile(path, JSON.stringify(replaced(whole, place, damage)) ?? "null");
        const answer = await study(where).then(
          (report) => report.toString() + JSON.stringify(report.summary()) + report.toTable().numRows(),
          (error: unknown) => error,
        );
        if (typeof answer !== "string") {
          expect(answer, `${place.join(".")}: ${name}`).toBeInstanceOf(InputError);
          expect((answer as InputError).message.length).toBeLessThan(2000);
        }
      }
    }
  });
});
