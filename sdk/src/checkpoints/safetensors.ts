// The safetensors file format: 8 bytes header length, JSON header, tensors one after the other (all little-endian).
// Files may come from anywhere, so that everything the header claims is checked before it is believed.
import { fail } from "../errors.js";
import {
  elementsOf,
  elementTypeOf,
  elementTypes,
  isElementType,
  type ElementArray,
  type ElementTypeName,
  type RawTensor,
} from "./element-types.js";

const LENGTH_BYTES = 8;
const MAX_HEADER_BYTES = 100_000_000;
const METADATA = "__metadata__";

export interface TensorData {
  readonly data: ElementArray;
  readonly shape: readonly number[];
}

export interface SafetensorsContents {
  readonly tensors: Readonly<Record<string, TensorData>>;
  readonly metadata: Readonly<Record<string, string>>;
}

/** The same with the tensors as they are stored. */
export interface RawContents {
  readonly tensors: Readonly<Record<string, RawTensor>>;
  readonly metadata: Readonly<Record<string, string>>;
}

/** The bytes of a file. Float32Array becomes F32, Int32Array I32, Uint8Array U8. */
export function encodeSafetensors({ tensors, metadata }: SafetensorsContents): Uint8Array {
  const raw = Object.entries(tensors).map(([name, { data, shape }]) => {
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    return [name, { dtype: elementTypeOf(data), shape, bytes }] as const;
  });
  return encodeRawSafetensors({ tensors: Object.fromEntries(raw), metadata });
}

/** The bytes of a file, every tensor in the type it has. */
export function encodeRawSafetensors({ tensors, metadata }: RawContents): Uint8Array {
  // Wider elements first, so that all of them are aligned.
  const width = ({ dtype }: RawTensor) => elementTypes[dtype].bytes;
  const order = Object.entries(tensors).sort(([, a], [, b]) => width(b) - width(a));
  let end = 0;
  const entries = order.map(([name, tensor]) => {
    const { dtype, shape, bytes } = tensor;
    const path = `tensor "${name}"`;
    if (name === METADATA) fail("DMPO_SAFETENSORS", path, "uses a reserved name", "another name");
    if (product(shape) * width(tensor) !== bytes.length) {
      const found = `has ${bytes.length / width(tensor)} elements`;
      fail("DMPO_SAFETENSORS", path, found, `${product(shape)} for shape [${shape.join(", ")}]`);
    }
    const begin = end;
    end += bytes.length;
    return [name, { dtype, shape, data_offsets: [begin, end] }] as const;
  });
  const header = new TextEncoder().encode(JSON.stringify(Object.fromEntries([[METADATA, metadata], ...entries])));
  const start = Math.ceil((LENGTH_BYTES + header.length) / 8) * 8;

  const file = new Uint8Array(start + end).fill(" ".charCodeAt(0), 0, start);
  new DataView(file.buffer).setBigUint64(0, BigInt(start - LENGTH_BYTES), true);
  file.set(header, LENGTH_BYTES);
  let at = start;
  for (const [, { bytes }] of order) {
    file.set(bytes, at);
    at += bytes.length;
  }
  return file;
}

/**
 * The tensors of a file. F32, I32, U8 and BOOL are views of `bytes` where aligned; F64, F16 and BF16 become float32, other
 * integers int32.
 * @param source names the file in errors.
 * @throws InputError if the file is truncated or malformed in any way, or an integer does not fit.
 */
export function decodeSafetensors(bytes: Uint8Array, source: string): SafetensorsContents {
  const { tensors, metadata } = decodeRawSafetensors(bytes, source);
  const read = Object.entries(tensors).map(([name, tensor]) => {
    const data = elementsOf(tensor, `${source}: tensor "${name}"`);
    return [name, { data, shape: tensor.shape }] as const;
  });
  return { tensors: Object.fromEntries(read), metadata };
}

/** The tensors of a file as views of `bytes`. @throws InputError if the file is truncated or malformed in any way. */
export function decodeRawSafetensors(bytes: Uint8Array, source: string): RawContents {
  const headerText = readHeader(bytes, source);
  const { [METADATA]: metadata = {}, ...entries } = parseHeader(headerText.text, source);
  if (!isRecord(metadata) || !Object.values(metadata).every((value) => typeof value === "string")) {
    malformed(`${source}: ${METADATA}`, "is not a table of texts", "text values only");
  }
  const payload = new Uint8Array(bytes.buffer, bytes.byteOffset + headerText.end, bytes.byteLength - headerText.end);
  const claims = Object.entries(entries).map(([name, entry]) => readClaim(name, entry, source));
  checkCoverage(claims, payload.length, source);
  const tensors = claims.map(
    ({ name, dtype, shape, begin, end }) => [name, { dtype, shape, bytes: payload.subarray(begin, end) }] as const,
  );
  return { tensors: Object.fromEntries(tensors), metadata: metadata as Record<string, string> };
}

