// Weights & Biases files: read back as the log format says, and uploaded by the real `wandb sync` where there is one.
import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { wandbSink } from "../../sdk/src/tracking/wandb-sink.js";
import { syncAtEnd, syncRuns } from "../../sdk/src/tracking/wandb-sync.js";
import { pythonWith } from "../python.js";
import { startWandbServer } from "./wandb-server.js";

let folder: string;
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), "dmpo-wandb-"))));
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

const options = { project: "dmpo", name: "hopper_seed42", counter: "epoch", offline: true } as const;

async function writeRun(rows: number): Promise<string> {
  const sink = wandbSink({
    ...options,
    folder,
    config: { seed: 42, train: { lr: 1e-3 }, note: "x".repeat(40_000) },
  });
  for (let epoch = 1; epoch <= rows; epoch++) sink.log({ epoch, loss: 1 / epoch, stage: "pretrain" });
  sink.log({ epoch: rows, "eval/return": 7 });
  sink.log({ epoch: 2, late: 1, broken: NaN });
  await sink.close();
  await sink.close();
  return sink.runFolder;
}

test("folder and file names are those that `wandb sync` looks for", async () => {
  const notices: string[] = [];
  const sink = wandbSink({
    ...options,
    folder,
    now: () => Date.UTC(2025, 4, 10, 1, 2, 3),
    notify: (s) => notices.push(s),
  });
  await sink.close();
  expect(sink.runFolder).toMatch(/wandb\/offline-run-20250510_010203-[a-z0-9]{8}$/);
  const id = basename(sink.runFolder).slice(-8);
  expect(readdirSync(sink.runFolder).sort()).toEqual(["config.json", `run-${id}.wandb`]);
  expect(notices).toEqual([expect.stringContaining(`dmpo sync ${sink.runFolder}`)]);
});

test("a folder is a path as a user writes it", async () => {
  vi.stubEnv("WANDB_ROOT", folder);
  const sink = wandbSink({ ...options, folder: "$WANDB_ROOT/runs" });
  await sink.close();
  expect(dirname(dirname(sink.runFolder))).toBe(join(folder, "runs"));
});

test("the log: header, records across blocks, checksums", async (context) => {
  const python = pythonWith("wandb.proto.wandb_internal_pb2");
  if (!python) return context.skip("no Python with wandb (set DMPO_TEST_PYTHON)");
  const run = await writeRun(200);
  const script = `
import sys, struct, zlib, json
from wandb.proto import wandb_internal_pb2 as pb
data = open(sys.argv[1], "rb").read()
assert data[:7] == bytes.fromhex("3a572642e1be00")
position, buffer, found = 7, b"", []
while position < len(data):
    left = 32768 - position % 32768
    if left < 7: position += left; continue
    crc, length, kind = struct.unpack("<IHB", data[position:position + 7])
    part = data[position + 7:position + 7 + length]
    assert len(part) == length and zlib.crc32(bytes([kind]) + part) == crc
    position += 7 + length
    buffer += part
    if kind in (1, 4):
        record = pb.Record(); record.ParseFromString(buffer); found.append(record.WhichOneof("record_type")); buffer = b""
print(json.dumps(found))`;
  const file = readdirSync(run).find((name) => name.endsWith(".wandb"))!;
  const { stdout } = await promisify(execFile)(python, ["-c", script, join(run, file)]);
  const kinds = JSON.parse(stdout) as string[];
  expect(readFileSync(join(run, file)).length).toBeGreaterThan(3 * 32_768);
  expect(kinds.slice(0, 3)).toEqual(["header", "run", "history"]);
  expect(kinds.filter((kind) => kind === "history")).toHaveLength(201);
  expect(kinds.at(-1)).toBe("exit");
});

test("the real `wandb sync` uploads it", async (context) => {
  const python = pythonWith("wandb.proto.wandb_internal_pb2");
  if (!python) return context.skip("no Python with wandb (set DMPO_TEST_PYTHON)");
  const server = await startWandbServer();
  try {
    vi.stubEnv("WANDB_BASE_URL", server.url);
    vi.stubEnv("WANDB_API_KEY", "a".repeat(40));
    vi.stubEnv("WANDB_ERROR_REPORTING", "false");
    vi.stubEnv("WANDB_DIR", folder);
    const { stdout } = await promisify(execFile)(python, ["-c", "import sys; print(sys.executable)"]);
    vi.stubEnv("PATH", `${dirname(stdout.trim())}:${process.env.PATH}`);
    const lines: string[] = [];
    await syncRuns([await writeRun(200)], { onLine: (line) => lines.push(line) });
    expect(lines.join("\n")).toContain("hopper_seed42");
    expect(server.run).toMatchObject({ project: "dmpo", displayName: "hopper_seed42" });
    expect(JSON.parse(server.run.config as string)).toMatchObject({
      seed: { value: 42 },
      train: { value: { lr: 0.001 } },
    });
    expect(server.history).toHaveLength(201);
    expect(server.history[9]).toMatchObject({ _step: 10, loss: 0.1, stage: "pretrain" });
    expect(server.history[199]).toMatchObject({ _step: 200, "eval/return": 7 });
    expect(server.history[200]).toMatchObject({ _step: 201, late: 1, broken: "NaN" });
    expect(server.summary).toMatchObject({ loss: 0.005, "eval/return": 7 });
    expect(server.complete).toBe(true);
  } finally {
    await server.close();
  }
});

test("without the wandb command that is said, and the run goes on", async () => {
  vi.stubEnv("PATH", folder);
  await expect(syncRuns(["x"])).rejects.toThrow(/not installed[^]*pip install wandb[^]*dmpo sync x/);
  const notices: string[] = [];
  const sink = wandbSink({ ...options, offline: false, folder, notify: (sentence) => notices.push(sentence) });
  sink.log({ epoch: 1, loss: 1 });
  await sink.close();
  expect(notices).toEqual([expect.stringMatching(/^Weights & Biases: not uploaded: .*not installed/)]);
});

test("an upload that gets nowhere ends", async () => {
  writeFileSync(join(folder, "wandb"), "#!/bin/sh\n[ $1 = --version ] || exec sleep 60\n", { mode: 0o755 });
  vi.stubEnv("PATH", `${folder}:${process.env.PATH}`);
  expect(await syncAtEnd("run", 0.5)).toBe("not uploaded within 0.5 s; the files stay: dmpo sync run");
});

test("the wandb command does not report its errors to its maker, unless that is allowed", async () => {
  writeFileSync(join(folder, "wandb"), '#!/bin/sh\necho "reports $WANDB_ERROR_REPORTING"\n', { mode: 0o755 });
  vi.stubEnv("PATH", `${folder}:${process.env.PATH}`);
  vi.stubEnv("WANDB_ERROR_REPORTING", undefined);
  const lines: string[] = [];
  await syncRuns(["run"], { onLine: (line) => lines.push(line) });
  vi.stubEnv("WANDB_ERROR_REPORTING", "true");
  await syncRuns(["run"], { onLine: (line) => lines.push(line) });
  expect(lines).toEqual(["reports false", "reports true"]);
});
