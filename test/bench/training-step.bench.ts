// Pre-training step on hopper, batch 128: draws of noise and times, loss, gradients and AdamW (no data loading, no average).
import { contest, rows, type Context, type Row } from "./contest.js";

const eager = {
  name: "PyTorch eager (reference style)",
  file: "peers/training_step.py",
  options: { mode: "eager", repeats: 200 },
};
const compiled = {
  name: "torch.compile, forward mode, fused AdamW",
  file: "peers/training_step.py",
  options: { mode: "compiled", repeats: 200 },
};

export async function measure(context: Context): Promise<Row[]> {
  const all: Row[] = [];
  const ours = { file: "ours/training-step.ts", options: { repeats: 400 } };
  for (const threads of context.threads) {
    all.push(...rows("training step", threads, await contest(context, threads, ours, [eager, compiled])));
  }
  if (context.threads.includes(1)) {
    // The peers compute the tangents of all rows; so may we, for an equal amount of arithmetic.
    const everything = { ...ours, options: { ...ours.options, tangents: "all" } };
    all.push(...rows("training step, tangents of all rows", 1, await contest(context, 1, everything, [compiled])));
  }
  return all;
}
