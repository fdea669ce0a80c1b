// A PPO update over a minibatch of 50,000 samples (K = 1, hopper): gradients of actor and critic, clipping, AdamW of both.
// We take the gradient in micro-batches, so that memory does not grow with the minibatch.
import { contest, rows, type Context, type Row } from "./contest.js";

export async function measure(context: Context): Promise<Row[]> {
  const all: Row[] = [];
  const peer = { name: "PyTorch eager", file: "peers/ppo_update.py" };
  for (const threads of context.threads) {
    const result = await contest(context, threads, { file: "ours/ppo-update.ts" }, [peer]);
    all.push(...rows("PPO minibatch of 50,000", threads, result));
    all.push(
      ...rows("PPO minibatch of 50,000, peak resident memory", threads, result, { unit: "MiB", figure: "peakMiB" }),
    );
  }
  return all;
}
