// Reads zip archives warily: sizes are bounded before anything is inflated, entries may not overlap and checksums are verified
// (fflate does none of it). A leaf: data files and checkpoints come in such archives.
import { crc32 } from "node:zlib";
import { inflateSync } from "fflate";
import { fail } from "./errors.js";
import { foreignFile, foreignHead } from "./foreign-file.js";

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

/** Bytes that lie elsewhere, e.g. in a file too large for memory. `read` yields fewer bytes only at the end. */
export interface ZipSource {
  readonly size: number;
  readonly read: (at: number, length: number) => Buffer;
}

export interface ZipOptions {
  /** Refuse compressed entries, so that nothing is larger than the file. Default false. */
  readonly storedOnly?: boolean;
}

/** Where an entry lies: as it is (`stored`), or deflated. */
export interface ZipPlace {
  readonly name: string;
  readonly stored: boolean;
  readonly start: number;
  readonly packedSize: number;
  readonly size: number;
}

/** Places of all entries. @throws InputError as {@link openZip}. */
export function locateZipEntries(source: ZipSource, file: string): ZipPlace[] {
  const entries = guarded(file, () => readDirectory(source, file));
  checkEntries(entries, file, false);
  return entries.map((entry) => {
    const { name, method, packedSize, size } = entry;
    const start = guarded(file, () => contentStart(source, entry, file));
    if (start + packedSize > source.size) damaged(`${file}: ${name}`, "is truncated");
    return { name, stored: method === 0, start, packedSize, size };
  });
}

/**
 * Bytes from the header of each entry to its end; what lies between may belong to none.
 * @throws InputError as {@link openZip}.
 */
export function zipSpans(source: ZipSource, file: string): { name: string; from: number; to: number }[] {
  const entries = guarded(file, () => readDirectory(source, file));
  checkEntries(entries, file, false);
  const directory = guarded(file, () => locateDirectory(source, file).at);
  const sorted = [...entries].sort((a, b) => a.offset - b.offset);
  return sorted.map(({ name, offset }, i) => ({ name, from: offset, to: sorted[i + 1]?.offset ?? directory }));
}

/**
 * Opens an archive. Nothing is inflated until an entry's function is called; stored entries of an archive in memory are views.
 * @param file how errors name the archive.
 * @returns entry name to a function that yields the entry's bytes.
 * @throws InputError `DMPO_DATA_FORMAT` if it is no zip archive, truncated, encrypted, ambiguous or an entry is damaged.
 */
export function openZip(
  archive: Uint8Array | ZipSource,
  file: string,
  { storedOnly = false }: ZipOptions = {},
): Map<string, () => Uint8Array> {
  const source = archive instanceof Uint8Array ? inMemory(archive) : archive;
  const entries = guarded(file, () => readDirectory(source, file));
  checkEntries(entries, file, storedOnly);
  return new Map(entries.map((entry) => [entry.name, () => guarded(file, () => extract(source, entry, file))]));
}

function inMemory(archive: Uint8Array): ZipSource {
  const bytes = Buffer.from(archive.buffer, archive.byteOffset, archive.byteLength);
  return { size: bytes.length, read: (at, length) => bytes.subarray(at, at + length) };
}

