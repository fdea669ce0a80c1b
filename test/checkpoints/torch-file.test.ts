// PyTorch files: real ones with known contents, ones written here and read by PyTorch, and damaged ones.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { elementsOf, type RawTensor } from "../../sdk/src/checkpoints/element-types.js";
import { decodeRawSafetensors, encodeRawSafetensors } from "../../sdk/src/checkpoints/safetensors.js";
import { readTorch } from "../../sdk/src/checkpoints/torch-file.js";
import { contentsToTorch, torchToContents } from "../../sdk/src/checkpoints/torch-layout.js";
import { TorchTensor } from "../../sdk/src/checkpoints/torch-tensor.js";
import { encodeTorch } from "../../sdk/src/checkpoints/torch-writer.js";
import { openZip } from "../../sdk/src/zip-archive.js";
import { temporaryFolder } from "../data/temporary-folder.js";
import { hasShared } from "../shared.js";
import { pythonWith } from "./python.js";
import { described, referenceFile } from "./reference-files.js";
import { rezip } from "./rezip.js";

type Dict = Map<string, unknown>;
const values = (tensor: unknown) => Array.from(elementsOf(tensor as RawTensor, "t"));
const float32 = (...data: number[]): RawTensor => {
  const { buffer } = Float32Array.from(data);
  return { dtype: "F32", shape: [data.length], bytes: new Uint8Array(buffer) };
};

describe.skipIf(!hasShared)("files written by torch.save", () => {
  const read = (name: string) => readTorch(readFileSync(referenceFile(name)), name) as Dict;

  test.each(["odd_tensors.pt", "odd_tensors_legacy.pt"])("%s: views, strides and ten element types", (name) => {
    const found = read(name);
    const types: Record<string, string> = { float: "F", bfloat: "BF", int: "I", uint: "U", bool: "BOOL" };
    type Expected = { dtype: string; shape: number[]; data: number[] };
    for (const [key, { dtype, shape, data }] of Object.entries<Expected>(
      described("odd_tensors.pt").tensors_expected,
    )) {
      const tensor = found.get(key) as TorchTensor;
      expect(tensor.dtype, key).toBe(dtype.replace(/^[a-z]+/, (kind) => types[kind]!));
      expect(tensor.shape, key).toEqual(shape);
      values(tensor).forEach((value, i) => expect(value, key).toBeCloseTo(data[i]!, 6));
    }
    const nested = found.get("nested") as Dict;
    expect(nested.get("bigint")).toBe(1180591620717411303424n);
    expect(nested.get("negbig")).toBe(-36893488147419103232n);
  });

  test.each(["legacy_format.pt", "pickle_protocol4.pt"])("%s equals the usual format", (name) => {
    const plain = (value: unknown): unknown =>
      value instanceof TorchTensor
        ? values(value)
        : value instanceof Map
          ? [...value].map(([k, v]) => [k, plain(v)])
          : value;
    expect(plain(read(`pretrain_small/${name}`))).toEqual(plain(read("pretrain_small/state_6.pt")));
  });

  test("half precision and bfloat16", () => {
    const file = read("pretrain_small/half_and_bfloat16.pt");
    const expected = Object.entries<number[]>(described("pretrain_small/half_and_bfloat16.pt").first_values);
    for (const [path, numbers] of expected) {
      const [set, key] = [path.slice(0, path.indexOf(".")), path.slice(path.indexOf(".") + 1)];
      const first = values((file.get(set) as Dict).get(key)).slice(0, 4);
      first.forEach((value, i) => expect(value).toBeCloseTo(numbers[i]!, 8));
    }
  });

  test("tied tensors share their storage", () => {
    const file = read("finetune_hopper/state_0.pt");
    const key = "mlp_mean.layers.0.weight";
    const policy = (file.get("policy") as Dict).get(`network.${key}`) as TorchTensor;
    const model = (file.get("model") as Dict).get(`actor_ft.policy.${key}`) as TorchTensor;
    expect(policy.bytes.buffer).toBe(model.bytes.buffer);
    expect(policy.bytes.byteOffset).toBe(model.bytes.byteOffset);
  });

  test.each(["pretrain_small/state_6.pt", "finetune_small/state_100.pt", "odd_tensors.pt"])(
    "%s survives the way to safetensors and back",
    (name) => {
      const contents = torchToContents(read(name), name);
      const stored = decodeRawSafetensors(encodeRawSafetensors(contents), "s");
      const again = torchToContents(readTorch(encodeTorch(contentsToTorch(stored, "s")), "again"), "again");
      const bytesOf = ({ tensors }: typeof contents) =>
        Object.entries(tensors).map(([path, { dtype, shape, bytes }]) => [
          path,
          dtype,
          shape,
          Buffer.from(bytes).toString("hex"),
        ]);
      expect(bytesOf(again)).toEqual(bytesOf(contents));
      // What is no data (sets, element types) becomes None.
      const structure = contents.metadata["torch"]!.replace(/\{"omitted":"\w+"\}/g, "null");
      expect(again.metadata["torch"]).toBe(structure);
    },
  );
});

