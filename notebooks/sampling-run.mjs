// One run of the notebook 90-sampling-distributions: pre-training with the given times or ratio, then one and five steps.
import { Dataset, evaluate, MeanFlow } from "dmpo";

const data = await Dataset.d4rl("hopper-medium-v2", { notify: () => {} });

export default async function run({ times, flowRatio }, { seed, settings, control }) {
  const policy = MeanFlow.improved({ times, flowRatio }).withNetwork({ mlpDims: [256, 256, 256] });
  const base = await policy.pretrain(data, { seed, epochs: settings.epochs, ...control });
  const { episodes } = settings;
  const report = await evaluate(base, { env: "hopper-v2", denoisingSteps: [1, 5], episodes, ...control });
  const [one, five] = report.results.map(({ statistics }) => statistics.return.mean);
  return {
    loss: { x: base.curve.map(({ epoch }) => epoch), y: base.curve.map(({ loss }) => loss) },
    "one-step return": one,
    "five-step return": five,
  };
}
