// A memory full of hopper's transitions, one action each: time of a batch of 256, and, in place of peak memory, its megabytes.
import { ReplayBuffer } from "../../../sdk/src/rl/replay-buffer.js";
import { FakeEnvironments } from "../../rl/fake-environments.js";
import { random } from "./hopper.js";
import { parameters } from "./measuring.js";

const { transitions, repeats } = parameters({ transitions: 1_000_000, repeats: 2000 });
const count = 1000;
const environments = new FakeEnvironments({ count, observationDimension: 11, actionDimension: 3 });
const before = process.memoryUsage().arrayBuffers;
const buffer = new ReplayBuffer(transitions, environments);
const actions = new Float32Array(3 * count);
await environments.reset();
for (let i = 0; i < transitions / count; i++) {
  const seen = { state: environments.observations.state.slice() };
  await environments.step(actions);
  buffer.add(seen, actions, environments);
}
globalThis.gc?.();
const megabytes = (process.memoryUsage().arrayBuffers - before) / 1e6;
const stream = random.stream("batches");
const milliseconds: number[] = [];
for (let i = 0; i < repeats; i++) {
  const start = performance.now();
  buffer.sample(256, stream);
  milliseconds.push(performance.now() - start);
}
milliseconds.sort((a, b) => a - b);
console.log(JSON.stringify({ median: milliseconds[repeats / 2], minimum: milliseconds[0], peakMiB: megabytes }));
