// The transaction log that `wandb sync` uploads: protobuf records (wandb_internal.proto, published with the wandb package)
// in the log format of LevelDB with a header of its own. Checked against wandb 0.31.
import { closeSync, fsyncSync, openSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { protobufEncoder } from "../protobuf.js";
import { crc32 } from "node:zlib";
import { makeFolder } from "../files.js";

const BLOCK = 32_768;
const RECORD_HEADER = 7;
/** ":W&B", the magic number 0xBEE1, version 0. */
const FILE_HEADER = Buffer.from([0x3a, 0x57, 0x26, 0x42, 0xe1, 0xbe, 0x00]);
const fragments = { full: 1, first: 2, middle: 3, last: 4 } as const;

const message = (fields: Record<string, readonly [number, string, "repeated"?]>) => ({
  fields: Object.fromEntries(
    Object.entries(fields).map(([name, [id, type, rule]]) => [name, { id, type, ...(rule && { rule }) }]),
  ),
});

const encodeRecord = protobufEncoder(
  {
    Record: message({
      num: [1, "int64"],
      history: [2, "History"],
      summary: [3, "Items"],
      run: [17, "Run"],
      exit: [18, "Exit"],
      header: [21, "Header"],
      info: [200, "Info"],
    }),
    Header: message({ versionInfo: [1, "Version"] }),
    Version: message({ producer: [1, "string"], minConsumer: [2, "string"] }),
    Run: message({
      runId: [1, "string"],
      entity: [2, "string"],
      project: [3, "string"],
      config: [4, "Items"],
      displayName: [8, "string"],
      host: [13, "string"],
      startTime: [17, "Time"],
    }),
    Time: message({ seconds: [1, "int64"], nanos: [2, "int32"] }),
    // Config and summary: what is set, as JSON.
    Items: message({ update: [1, "Item", "repeated"] }),
    History: message({ item: [1, "Item", "repeated"], step: [2, "Step"] }),
    Item: message({ key: [1, "string"], valueJson: [16, "string"] }),
    Step: message({ num: [1, "int64"] }),
    Exit: message({ exitCode: [1, "int32"], runtime: [2, "int32"] }),
    Info: message({ streamId: [1, "string"] }),
  },
  "Record",
);

/** One key with its value as JSON. */
export interface LogItem {
  readonly key: string;
  readonly valueJson: string;
}

/** A record's contents; exactly one of these. */
export type LogRecord =
  | { readonly header: { readonly versionInfo: { readonly producer: string; readonly minConsumer: string } } }
  | {
      readonly run: {
        readonly runId: string;
        readonly entity?: string;
        readonly project: string;
        readonly config: { readonly update: readonly LogItem[] };
        readonly displayName: string;
        readonly host: string;
        readonly startTime: { readonly seconds: number; readonly nanos: number };
      };
    }
  | { readonly history: { readonly item: readonly LogItem[]; readonly step: { readonly num: number } } }
  | { readonly summary: { readonly update: readonly LogItem[] } }
  | { readonly exit: { readonly exitCode: number; readonly runtime: number } };

/** Appends records to a new log; each reaches the system at once. @throws the system's error. */
export class WandbLog {
  readonly #file: number;
  readonly #streamId: string;
  #position = FILE_HEADER.length;
  #records = 0;

  constructor(path: string, streamId: string) {
    makeFolder(dirname(path));
    this.#file = openSync(path, "wx");
    this.#streamId = streamId;
    writeSync(this.#file, FILE_HEADER);
  }

  append(record: LogRecord): void {
    const numbered = { num: ++this.#records, ...record, info: { streamId: this.#streamId } };
    this.#write(encodeRecord(numbered));
  }

  close(): void {
    fsyncSync(this.#file);
    closeSync(this.#file);
  }

  /** Cuts the bytes at the borders of blocks; a rest too short for a header is filled with zeros. */
  #write(bytes: Uint8Array): void {
    const parts: Uint8Array[] = [];
    for (let start = 0, position = this.#position; start < bytes.length || start === 0;) {
      const room = BLOCK - (position % BLOCK);
      if (room < RECORD_HEADER) {
        parts.push(new Uint8Array(room));
        position += room;
        continue;
      }
      const end = Math.min(bytes.length, start + room - RECORD_HEADER);
      const isFirst = start === 0;
      const isLast = end === bytes.length;
      const kind = isFirst ? (isLast ? "full" : "first") : isLast ? "last" : "middle";
      parts.push(fragment(fragments[kind], bytes.subarray(start, end)));
      position += RECORD_HEADER + end - start;
      start = end;
      if (isLast) break;
    }
    const block = Buffer.concat(parts);
    writeSync(this.#file, block);
    this.#position += block.length;
  }
}

/** CRC-32 over type and data, length (u16), type, data; little endian. */
function fragment(type: number, data: Uint8Array): Buffer {
  const framed = Buffer.alloc(RECORD_HEADER + data.length);
  framed.set(data, RECORD_HEADER);
  framed.writeUInt16LE(data.length, 4);
  framed.writeUInt8(type, 6);
  framed.writeUInt32LE(crc32(framed.subarray(6)), 0);
  return framed;
}