function readDirectory(source: ZipSource, file: string): Entry[] {
  const { at: start, count, bytes } = locateDirectory(source, file);
  const entries: Entry[] = [];
  let at = 0;
  for (let left = count; left > 0; left--) {
    if (bytes.readUInt32LE(at) !== 0x02014b50) damaged(file, "the archive's directory is unreadable");
    const nameLength = bytes.readUInt16LE(at + 28);
    const extraLength = bytes.readUInt16LE(at + 30);
    const name = bytes.toString("utf8", at + 46, at + 46 + nameLength);
    if (bytes.readUInt16LE(at + 8) & 1) fail("DMPO_DATA_FORMAT", `${file}: ${name}`, "is encrypted", "a plain entry");
    const extra = bytes.subarray(at + 46 + nameLength, at + 46 + nameLength + extraLength);
    const [size, packedSize, offset] = wideSizes(
      [bytes.readUInt32LE(at + 24), bytes.readUInt32LE(at + 20), bytes.readUInt32LE(at + 42)],
      extra,
    );
    if (offset > start) damaged(`${file}: ${name}`, "lies behind the archive's directory");
    const [method, checksum] = [bytes.readUInt16LE(at + 10), bytes.readUInt32LE(at + 16)];
    entries.push({ name, method, checksum, packedSize, size, offset });
    at += 46 + nameLength + extraLength + bytes.readUInt16LE(at + 32);
  }
  return entries;
}

// The last record of an archive has 22 bytes and a comment of at most 64 KiB; zip64 puts two more before it.
const longestEnd = 22 + 2 ** 16 + 76;
const wide = 0xffffffff;

/** The directory's bytes and where they lie, also of archives beyond 4 GiB (zip64). */
function locateDirectory({ size, read }: ZipSource, file: string): { at: number; count: number; bytes: Buffer } {
  const tail = read(Math.max(0, size - longestEnd), longestEnd);
  const end = tail.lastIndexOf("PK\x05\x06", undefined, "latin1");
  if (end < 0) {
    if (read(0, 2).toString("latin1") === "PK") damaged(file, "the archive's directory is missing");
    const foreign = foreignFile(read(0, Math.min(size, foreignHead)));
    const expected = "an .npz file written by numpy.savez or this project";
    fail("DMPO_DATA_FORMAT", file, foreign?.wrong ?? "is not a zip archive", expected, foreign?.remedy);
  }
  let [count, length, at] = [tail.readUInt16LE(end + 10), tail.readUInt32LE(end + 12), tail.readUInt32LE(end + 16)];
  if ((count === 0xffff || length === wide || at === wide) && end >= 20) {
    if (tail.readUInt32LE(end - 20) !== 0x07064b50) damaged(file, "the archive's directory is missing");
    const record = read(Number(tail.readBigUInt64LE(end - 12)), 56);
    if (record.readUInt32LE(0) !== 0x06064b50) damaged(file, "the archive's directory is missing");
    [count, length, at] = [32, 40, 48].map((field) => Number(record.readBigUInt64LE(field))) as [
      number,
      number,
      number,
    ];
  }
  if (at + length > size) damaged(file, "the archive's directory is unreadable");
  return { at, count, bytes: read(at, length) };
}

/** Replaces the fields that are all ones by those of the zip64 extension, which holds only these, in this order. */
function wideSizes(fields: readonly [number, number, number], extra: Buffer): [number, number, number] {
  for (let at = 0; at + 4 <= extra.length; at += 4 + extra.readUInt16LE(at + 2)) {
    if (extra.readUInt16LE(at) !== 1) continue;
    let next = at + 4;
    return fields.map((field) => {
      if (field !== wide) return field;
      next += 8;
      return Number(extra.readBigUInt64LE(next - 8));
    }) as [number, number, number];
  }
  return [...fields];
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

function contentStart({ read }: ZipSource, { name, offset }: Entry, file: string): number {
  const header = read(offset, 30);
  if (header.readUInt32LE(0) !== 0x04034b50) damaged(`${file}: ${name}`, "its header is unreadable");
  return offset + 30 + header.readUInt16LE(26) + header.readUInt16LE(28);
}

function extract(source: ZipSource, entry: Entry, file: string): Uint8Array {
  const { name, method, checksum, packedSize, size } = entry;
  const where = `${file}: ${name}`;
  const start = contentStart(source, entry, file);
  if (size >= 2 ** 32 - 1) {
    fail("DMPO_DATA_FORMAT", where, "is 4 GiB or larger", "less than 4 GiB", "images may be, where they are stored");
  }
  const packed = source.read(start, packedSize);
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
