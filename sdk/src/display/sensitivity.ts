// A sensitivity analysis in a notebook: means with their intervals as a table, and the figure of everything.
import { SensitivityReport } from "../experiments/sensitivity/report.js";
import { formatNumber } from "../figures/number-format.js";
import { showsAs } from "../figures/mime.js";
import { panelBundle } from "./panel.js";

showsAs(SensitivityReport.prototype, (report) => {
  const { cells, confidence, folder, interrupted } = report;
  const summary = report.summary();
  const names = Object.keys(summary[0]?.measures ?? {});
  return panelBundle({
    heading: interrupted ? "Sensitivity analysis, stopped" : "Sensitivity analysis",
    notes: [
      `${cells.length} runs; ± is half of the ${formatNumber(100 * confidence)} % confidence interval of the mean (Student's t over seeds)`,
      ...(folder ? [`runs are stored in ${folder}`] : []),
    ],
    tables: [
      {
        title: "",
        columns: ["variation", "seeds", ...names.flatMap((name) => [name, "±"])],
        rows: summary.map(({ variation, measures, seeds }) => [
          variation,
          seeds,
          ...names.flatMap((name) => [measures[name]!.mean, measures[name]!.halfWidth ?? ""]),
        ]),
      },
    ],
    figures: cells.length > 0 ? [report.figure()] : [],
  });
});
