// Writes .npz files larger than memory: entries are streamed block by block, sizes and checksums filled in afterwards.
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { open, rename, rm, type FileHandle } from "node:fs/promises";
import { dirname } from "node:path";
import { constants, crc32, createDeflateRaw } from "node:zlib";
import { makeFolder } from "../files.js";
import { elementCount, type NumpyType } from "./numpy-types.js";
import { npyHeader } from "./npy.js";

/** One array: its rows arrive as bytes, little-endian and row-major, `elementCount(shape)` elements in all; blocks are not reused. */
export interface StreamedArray {
  readonly type: NumpyType;
  readonly shape: readonly number[];
  readonly blocks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
  /** Default true; images that training reads in place must not be. */
  readonly compressed?: boolean;
}

interface Written {
  readonly name: Buffer;
  readonly compressed: boolean;
  readonly checksum: number;
  readonly packedSize: number;
  readonly size: number;
  readonly offset: number;
}

/**
 * Writes arrays one after the other, of any size (zip64), as `numpy.savez_compressed` lays them out; the file appears when it is
 * complete. Blocks are drawn only as fast as the disk takes them.
 */
export async function writeNpz(path: string, arrays: Readonly<Record<string, StreamedArray>>): Promise<void> {
  makeFolder(dirname(path));
  const temporary = `${path}.${randomUUID()}.tmp`;
  const file = await open(temporary, "wx");
  try {
    const written: Written[] = [];
    let at = 0;
    for (const [key, array] of Object.entries(arrays)) {
      const entry = await writeEntry(file, at, `${key}.npy`, array);
      written.push(entry);
      at = entry.offset + headerSize(entry.name) + entry.packedSize;
    }
    const directory = Buffer.concat(written.map(directoryEntry));
    await file.write(Buffer.concat([directory, directoryEnd(written.length, directory.length, at)]), 0, null, at);
    await file.sync();
    await file.close();
    await rename(temporary, path);
  } catch (error) {
    await file.close().catch(() => undefined);
    await rm(temporary, { force: true });
    throw error;
  }
}

async function writeEntry(file: FileHandle, offset: number, entryName: string, array: StreamedArray): Promise<Written> {
  const { type, shape, blocks, compressed = true } = array;
  const name = Buffer.from(entryName, "utf8");
  let [checksum, size, packedSize] = [0, 0, 0];
  const put = async (bytes: Uint8Array) => {
    await file.write(bytes, 0, bytes.length, offset + headerSize(name) + packedSize);
    packedSize += bytes.length;
  };
  async function* contents() {
    yield npyHeader(type, shape);
    yield* blocks;
  }
  const deflate = compressed ? createDeflateRaw({ level: constants.Z_DEFAULT_COMPRESSION }) : undefined;
  const packing = deflate && drain(deflate, put);
  for await (const block of contents()) {
    // zlib starts the checksum anew at an empty block.
    if (block.length === 0) continue;
    checksum = crc32(block, checksum);
    size += block.length;
    if (!deflate) await put(block);
    else if (!deflate.write(block)) await Promise.race([once(deflate, "drain"), packing]);
  }
  deflate?.end();
  await packing;
  const expected = npyHeader(type, shape).length + elementCount(shape) * Number(type.slice(1));
  if (size !== expected) throw new Error(`${entryName}: ${size} bytes came, ${expected} were announced`);
  const entry = { name, compressed, checksum, packedSize, size, offset };
  const header = localHeader(entry);
  await file.write(header, 0, header.length, offset);
  return entry;
}

async function drain(stream: AsyncIterable<Buffer>, put: (bytes: Uint8Array) => Promise<void>): Promise<void> {
  for await (const packed of stream) await put(packed);
}

const wide = 0xffffffff;
const headerSize = (name: Buffer) => 30 + name.length + 20;

/** Always with the zip64 extension, as NumPy writes it, since sizes are known only later. */
function localHeader({ name, compressed, checksum, packedSize, size }: Written): Buffer {
  const header = Buffer.alloc(headerSize(name));
  header.writeUInt32LE(0x04034b50, 0);
  fixedFields(header, 4, compressed, checksum);
  header.writeUInt32LE(wide, 18);
  header.writeUInt32LE(wide, 22);
  header.writeUInt16LE(name.length, 26);
  header.writeUInt16LE(20, 28);
  name.copy(header, 30);
  extension(header, 30 + name.length, [size, packedSize]);
  return header;
}

function directoryEntry({ name, compressed, checksum, packedSize, size, offset }: Written): Buffer {
  const entry = Buffer.alloc(46 + name.length + 28);
  entry.writeUInt32LE(0x02014b50, 0);
  entry.writeUInt16LE(45, 4);
  fixedFields(entry, 6, compressed, checksum);
  entry.writeUInt32LE(wide, 20);
  entry.writeUInt32LE(wide, 24);
  entry.writeUInt16LE(name.length, 28);
  entry.writeUInt16LE(28, 30);
  entry.writeUInt32LE(0o600 * 2 ** 16, 38);
  entry.writeUInt32LE(wide, 42);
  name.copy(entry, 46);
  extension(entry, 46 + name.length, [size, packedSize, offset]);
  return entry;
}

/** Version 4.5, no flags, method, 1 January 1980 so that equal arrays give equal bytes, checksum. */
function fixedFields(target: Buffer, at: number, compressed: boolean, checksum: number): void {
  target.writeUInt16LE(45, at);
  target.writeUInt16LE(compressed ? 8 : 0, at + 4);
  target.writeUInt16LE(0x21, at + 8);
  target.writeUInt32LE(checksum, at + 10);
}

function extension(target: Buffer, at: number, values: readonly number[]): void {
  target.writeUInt16LE(1, at);
  target.writeUInt16LE(8 * values.length, at + 2);
  values.forEach((value, i) => target.writeBigUInt64LE(BigInt(value), at + 4 + 8 * i));
}

function directoryEnd(count: number, length: number, at: number): Buffer {
  const end = Buffer.alloc(56 + 20 + 22);
  end.writeUInt32LE(0x06064b50, 0);
  end.writeBigUInt64LE(44n, 4);
  end.writeUInt16LE(45, 12);
  end.writeUInt16LE(45, 14);
  for (const field of [24, 32]) end.writeBigUInt64LE(BigInt(count), field);
  end.writeBigUInt64LE(BigInt(length), 40);
  end.writeBigUInt64LE(BigInt(at), 48);
  end.writeUInt32LE(0x07064b50, 56);
  end.writeBigUInt64LE(BigInt(at + length), 64);
  end.writeUInt32LE(1, 72);
  end.writeUInt32LE(0x06054b50, 76);
  for (const field of [84, 86]) end.writeUInt16LE(count, field);
  end.writeUInt32LE(Math.min(length, wide), 88);
  end.writeUInt32LE(wide, 92);
  return end;
}