function readHeader(bytes: Uint8Array, source: string): { text: string; end: number } {
  if (bytes.length < LENGTH_BYTES)
    malformed(source, `has ${bytes.length} bytes`, "at least 8", "the file is truncated");
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  if (length > MAX_HEADER_BYTES) {
    malformed(source, `claims a header of ${length} bytes`, `at most ${MAX_HEADER_BYTES}`, "is it a safetensors file?");
  }
  const end = LENGTH_BYTES + length;
  if (end > bytes.length) {
    malformed(source, `ends inside its header`, `${end} bytes or more, found ${bytes.length}`, "the file is truncated");
  }
  try {
    return { text: new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(LENGTH_BYTES, end)), end };
  } catch {
    malformed(source, "has a header that is not UTF-8 text", "JSON", "is it a safetensors file?");
  }
}

function parseHeader(text: string, source: string): Record<string, unknown> {
  let header: unknown;
  try {
    header = JSON.parse(text);
  } catch (error) {
    malformed(source, `has a header that is not JSON (${(error as Error).message})`, "JSON");
  }
  if (!isRecord(header)) malformed(source, "has a header that is not an object", "one entry per tensor");
  const duplicate = duplicateKey(text);
  if (duplicate !== undefined) malformed(`${source}: tensor "${duplicate}"`, "occurs twice", "one entry per name");
  return header;
}

/** A repeated key of the outermost object of valid JSON, which JSON.parse would swallow. */
function duplicateKey(json: string): string | undefined {
  const seen = new Set<string>();
  let depth = 0;
  for (const [token] of json.matchAll(/"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\]]/g)) {
    if (token === "{" || token === "[") depth++;
    else if (token === "}" || token === "]") depth--;
    else if (depth === 1) {
      const key = JSON.parse(token) as string;
      if (seen.has(key)) return key;
      seen.add(key);
    }
  }
  return undefined;
}

/** What the header says about one tensor. */
interface Claim {
  readonly name: string;
  readonly path: string;
  readonly dtype: ElementTypeName;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

function readClaim(name: string, entry: unknown, source: string): Claim {
  const path = `${source}: tensor "${name}"`;
  const { dtype, shape, data_offsets: offsets } = isRecord(entry) ? entry : {};
  if (!isElementType(dtype)) {
    malformed(path, `has dtype ${JSON.stringify(dtype)}`, `one of ${Object.keys(elementTypes).join(", ")}`);
  }
  if (!isCounts(shape)) malformed(path, `has shape ${JSON.stringify(shape)}`, "a list of counts");
  if (!isCounts(offsets) || offsets.length !== 2 || offsets[0]! > offsets[1]!) {
    malformed(path, `has data_offsets ${JSON.stringify(offsets)}`, "[begin, end] with begin <= end");
  }
  const [begin, end] = offsets as [number, number];
  const needed = product(shape) * elementTypes[dtype].bytes;
  if (end - begin !== needed) {
    malformed(path, `occupies ${end - begin} bytes`, `${needed} for ${dtype} of shape [${shape.join(", ")}]`);
  }
  return { name, path, dtype, shape, begin, end };
}

/** Tensors must fill the rest of the file without gap or overlap. */
function checkCoverage(claims: readonly Claim[], available: number, source: string): void {
  let covered = 0;
  for (const { path, begin, end } of [...claims].sort((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (end > available) malformed(path, `ends at byte ${end} of ${available}`, "more data", "the file is truncated");
    if (begin < covered) malformed(path, `overlaps the tensor before it`, `a begin of ${covered}, found ${begin}`);
    if (begin > covered) malformed(path, `follows ${begin - covered} unused bytes`, `a begin of ${covered}`);
    covered = end;
  }
  if (covered < available) malformed(source, `has ${available - covered} unused bytes at its end`, "tensors only");
}

function malformed(path: string, wrong: string, expected: string, remedy?: string): never {
  fail("DMPO_SAFETENSORS", path, wrong, expected, remedy);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isCounts(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((count) => Number.isSafeInteger(count) && count >= 0);
}

function product(shape: readonly number[]): number {
  return shape.reduce((total, extent) => total * extent, 1);
}
