// Steps per second of one task: node robomimic.mjs TASK
import { makeEnvironment } from "../../../sdk/dist/envs/make-environment.js";

const environment = await makeEnvironment(process.argv[2]);
environment.reset();
const sizes = [1.2, 0.7, 0.6, 0.3, 0.25, 0.35];
const arms = environment.definition.actionDimension / 7;
const action = (k) =>
  Array.from({ length: arms }, (_, arm) => [
    ...sizes.map((size, i) => size * Math.sin(0.23 * k + 0.9 * i + 0.5 * arm)),
    Math.sin(0.13 * k + arm) >= 0 ? 1 : -1,
  ]).flat();
for (let k = 0; k < 60; k++) environment.step(action(k));
let best = 0;
for (let window = 0; window < 3; window++) {
  const start = performance.now();
  for (let k = 0; k < 60; k++) environment.step(action(k));
  best = Math.max(best, 60_000 / (performance.now() - start));
}
console.log(best.toFixed(1));
