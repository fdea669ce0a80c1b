// Policies in a notebook: what they are trained to do and what their network is made of.
import { MeanFlowDescription } from "../experiments/mean-flow.js";
import { showsAs } from "../figures/mime.js";
import { MeanFlow } from "../policies/mean-flow.js";
import { TrainedPolicy } from "../policies/trained-policy.js";
import { optionRows, panelBundle } from "./panel.js";

showsAs(TrainedPolicy.prototype, ({ model, normalization, environment }) => {
  const { policy, options, network } = model.spec;
  const { horizonSteps, actionDim, condDim } = network;
  const observation = normalization.observationMin.length;
  return panelBundle({
    heading: `Policy ${policy} for ${environment}`,
    notes: [
      `${model.layout.size.toLocaleString("en-US")} parameters; sees ${condDim / observation} x ${observation} numbers, answers with ${horizonSteps} actions of ${actionDim} numbers`,
    ],
    tables: [
      { title: "Objective", columns: ["option", "value"], rows: optionRows(options) },
      {
        title: "Network",
        columns: ["parameter", "shape", "count"],
        rows: model.layout.entries.map(({ name, shape, size }) => [name, shape.join(" x "), size]),
      },
    ],
  });
});

showsAs(MeanFlowDescription.prototype, ({ objective, network }) =>
  panelBundle({
    heading: `Policy ${MeanFlow.name}, not yet trained`,
    notes: ["pretrain(data) trains it; dimensions and the number of parameters follow from the data."],
    tables: [
      { title: "Objective", columns: ["option", "value"], rows: optionRows(MeanFlow.options.parse(objective)) },
      ...(Object.keys(network).length > 0
        ? [{ title: "Network, where not the default", columns: ["option", "value"], rows: optionRows(network) }]
        : []),
    ],
  }),
);
