// Metrics as TensorBoard event files: protobuf messages (event.proto, summary.proto of TensorFlow) in TFRecord framing.
import { z } from "zod";
import { callback, checkOptions, pathText } from "../options.js";
import { closeSync, fsyncSync, openSync, writeSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { makeFolder } from "../files.js";
import { protobufEncoder } from "../protobuf.js";
import { maskedCrc32c } from "./crc32c.js";
import type { MetricsSink } from "./metrics-sink.js";

const encodeEvent = protobufEncoder(
  {
    Event: {
      fields: {
        wallTime: { id: 1, type: "double" },
        step: { id: 2, type: "int64" },
        fileVersion: { id: 3, type: "string" },
        summary: { id: 5, type: "Summary" },
      },
    },
    Summary: { fields: { value: { id: 1, type: "Scalar", rule: "repeated" } } },
    Scalar: { fields: { tag: { id: 1, type: "string" }, simpleValue: { id: 2, type: "float" } } },
  },
  "Event",
);

export interface TensorBoardSinkOptions {
  /** Where the event file goes; `tensorboard --logdir` takes this folder or one above. */
  readonly folder: string;
  /** The record's entry that is the step; without it in a record, records are counted. */
  readonly counter: string;
  /** Milliseconds since 1970. Default Date.now. */
  readonly now?: () => number;
}

const schema = z.strictObject({ folder: pathText, counter: z.string(), now: callback.optional() });

let files = 0;

/**
 * Writes every number of a record as a scalar; texts are left out. Each record reaches the system at once.
 * @throws the system's error if the file cannot be opened or written.
 */
export function tensorBoardSink(options: TensorBoardSinkOptions): MetricsSink {
  checkOptions(schema, options);
  const { folder, counter, now = Date.now } = options;
  makeFolder(folder);
  const second = String(Math.floor(now() / 1000)).padStart(10, "0");
  const name = `events.out.tfevents.${second}.${hostname()}.${process.pid}.${files++}`;
  const file = openSync(join(folder, name), "wx");
  let next = 0;
  let open = true;

  const write = (event: object) => void writeSync(file, framed(encodeEvent(event)));
  write({ wallTime: now() / 1000, fileVersion: "brain.Event:2" });
  return {
    log(record) {
      if (!open) throw new Error(`${join(folder, name)} is closed`);
      const step = typeof record[counter] === "number" ? record[counter] : next;
      next = step + 1;
      const value = Object.entries(record).flatMap(([tag, simpleValue]) =>
        typeof simpleValue === "number" && tag !== counter ? [{ tag, simpleValue }] : [],
      );
      write({ wallTime: now() / 1000, step: Math.round(step), summary: { value } });
    },
    async close() {
      if (!open) return;
      open = false;
      fsyncSync(file);
      closeSync(file);
    },
  };
}

/** One TFRecord: length (u64), its checksum, bytes, their checksum; little endian. */
function framed(bytes: Uint8Array): Buffer {
  const frame = Buffer.alloc(bytes.length + 16);
  frame.writeBigUInt64LE(BigInt(bytes.length), 0);
  frame.writeUInt32LE(maskedCrc32c(frame.subarray(0, 8)), 8);
  frame.set(bytes, 12);
  frame.writeUInt32LE(maskedCrc32c(bytes), 12 + bytes.length);
  return frame;
}
