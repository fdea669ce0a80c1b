// The first journey of the README: demonstrations -> one-step policy -> PPO -> report, on hopper.
import { parseArgs } from "node:util";
import { createRunFolder, Dataset, runJourney } from "../sdk/dist/bundle/index.js";

const { values } = parseArgs({
  options: { seed: { type: "string", default: "42" }, folder: { type: "string" }, threads: { type: "string" } },
});
const controller = new AbortController();
process.once("SIGINT", () => {
  console.error("\nstopping after the step in progress; press Ctrl-C again to stop at once");
  process.once("SIGINT", () => process.exit(130));
  controller.abort();
});

const folder = values.folder ?? (await createRunFolder("quickstart", Number(values.seed)));
const journey = await runJourney({
  data: await Dataset.bundled("hopper-medium-mini"),
  env: "hopper-v2",
  seed: Number(values.seed),
  folder,
  threads: values.threads ? Number(values.threads) : undefined,
  signal: controller.signal,
  console: true,
  say: (sentence) => console.log(`\n${sentence}`),
}).catch((error) => {
  if (!controller.signal.aborted) throw error;
  console.error(`\nstopped; what was learned so far is in ${folder}`);
  process.exit(130);
});
console.log(
  `\n${journey.table}\n\n${journey.finetuning.environmentSteps.toLocaleString("en")} environment steps, ${journey.seconds.toFixed(0)} seconds`,
);
console.log("\nReport:");
console.log(journey.report);
