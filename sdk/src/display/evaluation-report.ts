// An evaluation in a notebook: a row per number of denoising steps, and the overview of six charts.
import { EvaluationReport, percentage } from "../experiments/runs/evaluation.js";
import { showsAs } from "../figures/mime.js";
import { panelBundle } from "./panel.js";

showsAs(EvaluationReport.prototype, (report) => {
  const { initialNoise, environments } = report.evaluation;
  return panelBundle({
    heading: `Evaluation of ${report.policy} in ${report.env}`,
    notes: [`${initialNoise} initial noise, ${environments} environments at once; ± is the deviation over episodes`],
    tables: [
      {
        title: "",
        columns: ["denoising steps", "episodes", "return", "±", "best", "length", "success", "ms per call", "calls/s"],
        rows: report.results.map(({ denoisingSteps, statistics, inference, bestReturn }) => [
          denoisingSteps,
          statistics.episodes,
          statistics.return.mean,
          statistics.return.standardDeviation,
          bestReturn,
          statistics.length.mean,
          percentage(statistics.successRate),
          1000 * inference.seconds.mean,
          inference.frequency.mean,
        ]),
      },
    ],
    figures: [report.figures().denoise_step!],
  });
});
