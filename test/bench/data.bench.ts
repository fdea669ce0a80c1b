// Drawing training samples: windows of a hopper-sized set beside one training step, pictures from disk in bytes per second.
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { Dataset } from "../../sdk/src/data/dataset.js";
import { findImages } from "../../sdk/src/data/images.js";
import { streamed } from "../../sdk/src/data/npz-trajectories.js";
import { writeNpz } from "../../sdk/src/data/npz-writer.js";
import { WindowSampler } from "../../sdk/src/data/windows.js";
import { Random } from "../../sdk/src/engine/random.js";
import type { Context, Row } from "./contest.js";

const batchSize = 128;

export async function measure({ threads }: Context): Promise<Row[]> {
  if (!threads.includes(1)) return [];
  const row = (name: string, unit: string, ours: number): Row => ({
    name,
    unit,
    ours,
    peer: null,
    peerName: "",
    ratio: null,
    threads: 1,
  });
  return [
    row("windows of a batch of 128", "µs", await windows()),
    row("pictures of a batch of 128", "GB/s", await pictures()),
  ];
}

/** Microseconds per batch over a million windows in random order. */
async function windows(): Promise<number> {
  const data = await Dataset.bundled("hopper-medium-mini");
  const sampler = new WindowSampler(data, { horizonSteps: 4 });
  const actions = new Float32Array(batchSize * 4 * data.actionDimension);
  const observations = new Float32Array(batchSize * data.observationDimension);
  const order = new Random(1).stream("bench").permutation(sampler.count);
  const batches = Math.floor(order.length / batchSize);
  const epoch = () => {
    for (let b = 0; b < batches; b++) {
      sampler.fill(order.subarray(b * batchSize, (b + 1) * batchSize), actions, observations);
    }
  };
  epoch();
  const start = performance.now();
  for (let i = 0; i < 10; i++) epoch();
  return (1000 * (performance.now() - start)) / (10 * batches);
}

/** 20,000 pictures of 6x96x96 (1.1 GB) in random order, from a file that the system has in memory. */
async function pictures(): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "dmpo-bench-"));
  try {
    const path = join(folder, "train.npz");
    const shape = [20_000, 6, 96, 96];
    const size = 6 * 96 * 96;
    const block = new Uint8Array(size * 100).fill(7);
    function* blocks() {
      for (let i = 0; i < 200; i++) yield block;
    }
    await writeNpz(path, {
      traj_lengths: streamed("i8", [1], Int32Array.of(20_000)),
      images: { type: "u1", shape, blocks: blocks(), compressed: false },
    });
    const images = findImages(path, statSync(path).size)!;
    const out = new Uint8Array(batchSize * size);
    const order = new Random(2).stream("bench").permutation(images.count);
    const start = performance.now();
    const batches = Math.floor(order.length / batchSize);
    for (let b = 0; b < batches; b++) {
      for (let i = 0; i < batchSize; i++) images.read(order[b * batchSize + i]!, out, i * size);
    }
    return (batches * out.length) / 1e6 / (performance.now() - start);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
