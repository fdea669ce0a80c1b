// Names that every object inherits, as names from outside: keys of YAML, overrides, JSON, pickles, tensors, arrays, data sets.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { File, ready } from "h5wasm/node";
import { afterEach, describe, expect, test } from "vitest";
import { loadCheckpoint, saveCheckpoint } from "../sdk/src/checkpoints/checkpoint.js";
import { readCheckpointFile } from "../sdk/src/checkpoints/checkpoint-file.js";
import { summarizeCheckpoint } from "../sdk/src/checkpoints/summary.js";
import { encodeRawSafetensors, decodeRawSafetensors } from "../sdk/src/checkpoints/safetensors.js";
import { encodeTorch } from "../sdk/src/checkpoints/torch-writer.js";
import { PickleWriter } from "../sdk/src/checkpoints/pickle-writer.js";
import { interpolate } from "../sdk/src/config/language/interpolation.js";
import { lookup, nest } from "../sdk/src/config/language/settings.js";
import { readYaml } from "../sdk/src/config/language/yaml-source.js";
import { ourPath, ourValue } from "../sdk/src/config/reference/reference.js";
import { resolveConfig } from "../sdk/src/config/run/experiment.js";
import { storeImages } from "../sdk/src/data/convert-images.js";
import { Dataset } from "../sdk/src/data/dataset.js";
import { inspectHdf5, inspectNpz } from "../sdk/src/data/inspect.js";
import { encodeNpz, readNpz } from "../sdk/src/data/npz.js";
import { InputError } from "../sdk/src/errors.js";
import { networkName, referenceWeights } from "../sdk/src/experiments/reference/weights.js";
import { dataTable } from "../sdk/src/figures/data-table.js";
import { readMetrics } from "../sdk/src/tracking/read-metrics.js";
import { temporaryFolder } from "./data/temporary-folder.js";
import { inputErrorOf } from "./config/input-error.js";

const names = ["__proto__", "constructor", "prototype", "toString", "hasOwnProperty", "valueOf"];
const folder = temporaryFolder();
await ready;

const inherited = JSON.stringify(describeInherited());
function describeInherited() {
  const own = (object: object) => Reflect.ownKeys(object).map(String);
  return [own(Object.prototype), own(Object), own(Function.prototype)];
}

afterEach(() => {
  expect(JSON.stringify(describeInherited())).toBe(inherited);
});

function write(name: string, contents: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, contents);
  return path;
}

/** The entries of an object, told apart from what it inherits. */
const entries = (object: object) => Object.entries(object).sort(([a], [b]) => (a < b ? -1 : 1));
const numbered = (value: (index: number) => unknown = (index) => index) =>
  names.map((name, index) => [name, value(index)] as const).sort(([a], [b]) => (a < b ? -1 : 1));

describe("configurations", () => {
  const cfg = ["cfg/gym/pretrain/hopper-medium-v2", "pre_meanflow_mlp"] as const;

  test.each(names)("%s in a file is a key like any other", (name) => {
    const file = write("any.yaml", `${name}: 1\ntrain:\n  ${name}: {x: 2, ${name}: 3}\ncopy: \${train.${name}.x}\n`);
    const { settings } = interpolate(readYaml(file).settings, { now: new Date(0), environment: {} });
    const table = nest(settings);
    expect(entries(table).map(([key]) => key)).toEqual([name, "copy", "train"].sort());
    expect(Object.hasOwn(table, name)).toBe(true);
    expect([lookup(settings, name), lookup(settings, `train.${name}.${name}`), lookup(settings, "copy")]).toEqual([1, 3, 2]); // prettier-ignore
    expect(lookup(settings, `train.${name}.toFixed`)).toBeUndefined();
  });

  test.each(names)("%s is unknown to the schema, wherever it stands", (name) => {
    for (const override of [`+${name}=1`, `train.${name}=1`, `model.network.${name}=1`]) {
      const { problems } = inputErrorOf(() => resolveConfig(...cfg, [override]));
      const path = override.replace(/^\+|=.*$/g, "");
      expect(problems.map(({ path, wrong }) => [path, wrong])).toEqual([
        [path, `unknown key (command line: ${override})`],
      ]);
    }
  });

  test("train.constructor.prototype.x=1 changes nothing but the answer", () => {
    for (const path of [
      "train.constructor.prototype.x",
      "train.__proto__.x",
      "__proto__.x",
      "constructor.prototype.x",
    ]) {
      const { problems } = inputErrorOf(() => resolveConfig(...cfg, [`+${path}=1`]));
      expect(problems).toHaveLength(1);
      expect(problems[0]!.wrong).toBe(`unknown key (command line: +${path}=1)`);
      expect(path.startsWith(problems[0]!.path)).toBe(true);
    }
  });

  test.each(names)("%s as a value, a reference, a resolver and a variable", (name) => {
    const refused = (override: string) => inputErrorOf(() => resolveConfig(...cfg, [override])).message;
    expect(refused(`policy.type=${name}`)).toContain(`policy.type: "${name}"`);
    expect(refused(`model.network.type=${name}`)).toContain(`"${name}"`);
    expect(refused(`name=\${${name}}`)).toContain("which does not exist");
    expect(refused(`name=\${${name}:1}`)).toContain("is not a known resolver");
    expect(refused(`name=\${oc.env:${name}}`)).toContain("is not set");
    expect(refused(`n_epochs=\${eval:'${name}(1)'}`)).toContain("expected arithmetic");
    expect(refused(`~${name}`)).toContain(`${name}: not set`);
    expect([ourPath(name), ourPath(`train.${name}`), ourValue(name, name), ourValue("max_n_episodes", name)]).toEqual([
      ...[name, `train.${name}`, name, name],
    ]);
  });
});

