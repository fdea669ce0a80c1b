// Every policy with its hopper configuration, diffusion also with furniture's U-Net, beside a twin in PyTorch, eager, on one thread:
// a pre-training step of 128 rows, and acting for 1 and 40 observations in the usual number of network calls, weights as constants.
import { contest, rows, type Context, type Row } from "./contest.js";

const policies = ["reflow", "shortcut", "consistency", "diffusion", "gaussian", "gmm", "unet"];
const tasks = [
  { name: "training step", ours: "ours/training-step.ts", options: { batch: 128, repeats: 100 } },
  { name: "act", ours: "ours/act.ts", options: { batch: 1, repeats: 500 } },
  { name: "act", ours: "ours/act.ts", options: { batch: 40, repeats: 200 } },
];
/** Of furniture's U-Net one call takes as long as hundreds of the others. */
const repeatsOf = (policy: string, repeats: number) => (policy === "unet" ? Math.ceil(repeats / 10) : repeats);

export async function measure(context: Context): Promise<Row[]> {
  const all: Row[] = [];
  for (const policy of policies) {
    for (const { name, ours, options } of tasks) {
      const given = { policy, ...options, repeats: repeatsOf(policy, options.repeats) };
      const peer = {
        name: "PyTorch eager",
        file: "peers/policies.py",
        options: { task: name.split(" ")[0]!, ...given },
      };
      const result = await contest(context, 1, { file: ours, options: given }, [peer]);
      all.push(...rows(`${policy}, ${name}, batch ${options.batch}`, 1, result));
    }
  }
  return all;
}
