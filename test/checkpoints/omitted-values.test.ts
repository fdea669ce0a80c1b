// What torch.save and pickle.dump put beside the weights is read or left out: one unknown value leaves the rest readable.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readCheckpointFile, writeCheckpointFile } from "../../sdk/src/checkpoints/checkpoint-file.js";
import { elementsOf, type RawTensor } from "../../sdk/src/checkpoints/element-types.js";
import { numpyGlobals, NumpyArray } from "../../sdk/src/checkpoints/numpy-pickle.js";
import { OmittedValue } from "../../sdk/src/checkpoints/omitted-value.js";
import { readPickle } from "../../sdk/src/checkpoints/pickle.js";
import { plainGlobals } from "../../sdk/src/checkpoints/plain-pickle.js";
import { encodeTorch } from "../../sdk/src/checkpoints/torch-writer.js";
import { temporaryFolder } from "../data/temporary-folder.js";
import { rezip } from "./rezip.js";

const folder = temporaryFolder();
const latin = (text: string) => Buffer.from(text, "latin1");
const read = (text: string) =>
  readPickle(latin(text), { source: "p", globals: { ...plainGlobals, ...numpyGlobals } }).value;
const omitted = (name: string) => new OmittedValue(name);

test.each<[string, string, unknown]>([
  ["Counter", "ccollections\nCounter\n}(K\x0aK\x01u\x85R", new Map([[10, 1]])],
  ["defaultdict", "ccollections\ndefaultdict\ncbuiltins\nlist\n\x85R(K\x01K\x02u", new Map([[1, 2]])],
  ["deque", "ccollections\ndeque\n)K\x05\x86R(K\x01K\x02e", [1, 2]],
  ["OrderedDict with a slot state", "ccollections\nOrderedDict\n)RN}\x86b", new Map()],
  ["bytearray", "cbuiltins\nbytearray\nC\x02ab\x85R", new Uint8Array(latin("ab"))],
  ["an object", "c__main__\nConfig\n)\x81}U\x01aK\x01sb", omitted("__main__.Config")],
  ["an object of protocol 0", "(i__main__\nConfig\n}U\x01aK\x01sb", omitted("__main__.Config")],
  ["a list of a class of its own", "cx\nTrack\n)\x81(K\x01K\x02eNa", omitted("x.Track")],
  ["a dict of a class of its own", "cx\nDict\n)\x81(K\x01K\x02uK\x01Ns", omitted("x.Dict")],
  ["a new-style object with keywords", "cx\nY\n)}\x92", omitted("x.Y")],
  ["a date", "cdatetime\ndate\nC\x04\x07\xea\x01\x01\x85R", omitted("datetime.date")],
  ["complex", "cbuiltins\ncomplex\nK\x01K\x02\x86R", omitted("builtins.complex")],
  ["a text of NumPy", "cnumpy._core.multiarray\nscalar\ncnumpy\ndtype\nU\x02U1\x85RC\x04a\0\0\0\x86R", omitted("NumPy value of U1")], // prettier-ignore
  ["a half of NumPy", "cnumpy._core.multiarray\nscalar\ncnumpy\ndtype\nU\x02f2\x85RC\x02\0\x3e\x86R", 1.5],
])("%s beside data", (_, value, expected) => {
  expect(read(`(${value}U\x05afterl.`)).toEqual([expected, "after"]);
});

test.each([
  "os.system",
  "posix.system",
  "builtins.eval",
  "functools.partial",
  "x.run",
  "node:fs.Y",
  "subprocess.Popen",
])("%s is refused wherever it stands", (name) => {
  const dot = name.lastIndexOf(".");
  expect(() => read(`(c${name.slice(0, dot)}\n${name.slice(dot + 1)}\nN\x85RK\x01l.`)).toThrow(`refers to "${name}"`);
});

const tensor = (dtype: RawTensor["dtype"], shape: number[], bytes: Uint8Array): RawTensor => ({ dtype, shape, bytes });
const bytesOf = (array: Uint16Array | Uint32Array | BigUint64Array) => new Uint8Array(array.buffer);

test("every element type survives the way to safetensors and back, and has its values", async () => {
  const sample = {
    u16: tensor("U16", [2], bytesOf(Uint16Array.of(1, 65535))),
    u32: tensor("U32", [2], bytesOf(Uint32Array.of(1, 2 ** 31 - 1))),
    u64: tensor("U64", [1], bytesOf(BigUint64Array.of(7n))),
    e4m3: tensor("F8_E4M3", [5], Uint8Array.of(0x38, 0xb8, 0x7e, 0x01, 0x00)),
    e5m2: tensor("F8_E5M2", [4], Uint8Array.of(0x3c, 0x7b, 0x7c, 0x01)),
  };
  const path = (name: string) => join(folder, name);
  writeFileSync(path("types.pt"), encodeTorch(sample));
  await writeCheckpointFile(path("types.safetensors"), await readCheckpointFile(path("types.pt")));
  for (const name of ["types.pt", "types.safetensors"]) {
    const { tensors } = (await readCheckpointFile(path(name))).contents;
    const values = Object.fromEntries(Object.entries(tensors).map(([key, one]) => [key, [...elementsOf(one, key)]]));
    expect(values).toEqual({
      u16: [1, 65535],
      u32: [1, 2 ** 31 - 1],
      u64: [7],
      e4m3: [1, -1, 448, 2 ** -9, 0],
      e5m2: [1, 57344, Infinity, 2 ** -16],
    });
  }
  const wide = tensor("U32", [1], bytesOf(Uint32Array.of(2 ** 31)));
  expect(() => elementsOf(wide, "t")).toThrow("t: contains 2147483648");
});

