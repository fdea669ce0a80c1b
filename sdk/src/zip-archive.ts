// Reads zip archives warily: sizes are bounded before anything is inflated, entries may not overlap and checksums are verified
// (fflate does none of it). A leaf: data files and checkpoints come in such archives.
import { crc32 } from "node:zlib";
import { inflateSync } from "fflate";
import { fail } from "./errors.js";

// DEFLATE cannot shrink data further than this; an entry that claims more is a bomb or damaged.
const greatestRatio = 1032;

interface Entry {
  readonly name: string;
  readonly method: number;
  readonly checksum: number;
  readonly packedSize: number;
  readonly size: number;
  readonly offset: number;
}

export interface ZipOptions {
  /** Refuse compressed entries, so that nothing is larger than the file. Default false. */
  readonly storedOnly?: boolean;
}

/**
 * Opens an archive held in memory. Nothing is inflated until an entry's function is called; stored entries are views.
 * @param file how errors name the archive.
 * @returns entry name to a function that yields the entry's bytes.
 * @throws InputError `DMPO_DATA_FORMAT` if it is no zip archive, truncated, encrypted, ambiguous or an entry is damaged.
 */
export function openZip(
  archive: Uint8Array,
  file: string,
  { storedOnly = false }: ZipOptions = {},
): Map<string, () => Uint8Array> {
  const bytes = Buffer.from(archive.buffer, archive.byteOffset, archive.byteLength);
  const entries = guarded(file, () => readDirectory(bytes, file));
  checkEntries(entries, file, storedOnly);
  return new Map(entries.map((entry) => [entry.name, () => guarded(file, () => extract(bytes, entry, file))]));
}

function readDirectory(bytes: Buffer, file: string): Entry[] {
  const end = bytes.lastIndexOf("PK\x05\x06", undefined, "latin1");
  if (end < 0) {
    const isZip = bytes.subarray(0, 2).toString("latin1") === "PK";
    if (isZip) damaged(file, "the archive's directory is missing");
    fail("DMPO_DATA_FORMAT", file, "is not a zip archive", "an .npz file written by numpy.savez or this project");
  }
  const entries: Entry[] = [];
  let at = bytes.readUInt32LE(end + 16);
  for (let left = bytes.readUInt16LE(end + 10); left > 0; left--) {
    if (bytes.readUInt32LE(at) !== 0x02014b50) damaged(file, "the archive's directory is unreadable");
    const nameLength = bytes.readUInt16LE(at + 28);
    const name = bytes.toString("utf8", at + 46, at + 46 + nameLength);
    if (bytes.readUInt16LE(at + 8) & 1) fail("DMPO_DATA_FORMAT", `${file}: ${name}`, "is encrypted", "a plain entry");
    entries.push({
      name,
      method: bytes.readUInt16LE(at + 10),
      checksum: bytes.readUInt32LE(at + 16),
      packedSize: bytes.readUInt32LE(at + 20),
      size: bytes.readUInt32LE(at + 24),
      offset: bytes.readUInt32LE(at + 42),
    });
    at += 46 + nameLength + bytes.readUInt16LE(at + 30) + bytes.readUInt16LE(at + 32);
  }
  return entries;
}

/** Every entry has a name and bytes of its own: a bomb repeats them, a trick hides one entry behind another. */
function checkEntries(entries: readonly Entry[], file: string, storedOnly: boolean): void {
  const names = new Set<string>();
  let end = 0;
  for (const { name, method, packedSize, offset } of [...entries].sort((a, b) => a.offset - b.offset)) {
    const where = `${file}: ${name}`;
    if (names.has(name)) damaged(where, "occurs twice");
    if (offset < end) damaged(where, "overlaps the entry before it");
    if (storedOnly && method !== 0) {
      fail("DMPO_DATA_FORMAT", where, "is compressed", "stored entries", "save the file again with torch.save");
    }
    names.add(name);
    end = offset + packedSize;
  }
}

function extract(bytes: Buffer, { name, method, checksum, packedSize, size, offset }: Entry, file: string): Uint8Array {
  const where = `${file}: ${name}`;
  if (bytes.readUInt32LE(offset) !== 0x04034b50) damaged(where, "its header is unreadable");
  const start = offset + 30 + bytes.readUInt16LE(offset + 26) + bytes.readUInt16LE(offset + 28);
  if (size === 0xffffffff) {
    fail("DMPO_DATA_FORMAT", where, "is 4 GiB or larger", "less than 4 GiB", "read the data as HDF5");
  }
  const packed = bytes.subarray(start, start + packedSize);
  if (packed.length < packedSize) damaged(where, "is truncated");
  if (size > packedSize * greatestRatio) damaged(where, `claims to inflate ${packedSize} bytes to ${size}`);
  if (method !== 0 && method !== 8) {
    fail("DMPO_DATA_FORMAT", where, `is compressed with method ${method}`, "stored or deflated entries");
  }
  const content = method === 0 ? packed : inflateSync(packed, { out: new Uint8Array(size) });
  if (content.length !== size || crc32(content) !== checksum) damaged(where, "its checksum does not match");
  return content;
}

/** Reads outside the archive are RangeErrors; fflate has errors of its own. Both mean damage. */
function guarded<T>(file: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof RangeError || (error instanceof Error && "code" in error && typeof error.code === "number")) {
      damaged(file, "ends before its contents do or is damaged");
    }
    throw error;
  }
}

function damaged(where: string, wrong: string): never {
  fail(
    "DMPO_DATA_FORMAT",
    where,
    wrong,
    "a complete zip archive",
    "the file is truncated or damaged: fetch or write it again",
  );
}
