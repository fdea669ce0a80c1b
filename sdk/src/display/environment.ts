// Environments in a notebook: their numbers, and the robot as it stands or in random actions.
import { Environment } from "../envs/make-environment.js";
import { VectorEnv } from "../envs/vector-env.js";
import { player } from "../experiments/rollouts/player.js";
import { showsAs } from "../figures/mime.js";
import { panelBundle } from "./panel.js";
import { randomRollout } from "./random-rollout.js";

showsAs(Environment.prototype, async (environment) => {
  const { definition, secondsPerStep } = environment;
  return panelBundle({
    heading: `Environment ${definition.name}`,
    facts: {
      "numbers per observation": definition.observationDimension,
      "numbers per action": definition.actionDimension,
      "steps per episode, at most": definition.maxEpisodeSteps,
      "simulated seconds per step": secondsPerStep,
    },
    ...(environment.isRunning && environment.scene()
      ? { players: [await player(environment)] }
      : await randomRollout(definition)),
  });
});

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
