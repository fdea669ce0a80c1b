// A data set in a notebook: counts, how long and how good its episodes are, and the range of every dimension.
import { Dataset } from "../data/dataset.js";
import type { Distribution } from "../data/summary.js";
import { histogram } from "../figures/charts/histogram.js";
import { showsAs } from "../figures/mime.js";
import { panelBundle } from "./panel.js";

showsAs(Dataset.prototype, (data) => {
  const summary = data.summary();
  const { name, steps, episodes, episodeLengths, episodeReturns, lengths, returns } = summary;
  const spread = (label: string, { mean, std, min, max }: Distribution) => [label, mean, std, min, max];
  const charts = [
    ...(episodeReturns ? [histogram([{ name: "returns", values: episodeReturns }], { x: "episode return" })] : []),
    histogram([{ name: "lengths", values: episodeLengths }], { x: "steps of an episode" }),
  ];
  const ranges = (kind: string, pairs: readonly (readonly [number, number])[], names?: readonly string[]) =>
    pairs.map(([low, high], index) => [`${kind} ${index}${names ? `, ${names[index]}` : ""}`, low, high]);
  return panelBundle({
    heading: `Dataset ${name}`,
    notes: [
      `${steps.toLocaleString("en-US")} steps in ${episodes.toLocaleString("en-US")} episodes, observations of ${summary.observationDimension} and actions of ${summary.actionDimension} numbers`,
    ],
    tables: [
      {
        title: "Episodes",
        columns: ["", "mean", "deviation", "least", "most"],
        rows: [spread("length", lengths), ...(returns ? [spread("return", returns)] : [])],
      },
      {
        title: "Range of every dimension, raw",
        columns: ["dimension", "least", "most"],
        rows: [
          ...ranges("observation", summary.observationRanges, data.observationNames),
          ...ranges("action", summary.actionRanges, data.actionNames),
        ],
      },
    ],
    figures: charts,
  });
});