describe("checkpoints", () => {
  const tensor = (value: number) => ({ data: Float32Array.of(value), shape: [1] });
  const raw = (value: number) => ({ dtype: "F32" as const, shape: [1], bytes: new Uint8Array(Float32Array.of(value).buffer) }); // prettier-ignore
  const tensors = () => Object.fromEntries(names.map((name, index) => [name, tensor(index)]));
  const rawTensors = () => Object.fromEntries(names.map((name, index) => [name, raw(index)]));

  test("names of tensors and keys of metadata come back", async () => {
    const path = join(folder, "names.safetensors");
    const metadata: unknown = JSON.parse(`{${names.map((name, index) => `"${name}": {"x": ${index}}`).join()}}`);
    await saveCheckpoint(path, { tensors: tensors(), metadata });
    const back = await loadCheckpoint(path);
    expect(entries(back.tensors).map(([name, { data }]) => [name, data[0]])).toEqual(numbered());
    expect(entries(back.metadata as object)).toEqual(numbered((x) => ({ x })));
  });

  test("without tensors nothing is found under such names", () => {
    const { tensors: none, metadata } = decodeRawSafetensors(
      encodeRawSafetensors({ tensors: {}, metadata: {} }),
      "file",
    );
    expect([Object.keys(none), Object.keys(metadata)]).toEqual([[], []]);
  });

  test("safetensors to .pt and back", async () => {
    const first = write("first.safetensors", encodeRawSafetensors({ tensors: rawTensors(), metadata: {} }));
    const { object } = await readCheckpointFile(first);
    const { contents } = await readCheckpointFile(write("second.pt", encodeTorch(object)));
    expect(Object.keys(contents.tensors).sort()).toEqual([...names].sort());
    const again = write("third.safetensors", encodeRawSafetensors(contents));
    const summary = summarizeCheckpoint(await readCheckpointFile(again));
    expect(summary.tensors.map(({ name }) => name).sort()).toEqual([...names].sort());
  });

  test("weights of the reference under such names", () => {
    const dict = new Map(names.map((name, index) => [name, raw(index)]));
    const found = referenceWeights(new Map([["model", dict]]), false, "file");
    expect(Object.keys(found.tensors).sort()).toEqual(names.map(networkName).sort());
  });

  test.each(names)("a pickle that names %s is refused or left out", (name) => {
    const pickle = new PickleWriter().global("builtins", name).opcode("(tR").finish();
    return expect(readMetrics(write("named.pkl", pickle))).rejects.toThrow(InputError);
  });
});

describe("metrics", () => {
  const rows = names.map((name, index) => `{"${name}": ${index}, "loss": ${index}}`).join("\n");

  test("of JSON lines, and as a table", async () => {
    const records = await readMetrics(write("metrics.jsonl", rows));
    records.forEach((record, index) => {
      expect(entries(record)).toEqual([[names[index]!, index], ["loss", index]].sort()); // prettier-ignore
      expect(Object.getPrototypeOf(record)).toBe(Object.prototype);
    });
    // The table library has no column __proto__.
    const [, ...columns] = names;
    const table = dataTable(records.slice(1));
    for (const [index, name] of columns.entries()) {
      const column = columns.map((_, row) => (row === index ? index + 1 : undefined));
      expect([...(table.array(name) as Iterable<unknown>)]).toEqual(column);
    }
  });

  test("of a pickled list of dicts", async () => {
    const dicts = names.map((name, index) => new Map([[name, index]]));
    const records = await readMetrics(write("result.pkl", new PickleWriter().value(dicts).finish()));
    expect(records.map((record) => Object.entries(record))).toEqual(names.map((name, index) => [[name, index]]));
  });

  test("a text that begins as the reader's own marks do is no number", async () => {
    const [record] = await readMetrics(write("mark.jsonl", String.raw`{"a": "\u0000number toString", "b": 1}`));
    expect(record).toEqual({ b: 1 });
  });
});

describe("data", () => {
  test("arrays of .npz, also converted", async () => {
    const array = (value: number) => ({ type: "f4" as const, shape: [1], data: Float32Array.of(value) });
    const path = write("a.npz", encodeNpz(Object.fromEntries(names.map((name, index) => [name, array(index)]))));
    const copy = join(folder, "b.npz");
    await storeImages(path, copy);
    for (const each of [path, copy]) {
      const file = await readNpz(each);
      expect([...file.keys].sort()).toEqual([...names].sort());
      expect(names.map((name) => file.get(name).data[0])).toEqual(names.map((_, index) => index));
      expect(await inspectNpz(each)).not.toHaveLength(0);
    }
    await expect(Dataset.npz(path)).rejects.toThrow(InputError);
    expect(() => encodeNpz({})).not.toThrow();
    await expect(readNpz(write("none.npz", encodeNpz({ a: array(1) }))).then((file) => file.get("toString"))).rejects.toThrow("toString: is missing"); // prettier-ignore
  });

  test("data sets of .hdf5", async () => {
    const path = join(folder, "names.hdf5");
    const file = new File(path, "w");
    for (const name of names) file.create_dataset({ name, data: Float32Array.of(1), shape: [1] });
    file.close();
    const lines = await inspectHdf5(path);
    expect(lines).toEqual(expect.arrayContaining(names.map((name) => expect.stringContaining(`${name}, shape (1)`))));
    await expect(Dataset.hdf5(path)).rejects.toThrow(InputError);
  });
});
