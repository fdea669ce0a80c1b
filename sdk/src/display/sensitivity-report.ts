// A sensitivity analysis in a notebook: every variation with its intervals, and the figure of everything.
import { SensitivityReport } from "../experiments/sensitivity/report.js";
import { showsAs } from "../figures/mime.js";
import { formatNumber } from "../figures/number-format.js";
import { panelBundle } from "./panel.js";

showsAs(SensitivityReport.prototype, (report) => {
  const summary = report.summary();
  const names = Object.keys(summary[0]?.measures ?? {});
  return panelBundle({
    heading: report.interrupted ? "Sensitivity analysis, stopped" : "Sensitivity analysis",
    facts: { runs: report.cells.length, files: report.folder },
    tables: [
      {
        title: `mean ± half of the ${formatNumber(100 * report.confidence)} % interval over seeds`,
        columns: ["variation", ...names],
        rows: summary.map(({ variation, measures }) => [
          variation,
          ...names.map((name) => {
            const { mean, halfWidth } = measures[name]!;
            return halfWidth === undefined ? formatNumber(mean) : `${formatNumber(mean)} ± ${formatNumber(halfWidth)}`;
          }),
        ]),
      },
    ],
    figures: report.cells.length > 0 ? [report.figure()] : [],
  });
});
