// Pre-training step of the released MeanFlowViT of robomimic's can (1,776,636 parameters; one camera, 96 x 96): draws, moved
// pictures, improved MeanFlow, gradients and AdamW; and one action chunk, encoder included.
import { contest, rows, type Context, type Row } from "./contest.js";

export async function measure(context: Context): Promise<Row[]> {
  const all: Row[] = [];
  for (const threads of context.threads) {
    for (const [what, batch, repeats] of [
      ["step", 64, 12],
      ["act", 1, 100],
    ] as const) {
      // prettier-ignore
      const options = { what, batch, repeats };
      const peers = ["contiguous", "channels-last"].map((layout) => {
        return { name: `PyTorch eager, ${layout}`, file: "peers/vision.py", options: { ...options, layout } };
      });
      const result = await contest(context, threads, { file: "ours/vision.ts", options }, peers);
      all.push(...rows(`vision ${what}, batch ${batch}`, threads, result));
    }
  }
  return all;
}
