// Policies in a notebook: what they are trained to do and what their network is made of.
import { PolicyDescription } from "../experiments/policy-description.js";
import { showsAs } from "../figures/mime.js";
import { TrainedPolicy } from "../policies/trained-policy.js";
import { optionRows, panelBundle } from "./panel.js";

showsAs(TrainedPolicy.prototype, ({ model, environment, space }) => {
  const { policy, options } = model.spec;
  const { horizonSteps, actionDim, state } = space;
  return panelBundle({
    heading: `Policy ${policy} for ${environment}`,
    notes: [
      `${model.layout.size.toLocaleString("en-US")} parameters; sees ${state.join(" x ")} numbers, answers with ${horizonSteps} actions of ${actionDim} numbers`,
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

showsAs(PolicyDescription.prototype, ({ definition, objective, network }) =>
  panelBundle({
    heading: `Policy ${definition.name}, not yet trained`,
    notes: ["pretrain(data) trains it; dimensions and the number of parameters follow from the data."],
    tables: [
      { title: "Objective", columns: ["option", "value"], rows: optionRows(definition.options.parse(objective)) },
      ...(Object.keys(network).length > 0
        ? [{ title: "Network, where not the default", columns: ["option", "value"], rows: optionRows(network) }]
        : []),
    ],
  }),
);
