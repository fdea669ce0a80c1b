// Signs of life: only where nothing else is written, also while the program's own thread is busy.
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { heartbeat } from "../../sdk/src/cli/heartbeat.js";

const folder = mkdtempSync(join(tmpdir(), "dmpo-heartbeat-"));
afterAll(() => rmSync(folder, { recursive: true }));
const wait = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

test("a silent command says that it goes on, a talking one does not", async () => {
  const path = join(folder, "said");
  const [target, stream] = [openSync(path, "w"), { bytesWritten: 0 }];
  const said = () => readFileSync(path, "utf8");
  const end = heartbeat({ streams: [stream, { bytesWritten: 5 }], target, silence: 1000 });
  for (let i = 0; i < 15; i++) {
    await wait(100);
    stream.bytesWritten++;
  }
  expect(said()).toBe("");
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 3000); // busy
  expect(said()).toMatch(/^(still running, 0:0\d\n){2,3}$/);
  end();
  await wait(100);
  const before = said();
  await wait(1500);
  expect(said()).toBe(before);
  closeSync(target);
});

test("files are left alone", async () => {
  const path = join(folder, "left-alone");
  const target = openSync(path, "w");
  const end = heartbeat({ streams: [{}], target, silence: 50 });
  await wait(300);
  end();
  expect(readFileSync(path, "utf8")).toBe("");
  closeSync(target);
});
