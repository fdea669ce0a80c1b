// Charts as data, and how they become files.
export { actionDistribution, type ActionSample } from "./charts/action-distribution.js";
export { attention, type AttendedPicture, type AttentionFigureOptions, type Grid } from "./charts/attention.js";
export { comparisonBars } from "./charts/comparison-bars.js";
export {
  denoisingChart,
  denoisingMeasures,
  denoisingOverview,
  type DenoisingResult,
} from "./charts/denoising-steps.js";
export { histogram } from "./charts/histogram.js";
export { learningCurve } from "./charts/learning-curve.js";
export { lossCurve } from "./charts/loss-curve.js";
export { rolloutStrip } from "./charts/rollout-strip.js";
export {
  sensitivityOverview,
  type IntervalPanel,
  type LinePanel,
  type Measured,
  type SensitivityPanel,
} from "./charts/sensitivity-overview.js";
export { tablePaths, type TablePath, type TablePathsOptions } from "./charts/table-paths.js";
export { figure, showFiguresAs, type FigureMode } from "./displayed-figure.js";
export type { Figure } from "./figure.js";
export { writeReport, type Report } from "./report/report-page.js";
export { saveFigure } from "./save-figure.js";
export { meanOverSeeds, type MeanWithSpread, type Series } from "./series.js";
export { toPng, toSvg } from "./static/static-export.js";
