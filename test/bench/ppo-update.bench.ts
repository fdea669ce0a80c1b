// A PPO update over a minibatch of 50,000 samples on hopper, of MeanFlow in one step and of diffusion in ten: gradients of actor and critic, clipping, AdamW of both.
// We take the gradient in micro-batches, so that memory does not grow with the minibatch.
import { contest, rows, type Context, type Row } from "./contest.js";

export async function measure(context: Context): Promise<Row[]> {
  const all: Row[] = [];
  for (const policy of ["meanflow", "diffusion-10"]) {
    const options = { policy };
    const peer = { name: "PyTorch eager", file: "peers/ppo_update.py", options };
    for (const threads of context.threads) {
      const result = await contest(context, threads, { file: "ours/ppo-update.ts", options }, [peer]);
      const name = `PPO minibatch of 50,000, ${policy}`;
      all.push(...rows(name, threads, result));
      all.push(...rows(`${name}, peak resident memory`, threads, result, { unit: "MiB", figure: "peakMiB" }));
    }
  }
  return all;
}