const storage = (type: string, count: number) =>
  `(X\x07\0\0\0storagectorch\n${type}\nX\x01\0\0\x000X\x03\0\0\0cpuK${String.fromCharCode(count)}tQ`;
const plain = `ctorch._utils\n_rebuild_tensor_v2\n(${storage("FloatStorage", 2)}K\0K\x02\x85K\x01\x85\x89NtR`;

/** A file of torch.save whose object is this pickle; storage 0 has 8 bytes: 1 and 2 as float32. */
function torchFile(name: string, pickle: string): string {
  const bytes = new Uint8Array(Float32Array.of(1, 2).buffer);
  const file = rezip(encodeTorch({ w: tensor("F32", [2], bytes) }), { "data.pkl": () => latin(`\x80\x02${pickle}.`) });
  const path = join(folder, `${name}.pt`);
  writeFileSync(path, file);
  return path;
}

test.each([
  [
    "sparse",
    "ctorch._utils\n_rebuild_sparse_tensor\nctorch.serialization\n_get_layout\nU\x10torch.sparse_coo\x85RN\x86R",
  ],
  ["quantised", `ctorch._utils\n_rebuild_qtensor\n(${storage("QInt8Storage", 8)}K\0)))\x89NtR`],
  ["complex128", `ctorch._utils\n_rebuild_tensor_v3\n(${storage("FloatStorage", 2)}K\0)))\x89Nctorch\ncomplex128\ntR`],
  ["a generator", "ctorch\nGenerator\n)R"],
  ["the state of NumPy's random numbers", "cnumpy.random._pickle\n__randomstate_ctor\n)R}b"],
])("%s beside the weights", async (name, value) => {
  const { contents } = await readCheckpointFile(
    torchFile(name.replaceAll(/\W/g, ""), `}(U\x01w${plain}U\x01x${value}u`),
  );
  expect([...elementsOf(contents.tensors.w!, "w")]).toEqual([1, 2]);
  expect(Object.keys(contents.tensors)).toEqual(["w"]);
});

test("a bare tensor is a checkpoint with one tensor; attributes and parameters' states do not matter", async () => {
  const wrapped = `ctorch._tensor\n_rebuild_from_type_v2\n(ctorch._utils\n_rebuild_tensor_v2\nctorch\nTensor\n(${storage("FloatStorage", 2)}K\0K\x02\x85K\x01\x85\x89Nt}U\x01ax`;
  for (const [name, pickle] of Object.entries({
    bare: plain,
    parameter: `ctorch._utils\n_rebuild_parameter_with_state\n(${plain}\x88N}tR`,
    attributes: `${wrapped.slice(0, -4)}tR`,
  })) {
    const { contents } = await readCheckpointFile(torchFile(name, pickle));
    expect(Object.entries(contents.tensors).map(([key, one]) => [key, [...elementsOf(one, key)]])).toEqual([
      ["value", [1, 2]],
    ]);
  }
});

test("a whole pickled model is called that", async () => {
  const path = torchFile("model", `c__main__\nPolicy\n)\x81}U\x07weights${plain}sb`);
  await expect(readCheckpointFile(path)).rejects.toThrow(/one object of the class __main__.Policy[^]*state_dict\(\)/);
});

test("a plain pickle of arrays is a checkpoint", async () => {
  const path = join(folder, "plain.pt");
  const array =
    "cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\0\x85U\x01b\x87R(K\x01K\x02\x85cnumpy\ndtype\nU\x02f4\x85R\x89C\x08\0\0\x80\x3f\0\0\0\x40tb";
  writeFileSync(path, latin(`\x80\x03}U\x01w${array}s.`));
  const { contents, object } = await readCheckpointFile(path);
  expect((object as Map<string, unknown>).get("w")).toBeInstanceOf(NumpyArray);
  expect([...elementsOf(contents.tensors.w!, "w")]).toEqual([1, 2]);
});

test("a Git LFS pointer and a web page are called that", async () => {
  const path = join(folder, "model.safetensors");
  writeFileSync(path, "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 24\n");
  await expect(readCheckpointFile(path)).rejects.toThrow(/is a Git LFS pointer[^]*git lfs pull/);
  writeFileSync(path, "<!doctype html>\n<title>Sign in</title>");
  await expect(readCheckpointFile(path)).rejects.toThrow("is a web page");
});