const sample = {
  model: new Map([["w", { ...float32(1, 2, 3, 4, 5, 6), shape: [2, 3] }]]),
  types: [
    { dtype: "I64", shape: [1], bytes: new Uint8Array(BigInt64Array.of(-5n).buffer) },
    { dtype: "BF16", shape: [2], bytes: Uint8Array.of(0x80, 0x3f, 0x20, 0xc0) },
    { dtype: "BOOL", shape: [], bytes: Uint8Array.of(1) },
    { dtype: "F64", shape: [0, 4], bytes: new Uint8Array(0) },
  ] satisfies RawTensor[],
  epoch: 10,
  big: 2n ** 70n,
  negative: -(2 ** 40),
  rate: 1e-3,
  text: "ä中",
  flags: [true, false, null],
  raw: Uint8Array.of(0, 255),
  none: [],
};

test("what is written is read again, and starts at multiples of 64", () => {
  const file = encodeTorch(sample);
  const found = readTorch(file, "f") as Dict;
  expect(values((found.get("model") as Dict).get("w"))).toEqual([1, 2, 3, 4, 5, 6]);
  expect((found.get("types") as TorchTensor[]).map(({ dtype, shape }) => [dtype, shape])).toEqual([
    ["I64", [1]],
    ["BF16", [2]],
    ["BOOL", []],
    ["F64", [0, 4]],
  ]);
  const { model: _, types: __, ...plain } = sample;
  for (const [key, value] of Object.entries(plain)) expect(found.get(key), key).toEqual(value);
  const [storage] = [...openZip(file, "f")]
    .filter(([name]) => name === "archive/data/0")
    .map(([, extract]) => extract());
  expect((storage!.byteOffset - file.byteOffset) % 64).toBe(0);
});

const torch = pythonWith("torch");
const folder = temporaryFolder();
test.skipIf(!torch)("torch.load(weights_only=True) reads what is written, memory-mapped too", () => {
  const path = join(folder, "written.pt");
  writeFileSync(path, encodeTorch(sample));
  const program = `
import json, sys, torch
for mmap in (False, True):
    found = torch.load(sys.argv[1], weights_only=True, mmap=mmap)
types = [[str(t.dtype), list(t.shape), t.double().flatten().tolist()] for t in found["types"]]
rest = {key: found[key] for key in ("epoch", "rate", "text", "flags", "none")}
big = [str(found["big"]), str(found["negative"]), found["raw"].hex()]
print(json.dumps([found["model"]["w"].tolist(), types, rest, big]))`;
  expect(torch!(program, path)).toEqual([
    [[1, 2, 3], [4, 5, 6]], // prettier-ignore
    [
      ["torch.int64", [1], [-5]],
      ["torch.bfloat16", [2], [1, -2.5]],
      ["torch.bool", [], [1]],
      ["torch.float64", [0, 4], []],
    ],
    { epoch: 10, rate: 1e-3, text: "ä中", flags: [true, false, null], none: [] },
    [String(2n ** 70n), String(-(2 ** 40)), "00ff"],
  ]);
});

test("a big-endian file", () => {
  const file = rezip(encodeTorch({ w: float32(1, -2.5) }), {
    byteorder: () => Buffer.from("big"),
    "data/0": (bytes) => Buffer.from(bytes).swap32(),
  });
  expect(values((readTorch(file, "f") as Dict).get("w"))).toEqual([1, -2.5]);
});

test("safetensors without a PyTorch structure are grouped into state dicts", () => {
  const tensors = { "model.network.a": float32(1), "ema.network.a": float32(2), lone: float32(3) };
  const found = contentsToTorch({ tensors, metadata: { dmpo: "{}" } }, "s");
  expect(found).toEqual(
    new Map<string, unknown>([
      ["model", new Map([["network.a", tensors["model.network.a"]]])],
      ["ema", new Map([["network.a", tensors["ema.network.a"]]])],
      ["lone", tensors.lone],
      ["dmpo", "{}"],
    ]),
  );
  const back = torchToContents(readTorch(encodeTorch(found), "f"), "f");
  expect(Object.keys(back.tensors)).toEqual(Object.keys(tensors));
  expect(back.metadata).toEqual({ dmpo: "{}" });
});

const entries = { "archive/data.pkl": Buffer.from("N."), "archive/version": Buffer.from("3") };
test.each<[string, Uint8Array, string]>([
  ["another kind of file", Buffer.from("hello, world"), "is not a PyTorch file"],
  ["a plain pickle followed by more", Buffer.from("\x80\x02N.N.", "latin1"), "none of torch.save"],
  ["an empty archive", rezip(undefined, {}, {}), "has 0 entries data.pkl"],
  ["two objects", rezip(undefined, {}, { ...entries, "b/data.pkl": Buffer.from("N.") }), "has 2 entries data.pkl"],
  [
    "compressed entries",
    rezip(undefined, {}, { ...entries, "archive/data/0": Buffer.alloc(9999) }, 9),
    "is compressed",
  ],
  ["an unknown byte order", rezip(encodeTorch({}), { byteorder: () => Buffer.from("middle") }), 'is "middle"'],
  [
    "a missing storage",
    rezip(encodeTorch({ w: float32(1) }), { "data/0": () => undefined }),
    "archive/data/0: is missing",
  ],
  ["a short storage", rezip(encodeTorch({ w: float32(1) }), { "data/0": () => Buffer.alloc(3) }), "has 3 bytes"],
  ["nesting without end", encodeNested(101), "nests too deeply"],
])("refuses %s", (_, file, message) => {
  expect(() => torchToContents(readTorch(file, "f"), "f")).toThrow(message);
});

function encodeNested(depth: number): Uint8Array {
  const pickle = `${"]".repeat(depth + 1)}${"a".repeat(depth)}.`;
  return rezip(encodeTorch({}), { "data.pkl": () => Buffer.from(pickle) });
}
