// Writes PyTorch files in the zip container, such that `torch.load(path, weights_only=True)` reads them.
import { zipSync, type Zippable } from "fflate";
import { elementTypes, isElementType, type RawTensor } from "./element-types.js";
import { PickleWriter } from "./pickle-writer.js";
import { storageNames, untypedName } from "./torch-pickle.js";

/** Storages begin at multiples of this, as torch.save aligns them. */
const ALIGNMENT = 64;
const LOCAL_HEADER = 30;

const isTensor = (value: object): value is RawTensor =>
  "dtype" in value && isElementType(value.dtype) && "shape" in value && "bytes" in value;

/**
 * The bytes of a file that holds `value`: dicts (Map or object), lists, text, numbers, bytes and tensors. Integral numbers
 * become int, others float. Tensors with the same `bytes` share a storage.
 *
 * @throws InputError for anything else.
 */
export function encodeTorch(value: unknown): Uint8Array {
  const storages = new Map<Uint8Array, string>();
  const pickle = new PickleWriter((object, write) => {
    if (!isTensor(object)) return false;
    const { dtype, shape, bytes } = object;
    const key = storages.get(bytes) ?? String(storages.size);
    storages.set(bytes, key);
    const typeName = untypedName(dtype);
    const count = typeName === undefined ? bytes.length / elementTypes[dtype].bytes : bytes.length;
    const global = (full: string) => () =>
      void write.global(full.slice(0, full.lastIndexOf(".")), full.slice(full.lastIndexOf(".") + 1));
    const text = (content: string) => () => void write.value(content);
    const counts = (list: readonly number[]) => () => void write.tuple(...list.map((n) => () => void write.value(n)));
    const id = () =>
      void write
        .tuple(text("storage"), global(storageNames[dtype]), text(key), text("cpu"), () => void write.value(count))
        .opcode("Q");
    write.global("torch._utils", typeName === undefined ? "_rebuild_tensor_v2" : "_rebuild_tensor_v3").tuple(
      id,
      () => void write.value(0),
      counts(shape),
      counts(stridesOf(shape)),
      () => void write.value(false),
      () => void write.global("collections", "OrderedDict").opcode(")R"),
      ...(typeName === undefined ? [] : [global(typeName)]),
    );
    write.opcode("R");
    return true;
  })
    .value(value)
    .finish();

  const entries: [string, Uint8Array][] = [
    ["data.pkl", pickle],
    ["byteorder", Buffer.from("little")],
    ...[...storages].map(([bytes, key]): [string, Uint8Array] => [`data/${key}`, bytes]),
    ["version", Buffer.from("3\n")],
  ];
  let at = 0;
  const padded = entries.map(([name, bytes]) => {
    const path = `archive/${name}`;
    // An extra field ("FB", as torch pads) in the entry's header moves its contents to a multiple of the alignment.
    const begin = at + LOCAL_HEADER + path.length + 4;
    const padding = (ALIGNMENT - (begin % ALIGNMENT)) % ALIGNMENT;
    at = begin + padding + bytes.length;
    const entry: Zippable[string] = [bytes, { level: 0, extra: { 0x4246: new Uint8Array(padding) } }];
    return [path, entry] as const;
  });
  return zipSync(Object.fromEntries(padded), { mtime: new Date(1980, 0, 1) });
}

function stridesOf(shape: readonly number[]): number[] {
  return shape.map((_, axis) => shape.slice(axis + 1).reduce((product, extent) => product * Math.max(extent, 1), 1));
}
