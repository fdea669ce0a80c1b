// A checkpoint file of either kind, safetensors or PyTorch: told apart by its contents, seen in either form.
import { readFile, stat } from "node:fs/promises";
import { fail } from "../errors.js";
import { writeFileAtomic } from "../files.js";
import { foreignFile } from "../foreign-file.js";
import { decodeRawSafetensors, encodeRawSafetensors, type RawContents } from "./safetensors.js";
import { looksLikeTorch, readTorch } from "./torch-file.js";
import { contentsToTorch, torchToContents } from "./torch-layout.js";
import { encodeTorch } from "./torch-writer.js";

export type CheckpointFormat = "safetensors" | "torch";

export interface CheckpointFile {
  readonly format: CheckpointFormat;
  readonly bytes: number;
  /** Named tensors and texts. */
  readonly contents: RawContents;
  /** As PyTorch would see it: dicts as Map, lists as Array. */
  readonly object: unknown;
}

/** @throws InputError if it does not exist, cannot be read, is larger than 2 GiB or is damaged in any way. */
export async function readCheckpointFile(path: string): Promise<CheckpointFile> {
  const bytes = await readBytes(path);
  if (looksLikeTorch(bytes)) {
    const object = readTorch(bytes, path);
    return { format: "torch", bytes: bytes.length, contents: torchToContents(object, path), object };
  }
  const foreign = foreignFile(bytes);
  if (foreign) fail("DMPO_CHECKPOINT", path, foreign.wrong, "a .safetensors or .pt file", foreign.remedy);
  const contents = decodeRawSafetensors(bytes, path);
  return { format: "safetensors", bytes: bytes.length, contents, object: contentsToTorch(contents, path) };
}

/** Which format a path's ending asks for. @throws InputError for another ending. */
export function formatOf(path: string): CheckpointFormat {
  if (/\.(pt|pth)$/i.test(path)) return "torch";
  if (/\.safetensors$/i.test(path)) return "safetensors";
  fail("DMPO_CHECKPOINT", path, "has an unknown ending", ".pt, .pth or .safetensors");
}

/** Writes a checkpoint in the format of the path's ending. @throws InputError if what it holds has no place there. */
export async function writeCheckpointFile(path: string, { contents, object }: CheckpointFile): Promise<void> {
  await writeFileAtomic(path, formatOf(path) === "torch" ? encodeTorch(object) : encodeRawSafetensors(contents));
}

async function readBytes(path: string): Promise<Uint8Array> {
  try {
    const { size } = await stat(path);
    if (size >= 2 ** 31) {
      fail("DMPO_CHECKPOINT", path, `is ${(size / 2 ** 30).toFixed(1)} GiB large`, "less than 2 GiB");
    }
    return await readFile(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") fail("DMPO_CHECKPOINT", path, "does not exist", "a checkpoint file", "check the path");
    if (code === "EISDIR") fail("DMPO_CHECKPOINT", path, "is a folder", "a checkpoint file", "name a file in it");
    if (code === "EACCES") fail("DMPO_CHECKPOINT", path, "cannot be read", "a file with read permission");
    throw error;
  }
}
