// Every reader of foreign files, with valid files to damage. What comes of a damaged one is a result or an InputError, soon
// and within bounded memory.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { File, ready } from "h5wasm/node";
import { expect } from "vitest";
import { decodeSafetensors, encodeSafetensors } from "../../sdk/src/checkpoints/safetensors.js";
import { readTorch } from "../../sdk/src/checkpoints/torch-file.js";
import { torchToContents } from "../../sdk/src/checkpoints/torch-layout.js";
import { encodeTorch } from "../../sdk/src/checkpoints/torch-writer.js";
import { readYaml } from "../../sdk/src/config/language/yaml-source.js";
import { readD4rlHdf5 } from "../../sdk/src/data/d4rl-hdf5.js";
import { encodeNpy } from "../../sdk/src/data/npy.js";
import { encodeNpz, openNpz } from "../../sdk/src/data/npz.js";
import { InputError } from "../../sdk/src/errors.js";
import { rezip } from "../checkpoints/rezip.js";
import { mutate, seeded, type Random } from "./mutations.js";

interface Reader {
  /** A damaged file. */
  readonly damaged: (random: Random) => Uint8Array;
  readonly read: (bytes: Uint8Array) => unknown;
}

/** Readers by name; `folder` is for those that take a path. */
export async function readers(folder: string): Promise<Record<string, Reader>> {
  const onDisk = (name: string, read: (path: string) => unknown) => (bytes: Uint8Array) => {
    const path = join(folder, name);
    writeFileSync(path, bytes);
    return read(path);
  };
  /** Loads all that is in it, as conversion does. */
  const readPt = (bytes: Uint8Array) => {
    const { tensors } = torchToContents(readTorch(bytes, "fuzz.pt"), "fuzz.pt");
    for (const tensor of Object.values(tensors)) void tensor.bytes;
  };
  const readNpz = (bytes: Uint8Array) => {
    const file = openNpz(bytes, "fuzz.npz");
    for (const key of file.keys) file.get(key);
  };
  const [pt, npy] = [torchFile(), encodeNpy({ type: "f4", shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) })];
  const npz = encodeNpz({
    states: { type: "f4", shape: [40, 3], data: new Float32Array(120).map(Math.sin) },
    traj_lengths: { type: "i8", shape: [2], data: Float64Array.of(20, 20) },
  });
  const hdf5 = await hdf5File(folder);
  const safetensors = encodeSafetensors({
    tensors: {
      "ema.w": { data: Float32Array.of(1, 2, 3, 4), shape: [2, 2] },
      steps: { data: Int32Array.of(1, 2), shape: [2] },
    },
    metadata: { dmpo: JSON.stringify({ formatVersion: 1, metadata: { kind: "pretraining" } }) },
  });
  const damaging = (bytes: Uint8Array) => (random: Random) => mutate(bytes, random);
  const readLegacy = (bytes: Uint8Array) => readPt(bytes);
  return {
    ".pt": { damaged: damaging(pt), read: readPt },
    // Checksums catch most damage to an archive: these reach what is inside.
    ".pt, the pickle": {
      damaged: (random) => rezip(pt, { "data.pkl": (bytes) => mutate(bytes, random) }),
      read: readPt,
    },
    ".pt, legacy": { damaged: damaging(legacyFile()), read: readLegacy },
    ".npz": { damaged: damaging(npz), read: readNpz },
    ".npz, an array": { damaged: (random) => rezip(undefined, {}, { "a.npy": mutate(npy, random) }), read: readNpz },
    ".hdf5": { damaged: damaging(hdf5), read: onDisk("fuzz.hdf5", readD4rlHdf5) },
    ".safetensors": { damaged: damaging(safetensors), read: (bytes) => decodeSafetensors(bytes, "fuzz.safetensors") },
    ".yaml": { damaged: damaging(Buffer.from(yaml)), read: onDisk("fuzz.yaml", readYaml) },
  };
}

/** Damages and reads `count` times; the first thing thrown that is no InputError fails the test, naming its seed. */
export async function fuzz(
  { damaged, read }: Reader,
  count: number,
  seed = 0,
): Promise<Record<"read" | "refused", number>> {
  const outcomes = { read: 0, refused: 0 };
  const memory = process.resourceUsage().maxRSS;
  for (let i = 0; i < count; i++) {
    const bytes = damaged(seeded(seed + i));
    const started = performance.now();
    try {
      await read(bytes);
      outcomes.read++;
    } catch (error) {
      if (!(error instanceof InputError)) throw new Error(`seed ${seed + i}: ${String(error)}`, { cause: error });
      outcomes.refused++;
    }
    expect(performance.now() - started, `milliseconds for seed ${seed + i}`).toBeLessThan(5000);
  }
  // In kilobytes; the peak of the whole process.
  expect(process.resourceUsage().maxRSS - memory).toBeLessThan(2 ** 20);
  return outcomes;
}

function torchFile(): Uint8Array {
  const tensor = (...data: number[]) => {
    const bytes = new Uint8Array(Float32Array.from(data).buffer);
    return { dtype: "F32", shape: [data.length], bytes };
  };
  return encodeTorch({
    epoch: 3,
    model: new Map([["network.w", tensor(1, 2, 3, 4)], ["network.b", tensor(5)]]), // prettier-ignore
    lr_scheduler: {
      base_lrs: [1e-3],
      big: 2n ** 70n,
      text: "cosine",
      done: false,
      none: null,
      raw: Uint8Array.of(1, 200),
    },
  });
}

/** torch.save(..., _use_new_zipfile_serialization=False) of {"w": tensor}, put together by hand. */
function legacyFile(): Uint8Array {
  const storage = "(X\x07\0\0\0storagectorch\nFloatStorage\nX\x01\0\0\x000X\x03\0\0\0cpuK\x02NtQ";
  const tensor = `ctorch._utils\n_rebuild_tensor_v2\n(${storage}K\0K\x02\x85K\x01\x85\x89ccollections\nOrderedDict\n)RtR`;
  const count = "\x02\0\0\0\0\0\0\0";
  const parts = [
    "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.",
    "\x80\x02M\xe9\x03.",
    "\x80\x02}X\x0d\0\0\0little_endian\x88s.",
    `\x80\x02}X\x01\0\0\0w${tensor}s.`,
    "\x80\x02]X\x01\0\0\x000a.",
    `${count}\0\0\x80\x3f\0\0\0\x40`,
  ];
  return Buffer.from(parts.join(""), "latin1");
}

async function hdf5File(folder: string): Promise<Uint8Array> {
  await ready;
  const path = join(folder, "valid.hdf5");
  const file = new File(path, "w");
  const column = (length: number) => new Float32Array(length).map(Math.cos);
  file.create_dataset({ name: "observations", data: column(60), shape: [20, 3], chunks: [5, 3], compression: "gzip" });
  file.create_dataset({ name: "actions", data: column(40), shape: [20, 2] });
  file.create_dataset({ name: "rewards", data: column(20), shape: [20] });
  file.create_dataset({ name: "terminals", data: new Uint8Array(20).fill(1, 19), shape: [20] });
  file.close();
  return readFileSync(path);
}

const yaml = `defaults: [base/pretrain, _self_]
name: \${env_name}_pre
train: &train
  n_epochs: 40
  learning_rate: 1e-3
  list: [1, 2, {a: b}]
ema: { decay: 0.995, <<: *train }
text: "quoted \\u00e4"
block: |
  some
  lines
wandb: null
`;
