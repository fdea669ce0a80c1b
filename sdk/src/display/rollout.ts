// Rollouts in a notebook: the 3-D player; of what cannot be seen, its curves.
import { Player } from "../experiments/rollouts/player.js";
import { Rollout } from "../experiments/rollouts/rollout.js";
import { learningCurve } from "../figures/charts/learning-curve.js";
import { showsAs } from "../figures/mime.js";
import { panelBundle } from "./panel.js";

showsAs(Rollout.prototype, (rollout) => {
  if (rollout.scene) return new Player(rollout).bundle();
  const { secondsPerStep, steps, title } = rollout;
  const x = Array.from({ length: steps + 1 }, (_, step) => step * secondsPerStep);
  const lines = [{ name: "return", x, y: [...rollout.curve("return")] }];
  return panelBundle({
    heading: rollout.toString(),
    figures: steps > 0 ? [learningCurve(lines, { title, x: "time (s)", y: "sum of rewards" })] : [],
  });
});
