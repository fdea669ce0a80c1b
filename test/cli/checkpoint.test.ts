// `dmpo checkpoint`: info, convert and export, on files of this program and of PyTorch.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { saveCheckpoint } from "../../sdk/src/checkpoints/checkpoint.js";
import { Random } from "../../sdk/src/engine/random.js";
import { PolicyModel } from "../../sdk/src/policies/policy-model.js";
import { policyRecord } from "../../sdk/src/policies/trained-policy.js";
import { referenceFile } from "../checkpoints/reference-files.js";
import { temporaryFolder } from "../data/temporary-folder.js";
import { hasShared } from "../shared.js";
import { dmpo } from "./dmpo.js";

const folder = temporaryFolder();
const own = join(folder, "own.safetensors");

beforeAll(async () => {
  const model = new PolicyModel({ network: { horizonSteps: 2, actionDim: 1, condDim: 2, mlpDims: [8] } });
  const weights = model.layout.initialise(new Random(1).stream("weights"));
  const [low, high] = [Float32Array.of(-1, -1), Float32Array.of(1, 1)];
  const normalization = {
    observationMin: low,
    observationMax: high,
    actionMin: low.slice(1),
    actionMax: high.slice(1),
  };
  await saveCheckpoint(
    own,
    policyRecord({ model, normalization, environment: "test" }, { ema: weights, model: weights }),
  );
});

test("info lists entries, and tensors where asked for", async () => {
  const { code, out } = await dmpo("checkpoint", "info", own, "--tensors");
  expect(code).toBe(0);
  expect(out).toMatch(/^.*own\.safetensors: safetensors, [\d,]+ bytes$/m);
  expect(out).toMatch(/^ {2}ema: \d+ tensors, [\d,]+ numbers$/m);
  expect(out).toMatch(/^ {2}ema\.network\.time_embedding\.1\.weight {2}F32 \[32, 16\]$/m);
  const json = JSON.parse((await dmpo("checkpoint", "info", own, "--json")).out) as { format: string };
  expect(json.format).toBe("safetensors");
});

test("convert goes both ways without loss and keeps existing files", async () => {
  const [pt, back] = [join(folder, "own.pt"), join(folder, "back.safetensors")];
  expect((await dmpo("checkpoint", "convert", own, pt)).code).toBe(0);
  expect((await dmpo("checkpoint", "convert", pt, back)).code).toBe(0);
  expect(readFileSync(back)).toEqual(readFileSync(own));
  const again = await dmpo("checkpoint", "convert", own, pt);
  expect(again).toMatchObject({ code: 1, error: expect.stringContaining("exists already") });
  expect((await dmpo("checkpoint", "convert", own, pt, "--force")).code).toBe(0);
  expect((await dmpo("checkpoint", "convert", own, join(folder, "x.bin"))).error).toContain(
    ".pt, .pth or .safetensors",
  );
});

test("export writes an ONNX file and says what goes in and out", async () => {
  const onnx = join(folder, "own.onnx");
  const { code, out } = await dmpo("checkpoint", "export", own, onnx, "--steps", "2");
  expect(code).toBe(0);
  expect(out).toContain("observation [batch, 1, 2], noise [batch, 2, 1] -> action [batch, 2, 1]; batch: any");
  expect(existsSync(onnx)).toBe(true);
  expect(await dmpo("checkpoint", "export", own, onnx, "--steps", "0")).toMatchObject({
    code: 2,
    error: expect.stringContaining("an integer from 1 on"),
  });
});

test("a damaged file is one clear line and exit code 1", async () => {
  const path = join(folder, "damaged.pt");
  writeFileSync(path, "PK and nothing else");
  expect(await dmpo("checkpoint", "info", path)).toMatchObject({
    code: 1,
    error: expect.stringContaining("the archive's directory is missing"),
  });
});

test.skipIf(!hasShared)("files of the reference", async () => {
  const path = referenceFile("finetune_small/state_100.pt");
  const { out } = await dmpo("checkpoint", "info", path);
  expect(out).toMatch(/^ {2}itr: 100$/m);
  expect(out).toMatch(/^ {2}policy: 20 tensors, [\d,]+ numbers$/m);
  const onnx = join(folder, "reference.onnx");
  const flags = ["--normalization", "none", "--action-dim", "3"];
  expect((await dmpo("checkpoint", "export", path, onnx, ...flags)).out).toContain("observation [batch, 1, 11]");
  expect((await dmpo("checkpoint", "export", path, join(folder, "no.onnx"))).error).toContain("weights only");
});
