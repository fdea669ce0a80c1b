import { execFileSync } from "node:child_process";
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { jsonlSink } from "../../sdk/src/tracking/jsonl-sink.js";

const folder = mkdtempSync(join(tmpdir(), "dmpo-jsonl-"));
afterAll(() => rmSync(folder, { recursive: true }));
const lines = (path: string) => readFileSync(path, "utf8").split("\n");

test("one object per line, appended over runs; not finite becomes null", async () => {
  const path = join(folder, "a/b/metrics.jsonl");
  const first = jsonlSink(path);
  first.log({ epoch: 1, loss: NaN, note: "two\nlines" });
  expect(lines(path)).toEqual(['{"epoch":1,"loss":null,"note":"two\\nlines"}', ""]);
  await first.close();
  await first.close();
  const second = jsonlSink(path);
  second.log({ epoch: 2, best: -Infinity });
  await second.close();
  expect(lines(path).slice(1)).toEqual(['{"epoch":2,"best":null}', ""]);
  expect(() => second.log({ epoch: 3 })).toThrow("is closed");
});

test("a line cut short by a power failure stays alone", async () => {
  const path = join(folder, "cut.jsonl");
  appendFileSync(path, '{"epoch":1}\n{"epo');
  const sink = jsonlSink(path);
  sink.log({ epoch: 2 });
  await sink.close();
  expect(lines(path)).toEqual(['{"epoch":1}', '{"epo', '{"epoch":2}', ""]);
});

test("a file deleted meanwhile, with its folder, begins anew", async () => {
  const path = join(folder, "deleted/metrics.jsonl");
  const sink = jsonlSink(path);
  sink.log({ epoch: 1 });
  rmSync(join(folder, "deleted"), { recursive: true });
  sink.log({ epoch: 2 });
  sink.log({ epoch: 3 });
  await sink.close();
  expect(lines(path)).toEqual(['{"epoch":2}', '{"epoch":3}', ""]);
});

test("records survive a process that is killed", () => {
  const path = join(folder, "killed.jsonl");
  const source = new URL("../../sdk/src/tracking/jsonl-sink.ts", import.meta.url);
  const program = `import { jsonlSink } from ${JSON.stringify(source.href)};
    jsonlSink(${JSON.stringify(path)}).log({ epoch: 1 });
    process.kill(process.pid, "SIGKILL");`;
  const run = () => execFileSync(process.execPath, ["--import", "tsx", "--input-type=module", "-e", program]);
  expect(run).toThrow(expect.objectContaining({ signal: "SIGKILL" }));
  expect(lines(path)).toEqual(['{"epoch":1}', ""]);
});
