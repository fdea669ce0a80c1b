// TensorBoard event files: checksums against published vectors, files against the real TensorBoard.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { crc32c } from "../../sdk/src/tracking/crc32c.js";
import { tensorBoardSink } from "../../sdk/src/tracking/tensorboard-sink.js";
import { pythonWith } from "../python.js";

let folder: string;
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), "dmpo-tensorboard-"))));
afterEach(() => rmSync(folder, { recursive: true }));

// RFC 3720 B.4.
test.each([
  ["32 zeros", new Uint8Array(32), 0x8a9136aa],
  ["32 ones", new Uint8Array(32).fill(255), 0x62a8ab43],
  ["0 to 31", Uint8Array.from({ length: 32 }, (_, i) => i), 0x46dd794e],
])("CRC-32C of %s", (_, bytes, expected) => {
  expect(crc32c(bytes)).toBe(expected);
});

test("the real TensorBoard reads names, steps, values and times", async (context) => {
  const python = pythonWith("tensorboard");
  if (!python) return context.skip("no Python with tensorboard (set DMPO_TEST_PYTHON)");
  const sink = tensorBoardSink({ folder, counter: "epoch", now: () => 1_700_000_000_500 });
  sink.log({ epoch: 1, loss: 0.5, "eval/avg episode reward": 1234.5, stage: "pretrain" });
  sink.log({ epoch: 2, loss: NaN, step: 2 ** 40 });
  sink.log({ loss: -Infinity });
  await sink.close();
  const script = `
import sys, json
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
events = EventAccumulator(sys.argv[1]); events.Reload()
print(json.dumps({tag: [[e.step, str(e.value), e.wall_time] for e in events.Scalars(tag)] for tag in events.Tags()["scalars"]}))`;
  const output = execFileSync(python, ["-c", script, folder], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
  const time = 1_700_000_000.5;
  expect(JSON.parse(output)).toEqual({
    loss: [
      [1, "0.5", time],
      [2, "nan", time],
      [3, "-inf", time],
    ],
    "eval/avg episode reward": [[1, "1234.5", time]],
    step: [[2, String((2 ** 40).toFixed(1)), time]],
  });
});

test("two sinks in one folder do not meet; a closed one refuses", async () => {
  const sinks = [0, 1].map(() => tensorBoardSink({ folder, counter: "epoch" }));
  await Promise.all(sinks.map((sink) => sink.close()));
  expect(readdirSync(folder)).toHaveLength(2);
  expect(() => sinks[0]!.log({ epoch: 1 })).toThrow("closed");
});
