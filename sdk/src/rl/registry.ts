// Every algorithm that learns in environments, by its name.
import type { AnyAlgorithm } from "../learning/algorithm.js";
import type { IterationRecord } from "./iteration-record.js";
import { ppo } from "./ppo.js";
import { sac } from "./sac.js";

export const algorithms: Readonly<Record<string, AnyAlgorithm<IterationRecord>>> = {
  [ppo.name]: ppo,
  [sac.name]: sac,
};
