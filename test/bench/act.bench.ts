// Acting on hopper with one denoising step; weights as constants (evaluation, deployment) or as inputs (fine-tuning).
import { contest, rows, type Context, type Row } from "./contest.js";

export async function measure(context: Context): Promise<Row[]> {
  const all: Row[] = [];
  for (const threads of context.threads) {
    for (const batch of [1, 40]) {
      for (const weights of ["constants", "inputs"]) {
        const peer = { name: "PyTorch eager, inference mode", file: "peers/act.py", options: { batch } };
        const result = await contest(context, threads, { file: "ours/act.ts", options: { batch, weights } }, [peer]);
        all.push(...rows(`act, batch ${batch}, weights as ${weights}`, threads, result));
      }
    }
  }
  return all;
}
