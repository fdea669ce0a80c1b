// Environments in a notebook: their numbers and a film of random actions.
import { Environment } from "../envs/make-environment.js";
import { VectorEnv } from "../envs/vector-env.js";
import { showsAs } from "../figures/mime.js";
import { panelBundle } from "./panel.js";
import { randomRollout } from "./random-rollout.js";

showsAs(Environment.prototype, async ({ definition, secondsPerStep }) =>
  panelBundle({
    heading: `Environment ${definition.name}`,
    facts: {
      "numbers per observation": definition.observationDimension,
      "numbers per action": definition.actionDimension,
      "steps per episode, at most": definition.maxEpisodeSteps,
      "simulated seconds per step": secondsPerStep,
    },
    ...(await randomRollout(definition)),
  }),
);

showsAs(VectorEnv.prototype, async (environments) => {
  const { definition } = environments;
  return panelBundle({
    heading: `${environments.count} environments ${definition.name}`,
    facts: {
      "observations of history (To)": environments.condSteps,
      "numbers per observation (Do)": environments.observationDimension,
      "actions per chunk (Te)": environments.actionSteps,
      "numbers per action (Da)": environments.actionDimension,
      "threads besides the main one": environments.workers,
    },
    ...(await randomRollout(definition)),
  });
});
